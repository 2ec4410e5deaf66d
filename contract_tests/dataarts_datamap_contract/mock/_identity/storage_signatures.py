"""The two signatures that object storage accepts in a header: its own ``OBS``, and ``AWS4-HMAC-SHA256``.

Source: the API reference of OBS, authentication of requests in a header
(https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0010.html); for the second one, Signature Version 4.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap_contract.mock._identity.storage_keys import StorageKey, StorageKeys
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_OBS = re.compile(rb"OBS ([^:\s]+):(\S+)")
_V4 = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/s3/aws4_request, ?"
    rb"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_CLOCK_WINDOW = timedelta(minutes=15)
_NO_PAYLOAD = hashlib.sha256().hexdigest().encode()
_UNSIGNED = b"UNSIGNED-PAYLOAD"
_SUB_RESOURCES = frozenset(
    {
        *("acl", "cors", "lifecycle", "location", "logging", "policy", "torrent", "uploads", "versionId", "versions"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    }
)


class StorageError(HttpError):
    """An error response of object storage, in XML."""


class StorageAuthentication:
    """Accepts requests that a known key signed within 15 minutes of the clock.

    Args:
        keys: The keys that are known.
        clock: Returns the current time.
        region: The region that a signature of version 4 must name.
    """

    def __init__(self, keys: StorageKeys, clock: Callable[[], datetime], region: str) -> None:
        self._keys = keys
        self._clock = clock
        self._region = region

    def check(self, request: RequestParts, bucket: str) -> None:
        """Return if the request is accepted.

        Raises:
            StorageError: It is not signed, or its signature is not valid.
        """
        values = request.header("Authorization")
        if len(values) != 1:
            raise StorageError(403, "AccessDenied", "Access denied: the request is not signed, or more than once")
        if own := _OBS.fullmatch(values[0]):
            self._check_obs(request, bucket, own)
        elif other := _V4.fullmatch(values[0]):
            self._check_v4(request, other)
        else:
            raise StorageError(400, "InvalidArgument", "Unsupported Authorization type")

    def _check_obs(self, request: RequestParts, bucket: str, claim: re.Match[bytes]) -> None:
        key = self._key(claim[1])
        sent = request.header("x-obs-date") or request.header("Date")
        if len(sent) != 1:
            raise StorageError(403, "AccessDenied", "An Authorization header needs a valid Date or x-obs-date header")
        self._check_time(_http_date(sent[0]))
        _check_token(key, request.header("x-obs-security-token"))
        to_sign = obs_string_to_sign(request, bucket)
        _compare(obs_signature(key.secret_key, to_sign), claim[2], to_sign)

    def _check_v4(self, request: RequestParts, claim: re.Match[bytes]) -> None:
        key = self._key(claim[1])
        if claim[3].decode() != self._region:
            raise StorageError(400, "AuthorizationHeaderMalformed", f"The region must be {self._region}")
        dates = request.header("x-amz-date")
        if len(dates) != 1:
            raise StorageError(403, "AccessDenied", "An Authorization header needs one x-amz-date header")
        self._check_time(_basic_date(dates[0]))
        names = claim[4].decode().split(";")
        if missing := {"host", "x-amz-date"} - set(names):
            raise StorageError(403, "AccessDenied", f"Not signed: {', '.join(sorted(missing))}")
        tokens = {name: request.header(name) for name in ("x-amz-security-token", "x-obs-security-token")}
        _check_token(key, [value for name, values in tokens.items() if name in names for value in values])
        scope = b"/".join((claim[2], claim[3], b"s3/aws4_request"))
        canonical = hashlib.sha256(v4_canonical_request(request, names)).hexdigest().encode()
        to_sign = b"\n".join((b"AWS4-HMAC-SHA256", dates[0], scope, canonical))
        signing_key = b"AWS4" + key.secret_key.encode()
        for part in scope.split(b"/"):
            signing_key = hmac.digest(signing_key, part, "sha256")
        _compare(hmac.digest(signing_key, to_sign, "sha256").hex(), claim[5], to_sign)

    def _key(self, access_key: bytes) -> StorageKey:
        key = self._keys.find(access_key.decode(errors="replace"))
        if key is None:
            raise StorageError(
                403, "InvalidAccessKeyId", "The access key Id you provided does not exist in our records."
            )
        return key

    def _check_time(self, signed_at: datetime | None) -> None:
        if signed_at is None:
            raise StorageError(403, "AccessDenied", "The date of the request cannot be read")
        if abs(self._clock().astimezone(UTC) - signed_at) > _CLOCK_WINDOW:
            raise StorageError(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the server's time is too large.",
            )


def obs_string_to_sign(request: RequestParts, bucket: str) -> bytes:
    """The string to sign of a request in the scheme ``OBS``."""
    own = sorted({name.decode() for name, _ in request.headers if name.startswith(b"x-obs-")})
    date = b"" if "x-obs-date" in own else b"".join(request.header("Date"))
    return b"\n".join(
        (
            request.method.encode(),
            b"".join(request.header("Content-MD5")),
            b"".join(request.header("Content-Type")),
            date,
            b"".join(b"%s:%s\n" % (name.encode(), _joined(request.header(name))) for name in own)
            + _canonical_resource(request, bucket),
        )
    )


def obs_signature(secret_key: str, to_sign: bytes) -> str:
    """The signature of the scheme ``OBS``."""
    return b64encode(hmac.digest(secret_key.encode(), to_sign, "sha1")).decode()


def v4_canonical_request(request: RequestParts, names: Sequence[str]) -> bytes:
    """The canonical request of Signature Version 4, over the headers of these names.

    Raises:
        StorageError: The request states the hash of a body; the requests here have none.
    """
    pairs = sorted(
        (unquote_to_bytes(name), unquote_to_bytes(value))
        for name, _, value in (pair.partition(b"=") for pair in request.query.split(b"&") if pair)
    )
    query = "&".join(f"{quote_from_bytes(name, '')}={quote_from_bytes(value, '')}" for name, value in pairs)
    payloads = request.header("x-amz-content-sha256") or [_UNSIGNED]
    if payloads not in ([_UNSIGNED], [_NO_PAYLOAD]):
        raise StorageError(400, "XAmzContentSHA256Mismatch", "The provided hash does not match what was computed.")
    return b"\n".join(
        (
            request.method.encode(),
            _path(request),
            query.encode(),
            b"".join(b"%s:%s\n" % (name.encode(), _joined(request.header(name))) for name in names),
            ";".join(names).encode(),
            payloads[0],
        )
    )


def _canonical_resource(request: RequestParts, bucket: str) -> bytes:
    named = sorted(
        pair for pair in request.query.split(b"&") if pair.partition(b"=")[0].decode("latin-1") in _SUB_RESOURCES
    )
    return b"/" + bucket.encode() + _path(request) + (b"?" + b"&".join(named) if named else b"")


def _path(request: RequestParts) -> bytes:
    return quote_from_bytes(unquote_to_bytes(request.raw_path), safe="/~").encode()


def _joined(values: list[bytes]) -> bytes:
    return b",".join(value.strip() for value in values)


def _check_token(key: StorageKey, sent: list[bytes]) -> None:
    expected = [] if key.security_token is None else [key.security_token.encode()]
    if len(sent) != len(expected) or not all(map(hmac.compare_digest, sent, expected)):
        raise StorageError(403, "InvalidSecurityToken", "The security token is missing, or not that of the access key")


def _compare(expected: str, sent: bytes, to_sign: bytes) -> None:
    if not hmac.compare_digest(expected.encode(), sent):
        echo = to_sign.decode(errors="replace")
        raise StorageError(403, "SignatureDoesNotMatch", f"The signature does not match. StringToSign: {echo}")


def _http_date(sent: bytes) -> datetime | None:
    try:
        return parsedate_to_datetime(sent.decode()).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _basic_date(sent: bytes) -> datetime | None:
    try:
        return datetime.strptime(sent.decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
