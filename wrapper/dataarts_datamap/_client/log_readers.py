"""A run's log, read piece by piece, for threads and for an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from dataarts_datamap._arguments import query_integer
from dataarts_datamap._logs.reading import OVERLAP
from dataarts_datamap._paging.read_ahead import TransportT
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from datetime import datetime

    from dataarts_datamap._logs.objects import ObjectPart
    from dataarts_datamap._logs.reading import LogSource
    from dataarts_datamap._messages import Steps


class _LogReaderBase(Generic[TransportT]):
    def __init__(self, transport: TransportT, source: LogSource, first: ObjectPart, position: int) -> None:
        self._transport = transport
        self._source = source
        self._buffer = bytearray(first.content)
        self._position = position
        self._before: bytes = first.content[-OVERLAP:]
        self._size = first.size
        self._last_modified = first.last_modified

    @property
    def path(self) -> str:
        """The path of the object, as ``obs://bucket/key``. Untrusted."""
        return self._source.location.path

    @property
    def other_paths(self) -> tuple[str, ...]:
        """The paths of other objects that match the run's log path; the reader reads the one that was written last."""
        return self._source.other_paths

    @property
    def size(self) -> int:
        """The size of the object in bytes, as of the latest response that had bytes of it."""
        return self._size

    @property
    def position(self) -> int:
        """The number of bytes read or skipped so far."""
        return self._position

    @property
    def last_modified(self) -> datetime | None:
        """Time at which the object was written, UTC; None if the service sent no valid time."""
        return self._last_modified

    def __repr__(self) -> str:
        return f"{type(self).__name__}(path={self.path!r}, position={self.position}, size={self.size})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("path", self.path), ("position", self.position), ("size", self.size)]

    def _read(self, size: int) -> Steps[bytes]:
        """Bytes from the position on; fewer than requested only at the end."""
        query_integer("size", size, minimum=-1)
        while size < 0 or len(self._buffer) < size:
            if not (yield from self._fetch()):
                break
        return self._take(len(self._buffer) if size < 0 else size)

    def _read_piece(self) -> Steps[bytes]:
        if not self._buffer:
            yield from self._fetch()
        return self._take(len(self._buffer))

    def _fetch(self) -> Steps[bool]:
        """Add the next piece to the buffer; false at the end."""
        part = yield from self._source.next_piece(self._position + len(self._buffer), self._before, self._size)
        if part.content:
            self._size, self._last_modified = part.size, part.last_modified
            self._buffer += part.content
            self._before = (self._before + part.content[-OVERLAP:])[-OVERLAP:]
        return bool(part.content)

    def _take(self, count: int) -> bytes:
        """The first bytes of the buffer, which keeps the others for the next call."""
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._position += len(taken)
        return taken

    def read(self, size: int = -1) -> object:
        """The next bytes; empty at the end. An error loses none: the next call begins at the same position.

        Args:
            size: The maximum number of bytes; -1 for all that are left.

        Raises:
            InvalidArgumentError: The size is not an integer of at least -1.
            LogChangedError: The log was replaced by another one.
            LogError: The log can no longer be read.
            TransportError: No complete response arrived.
            ServiceError: Object storage or IAM refused for another reason.
            InvalidResponseError: The response is not what object storage sends.
        """


class LogReader(_LogReaderBase[SyncTransport]):
    """A run's log, read piece by piece, a megabyte with each request: a long log takes little memory.

    At its end, ``read`` requests what was written meanwhile, so a log can be followed while its run is going on. A
    reader holds no connection, and needs no closing. A log can contain SQL and credentials.
    """

    def read(self, size: int = -1) -> bytes:
        return self._transport.run(self._read(size))

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._transport.run(self._read_piece()):
            yield piece


class AsyncLogReader(_LogReaderBase[AsyncTransport]):
    """A ``LogReader`` for event loops: await ``read``, and iterate with ``async for``."""

    async def read(self, size: int = -1) -> bytes:
        return await self._transport.run(self._read(size))

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        while piece := await self._transport.run(self._read_piece()):
            yield piece
