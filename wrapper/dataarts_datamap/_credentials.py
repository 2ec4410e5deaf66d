"""Proof of who asks. A provider does no I/O: it yields the requests it needs and receives their answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn, Protocol

from dataarts_datamap._arguments import header_value
from dataarts_datamap._errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap._messages import Call, Request


class Credentials(Protocol):
    """What a client needs of credentials."""

    def authenticate(self, request: Request) -> Call[Request]:
        """The request with its proof added; on the way it may yield requests of its own, such as one for a token."""
        ...


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """A user token with project scope, sent as ``X-Auth-Token`` as it is and never renewed (valid for 24 hours).

    Attributes:
        token: The token. Left out of the repr.

    Raises:
        InvalidArgumentError: The token is no text, empty, or holds what a header field cannot.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        header_value("token", self.token, secret=True)

    def authenticate(self, request: Request) -> Call[Request]:
        """The request with the token added; yields nothing."""
        yield from ()
        return replace(request, headers={**request.headers, "X-Auth-Token": self.token})

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not pickled, since they are secret: make them anew in the other process")


def find_credentials(environ: Mapping[str, str]) -> Credentials:
    """The credentials that the environment holds.

    Raises:
        CredentialsError: There are none; the text names each place and why it declined.
    """
    token = environ.get("DATAMAP_TOKEN", "")
    if token:
        return TokenCredentials(token)
    raise CredentialsError("no credentials: set DATAMAP_TOKEN to a user token, or pass credentials=TokenCredentials(…)")
