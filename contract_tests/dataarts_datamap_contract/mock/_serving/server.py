"""Runs the application on a real socket, in a thread of its own or in the caller's."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeAlias

import uvicorn

from dataarts_datamap_contract.mock._config import MockConfig
from dataarts_datamap_contract.mock._serving.app import build_app
from dataarts_datamap_contract.mock._serving.controls import Controls
from dataarts_datamap_contract.mock._web.connection import BreakableConnection
from dataarts_datamap_contract.mock._web.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Self

    from starlette.types import ASGIApp

_KEEP_ALIVE_SECONDS = 60
_GRACE_SECONDS = 2
_TURNS_TO_CLOSE = 3  # of the event loop, for an idle connection


Build: TypeAlias = "Callable[[MockConfig, Record], ASGIApp]"
"""Makes the application that a server runs."""


class MockServer:
    """A mock server in a thread of its own, which runs until its ``with`` block ends.

    The socket is bound when the block is entered, and requests are served from then on. ``build`` makes the application
    to serve, if it is not the standard one.

    Attributes:
        config: The configuration of the server.
        record: Its counts since the block was entered: ``tokens_issued``, ``signatures_refused`` and ``throttled``; and
            the last ``requests``.
        controls: Its data and faults, which can be changed while it runs; if ``build`` was given, this has no effect.

    Raises:
        OSError: On entering, if the port is in use or the host is not an address of this machine.
        RuntimeError: On entering, if the server is running already.
    """

    def __init__(
        self,
        config: MockConfig = MockConfig(),  # noqa: B008  frozen
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        build: Build | None = None,
    ) -> None:
        self.config = config
        self._build = build
        self.record = Record()
        self.controls = Controls(config, self.record)
        self._host = host
        self._port = port
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """``http://host:port``, without a trailing slash.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._running is None:
            raise RuntimeError("the mock server is not running: use its url inside the with block")
        return self._running.url

    def __enter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("the mock server is already running: start a second MockServer instead")
        self.record = Record()
        self.controls = Controls(self.config, self.record)
        self._running = _Running(self._app(), self._host, self._port)
        return self

    def _app(self) -> ASGIApp:
        if self._build is not None:
            return self._build(self.config, self.record)
        return build_app(self.config, self.record, controls=self.controls)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.stop()


def serve(
    config: MockConfig,
    *,
    host: str = "127.0.0.1",
    port: int,
    on_ready: Callable[[str], None],
) -> None:
    """Serve in the calling thread until SIGINT or SIGTERM, then return.

    Args:
        config: What to serve.
        host: The address to bind.
        port: The port to bind; 0 for a free one.
        on_ready: Called once with the server's URL, when it is ready for requests.

    Raises:
        OSError: The port is in use or the host is not an address of this machine; ``on_ready`` was not called.
    """
    with _bind(host, port) as listener:
        url = _url(listener)
        _Uvicorn(build_app(config, Record()), lambda: on_ready(url)).run(sockets=[listener])


class _Running:
    """A server between its start and its stop."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._listener = _bind(host, port)
        self.url = _url(self._listener)
        ready = Event()
        try:
            self._server = _Uvicorn(app, ready.set)
            self._thread = Thread(target=self._run, args=(ready,), name=f"mock {self.url}", daemon=True)
            self._thread.start()
            ready.wait()
        except BaseException:
            self._listener.close()
            raise

    def _run(self, ready: Event) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            ready.set()

    def stop(self) -> None:
        self._server.end()
        self._thread.join()
        self._listener.close()


class _Uvicorn(uvicorn.Server):
    """Reports when it is ready, ends quietly on a signal, and waits for nothing that is over when it is ended."""

    def __init__(self, app: ASGIApp, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=BreakableConnection,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._on_ready = on_ready
        self._wake: Callable[[], object] = lambda: None

    def end(self) -> None:
        """Stop gracefully, from another thread: uvicorn itself looks ten times a second whether it should."""
        self.should_exit = True
        with suppress(RuntimeError):  # the loop is closed: it has ended already
            self._wake()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        loop = asyncio.get_running_loop()
        ticks = loop.create_task(super().main_loop())
        self._wake = lambda: loop.call_soon_threadsafe(ticks.cancel)
        await asyncio.wait([ticks])
        if not ticks.cancelled():
            ticks.result()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, but without its sleep if every connection is idle."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for each in sockets or []:
            each.close()
        for server in self.servers:
            await server.wait_closed()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  uvicorn's signature
        """Stop gracefully, or at once on a second signal. uvicorn would raise the signal again after stopping."""
        self.force_exit = self.should_exit
        self.should_exit = True


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # asyncio turns off Nagle's algorithm, which costs 40 ms a response, only for sockets with an explicit protocol.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
