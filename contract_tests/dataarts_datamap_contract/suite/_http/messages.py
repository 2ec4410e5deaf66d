"""A request and a response as values, without any HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from dataarts_datamap_contract.specification.levels import StrictJsonError, loads_strict

if TYPE_CHECKING:
    from collections.abc import Mapping

Standing: TypeAlias = Literal["good", "bad"]

TOKEN_HEADER = "X-Auth-Token"  # noqa: S105  a name
_OK = 200
_EXACT = 2**53
_COUNTS = ("count", "total")


@dataclass(frozen=True, slots=True)
class Credential:
    """The credentials of a request.

    Attributes:
        standing: ``good`` must be accepted, ``bad`` must be refused.
        fields: Header fields to send.
        shown: The same fields for a shell, without secrets, to be put inside double quotes.
        query: Text to append to the query string.
        shown_query: The same text for a shell.
        right_values: The values that would have been right, if wrong ones are sent: no response may show them.
    """

    standing: Standing
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    shown: tuple[str, ...] = ()
    query: str = field(default="", repr=False)
    shown_query: str = ""
    right_values: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it is sent.

    Attributes:
        method: The method.
        path: The path, percent-encoded.
        query: The query string, percent-encoded.
        fields: Header fields beside those of the credential.
        credential: Its credentials.
        content: The body.
        is_question: Whether it only reads although its method could write: a search, or details of many GUIDs.
    """

    method: str = "GET"
    path: str
    query: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    credential: Credential
    content: bytes = b""
    is_question: bool = False

    @property
    def target(self) -> str:
        """Path and query as sent."""
        query = "&".join(part for part in (self.query, self.credential.query) if part)
        return f"{self.path}?{query}" if query else self.path

    def header(self, name: str) -> tuple[str, ...]:
        """All values of a header field, in order."""
        return _values((*self.fields, *self.credential.fields), name)


@dataclass(frozen=True)
class Response:
    """A response of the server.

    Attributes:
        status: HTTP status.
        fields: Header fields in their order.
        content: The body.
    """

    status: int
    fields: tuple[tuple[str, str], ...]
    content: bytes

    def header(self, name: str) -> tuple[str, ...]:
        """All values of a header field, in order."""
        return _values(self.fields, name)

    @property
    def document(self) -> Any:  # noqa: ANN401  a JSON document can be any value
        """The JSON document; None if the content is not one."""
        return self._decoded[0]

    @property
    def json_problem(self) -> str | None:
        """Why the content is not a JSON document; None if it is one."""
        return self._decoded[1]

    @cached_property
    def _decoded(self) -> tuple[Any, str | None]:
        return _decode(self.content)

    @cached_property
    def page(self) -> Page | None:
        """The page of runs inside the envelope of a 200; None if there is no readable one."""
        envelope = self.document if self.status == _OK else None
        body = cast("Mapping[str, Any]", envelope).get("body") if isinstance(envelope, dict) else None
        document = _decode(body)[0] if isinstance(body, str) else None
        return Page(cast("dict[str, Any]", document)) if isinstance(document, dict) else None

    @property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """The rows of the page; none if there is no page."""
        return self.page.rows if self.page else ()

    @property
    def operators(self) -> tuple[Mapping[str, Any], ...]:
        """The operators in the bare array of a 200; none if the response is something else."""
        return _objects(self.document) if self.status == _OK else ()

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of a 200 whose document is an object; none if it is something else."""
        document: object = self.document if self.status == _OK else None
        return cast("dict[str, Any]", document) if isinstance(document, dict) else {}

    def listed(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The objects in a member that is a list; none if the member is something else."""
        return _objects(self.members.get(name))

    @property
    def has_data(self) -> bool:
        """Whether the response shows rows, operators, assets or lineage, or a count of them above 0."""
        listed = any(self.listed(name) for name in ("entities", "data", "relationships"))
        counts = (self.page.total if self.page else 0, *(whole_number(self.members.get(each)) for each in _COUNTS))
        return (
            bool(self.rows or self.operators or listed or self.members.get("entity"))
            or max(count or 0 for count in counts) > 0
        )


@dataclass(frozen=True)
class Page:
    """The decoded body of an envelope.

    Attributes:
        document: The whole body.
    """

    document: Mapping[str, Any]

    @cached_property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """The rows that are objects."""
        return _objects(self.document.get("rows"))

    @property
    def total(self) -> int | None:
        """How many runs are in the window; None if the page does not say."""
        return whole_number(self.document.get("total"))


def whole_number(value: object) -> int | None:
    """The value if it is an exact integer by JSON Schema, else None: 1.0 is one, a boolean is not."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _objects(value: object) -> tuple[Mapping[str, Any], ...]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(cast("dict[str, Any]", item) for item in items if isinstance(item, dict))


def _decode(text: str | bytes) -> tuple[Any, str | None]:
    try:
        return loads_strict(text), None
    except StrictJsonError as error:
        return None, str(error)


def _values(fields: tuple[tuple[str, str], ...], name: str) -> tuple[str, ...]:
    return tuple(value for key, value in fields if key.lower() == name.lower())
