"""A request as a command line without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._http.messages import Request


def curl_line(endpoint: str, request: Request) -> str:
    """The ``curl`` command for a request; credentials come from variables such as ``$DATAMAP_TOKEN`` when it runs."""
    method = [] if request.method == "GET" else ["-X", request.method]
    fields = [part for name, value in request.fields for part in ("-H", _quote(_header(name, value)))]
    body = ["--data-binary", _quote(request.content.decode(errors="replace"))] if request.content else []
    shown = [part for text in request.credential.shown for part in ("-H", f'"{text}"')]
    return " ".join(["curl", "-sS", "--path-as-is", "-g", *method, *shown, *fields, *body, _url(endpoint, request)])


def _url(endpoint: str, request: Request) -> str:
    url = _quote(endpoint + request.path + (f"?{request.query}" if request.query else ""))
    if not request.credential.shown_query:
        return url
    return f'{url}"{"&" if request.query else "?"}{request.credential.shown_query}"'


def _header(name: str, value: str) -> str:
    """A header as curl takes it: one without a value must end in a semicolon, or curl does not send it."""
    return f"{name}: {value}" if value else f"{name};"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
