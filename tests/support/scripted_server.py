"""A real server on a real socket that sends responses given by a test, and records its requests."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    target: str
    headers: dict[str, str]
    peer: int  # the port of the client, which distinguishes connections
    method: str = "GET"
    content: bytes = b""


@dataclass(frozen=True)
class Answer:
    """A response to send."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class ScriptedServer:
    """Sends the responses of a script, and repeats the last one; a function makes a response from the request."""

    def __init__(self, *script: Answer | Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self._script = list(script)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                content = self.rfile.read(int(headers.get("content-length", 0)))
                asked = Asked(self.path, headers, self.client_address[1], self.command, content)
                outer.asked.append(asked)
                answer = outer._next(asked)
                self.send_response_only(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                with suppress(ConnectionError):  # the client may have left
                    self.wfile.write(answer.content)

            def do_POST(self) -> None:
                self.do_GET()

            def do_PUT(self) -> None:
                self.do_GET()

            def do_OPTIONS(self) -> None:
                self.do_GET()

            def do_PROPFIND(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def _next(self, asked: Asked) -> Answer:
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return step if isinstance(step, Answer) else step(asked)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def raw_server(content: bytes) -> Iterator[str]:
    """The address of a server that sends these bytes on each connection, and closes it."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(content)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
