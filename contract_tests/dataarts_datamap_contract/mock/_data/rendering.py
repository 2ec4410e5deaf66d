"""Responses of ShowInstanceInfos and ShowNodes as bytes."""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from dataarts_datamap_contract.mock._data.dataset import milliseconds
from dataarts_datamap_contract.mock._data.documented import documented_header_map
from dataarts_datamap_contract.mock._data.encoding import compact, escape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dataarts_datamap_contract.mock._data.dataset import Operator
    from dataarts_datamap_contract.mock._data.encoding import EncodedRows

_OPENING = '{"msg":"success","rows":['
_CLOSING = '],"success":true,"total":%d}'


class RunPages:
    """Writes pages of runs from encoded rows."""

    def __init__(self, now: datetime) -> None:
        self._tail = f'{escape(_CLOSING)}","header_map":{_header_map(now)}'.encode()
        self._head = f'{{"status_code":200,"body":"{escape(_OPENING)}'.encode()

    def render(self, rows: EncodedRows, total: int) -> bytes:
        """The envelope around one page.

        Args:
            rows: The rows of the page.
            total: How many runs are in the window, on all pages.
        """
        between = max(len(rows.escaped) - 1, 0)
        length = len(_OPENING) + rows.length + between + len(_CLOSING % total)
        first = [row.removeprefix(b",") for row in rows.escaped[:1]]
        return b"".join([self._head, *first, *rows.escaped[1:], self._tail % (total, length)])


def render_operators(operators: Iterable[Operator]) -> bytes:
    """The bare array of ShowNodes."""
    return compact(
        [
            {"task_id": operator.task_id, "job_name": operator.job_name, "workspace_id": operator.workspace_id}
            for operator in operators
        ]
    ).encode()


def _header_map(now: datetime) -> str:
    """The documented header fields at the mock's time, with ``%d`` for the body's length, and the envelope's end."""
    present = milliseconds(now)
    own = {
        "X-Request-Id": f"{uuid5(NAMESPACE_OID, str(present))}-{present}-scheduler03",
        "Date": format_datetime(now, usegmt=True),
    }
    text = compact(
        {**{name: value for name, value in documented_header_map().items() if name != "Content-Length"}, **own}
    )
    return text.removesuffix("}").replace("%", "%%") + ',"Content-Length":"%d"}}'
