"""The messages to a proxy: ``CONNECT`` for a tunnel, and requests that it forwards. No I/O."""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Final

import h11

from dataarts_datamap._secrets import Hidden
from dataarts_datamap._transport.stand_ins import StandIns
from dataarts_datamap._transport.wire import DEFAULT_PORTS, ProtocolError, ProxyError

if TYPE_CHECKING:
    from dataarts_datamap._transport.proxies import Proxy
    from dataarts_datamap._transport.wire import Origin, WireRequest

_SUCCESS: Final = range(200, 300)
_LARGEST_HEAD: Final = 100 * 1024


class Tunnel:
    """Opens a tunnel through a proxy to an origin: it has the ``request`` to send, and reads the response."""

    def __init__(self, proxy: Proxy, origin: Origin) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        target = f"{_bracketed(origin.host)}:{origin.port or DEFAULT_PORTS[origin.scheme]}".encode()
        stand_ins = StandIns([(b"Host", target), (b"Accept", b"*/*"), *_authorization(proxy)])
        events = h11.Request(method=b"CONNECT", target=target, headers=stand_ins.headers), h11.EndOfMessage()
        self.request = stand_ins.revealed(b"".join(self._http.send(event) or b"" for event in events))

    def is_opened_by(self, data: bytes) -> bool:
        """Whether this data completes the response that opens the tunnel; if not, more must be read.

        Raises:
            ProxyError: The proxy refuses.
            ProtocolError: The data is empty, since the proxy closed the connection; is not a response; or is more than
                a response.
        """
        if not data:
            raise ProtocolError("The proxy closed the connection before it opened the tunnel.")
        try:
            self._http.receive_data(data)
            while isinstance(event := self._http.next_event(), h11.InformationalResponse):
                pass
        except h11.RemoteProtocolError as error:
            raise ProtocolError(error) from None
        if not isinstance(event, h11.Response):
            return False
        if event.status_code not in _SUCCESS:
            raise ProxyError(f"{event.status_code} {event.reason.decode('ascii', errors='ignore')}")
        if self._http.trailing_data[0]:
            raise ProtocolError("The proxy sent more than its response.")
        return True


def forwarded(request: WireRequest, proxy: Proxy) -> tuple[bytes, list[tuple[bytes, bytes | Hidden[bytes]]]]:
    """The target, which is the full URL, and the headers, with credentials, of a request that a proxy forwards."""
    origin = request.origin
    port = "" if origin.port is None else f":{origin.port}"
    address = f"{origin.scheme}://{_bracketed(origin.host)}{port}".encode()
    return address + request.target, [*_authorization(proxy), *request.headers]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _authorization(proxy: Proxy) -> list[tuple[bytes, Hidden[bytes]]]:
    if proxy.auth is None:
        return []
    # Encoded by the C function, since the function of the module base64 keeps the secret in a variable.
    return [(b"Proxy-Authorization", Hidden(b"Basic " + b2a_base64(b":".join(proxy.auth), newline=False)))]
