"""A forward proxy on loopback that sends every request to one server, whatever its host, and records its bytes."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class ForwardProxy:
    """A running proxy for plain http.

    Attributes:
        url: Its address.
        heads: Request lines and headers as they arrived, the oldest first.
    """

    url: str
    heads: list[bytes] = field(default_factory=list[bytes])

    @property
    def hosts(self) -> set[str]:
        """The requested hosts."""
        return {urlsplit(head.split(b" ")[1].decode()).netloc for head in self.heads}


@contextmanager
def forward_proxy(server: str) -> Iterator[ForwardProxy]:
    """A proxy in front of a server, until the block ends."""
    address = urlsplit(server)
    target = (address.hostname or "", address.port or 80)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                self._forward()

        def _forward(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            proxy.heads.append(head)
            length = next(
                (int(one.split(b":")[1]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length:")),
                0,
            )
            closing = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            with socket.create_connection(target, timeout=10) as upstream:
                upstream.sendall(closing + self.rfile.read(length))
                while piece := upstream.recv(65_536):
                    self.wfile.write(piece)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        proxy = ForwardProxy(f"http://127.0.0.1:{listener.server_address[1]}")
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield proxy
        listener.shutdown()
        thread.join()
