"""The specification in the browser, with the same Swagger UI as in the mock server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.mock._serving.documentation import served_files
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from pathlib import Path

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_PAGE: Final = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Data Map, output information</title>
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="stylesheet" href="swagger-ui.css"><link rel="icon" href="data:,">
<style>.auth-wrapper, .authorization__btn {{ display: none }}</style></head>
<body><div id="ui"></div><script src="swagger-ui-bundle.js"></script><script src="start.js"></script></body></html>
"""


def write_swagger(folder: Path) -> None:
    """Write a page that shows the specification, and sends no requests.

    Raises:
        KeyError: The package that ships Swagger UI is not installed.
    """
    folder.mkdir()
    specification = json.dumps(load_specification(), ensure_ascii=False)
    start = f'SwaggerUIBundle({{spec: {specification}, dom_id: "#ui", validatorUrl: null, supportedSubmitMethods: []}})'
    (folder / "index.html").write_text(_PAGE, encoding="utf-8", newline="\n")
    (folder / "start.js").write_text(f"{start}\n", encoding="utf-8", newline="\n")
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        (folder / name).write_bytes(served_files()[f"/docs/{name}".encode()][0])
