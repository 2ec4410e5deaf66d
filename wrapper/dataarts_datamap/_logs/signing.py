"""Signs requests for object storage: the header ``Authorization: OBS …``.

Source: the API reference of OBS (https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0010.html). Object storage
accepts neither a token nor the gateway's signature.

No S3 library is used, since such libraries read ``AWS_…`` variables: obstore 0.12.1 sends requests to the endpoint that
is named there, adds a customer's encryption key from there, and follows redirects with the security token.
"""

from __future__ import annotations

from binascii import b2a_base64
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from dataarts_datamap._auth.signing import keyed_hash
from dataarts_datamap._secrets import Hidden, Secret, SecretHeaders

if TYPE_CHECKING:
    from dataarts_datamap._auth.credentials import AccessKeyCredentials
    from dataarts_datamap._auth.temporary_keys import AccessKeys
    from dataarts_datamap._messages import Call, Request

_TOKEN_HEADER: Final = "x-obs-security-token"  # noqa: S105  a header's name


class BucketCredentials(Secret):
    """Signs each request for a bucket anew."""

    __slots__ = ("_bucket", "_keys")

    def __init__(self, bucket: str, keys: AccessKeys) -> None:
        self._bucket = bucket
        self._keys = keys

    def authenticate(self, request: Request) -> Call[Request]:
        """The request with its date and signature; yields requests for a key if none is valid."""
        key = yield from self._keys.get()
        return sign(request, bucket=self._bucket, key=key)


def sign(request: Request, *, bucket: str, key: AccessKeyCredentials) -> Request:
    """The request, a ``GET`` without content, with a signature of its method, date, security token, bucket and path.

    Of a query, OBS only signs sub-resources, which the requests here do not have.
    """
    date = format_datetime(key.clock().astimezone(UTC), usegmt=True)
    headers = SecretHeaders({**request.headers, "Date": date})
    own = Hidden("")
    if key.security_token is not None:
        headers[_TOKEN_HEADER] = key.security_token
        own = Hidden(f"{_TOKEN_HEADER}:{key.security_token}\n")
    to_sign = Hidden(f"{request.method}\n\n\n{date}\n{own.value}/{bucket}{request.path}")
    signature = Hidden(b2a_base64(keyed_hash(Hidden(key.secret_key), to_sign, "sha1"), newline=False).decode())
    headers["Authorization"] = f"OBS {key.access_key}:{signature.value}"
    return replace(request, headers=headers)
