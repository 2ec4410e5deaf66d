"""Responses of the service, healthy and broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from support.scripted_server import Answer, Asked

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTED_ANSWER = Path(__file__).parents[1] / "data" / "documented_answer.json"


def documented_row() -> dict[str, Any]:
    """The row of the documented example, decoded, but with its inner documents as text."""
    body = json.loads(json.loads(DOCUMENTED_ANSWER.read_text(encoding="utf-8"))["body"])
    row: dict[str, Any] = body["rows"][0]
    return row


def page_body(*rows: object, **members: object) -> dict[str, object]:
    """The document inside ``body``."""
    return {"msg": "success", "rows": list(rows), "success": True, "total": len(rows), **members}


def envelope(body: object, *, status_code: object = 200) -> Answer:
    """An envelope around a body, which is text in a healthy envelope."""
    return json_answer({"status_code": status_code, "body": body, "header_map": {}})


def run_page(*rows: object, **members: object) -> Answer:
    """A healthy page of these rows; ``members`` are set or overwritten."""
    return envelope(json.dumps(page_body(*rows, **members)))


def paged(*rows: object) -> Callable[[Asked], Answer]:
    """Responds to any window with these rows, page by page; offsets count rows."""

    def answer(asked: Asked) -> Answer:
        query = parse_qs(urlsplit(asked.target).query)
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        return run_page(*rows[offset : offset + limit], total=len(rows))

    return answer


def without_lineage(answer: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """The same service for an account that is not invited to read lineage."""

    def refusing(asked: Asked) -> Answer:
        if "/datamap/lineage/" in asked.target:
            return json_answer({"error_code": "APIGW.0101", "error_msg": "no such API"}, status=404)
        return answer(asked)

    return refusing


def json_answer(document: object, *, status: int = 200, **headers: str) -> Answer:
    """A document as JSON."""
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(json.dumps(document).encode(), status, sent)
