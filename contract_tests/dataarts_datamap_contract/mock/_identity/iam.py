"""A small IAM beside the service: tokens for a password, temporary keys for a token, and a list of the one project.

It is not part of the specification. Paths, requests and the form of responses are those that IAM documents.
"""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

from jsonschema_rs import Draft202012Validator, ValidationError

from dataarts_datamap_contract.mock._identity.authentication import FailureLock, TokenAuthentication
from dataarts_datamap_contract.mock._web.responses import HttpError, Reply
from dataarts_datamap_contract.mock._web.routes import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._identity.authentication import Authentication
    from dataarts_datamap_contract.mock._identity.storage_keys import StorageKeys
    from dataarts_datamap_contract.mock._identity.tokens import IssuedToken, IssuedTokens
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_TOLERATED_PASSWORDS = 4
_LOCK_TIME = timedelta(minutes=15)
_SHORTEST_KEY = 900


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_TEXT = {"type": "string", "minLength": 1}
_NAMED = _object(name=_TEXT)
_PROJECT = {
    "type": "object",
    "minProperties": 1,
    "properties": {"id": _TEXT, "name": _TEXT},
    "additionalProperties": False,
}
_LOGIN = Draft202012Validator(
    _object(
        auth=_object(
            identity=_object(
                methods={"const": ["password"]},
                password=_object(user=_object(name=_TEXT, password=_TEXT, domain=_NAMED)),
            ),
            scope=_object(project=_PROJECT),
        )
    )
)

_KEY_REQUEST = Draft202012Validator(
    _object(
        auth=_object(
            identity={
                **_object(methods={"const": ["token"]}),
                "properties": {
                    "methods": {"const": ["token"]},
                    "token": {
                        "type": "object",
                        "properties": {"duration_seconds": {"type": "integer", "minimum": 900, "maximum": 86_400}},
                    },
                },
            }
        )
    )
)


class IdentityService:
    """Issues temporary keys, and tokens with project scope; lists the one project.

    ====== ========== ================================== ===================================================
    status code       when                               source
    ====== ========== ================================== ===================================================
    400    IAM.0011   the body is not a password login   the code is documented for wrong parameters
                      with project scope, or not a request
                      for a key of 900 to 86,400 seconds
    401    APIGW.0301 a key is requested without a token the gateway's text
                      or with a wrong one
    401    APIGW.0307 a key is requested with an issued  the gateway's text
                      token that has expired
    401    IAM.0061   the account is locked: after 5     the code is documented; time and count are inferred
                      wrong passwords in a row, for 15
                      minutes
    401    IAM.0062   account, user or password is wrong the code is documented
    404    IAM.0004   the scope is another project       the code is documented; its use here is inferred
    ====== ========== ================================== ===================================================

    Logins with a second factor and tokens with the scope of an account are not supported. Callers who list projects are
    authenticated by the gateway, with its error texts.
    """

    def __init__(
        self, config: MockConfig, tokens: IssuedTokens, keys: StorageKeys, authentication: Authentication
    ) -> None:
        self._config = config
        self._tokens = tokens
        self._keys = keys
        self._authentication = authentication
        self._token_authentication = TokenAuthentication(config.token, tokens)
        self._lock = FailureLock(config.clock, _TOLERATED_PASSWORDS, _LOCK_TIME)
        self._domain = {"id": _invented_id(f"account {config.account}"), "name": config.account}

    def routes(self) -> list[Route]:
        """The routes of the service."""
        return [
            Route.of("/v3/auth/tokens", {"POST": self.create_token}),
            Route.of("/v3.0/OS-CREDENTIAL/securitytokens", {"POST": self.create_key}),
            Route.of("/v3/projects", {"GET": self.list_projects}),
        ]

    def create_token(self, request: RequestParts) -> Reply:
        """KeystoneCreateUserTokenByPassword: the token is in a header, its scope in the body."""
        login = _read_document(request.body, _LOGIN, "a password login with project scope")
        self._check_password(login["identity"]["password"]["user"])
        self._check_project(login["scope"]["project"])
        token = self._tokens.issue()
        document = {"token": self._describe(token)}
        if not any(request.texts()["query"].get("nocatalog", ())):
            document["token"]["catalog"] = [{"endpoints": [], "id": _invented_id("iam"), "name": "iam", "type": "iam"}]
        return Reply(_encode(document), 201, {"X-Subject-Token": token.text})

    def create_key(self, request: RequestParts) -> Reply:
        """CreateTemporaryAccessKeyByToken: a key that is valid for 15 minutes, or for as long as requested."""
        self._token_authentication.check(request)
        wanted = _read_document(request.body, _KEY_REQUEST, "a request for a temporary key")["identity"].get(
            "token", {}
        )
        key = self._keys.issue(timedelta(seconds=wanted.get("duration_seconds", _SHORTEST_KEY)))
        credential = {
            "access": key.access_key,
            "secret": key.secret_key,
            "securitytoken": key.security_token,
            "expires_at": _time(key.expires_at or datetime.max.replace(tzinfo=UTC)),
        }
        return Reply(_encode({"credential": credential}), 201)

    def list_projects(self, request: RequestParts) -> Reply:
        """KeystoneListProjects, filtered by name; other filters and paging are not supported."""
        self._authentication.check(request)
        names = request.texts()["query"].get("name", [])
        projects = [self._project()] if names in ([], [self._config.region]) else []
        return Reply(_encode({"projects": projects, "links": {"self": "/v3/projects", "previous": None, "next": None}}))

    def _check_password(self, user: Mapping[str, Any]) -> None:
        if (user["domain"]["name"], user["name"]) != (self._config.account, self._config.user):
            raise _wrong_password()
        if self._lock.is_locked():
            raise IamError(401, "IAM.0061", "Unauthorized", "The account is locked.")
        if not hmac.compare_digest(_bytes(user["password"]), _bytes(self._config.password)):
            self._lock.count_failure()
            raise _wrong_password()
        self._lock.clear()

    def _check_project(self, wanted: Mapping[str, str]) -> None:
        known = {"id": self._config.project_id, "name": self._config.region}
        if any(known[name] != value for name, value in wanted.items()):
            raise IamError(404, "IAM.0004", "Not Found", "Could not find the project of the scope.")

    def _describe(self, token: IssuedToken) -> dict[str, Any]:
        return {
            "expires_at": _time(token.expires_at),
            "issued_at": _time(token.issued_at),
            "methods": ["password"],
            "user": {
                "id": _invented_id(f"user {self._config.user}"),
                "name": self._config.user,
                "domain": self._domain,
                "password_expires_at": "",
            },
            "roles": [{"id": "0", "name": "dayu_user"}],
            "project": {"id": self._config.project_id, "name": self._config.region, "domain": self._domain},
        }

    def _project(self) -> dict[str, Any]:
        return {
            "id": self._config.project_id,
            "name": self._config.region,
            "domain_id": self._domain["id"],
            "parent_id": self._domain["id"],
            "is_domain": False,
            "enabled": True,
            "description": "",
            "links": {"self": f"/v3/projects/{self._config.project_id}"},
        }


class IamError(HttpError):
    """An error response in the nested form of IAM; the place of IAM's own code in it is inferred."""

    def __init__(self, status: int, code: str, title: str, message: str) -> None:
        super().__init__(status, code, message)
        self.title = title

    def document(self) -> dict[str, Any]:
        """The body: the HTTP status is in ``code``, and IAM's own code in ``error_code``."""
        return {
            "error": {"code": self.status, "error_code": self.code, "message": self.message, "title": self.title},
        }


def _read_document(body: bytes, schema: Draft202012Validator, what: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
        schema.validate(document)
    except ValidationError as error:
        # The error's own text may show the password.
        where = "/".join(map(str, error.instance_path)) or "the top"
        raise _bad_request(f"The request body is not {what}: see {where}.") from None
    except (ValueError, RecursionError):
        raise _bad_request("The request body is not JSON.") from None
    wanted: dict[str, Any] = document["auth"]
    return wanted


def _bad_request(message: str) -> IamError:
    return IamError(400, "IAM.0011", "Bad Request", message)


def _wrong_password() -> IamError:
    return IamError(401, "IAM.0062", "Unauthorized", "The username or password is wrong.")


def _bytes(text: str) -> bytes:
    """The bytes of any text that JSON can hold, including half of a surrogate pair."""
    return text.encode("utf-8", "surrogatepass")


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _invented_id(name: str) -> str:
    return uuid5(NAMESPACE_OID, name).hex


def _encode(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
