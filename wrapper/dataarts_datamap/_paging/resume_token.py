"""Where a walk stands, as text that survives the process."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Self, TypeVar

from msgspec import Struct, ValidationError, json

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._paging.offsets import Counting  # noqa: TC001  msgspec reads the annotations
from dataarts_datamap._paging.overlap import RowKey  # noqa: TC001  as above
from dataarts_datamap._text import shown
from dataarts_datamap._window import Window  # noqa: TC001  as above

T = TypeVar("T", bound="_Token")

_VERSION: Final = 1


class _Token(Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: ClassVar[str]

    def text(self) -> str:
        """The token as text: JSON of one line."""
        return json.encode({"version": _VERSION, "kind": self.kind, **_members(self)}).decode()

    @classmethod
    def parse(cls, text: object) -> Self:
        """The token of a text.

        Raises:
            InvalidArgumentError: It is no token of this kind, or of another version.
        """
        try:
            head = json.decode(text if isinstance(text, str) else b"", type=_Head)
            if (head.version, head.kind) == (_VERSION, cls.kind):
                return json.decode(text if isinstance(text, str) else b"", type=cls)
        except (ValidationError, ValueError, RecursionError):
            pass
        raise InvalidArgumentError(
            f"resume_token {shown(text)} is none of such a walk, in version {_VERSION}: pass one as the pager gave it"
        )


class _Head(Struct):
    version: int
    kind: str


class Position(_Token, frozen=True, kw_only=True, omit_defaults=True):
    """Where a walk over the runs of one operator stands.

    Attributes:
        task_id: The operator's task.
        job_name: The operator's name.
        workspace_id: The operator's workspace.
        window: The whole window.
        is_descending: Whether its slices are read newest first; None for one slice.
        piece: The slice that is read.
        reached: The position behind the last row.
        tail: The last rows.
        limit: How many rows were asked for at once; 0 if none were yet.
        most: The most that the server puts on one page, as far as was noticed; 0 if nothing was.
        edge: Where the slice begins.
        near_edge: Rows that the slice before had near it.
        near_next_edge: Rows of the slice near its other end.
        counting: How the server takes offsets, which the few rows above would not tell; None if that is not known.
        first_offset: Where its lists begin.
    """

    kind = "Position"

    task_id: str
    job_name: str
    workspace_id: str | None = None
    window: Window
    is_descending: bool | None = None
    piece: Window
    reached: int = 0
    tail: tuple[RowKey, ...] = ()
    limit: int = 0
    most: int = 0
    edge: int | None = None
    near_edge: tuple[RowKey, ...] = ()
    near_next_edge: tuple[RowKey, ...] = ()
    counting: Counting | None = None
    first_offset: int = 0


class TablePosition(_Token, frozen=True, kw_only=True, omit_defaults=True):
    """Where a walk over the runs of a table stands.

    Attributes:
        table_guid: The table.
        window: The window.
        finished: The operators that were read, each as task, name and workspace.
        current: Where the one stands that is read.
    """

    kind = "TablePosition"

    table_guid: str
    window: Window
    finished: tuple[tuple[str, str, str | None], ...] = ()
    current: Position | None = None


def _members(token: _Token) -> dict[str, Any]:
    members: dict[str, Any] = json.decode(json.encode(token))
    return members
