"""Finds a run's log and reads it: whole, only its end, or piece by piece. Steps for both clients."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from dataarts_datamap._errors import AnswerTooLargeError, LogChangedError, LogError, LogForbiddenError, LogNotFoundError
from dataarts_datamap._logs.locations import LogLocation
from dataarts_datamap._logs.objects import ObjectPart, decode_list, decode_part, list_request, part_request
from dataarts_datamap._models.logs import RunLog
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._logs.locations import StorageHost
    from dataarts_datamap._logs.objects import ListedObject, ObjectList
    from dataarts_datamap._messages import Request, Response, Steps

T = TypeVar("T")

PIECE: Final = 1024 * 1024
"""The size of a piece in bytes."""

OVERLAP: Final = 256
"""Number of bytes that are read again with the next piece, to check that it belongs to the same log."""

_MOST_LISTS: Final = 10
_JOINTS: Final = ("/", ".", "_", "-")


class Ask(Protocol):
    """Sends a request to a bucket, and decodes its response."""

    def __call__(self, request: Request, decode: Callable[[Response], T], /) -> Steps[T]: ...


class LogSource:
    """A run's log in its bucket.

    It is not documented whether a run's log path is an object's key or the beginning of one: the object is requested,
    and if there is none, the bucket is searched for keys that begin with that key, followed by one of ``/._-``. The
    object written last, of those found, is the log. Each call raises ``LogError`` if the log cannot be read, and
    another ``DataMapError`` if object storage does not respond as expected.
    """

    def __init__(self, location: LogLocation, host: StorageHost, ask: Ask) -> None:
        self._host = host
        self._ask = ask
        self._is_compressed = False
        self.location = location
        self.other_paths: tuple[str, ...] = ()

    def read_tail(self, most: int | None) -> Steps[RunLog]:
        """The last ``most`` bytes of the log; all bytes for None."""
        part = yield from self._found(partial(self._tail, most))
        content, start = part.content, part.start
        if most is not None and len(content) > most:
            content, start = content[-most:], start + len(content) - most
        return RunLog(
            path=self.location.path,
            content=content,
            start=start,
            size=part.size,
            last_modified=part.last_modified,
            other_paths=self.other_paths,
        )

    def find_piece(self, position: int) -> Steps[ObjectPart]:
        """The piece of the log that begins at a position, after finding the log."""
        return (yield from self._found(partial(self._piece, position, position + PIECE)))

    def next_piece(self, position: int, before: bytes, size: int) -> Steps[ObjectPart]:
        """The piece of the log that begins at a position; empty at the end of the log.

        The end of ``before``, which holds the bytes before the position, is read again to compare it. ``size`` is the
        size of the log at the previous request.

        Raises:
            LogChangedError: The log has fewer bytes than before, or different ones.
        """
        seen = before[-OVERLAP:]
        part = yield from self._piece(position - len(seen), position + PIECE)
        content = part.content
        if part.size < size or content[: len(seen)] != seen[: len(content)]:
            error = LogChangedError(
                f"the log {printable(self.location.path, limit=300)} was replaced while it was read: read it again"
            )
            error.log_path = self.location.path
            raise error
        if seen and len(content) <= len(seen) and position < part.size:  # a server may send few bytes at once
            return (yield from self._piece(position, position + PIECE))
        return ObjectPart(
            content=content[len(seen) :], start=position, size=part.size, last_modified=part.last_modified
        )

    def _piece(self, position: int, end: int) -> Steps[ObjectPart]:
        part = yield from self._part(f"bytes={position}-{end - 1}")
        if part.start >= position:
            return part
        content = part.content[position - part.start :]  # a server without ranges sends the whole object
        return ObjectPart(content=content, start=position, size=part.size, last_modified=part.last_modified)

    def _tail(self, most: int | None) -> Steps[ObjectPart]:
        if most is None:
            return (yield from self._part(None))
        try:
            return (yield from self._part(f"bytes=-{most}"))
        except AnswerTooLargeError:  # the whole object was sent: some servers only support ranges with a beginning
            first = yield from self._part("bytes=0-0")
            return (yield from self._part(f"bytes={max(0, first.size - most)}-"))

    def _part(self, span: str | None) -> Steps[ObjectPart]:
        """A part of the log; the whole log if it is stored compressed."""
        asked = None if self._is_compressed else span
        request = part_request(self._host, self.location, asked)
        part: ObjectPart = yield from self._ask(request, partial(decode_part, location=self.location, span=asked))
        if not part.is_compressed:
            return part
        self._is_compressed = True
        return (yield from self._part(span))

    def _found(self, read: Callable[[], Steps[ObjectPart]]) -> Steps[ObjectPart]:
        try:
            return (yield from read())
        except LogNotFoundError as error:
            if not (yield from self._look_below(error)):
                raise
        return (yield from read())

    def _look_below(self, missing: LogNotFoundError) -> Steps[bool]:
        """Search for objects below the log's key; the one written last becomes the log. Returns whether one exists."""
        try:
            listed = yield from self._listed()
        except LogForbiddenError:
            said = missing.args[0]
            missing.args = (f"{said}; objects below that path are unknown, since listing the bucket was denied",)
            return False
        length = len(self.location.key)
        found = sorted(
            (one for one in listed if one.key[length:].startswith(_JOINTS)), key=lambda one: (one.written, one.key)
        )
        paths = [LogLocation(self.location.bucket, one.key) for one in found]
        if paths:
            self.location = paths[-1]
            self.other_paths = tuple(other.path for other in paths[:-1])
        return bool(paths)

    def _listed(self) -> Steps[list[ListedObject]]:
        """All objects whose keys begin with the log's key; ``LogError`` if there are too many."""
        found: list[ListedObject] = []
        marker: str | None = None
        for _ in range(_MOST_LISTS):
            request = list_request(self._host, self.location.key, marker)
            listed: ObjectList = yield from self._ask(request, partial(decode_list, location=self.location))
            found += listed.objects
            marker = listed.next_marker
            if marker is None:
                return found
        error = LogError(
            f"more than {len(found):,} objects lie below {printable(self.location.path, limit=300)}, "
            "too many to find the one written last"
        )
        error.log_path = self.location.path
        raise error
