"""The position of a walk, as text that survives the process."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeVar

from msgspec import Struct, json

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._paging.offsets import Counting  # noqa: TC001  msgspec reads the annotations
from dataarts_datamap._paging.seen_rows import RowKey
from dataarts_datamap._text import shown
from dataarts_datamap._window import Window  # noqa: TC001  as above

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T", bound="_Token")

_VERSION: Final = 2
_LEVEL: Final = 6
_LARGEST_PACK: Final = 1 << 24


class _Token(Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: ClassVar[str]

    def text(self) -> str:
        """The token as text: JSON of one line."""
        members: dict[str, Any] = json.decode(json.encode(self))
        return json.encode({"version": _VERSION, "kind": self.kind, **members}).decode()

    @classmethod
    def parse(cls, text: object) -> Self:
        """The token in a text.

        Raises:
            InvalidArgumentError: It is not a token of this kind, or has another version.
        """
        content = text if isinstance(text, str) else ""
        try:
            head = json.decode(content, type=_Head)
            if (head.version, head.kind) == (_VERSION, cls.kind):
                return json.decode(content, type=cls)
        except (ValueError, RecursionError):
            pass
        raise InvalidArgumentError(
            f"resume_token {shown(text)} does not belong to this call, or is not of version {_VERSION}: "
            "pass a token from a pager of this call"
        )


class _Head(Struct):
    version: int
    kind: str


class Position(_Token, frozen=True, kw_only=True, omit_defaults=True):
    """The position of a walk over the runs of one operator.

    Attributes:
        window: The whole window.
        is_descending: Whether its slices are read newest first; None for one slice.
        slice: The current slice.
        reached: The number of rows of the slice that were read by offset; 0 if it is not read by offset.
        limit: The page size to request next; 0 if no slice has begun.
        direction: The server's order: 1 for oldest first, -1 for newest first, 0 if it is not known.
        read: The runs of the slice that were read, packed.
        loose: Runs of earlier slices that can come again, packed.
        newest_start: The latest start time on the first page that has one, in milliseconds; 0 for none.
        counting: How the server counts offsets; None if that is not known.
        first_offset: The offset at which the server's lists begin: 0 or 1.
    """

    kind = "Position"

    task_id: str
    job_name: str
    workspace_id: str | None = None
    window: Window
    is_descending: bool | None = None
    slice: Window
    reached: int = 0
    limit: int = 0
    direction: int = 0
    read: bytes = b""
    loose: bytes = b""
    newest_start: int = 0
    counting: Counting | None = None
    first_offset: int = 0


class TablePosition(_Token, frozen=True, kw_only=True, omit_defaults=True):
    """The position of a walk over the runs of a table.

    Attributes:
        finished: The operators that were read, each as task, name and workspace.
        current: The position in the current operator; None if all were read.
    """

    kind = "TablePosition"

    table_guid: str
    window: Window
    finished: tuple[tuple[str, str, str | None], ...] = ()
    current: Position | None = None


def pack(keys: Sequence[RowKey]) -> bytes:
    """The keys of runs in compact form: about ten bytes each, once they are encoded as text."""
    return zlib.compress(json.encode(keys), _LEVEL) if keys else b""


def unpack(packed: bytes) -> list[RowKey]:
    """The keys that were packed.

    Raises:
        InvalidArgumentError: The bytes hold no keys.
    """
    if not packed:
        return []
    try:
        return json.decode(zlib.decompressobj().decompress(packed, _LARGEST_PACK), type=list[RowKey])
    except (ValueError, zlib.error):
        raise InvalidArgumentError("the resume_token is damaged: pass a token from a pager of this call") from None
