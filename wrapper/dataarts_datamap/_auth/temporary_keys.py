"""Access keys for services that accept no token, such as object storage: the credentials' own, or temporary keys.

Source: CreateTemporaryAccessKeyByToken (https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0002.html).
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  the decoder reads annotations
from typing import TYPE_CHECKING, Annotated, Final, Protocol, runtime_checkable

from msgspec import Meta, Struct, json

from dataarts_datamap._api.error_responses import UNREADABLE, build_error, check_status, reason_of
from dataarts_datamap._api.lenient_json import decode_as
from dataarts_datamap._auth.credentials import AccessKeyCredentials, RenewableCredentials, now_utc
from dataarts_datamap._errors import ConfigurationError, InvalidEnvelopeError
from dataarts_datamap._messages import Request
from dataarts_datamap._secrets import Secret, SecretStruct
from dataarts_datamap._shared_value import Fetched, SharedValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._messages import Call, Response, Wait

_OK: Final = 200
_CREATED: Final = 201
_LIFE: Final = 900
"""Life of a temporary key in seconds: the shortest that IAM issues (documented)."""

_MARGIN: Final = 300.0


@runtime_checkable
class KeyHolder(Protocol):
    """Credentials that are an access key, or that can get one."""

    def access_key_credentials(self) -> Call[AccessKeyCredentials]:
        """The key; yields requests for it if needed."""
        ...


class _Key(SecretStruct, frozen=True):
    access: str
    secret: str
    securitytoken: str
    expires_at: Annotated[datetime, Meta(tz=True)]


class _KeyResponse(Struct):
    credential: _Key


_DECODER: Final = json.Decoder(_KeyResponse)


class AccessKeys(Secret):
    """Gets an access key for credentials of any kind.

    Credentials that have an access key return it. For others, such as a token, IAM issues a temporary key, which is
    requested when it is first needed, once for all threads and tasks, and renewed when less than a quarter of its 15
    minutes is left.
    """

    __slots__ = ("_credentials", "_iam_endpoint", "_temporary")

    def __init__(self, credentials: Credentials, iam_endpoint: str | None) -> None:
        self._credentials = credentials
        self._iam_endpoint = iam_endpoint
        self._temporary: SharedValue[AccessKeyCredentials, Request | Wait] = SharedValue(
            self._fetch, lambda: now_utc().timestamp(), margin=_MARGIN
        )

    def get(self) -> Call[AccessKeyCredentials]:
        """The key; yields requests for it if there is none, or if it must be renewed."""
        if isinstance(self._credentials, KeyHolder):
            return (yield from self._credentials.access_key_credentials())
        return (yield from self._temporary.get())

    def discard(self, request: Request) -> bool:
        """Forget the refused key of a request, unless the user gave it.

        Returns:
            Whether to send the request again with another key.
        """
        if type(self._credentials) is AccessKeyCredentials:
            return False  # object storage may not know a key that the service knows
        is_own_key = isinstance(self._credentials, KeyHolder)
        if is_own_key:
            return isinstance(self._credentials, RenewableCredentials) and self._credentials.discard(request)
        self._temporary.discard(lambda _: True)
        return True

    def _fetch(self) -> Call[Fetched[AccessKeyCredentials]]:
        if self._iam_endpoint is None:
            raise ConfigurationError(
                "object storage accepts no token: IAM exchanges a token for a temporary key, but the address of IAM is "
                "not known: pass iam_endpoint=… or region=… (--iam-endpoint, --region), or set "
                "HUAWEICLOUD_SDK_IAM_ENDPOINT"
            )
        identity = {"methods": ["token"], "token": {"duration_seconds": _LIFE}}
        request = Request(
            method="POST",
            endpoint=self._iam_endpoint,
            path="/v3.0/OS-CREDENTIAL/securitytokens",
            headers={"Content-Type": "application/json"},
            content=json.encode({"auth": {"identity": identity}}),
        )
        authenticated = yield from self._credentials.authenticate(request)
        issued = decode_key((yield authenticated), issuer="IAM", clock=now_utc, status=_CREATED)
        return Fetched(issued.value, min(max(issued.life, 0.0), _LIFE))


def decode_key(
    response: Response, *, issuer: str, clock: Callable[[], datetime], status: int = _OK
) -> Fetched[AccessKeyCredentials]:
    """The temporary key in a response, and the seconds for which it is still valid according to the clock."""
    check_status(response, expected=status)
    try:
        sent = decode_as(_DECODER, response.content).credential
        key = AccessKeyCredentials(sent.access, sent.secret, sent.securitytoken, clock=clock)
    except UNREADABLE as error:
        problem = f"{issuer}'s response is not a temporary key: {reason_of(error)}"
    else:
        return Fetched(key, (sent.expires_at - clock()).total_seconds())
    raise build_error(InvalidEnvelopeError, problem, response, raw="")  # the response may hold a secret key
