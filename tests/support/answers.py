"""Answers of the service, healthy and broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.scripted_server import Answer

DOCUMENTED_ANSWER = Path(__file__).parents[1] / "data" / "documented_answer.json"


def documented_row() -> dict[str, Any]:
    """The row of the documented example, decoded, with its inner documents still text."""
    body = json.loads(json.loads(DOCUMENTED_ANSWER.read_text(encoding="utf-8"))["body"])
    row: dict[str, Any] = body["rows"][0]
    return row


def page_body(*rows: object, **members: object) -> dict[str, object]:
    """The document inside ``body``."""
    return {"msg": "success", "rows": list(rows), "success": True, "total": len(rows), **members}


def envelope(body: object, *, status_code: object = 200) -> Answer:
    """An envelope around a body, which is text in a healthy one."""
    return json_answer({"status_code": status_code, "body": body, "header_map": {}})


def run_page(*rows: object, **members: object) -> Answer:
    """A healthy page of these rows, ``members`` set or overwritten."""
    return envelope(json.dumps(page_body(*rows, **members)))


def json_answer(document: object, *, status: int = 200, **headers: str) -> Answer:
    """A document as JSON."""
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(json.dumps(document).encode(), status, sent)
