"""Polls of all watchers of a connection in one event loop, through one client and so under one rate limit."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from dataarts_datamap import (
    AnswerTooLargeError,
    AuthenticationError,
    CertificateError,
    DataMapError,
    ErrorBodyError,
    IncompleteWalkError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    TransportError,
    UnsuccessfulError,
    UpstreamError,
)
from dataarts_datamap.integrations.airflow._host import AirflowException, AirflowRuntimeError
from dataarts_datamap.integrations.airflow.hook import DataMapHook

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from dataarts_datamap import AsyncDataMapClient

T = TypeVar("T")

_AT_ONCE: Final = 4
_FIRST_PAUSE: Final = 60.0
_LONGEST_WAIT: Final = 600.0

_EXPECTED: Final = (DataMapError, AirflowException, AirflowRuntimeError)
_LASTING: Final = (AnswerTooLargeError, CertificateError)
_PASSING: Final = (
    AirflowRuntimeError,  # Airflow's own API did not respond
    ErrorBodyError,
    IncompleteWalkError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    TransportError,
    UnsuccessfulError,
)
_PASSING_UPSTREAM: Final = frozenset({429, 500, 502, 503, 504})


def may_pass(error: BaseException) -> bool:
    """Whether another poll may succeed after this failure: not if credentials, table or settings are wrong."""
    if isinstance(error, UpstreamError):
        return error.upstream_status in _PASSING_UPSTREAM
    return isinstance(error, _PASSING) and not isinstance(error, _LASTING)


class _Failures(NamedTuple):
    """Consecutive failures of a watcher.

    Attributes:
        lasting: Number of permanent failures since the last temporary one.
        wait: Seconds to wait after the last failure.
        until: End of this wait, by the loop's clock.
    """

    lasting: int
    wait: float
    until: float


class SharedPolls:
    """The shared state of the watchers of a connection: a client, and their failures.

    After a failure, polls go on, with waits that double up to ten minutes, but are never shorter than ``every`` or the
    wait that the service asks for. After ``max_failures`` permanent failures in a row, the last one is raised; if
    Airflow then creates the trigger again, the new one continues these waits. After credentials were rejected, all
    watchers fail without a request until a pause is over, since wrong signatures lock an access key. Then the
    connection is read again.

    Args:
        conn_id: Id of the connection.
    """

    def __init__(self, conn_id: str) -> None:
        self._hook = DataMapHook(conn_id)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._opening = asyncio.Lock()
        self._client: AsyncDataMapClient | None = None
        self._proving = asyncio.Lock()
        self._is_proven = False
        self._watchers = 0
        self._reading = 0
        self._failures: dict[str, _Failures] = {}
        self._refusal: AuthenticationError | None = None
        self._pause = _FIRST_PAUSE
        self._paused_until = 0.0

    @classmethod
    def of(cls, conn_id: str) -> SharedPolls:
        """The polls of the running event loop and this connection."""
        known = _KNOWN.setdefault(asyncio.get_running_loop(), {})
        if conn_id not in known:
            known[conn_id] = cls(conn_id)
        return known[conn_id]

    async def results(
        self,
        read: Callable[[AsyncDataMapClient], Awaitable[T]],
        *,
        watcher: str | None,
        every: float,
        max_failures: int,
        warn: Callable[[str], object],
    ) -> AsyncGenerator[T]:
        """The result of each poll, for ever.

        Args:
            read: Reads with the client.
            watcher: Identifies this watcher among those of the connection, also after Airflow created it again; None
                for a watcher that Airflow never creates again.
            every: Minimum seconds from the beginning of a poll to the next one.
            max_failures: Number of permanent failures in a row after which the last one is raised.
            warn: Receives the text of each failure that is not raised.

        Raises:
            DataMapError: The last of ``max_failures`` permanent failures in a row.
            AirflowException: The same, if Airflow does not know the connection.
        """
        now = asyncio.get_running_loop().time
        known = {} if watcher is None else self._failures
        name = watcher or ""
        if name in known:
            await asyncio.sleep(known[name].until - now())
        async with self._open():
            while True:
                begun = now()
                try:
                    result = await self._turn(read)
                except _EXPECTED as error:
                    known[name] = failures = _one_more(known.get(name), error, every)
                    if failures.lasting >= max_failures:
                        raise
                    warn(f"{type(error).__name__}: {error}; the next poll is in {failures.wait:.0f} s")
                    await asyncio.sleep(failures.wait)
                else:
                    known.pop(name, None)
                    yield result
                    await asyncio.sleep(max(0.0, begun + every - now()))

    async def _turn(self, read: Callable[[AsyncDataMapClient], Awaitable[T]]) -> T:
        async with self._turns:
            if self._is_proven:
                return await self._read(read)
            async with self._proving:  # wrong credentials must be sent only once, and not by each watcher
                return await self._read(read)

    async def _read(self, read: Callable[[AsyncDataMapClient], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time
        if self._refusal is not None and now() < self._paused_until:
            raise self._refusal.with_traceback(None)
        self._reading += 1
        try:
            result = await read(await self._current_client())
        except AuthenticationError as error:
            self._refusal, self._is_proven = error, False
            self._paused_until = now() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_WAIT)
            raise
        finally:
            self._reading -= 1
        self._refusal, self._is_proven, self._pause = None, True, _FIRST_PAUSE
        return result

    async def _current_client(self) -> AsyncDataMapClient:
        async with self._opening:
            if self._client is not None and self._refusal is not None and self._reading == 1:
                await self._client.close()
                self._client = None
            if self._client is None:
                self._client = await self._hook.aget_conn()
            return self._client

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[None]:
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            if self._watchers == 0 and self._client is not None:
                client, self._client = self._client, None
                await client.close()


def _one_more(before: _Failures | None, error: Exception, every: float) -> _Failures:
    lasting, wait = (0, every / 2) if before is None else (before.lasting, before.wait)
    asked = error.retry_after or 0.0 if isinstance(error, DataMapError) else 0.0
    wait = max(every, asked, min(wait * 2, _LONGEST_WAIT))
    until = asyncio.get_running_loop().time() + wait
    return _Failures(0 if may_pass(error) else lasting + 1, wait, until)


_KNOWN: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, SharedPolls]]] = WeakKeyDictionary()
