"""What was read of a run's log."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  a struct's annotations are read when it is made
from typing import Final

from msgspec import Struct

_LONGEST_CHARACTER: Final = 4
_CONTINUATION: Final = range(0x80, 0xC0)


class RunLog(Struct, frozen=True, kw_only=True):
    """A run's log, or the end of it.

    How a log is written is not documented. It can hold SQL and credentials: its repr shows none of it.

    Attributes:
        path: Where the object lies, as ``obs://bucket/key``. Untrusted.
        content: The bytes that were read. Untrusted.
        start: Position of the first of them in the object; 0 if it was read from its beginning.
        size: Bytes of the whole object.
        last_modified: When the object was written, UTC; None if the service did not send it.
        other_paths: Objects beside it that the run's log path leads to, too; this is the one that was written last.
    """

    path: str
    content: bytes
    start: int
    size: int
    last_modified: datetime | None = None
    other_paths: tuple[str, ...] = ()

    def __repr__(self) -> str:
        part = f"start={self.start}, size={self.size}"
        return f"{type(self).__name__}(path={self.path!r}, {part}, content=<{len(self.content)} bytes>)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("path", self.path), ("start", self.start), ("size", self.size)]

    @property
    def is_whole(self) -> bool:
        """Whether all of the object was read."""
        return len(self.content) == self.size

    @property
    def text(self) -> str:
        """The content as UTF-8 (inferred), with U+FFFD for what is not, and without half a character at its start."""
        return self.content[cut_character(self.content) if self.start else 0 :].decode(errors="replace")


def cut_character(content: bytes) -> int:
    """How many bytes at the start belong to a character of UTF-8 that began before."""
    rest = content[: _LONGEST_CHARACTER - 1]
    return next((place for place, byte in enumerate(rest) if byte not in _CONTINUATION), len(rest))
