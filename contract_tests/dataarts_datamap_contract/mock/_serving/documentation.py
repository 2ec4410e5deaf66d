"""The specification in the browser, under ``/docs``, without anything from other servers."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response

from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Mapping

# Swagger UI uses inline styles, and icons from data URLs in its style sheet; nothing else is allowed.
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEAD = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Data Map, output information</title>'
_PAGE = (
    f'{_HEAD}<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="data:,"></head>'
    '<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>'
    "</body></html>\n"
)
_START = (
    'SwaggerUIBundle({url: "/docs/openapi.json", dom_id: "#ui", validatorUrl: null, deepLinking: true,'
    " tryItOutEnabled: true})\n"
)
_WITHOUT = (
    f'{_HEAD}<link rel="icon" href="data:,"></head><body><p>This page needs an extra: <code>pip install \'.[swagger]\''
    "</code> in dataarts-datamap's checkout, or with the path of its wheel in place of the dot. Then start the "
    'server again.</p><p><a href="/docs/openapi.json">The specification as JSON</a></p></body></html>\n'
)


def documentation(raw_path: bytes) -> Response | None:
    """The response at a path; None if the path does not belong to the documentation."""
    served = served_files().get(raw_path)
    if served is None:
        return None
    body, media_type = served
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=media_type, headers=headers)


@cache
def served_files() -> Mapping[bytes, tuple[bytes, str]]:
    """Body and media type by path, read at the first request."""
    specification = {
        **load_specification(),
        "servers": [{"url": "/", "description": "This mock server."}],
    }
    files = {b"/docs/openapi.json": (json.dumps(specification, ensure_ascii=False).encode(), "application/json")}
    swagger = _swagger_folder()
    if swagger is None:
        return {**files, b"/docs": (_WITHOUT.encode(), "text/html")}
    return {
        **files,
        b"/docs": (_PAGE.encode(), "text/html"),
        b"/docs/start.js": (_START.encode(), "text/javascript"),
        b"/docs/swagger-ui.css": ((swagger / "swagger-ui.css").read_bytes(), "text/css"),
        b"/docs/swagger-ui-bundle.js": ((swagger / "swagger-ui-bundle.js").read_bytes(), "text/javascript"),
    }


def _swagger_folder() -> Path | None:
    """The folder of Swagger UI in a package for another framework, which is not imported; None without that package."""
    spec = find_spec("flask_swagger_ui")
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0], "dist") if folders else None
