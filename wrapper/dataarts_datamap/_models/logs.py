"""A run's log, or a part of it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads the annotations
from typing import Final

from msgspec import Struct

_LONGEST_CHARACTER: Final = 4
_CONTINUATION: Final = range(0x80, 0xC0)


class RunLog(Struct, frozen=True, kw_only=True):
    """A run's log, or the end of it.

    The format of a log is not documented. It can contain SQL and credentials, so the repr does not show its content.

    Attributes:
        path: Path of the object, as ``obs://bucket/key``. Untrusted.
        content: The bytes that were read. Untrusted.
        start: Position of the first byte in the object; 0 if it was read from its beginning.
        size: Size of the whole object in bytes.
        last_modified: Time at which the object was written, UTC; None if the service sent no valid time.
        other_paths: Paths of the other objects that match the run's log path; none of them was written later.
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
        """The content as UTF-8 (inferred), with U+FFFD for invalid bytes, and without half a character at its start."""
        return self.content[cut_character(self.content) if self.start else 0 :].decode(errors="replace")


def cut_character(content: bytes) -> int:
    """The number of bytes at the start that end a UTF-8 character whose beginning is missing."""
    rest = content[: _LONGEST_CHARACTER - 1]
    return next((place for place, byte in enumerate(rest) if byte not in _CONTINUATION), len(rest))
