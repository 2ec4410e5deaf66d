"""Object storage beside the service: the logs of runs, by virtual host, for signed requests.

It is not part of the specification. Addresses, signatures, ranges and errors are those that OBS documents
(https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0001.html).
"""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import format_datetime
from hashlib import md5
from itertools import count, islice
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from starlette.responses import Response

from dataarts_datamap_contract.mock._data.dataset import EPOCH
from dataarts_datamap_contract.mock._data.logs import buckets, log_objects
from dataarts_datamap_contract.mock._identity.storage_signatures import StorageAuthentication, StorageError
from dataarts_datamap_contract.mock._web.requests import RequestParts, read_body

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import Receive, Scope

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._data.logs import LogObject
    from dataarts_datamap_contract.mock._data.world import World
    from dataarts_datamap_contract.mock._identity.storage_keys import StorageKeys

_PUBLIC_HOST = re.compile(r"(?:(?P<bucket>[a-z0-9.-]{3,63})\.)?obs\.(?P<region>[a-z0-9-]+)\.myhuaweicloud\.(?:com|eu)")
_OWN_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.(?:localhost|(?:\d{1,3}\.){3}\d{1,3})")
# int() refuses more than 4,300 digits.
_RANGE = re.compile(r"bytes=(?:([0-9]{1,4000})-([0-9]{0,4000})|-([0-9]{1,4000}))")
_MOST_KEYS = 1_000
_DIGITS = re.compile(r"[0-9]{1,9}")


class _Host(NamedTuple):
    bucket: str | None
    region: str | None


class _Span(NamedTuple):
    first: int
    last: int


class ObjectStorage:
    """Serves logs.

    ====== ============================ ================================================================
    status code                         when
    ====== ============================ ================================================================
    403    VirtualHostDomainRequired    the bucket is in the path, not in the host
    405    MethodNotAllowed             neither GET nor HEAD
    301    PermanentRedirect            the host is that of another region
    404    NoSuchBucket                 not the default bucket, and no log path of a run names it
    403    AccessDenied                 not signed; or the log is forbidden
    400    InvalidArgument              Authorization is of neither of the two known types
    400    AuthorizationHeaderMalformed a signature of version 4 names another region
    400    XAmzContentSHA256Mismatch    the hash of a body is sent: the requests here have none
    403    InvalidAccessKeyId           an unknown or expired key
    403    InvalidSecurityToken         the token is not that of the key, or not signed
    403    RequestTimeTooSkewed         more than 15 minutes off the clock
    403    SignatureDoesNotMatch        anything signed was changed
    404    NoSuchKey                    no such object
    403    InvalidObjectState           the log is archived
    416    InvalidRange                 the range begins after the end
    ====== ============================ ================================================================

    The host is ``{bucket}.obs.{region}.myhuaweicloud.eu`` (or ``.com``), if a client uses this server as its proxy; or
    ``{bucket}.`` followed by an IPv4 address or ``localhost``.
    """

    def __init__(self, config: MockConfig, world: World, keys: StorageKeys) -> None:
        self._config = config
        self._world = world
        self._authentication = StorageAuthentication(keys, config.clock, config.region)
        self._numbers = count(1)

    def serves(self, scope: Scope) -> bool:
        """Whether a request is for object storage, and not for the service."""
        if is_storage_host(scope):
            return True
        first = unquote(scope["raw_path"].decode(errors="replace")).split("/")[1:2]
        return first in ([f"dlf-log-{self._config.project_id}"], [f"dlm-log-{self._config.project_id}"])

    async def respond(self, scope: Scope, receive: Receive) -> Response:
        """The response to a request; where object storage refuses it, an error response."""
        request = RequestParts.of(scope, {}, await read_body(receive))
        try:
            return self._respond(request, _host(scope) or _Host(None, None))
        except StorageError as error:
            return self._error(request, error)

    def _respond(self, request: RequestParts, host: _Host) -> Response:
        if host.bucket is None:
            raise StorageError(
                403, "VirtualHostDomainRequired", "Virtual host domain is required when accessing a specific bucket"
            )
        if request.method not in {"GET", "HEAD"}:
            raise StorageError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        if host.region not in {None, self._config.region}:
            raise StorageError(301, "PermanentRedirect", "The bucket must be addressed at the specified endpoint.")
        self._authentication.check(request, host.bucket)
        with self._world.lock:
            default = f"dlf-log-{self._config.project_id}"
            if host.bucket not in {default, *buckets(self._world.dataset)}:
                raise StorageError(404, "NoSuchBucket", "The specified bucket does not exist")
            key = unquote(request.raw_path.decode(errors="replace")).removeprefix("/")
            return self._object(request, host.bucket, key) if key else self._listing(request, host.bucket)

    def _objects(self, bucket: str) -> Iterator[LogObject]:
        return log_objects(self._world.dataset, bucket, below_key=self._config.log_objects == "prefix")

    def _object(self, request: RequestParts, bucket: str, key: str) -> Response:
        found = next((one for one in self._objects(bucket) if one.key == key), None)
        if found is None:
            raise StorageError(404, "NoSuchKey", "The specified key does not exist.")
        if found.state == "forbidden":
            raise StorageError(403, "AccessDenied", "Access Denied")
        if found.state == "archived":
            raise StorageError(403, "InvalidObjectState", "The operation is not valid for the object's storage class")
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": _etag(found),
            "Last-Modified": format_datetime(EPOCH + timedelta(milliseconds=found.modified), usegmt=True),
        }
        span = self._span(request.header("Range"), len(found.content))
        if span is None:
            return self._write(200, found.content, "application/octet-stream", headers)
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{len(found.content)}"
        content = found.content[span.first : span.last + 1]
        return self._write(206, content, "application/octet-stream", headers)

    def _span(self, asked: list[bytes], size: int) -> _Span | None:
        """The requested part; None for the whole object, also if the range is unreadable or not supported."""
        match = _RANGE.fullmatch(asked[0].decode(errors="replace")) if len(asked) == 1 else None
        if match is None or self._config.log_ranges == "none" or (match[3] and self._config.log_ranges == "from-start"):
            return None
        first = max(0, size - int(match[3])) if match[3] else int(match[1])
        last = size - 1 if match[3] or not match[2] else min(int(match[2]), size - 1)
        if first > last:
            beyond = {"Content-Range": f"bytes */{size}"}
            raise StorageError(416, "InvalidRange", "The requested range cannot be satisfied.", beyond)
        return _Span(first, last)

    def _listing(self, request: RequestParts, bucket: str) -> Response:
        query = {name: values[0] for name, values in request.texts()["query"].items()}
        prefix, marker = query.get("prefix", ""), query.get("marker", "")
        asked = query.get("max-keys", "")
        most = min(int(asked), _MOST_KEYS) if _DIGITS.fullmatch(asked) else _MOST_KEYS
        found = sorted(
            (one.key, one) for one in self._objects(bucket) if one.key.startswith(prefix) and one.key > marker
        )
        shown = [one for _, one in islice(found, most)]
        is_cut = len(shown) < len(found)
        members = {
            "Name": bucket,
            "Prefix": prefix,
            "Marker": marker,
            "MaxKeys": str(most),
            "IsTruncated": str(is_cut).lower(),
        }
        if is_cut and shown:
            members["NextMarker"] = shown[-1].key
        encode = query.get("encoding-type") == "url"
        if encode:
            members["EncodingType"] = "url"
        contents = "".join(f"<Contents>{_members(_listed(one, encode=encode))}</Contents>" for one in shown)
        return self._xml(200, f"<ListBucketResult>{_members(members)}{contents}</ListBucketResult>", {})

    def _error(self, request: RequestParts, error: StorageError) -> Response:
        request_id = f"{next(self._numbers):032X}"
        members = {
            "Code": error.code,
            "Message": error.message,
            "Resource": request.raw_path.decode(errors="replace"),
            "RequestId": request_id,
            "HostId": "RkRC",
        }
        if error.status == 301:  # noqa: PLR2004  a redirect
            members["Endpoint"] = f"obs.{self._config.region}.myhuaweicloud.eu"
        return self._xml(
            error.status, f"<Error>{_members(members)}</Error>", {**error.headers, "x-obs-request-id": request_id}
        )

    def _xml(self, status: int, document: str, headers: Mapping[str, str]) -> Response:
        content = f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()
        return self._write(status, content, "application/xml", headers)

    def _write(self, status: int, content: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
        known = {"Server": "OBS", "x-obs-request-id": f"{next(self._numbers):032X}", "x-obs-id-2": "RkRC", **headers}
        return Response(content, status, known, media_type)


def is_storage_host(scope: Scope) -> bool:
    """Whether the host of a request is one of object storage."""
    return _host(scope) is not None


def _host(scope: Scope) -> _Host | None:
    sent = next((value for name, value in scope["headers"] if name == b"host"), b"").decode(errors="replace")
    name = re.sub(r":\d+\Z", "", sent.lower())
    public, own = _PUBLIC_HOST.fullmatch(name), _OWN_HOST.fullmatch(name)
    if public is not None:
        return _Host(public["bucket"], public["region"])
    return None if own is None else _Host(own["bucket"], None)


def _listed(one: LogObject, *, encode: bool) -> dict[str, str]:
    modified = EPOCH + timedelta(milliseconds=one.modified)
    return {
        "Key": quote(one.key, safe="") if encode else one.key,
        "LastModified": f"{modified:%Y-%m-%dT%H:%M:%S}.{modified.microsecond // 1000:03d}Z",
        "ETag": _etag(one),
        "Size": str(len(one.content)),
        "StorageClass": "COLD" if one.state == "archived" else "STANDARD",
    }


def _etag(one: LogObject) -> str:
    return f'"{md5(one.content, usedforsecurity=False).hexdigest()}"'


def _members(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
