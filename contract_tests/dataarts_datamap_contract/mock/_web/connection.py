"""uvicorn's HTTP protocol, which also passes its connection to the application, so that faults can break it."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dataarts_datamap_contract.mock._web.faults import CONNECTION


class BreakableConnection(HttpToolsProtocol):
    """A connection that faults can reset."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: {"transport": self.transport}}
