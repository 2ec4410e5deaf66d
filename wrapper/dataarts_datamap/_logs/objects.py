"""Requests to object storage, and their responses: parts of objects, lists of objects, errors in XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from msgspec import Struct

from dataarts_datamap._api.error_responses import ErrorDetails, build_error, status_error
from dataarts_datamap._arguments import split_address
from dataarts_datamap._errors import (
    DataMapError,
    InvalidEnvelopeError,
    LogArchivedError,
    LogBucketNotFoundError,
    LogError,
    LogForbiddenError,
    LogNotFoundError,
    LogRegionError,
)
from dataarts_datamap._messages import Request
from dataarts_datamap._text import printable
from dataarts_datamap._times import http_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from xml.etree.ElementTree import Element

    from dataarts_datamap._logs.locations import LogLocation, StorageHost
    from dataarts_datamap._messages import Response

_OK: Final = 200
_PARTIAL: Final = 206
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400
_FORBIDDEN: Final = 403
_RANGE: Final = 416
_OWN_HEADERS: Final = ("x-obs-", "x-amz-")  # each response of object storage has such a header
_MOST_KEYS: Final = 1000
_LARGEST_DOCUMENT: Final = 4 * 1024 * 1024  # bytes; a thousand of the longest keys, with their other fields
_PART: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")
_NO_PART: Final = re.compile(r"bytes \*/(\d{1,19})")
_SPAN: Final = re.compile(r"bytes=(\d*)-\d*")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}", re.ASCII)
_PATH_LIMIT: Final = 300

_TOKEN_CODES: Final = ("InvalidSecurityToken", "ExpiredToken")
WITHDRAWN_KEY: Final = frozenset(("InvalidAccessKeyId", *_TOKEN_CODES))
"""Error codes for a temporary key that has expired, or that was withdrawn (inferred)."""

_FORBIDDEN_ADVICE: Final[Mapping[str, str]] = {
    "InvalidAccessKeyId": "the access key is unknown: it was deleted, or belongs to another cloud",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key",
    **dict.fromkeys(
        _TOKEN_CODES, "the security token is invalid: it has expired, or does not belong to the access key"
    ),
    "RequestTimeTooSkewed": "this machine's clock is more than 15 minutes off: set it",
    "VirtualHostDomainRequired": "the object storage endpoint has no subdomains for buckets",
}
_PERMISSIONS: Final = (
    "the credentials need the permission obs:object:GetObject on it, such as by the system role OBS OperateAccess, and "
    "the bucket's policy must not deny it; a new permission can take 15 minutes to take effect"
)


class ObjectPart(Struct, frozen=True, kw_only=True):
    """A part of an object.

    Attributes:
        start: Position of the first byte.
        size: Size of the whole object in bytes.
        last_modified: Time at which the object was written; None if the server did not send it, or sent no valid time.
        is_compressed: Whether the content is a range of a compressed object, of which only the whole is readable.
    """

    content: bytes
    start: int
    size: int
    last_modified: datetime | None = None
    is_compressed: bool = False


class ListedObject(Struct, frozen=True):
    """An object in a list, and the time at which it was written: UTC as ISO 8601 text, or empty if it was not sent."""

    key: str
    written: str


class ObjectList(Struct, frozen=True, kw_only=True):
    """A page of objects in the order of their keys, without markers of folders, and the marker of the next page."""

    objects: tuple[ListedObject, ...]
    next_marker: str | None = None


def part_request(host: StorageHost, location: LogLocation, span: str | None) -> Request:
    """A request for an object, or for a range of its bytes such as ``bytes=-100``."""
    path = "/" + quote(location.key, safe="/~", errors="surrogatepass")
    return _request(host, path, {} if span is None else {"Range": span})


def list_request(host: StorageHost, prefix: str, marker: str | None = None) -> Request:
    """A request for the first thousand objects whose keys begin with a prefix, after a marker."""
    after = () if marker is None else (("marker", marker),)
    return _request(host, "/", {}, (("prefix", prefix), *after, ("max-keys", str(_MOST_KEYS))))


def decode_part(response: Response, location: LogLocation, span: str | None) -> ObjectPart:
    """The part in a response, or the whole object if the server does not support the requested range.

    A range beyond the end gives an empty part at the end.

    Raises:
        LogError: The object cannot be read.
        StatusError: HTTP 400 or more for another reason.
        InvalidEnvelopeError: The response is not an object, or does not say correctly which part it holds.
    """
    modified = http_time(response.headers.get("last-modified", ""))
    if response.status in {_OK, _PARTIAL} and not response.headers.get("etag"):
        problem = "the response is not an object: it has no ETag, like the page of a broken proxy"
        raise build_error(InvalidEnvelopeError, problem, response, raw="")  # the content may still be a log
    if response.status == _OK:
        return ObjectPart(content=response.content, start=0, size=len(response.content), last_modified=modified)
    said = response.headers.get("content-range", "")
    if response.status == _RANGE:
        beyond, asked = _NO_PART.fullmatch(said), _SPAN.fullmatch(span or "")
        begun = asked[1] if asked is not None else ""
        size = int(begun or 0) if beyond is None else int(beyond[1])
        return ObjectPart(content=b"", start=size, size=size)
    if response.status != _PARTIAL:
        raise storage_error(response, location)
    part = _PART.fullmatch(said)
    first, last, size = (-1, -1, -1) if part is None else map(int, part.groups())
    is_consistent = last - first + 1 == len(response.content) and last < size
    if part is None or not is_consistent or not _is_asked(span, first, last, size):
        where = "" if part is None else f" as part {first}-{last} of {size}"
        problem = f"object storage sent {len(response.content)} bytes{where}, which is not the requested part"
        raise build_error(InvalidEnvelopeError, problem, response, raw="")
    is_compressed = response.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}
    return ObjectPart(
        content=response.content, start=first, size=size, last_modified=modified, is_compressed=is_compressed
    )


def decode_list(response: Response, location: LogLocation) -> ObjectList:
    """The objects of a list, and the marker of its next page.

    Raises:
        LogError: The bucket cannot be listed.
        StatusError: HTTP 400 or more for another reason.
        InvalidEnvelopeError: The response is not a list, or does not say how the list goes on.
    """
    if response.status != _OK:
        raise storage_error(response, location)
    root = _parse(response.content)
    if root is None or not root.tag.endswith("ListBucketResult"):
        raise build_error(InvalidEnvelopeError, "object storage sent no list of objects", response)
    listed = [
        ListedObject(key, one.findtext("{*}LastModified") or "")
        for one in root.iterfind("{*}Contents")
        if (key := one.findtext("{*}Key"))
    ]
    is_cut = (root.findtext("{*}IsTruncated") or "").strip().lower() == "true"
    after = root.findtext("{*}NextMarker") or (listed[-1].key if listed else None)
    if is_cut and after is None:
        problem = "the list of objects goes on, but has neither a marker nor a key to continue it after"
        raise build_error(InvalidEnvelopeError, problem, response)
    objects = tuple(one for one in listed if not one.key.endswith("/"))
    return ObjectList(objects=objects, next_marker=after if is_cut else None)


def storage_error(response: Response, location: LogLocation) -> DataMapError:
    """The error for a response of object storage; the text of a ``LogError`` says why, or what to do."""
    status, details = response.status, _read_error(response)
    if (_FIRST_REDIRECT <= status < _FIRST_ERROR or status == _FORBIDDEN) and not _is_of_storage(response, details):
        return _foreign_error(response)
    where = printable(location.path, limit=_PATH_LIMIT)
    kind: type[LogError]
    match status, details.code:
        case 404, "NoSuchBucket":
            kind = LogBucketNotFoundError
            problem = (
                f"there is no bucket {location.bucket} for the log {where}: it was deleted, or never created: DataArts "
                "Studio creates it with the first job, but only if it is allowed to"
            )
        case 404, "NoSuchKey" | "NoSuchVersion":
            kind = LogNotFoundError
            problem = (
                f"there is no log at {where}: it is not written yet, or was removed, perhaps by a rule of the bucket's "
                "life cycle"
            )
        case 403, "InvalidObjectState":
            kind, problem = LogArchivedError, f"the log {where} is archived: restore the object in OBS, then read it"
        case 403, code:
            kind = LogForbiddenError
            advice = _FORBIDDEN_ADVICE.get(code or "", _PERMISSIONS)
            problem = f"access to the log {where} was denied: {advice}"
        case _ if _FIRST_REDIRECT <= status < _FIRST_ERROR:
            kind = LogRegionError
            there = _endpoint(response)
            problem = (
                f"the bucket {location.bucket} is in another region{there and f', at {there}'}: pass that region, or "
                "obs_endpoint=… (--obs-endpoint, DATAMAP_OBS_ENDPOINT)"
            )
        case _ if status < _FIRST_REDIRECT:
            return build_error(
                InvalidEnvelopeError, f"HTTP {status} is not a response of object storage", response, raw=""
            )
        case _:
            return build_error(status_error(status), f"object storage: HTTP {status}", response, details)
    error = build_error(kind, problem, response, details)
    error.log_path = location.path
    return error


def _is_of_storage(response: Response, details: ErrorDetails) -> bool:
    return details.code is not None or any(name.startswith(_OWN_HEADERS) for name in response.headers)


def _foreign_error(response: Response) -> DataMapError:
    """The error for a redirect or a 403 that does not come from object storage."""
    there = _endpoint(response)
    where = f", and leads to {there}" if there else ""
    problem = f"HTTP {response.status} is not from object storage{where}: a proxy or a sign-in page may be in between"
    kind = InvalidEnvelopeError if response.status < _FIRST_ERROR else status_error(response.status)
    return build_error(kind, problem, response, raw="")


def _is_asked(span: str | None, first: int, last: int, size: int) -> bool:
    """Whether a part is the requested one: the end of the object, or the part from a position on."""
    asked = _SPAN.fullmatch(span or "")
    if asked is None:
        return False
    return first == int(asked[1]) if asked[1] else last == size - 1


def _request(host: StorageHost, path: str, headers: dict[str, str], query: tuple[tuple[str, str], ...] = ()) -> Request:
    named = {} if host.virtual_host is None else {"Host": host.virtual_host}
    return Request(
        method="GET",
        endpoint=host.endpoint,
        path=path,
        query=query,
        headers={**named, "Accept-Encoding": "identity", **headers},
    )


def _read_error(response: Response) -> ErrorDetails:
    root = _parse(response.content)
    request_id = response.headers.get("x-obs-request-id")
    if root is None or not root.tag.endswith("Error"):
        return ErrorDetails(request_id=request_id)
    code, message, told = (root.findtext(f"{{*}}{name}") for name in ("Code", "Message", "RequestId"))
    return ErrorDetails(code, message, request_id or told)


def _endpoint(response: Response) -> str:
    """The host of a redirect, only for display; empty if it is not a host.

    It is not shortened, so that an echoed secret in it can still be masked.
    """
    root = _parse(response.content)
    named = None if root is None else root.findtext("{*}Endpoint")
    address = split_address(response.headers.get("location", ""))
    host = named or (None if address is None else address.hostname) or ""
    return host if _HOST.fullmatch(host) else ""


def _parse(content: bytes) -> Element | None:
    """The root of an XML document; None if it is not XML, is too large, or has a document type: a possible attack."""
    if len(content) > _LARGEST_DOCUMENT or not content.lstrip().startswith(b"<"):
        return None
    from xml.etree.ElementTree import ParseError, fromstring  # noqa: PLC0415  rarely needed

    text = content.decode(errors="replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        return fromstring(text)  # noqa: S314  the dangerous part of XML, a document type, was refused
    except (ParseError, ValueError, RecursionError):
        return None
