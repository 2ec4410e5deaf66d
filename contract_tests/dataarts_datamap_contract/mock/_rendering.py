"""Answers of the two operations as bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from dataarts_datamap_contract.mock._dataset import milliseconds
from dataarts_datamap_contract.mock._documented import documented_header_map

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dataarts_datamap_contract.mock._dataset import Dataset, Operator, Row

_OPENING = '{"msg":"success","rows":['
_CLOSING = '],"success":true,"total":%d}'


@dataclass(frozen=True)
class _Fragments:
    """Rows as they stand inside the body string, each after a comma, and the length of each without escapes."""

    escaped: list[bytes]
    lengths: list[int]


class RunPages:
    """Writes pages of runs. Each row is encoded once, here, and joined into every page that shows it."""

    def __init__(self, dataset: Dataset, now: datetime) -> None:
        self._fragments = {operator: _encode(history.rows) for operator, history in dataset.histories.items()}
        self._tail = f'{_escape(_CLOSING)}","header_map":{_header_map(now)}'.encode()
        self._head = f'{{"status_code":200,"body":"{_escape(_OPENING)}'.encode()

    def render(self, operator: Operator | None, rows: range, total: int) -> bytes:
        """The envelope around one page.

        Args:
            operator: Whose runs; None for a page without any.
            rows: Indexes into the operator's history.
            total: How many runs the window holds on all pages.
        """
        fragments = self._fragments[operator] if operator else _Fragments([], [])
        shown = slice(rows.start, rows.stop)
        pieces = fragments.escaped[shown]
        pieces[:1] = [piece.removeprefix(b",") for piece in pieces[:1]]
        length = len(_OPENING) + sum(fragments.lengths[shown]) + max(len(pieces) - 1, 0) + len(_CLOSING % total)
        return b"".join((self._head, *pieces, self._tail % (total, length)))


def render_operators(operators: Iterable[Operator]) -> bytes:
    """The bare array of ShowNodes."""
    return _compact(
        [
            {"task_id": operator.task_id, "job_name": operator.job_name, "workspace_id": operator.workspace_id}
            for operator in operators
        ]
    ).encode()


def _encode(rows: Iterable[Row]) -> _Fragments:
    texts = [_compact(row) for row in rows]
    return _Fragments([f",{_escape(text)}".encode() for text in texts], [len(text.encode()) for text in texts])


def _header_map(now: datetime) -> str:
    """The documented header fields, at the mock's own time, open for the one that differs by page."""
    present = milliseconds(now)
    own = {
        "X-Request-Id": f"{uuid5(NAMESPACE_OID, str(present))}-{present}-scheduler03",
        "Date": format_datetime(now, usegmt=True),
    }
    text = _compact(
        {**{name: value for name, value in documented_header_map().items() if name != "Content-Length"}, **own}
    )
    return text.removesuffix("}").replace("%", "%%") + ',"Content-Length":"%d"}}'


def _escape(text: str) -> str:
    return _compact(text)[1:-1]


def _compact(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
