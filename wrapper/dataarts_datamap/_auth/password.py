"""A user and a password, for which IAM issues tokens.

Source: KeystoneCreateUserTokenByPassword
(https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html).
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  the decoder reads annotations
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct, json

from dataarts_datamap._api.endpoints import checked_endpoint
from dataarts_datamap._api.error_responses import UNREADABLE, build_error, check_status, reason_of
from dataarts_datamap._api.lenient_json import decode_as
from dataarts_datamap._api.regions import find_region
from dataarts_datamap._arguments import identifier, login_text
from dataarts_datamap._auth.credentials import TokenCredentials, now_utc
from dataarts_datamap._errors import AuthenticationError, ConfigurationError, InvalidArgumentError, InvalidEnvelopeError
from dataarts_datamap._messages import Request
from dataarts_datamap._secrets import Secret
from dataarts_datamap._shared_value import Fetched, SharedValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._messages import Call, Response, Wait

_CREATED: Final = 201
_MARGIN: Final = 30 * 60.0


class _Token(Struct):
    issued_at: Annotated[datetime, Meta(tz=True)]
    expires_at: Annotated[datetime, Meta(tz=True)]


class _TokenAnswer(Struct):
    token: _Token


_DECODER: Final = json.Decoder(_TokenAnswer)


@dataclass(frozen=True, slots=True)
class PasswordCredentials(Secret):
    """An IAM user's name and password. IAM issues a token for them, which is sent as ``X-Auth-Token``.

    The token is requested when it is first needed, and cached: it is valid for 24 hours (documented). It is renewed
    when less than 30 minutes of its life are left, or less than a quarter if its life is shorter than two hours; and
    once after a 401 with a code that ends in 0307 or 0301. One object requests a token once for all threads, tasks and
    clients that share it; meanwhile they use the old token while it is valid, or wait.

    A password that IAM refuses (401) is never sent again by the same object, since accounts lock: each later call that
    needs a new token raises ``AuthenticationError`` at once. Any other failure is retried or raised as for any request.
    But no failure has an effect while the old token is valid. A second factor is not supported.

    Attributes:
        user: Name of the IAM user.
        password: The password. Left out of the repr.
        account: Name of the account (domain) of the user; not the user's own name.
        project_id: Id of the project that the token is for.
        project_name: Name of that project, instead of its id. If both are left out, the region's id is the name.
        region: Region of IAM.
        iam_endpoint: Address of IAM, instead of the region's.
        allow_http: Whether that address may be plain ``http`` to another machine than this one.
        clock: Returns the present time as an aware datetime.

    Raises:
        ConfigurationError: The region is missing, which is needed unless the address of IAM and the project are both
            given; the region is not an id; or the address of IAM is unusable.
        InvalidArgumentError: A value is not text, is empty, or holds a control character, a byte order mark or half of
            a surrogate pair; the project is given twice; or ``project_id`` holds an invisible character, begins or ends
            with a blank, or is in quotes. Of other values, these three only cause a ``DamagedValueWarning``.
    """

    user: str
    password: str = field(repr=False)
    account: str
    project_id: str | None = field(default=None, kw_only=True)
    project_name: str | None = field(default=None, kw_only=True)
    region: str | None = field(default=None, kw_only=True)
    iam_endpoint: str | None = field(default=None, kw_only=True)
    allow_http: bool = field(default=False, kw_only=True, repr=False)
    clock: Callable[[], datetime] = field(default=now_utc, kw_only=True, repr=False, compare=False)
    _token: SharedValue[TokenCredentials, Request | Wait] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        login = _Login(self._request(self._endpoint(), self._scope()))
        token = SharedValue(login.fetch, lambda: self.clock().timestamp(), margin=_MARGIN)
        object.__setattr__(self, "_token", token)

    def authenticate(self, request: Request) -> Call[Request]:
        """The request with a token added; yields a request for a token if there is none, or if it must be renewed.

        Raises:
            AuthenticationError: IAM refused the password, now or before.
            ServiceError: IAM refused for another reason.
            InvalidResponseError: IAM's response holds no token.
        """
        token = yield from self._token.get()
        return (yield from token.authenticate(request))

    def discard(self, request: Request) -> bool:
        """Forget the token of this request. A new token is always worth another attempt."""
        refused = request.headers.get("X-Auth-Token")
        self._token.discard(lambda token: token.token == refused)
        return True

    def _endpoint(self) -> str:
        if self.iam_endpoint is not None:
            return checked_endpoint(self.iam_endpoint, name="IAM endpoint", allow_http=self.allow_http)
        if self.region is not None:
            return find_region(self.region).iam_endpoint
        raise ConfigurationError("a password needs region=… or iam_endpoint=…, to find its IAM")

    def _scope(self) -> dict[str, str]:
        if self.project_id is not None and self.project_name is not None:
            raise InvalidArgumentError("give either project_id or project_name, not both")
        if self.project_id is not None:
            return {"id": identifier("project_id", self.project_id)}
        name = self.region if self.project_name is None else self.project_name
        if name is None:
            raise ConfigurationError("a password needs region=…, project_id=… or project_name=…, to find its project")
        return {"name": login_text("project_name", name)}

    def _request(self, endpoint: str, project: dict[str, str]) -> Request:
        user = {
            "name": login_text("user", self.user),
            "password": login_text("password", self.password, secret=True),
            "domain": {"name": login_text("account", self.account)},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        return Request(
            method="POST",
            endpoint=endpoint,
            path="/v3/auth/tokens",
            query=(("nocatalog", "true"),),
            headers={"Content-Type": "application/json"},
            content=json.encode({"auth": {"identity": identity, "scope": {"project": project}}}),
            secrets=(self.password,),
        )


class _Login:
    """Requests tokens from IAM, until it refuses the password."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._refusal: AuthenticationError | None = None

    def fetch(self) -> Call[Fetched[TokenCredentials]]:
        if self._refusal is not None:
            raise copy(self._refusal)
        response = yield self._request
        try:
            return _decode_token(response)
        except AuthenticationError as error:
            self._refusal = _refused_before(error)
            raise


def _refused_before(error: AuthenticationError) -> AuthenticationError:
    return AuthenticationError(
        "IAM refused this password before. The password is not sent again, since that can lock the account: create new "
        f"PasswordCredentials with the right password. IAM said: {error.args[0]}",
        status=error.status,
        error_code=error.error_code,
        error_message=error.error_message,
        request_id=error.request_id,
        method=error.method,
        path=error.path,
    )


def _decode_token(response: Response) -> Fetched[TokenCredentials]:
    check_status(response, expected=_CREATED)
    try:
        token = TokenCredentials(response.headers.get("x-subject-token", ""))
        issued = decode_as(_DECODER, response.content).token
    except UNREADABLE as error:
        problem = f"IAM's response is not a token with its times: {reason_of(error)}"
    else:
        # The life is the difference of two times of IAM's clock, so that a wrong local clock does no harm.
        return Fetched(token, (issued.expires_at - issued.issued_at).total_seconds())
    raise build_error(InvalidEnvelopeError, problem, response)
