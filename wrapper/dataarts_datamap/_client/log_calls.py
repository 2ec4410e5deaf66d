"""The calls about the logs of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._arguments import query_integer
from dataarts_datamap._client.shared import BaseClient, PagerT
from dataarts_datamap._models.runs import Run
from dataarts_datamap._paging.pager import AsyncPager, Pager
from dataarts_datamap._paging.read_ahead import TransportT
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from dataarts_datamap._client.log_readers import AsyncLogReader, LogReader
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.logs import RunLog

DEFAULT_TAIL: Final = 64 * 1024
_LARGEST: Final = 2**63 - 1  # bytes of a log, which can be more than 2 GiB


class _LogCalls(BaseClient[PagerT, TransportT]):
    """The documented calls of both clients, and their common steps."""

    def _read_tail(self, run: Run, tail: int | None) -> Steps[RunLog]:
        most = None if tail is None else query_integer("tail", tail, minimum=1)
        return self._log_source(run).read_tail(most)

    def read_log(self, run: Run, *, tail: int | None = DEFAULT_TAIL) -> object:
        """The end of a run's log, or all of it, from object storage.

        An access key signs the request directly. For a token, IAM issues a temporary key, valid for 15 minutes, when
        one is needed. Either key needs the permission ``obs:object:GetObject``. ``AWS_…`` variables in the environment
        are not read, and redirects are not followed.

        Args:
            run: The run, whose ``execution_log_path`` is the path of its log. If there is no object with this path,
                objects are listed whose path begins with it, followed by ``/``, ``.``, ``_`` or ``-``, and the one
                written last is read.
            tail: Number of bytes to read from the end; None for all, up to the client's ``max_answer_size``.

        Raises:
            InvalidArgumentError: An argument is invalid.
            ConfigurationError: The address of object storage, or of IAM for a token, is not known.
            LogError: The log cannot be read: a class for each reason, and the text says what to do.
            TransportError: No complete response arrived, or the log is too large: ``open_log`` reads a log piece by
                piece.
            ServiceError: Object storage or IAM refused for another reason.
            InvalidResponseError: The response is not what object storage sends.
        """

    def open_log(self, run: Run, *, position: int = 0) -> object:
        """A run's log, to be read piece by piece; the first piece is requested now.

        Args:
            run: The run, as for ``read_log``.
            position: Number of bytes to skip at the beginning. To go on after a ``RunLog``: its ``start`` plus the
                length of its ``content``.

        Raises:
            InvalidArgumentError: An argument is invalid.
            ConfigurationError: The address of object storage, or of IAM for a token, is not known.
            LogError: The log cannot be read: a class for each reason, and the text says what to do.
            TransportError: No complete response arrived.
            ServiceError: Object storage or IAM refused for another reason.
            InvalidResponseError: The response is not what object storage sends.
        """


class LogCalls(_LogCalls[Pager[Run], SyncTransport]):
    def read_log(self, run: Run, *, tail: int | None = DEFAULT_TAIL) -> RunLog:
        return self._transport.run(self._read_tail(run, tail))

    def open_log(self, run: Run, *, position: int = 0) -> LogReader:
        from dataarts_datamap._client.log_readers import LogReader  # noqa: PLC0415  only needed by this call

        source, start = self._log_source(run), query_integer("position", position, minimum=0, maximum=_LARGEST)
        return LogReader(self._transport, source, self._transport.run(source.find_piece(start)), start)


class AsyncLogCalls(_LogCalls[AsyncPager[Run], AsyncTransport]):
    async def read_log(self, run: Run, *, tail: int | None = DEFAULT_TAIL) -> RunLog:
        return await self._transport.run(self._read_tail(run, tail))

    async def open_log(self, run: Run, *, position: int = 0) -> AsyncLogReader:
        from dataarts_datamap._client.log_readers import AsyncLogReader  # noqa: PLC0415  only needed by this call

        source, start = self._log_source(run), query_integer("position", position, minimum=0, maximum=_LARGEST)
        return AsyncLogReader(self._transport, source, await self._transport.run(source.find_piece(start)), start)
