"""A server that misbehaves on the wire, connection by connection, also inside TLS."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Connection:
    """An accepted connection, for a script."""

    socket: socket.socket
    stopped: Event

    def read_head(self) -> bytes:
        """The head of the request; empty if there is none."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(65536)
            if not piece:
                return b""
            head += piece
        return head

    def read_request(self) -> bytes:
        """The head of the request and its content."""
        asked = self.read_head()
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", asked)
        whole_size = asked.find(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
        while asked and len(asked) < whole_size:
            asked += self.socket.recv(65536)
        return asked

    def send(self, content: bytes) -> None:
        """Send bytes immediately."""
        self.socket.sendall(content)

    def dribble(self, content: bytes, *, every: float = 0.02) -> None:
        """Send byte after byte, again and again, until the client leaves."""
        while not self.stopped.is_set():
            for index in range(len(content)):
                self.send(content[index : index + 1])
                if self.stopped.wait(every):
                    return

    def reset(self) -> None:
        """End the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def listen(self) -> None:
        """Send nothing until the client leaves."""
        while self.socket.recv(65536):
            pass

    def hold(self) -> None:
        """Send nothing more until the test is over."""
        self.stopped.wait()


@dataclass
class Faulty:
    """A server whose script is run for each connection.

    Attributes:
        url: Its address.
        connections: How many were accepted.
        ended: How many of them are closed, by the client or by the script.
    """

    url: str
    connections: int = 0
    ended: int = 0
    _change: Condition = field(default_factory=Condition)

    def begin_one(self) -> None:
        """Count an accepted connection."""
        with self._change:
            self.connections += 1
            self._change.notify_all()

    def wait_until_met(self, seconds: float) -> bool:
        """Wait for a connection; whether there is one in time."""
        with self._change:
            return self._change.wait_for(lambda: self.connections > 0, seconds)

    def end_one(self) -> None:
        """Count a closed connection."""
        with self._change:
            self.ended += 1
            self._change.notify_all()

    def wait_until_all_ended(self, seconds: float) -> bool:
        """Wait for the end of all connections; whether they are closed in time."""
        with self._change:
            return self._change.wait_for(lambda: self.ended == self.connections, seconds)


@contextmanager
def faulty_server(
    script: Callable[[Connection], None],
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Faulty]:
    """A server on a real socket that runs the script on each connection, and then closes it."""
    stopped = Event()
    with socket.create_server((host, port)) as listener:
        scheme = "http" if tls is None else "https"
        server = Faulty(f"{scheme}://{host}:{listener.getsockname()[1]}")
        thread = Thread(target=_accept, args=(listener, server, script, tls, stopped), daemon=True)
        thread.start()
        yield server
        stopped.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _accept(
    listener: socket.socket,
    server: Faulty,
    script: Callable[[Connection], None],
    tls: ssl.SSLContext | None,
    stopped: Event,
) -> None:
    workers: list[Thread] = []
    while not stopped.is_set():
        try:
            accepted, _ = listener.accept()
        except OSError:
            break
        server.begin_one()
        workers.append(Thread(target=_serve, args=(accepted, server, script, tls, stopped), daemon=True))
        workers[-1].start()
    for worker in workers:
        worker.join(5)


def _serve(
    accepted: socket.socket,
    server: Faulty,
    script: Callable[[Connection], None],
    tls: ssl.SSLContext | None,
    stopped: Event,
) -> None:
    accepted.settimeout(10)
    with suppress(OSError):
        talk = accepted if tls is None else tls.wrap_socket(accepted, server_side=True)
        with talk:
            script(Connection(talk, stopped))
    accepted.close()
    server.end_one()


def tunnel(connection: Connection) -> None:
    """A proxy that forwards every ``CONNECT``, whatever its host, to a port of this machine."""
    asked = connection.read_head()
    if not asked:
        return
    port = int(asked.split()[1].rpartition(b":")[2])
    with socket.create_connection(("127.0.0.1", port)) as there:
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = Thread(target=_pump, args=(there, connection.socket), daemon=True)
        back.start()
        _pump(connection.socket, there)
        back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def full_backlog() -> Iterator[str]:
    """The address of a listener that neither accepts nor refuses further connections."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003  its only way
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def head(*fields: str, status: str = "200 OK") -> bytes:
    """The head of a response."""
    return "\r\n".join([f"HTTP/1.1 {status}", "X-Request-Id: an-id", *fields, "", ""]).encode()


def whole(content: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """A complete response."""
    return head(*fields, f"Content-Length: {len(content)}", "Connection: close", status=status) + content


@cache
def self_signed(host: str = "127.0.0.1", *, days: int = 2) -> tuple[ssl.SSLContext, str]:
    """A TLS context with a self-signed certificate for a host, and that certificate as PEM."""
    with TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        kind = "IP" if host[0].isdigit() else "DNS"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        options = ["-subj", f"/CN={host}", "-addext", f"subjectAltName={kind}:{host}", "-days", str(days)]
        files = ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*command, *options, *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, certificate.read_text(encoding="ascii")
