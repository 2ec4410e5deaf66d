"""What must hold of every decoded body, and of the count of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from dataarts_datamap_contract.specification.levels import StrictJsonError, loads_strict
from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.invariants.common import (
    EARLIEST,
    LATEST,
    OK,
    RUNS,
    SEARCH,
    Invariant,
    Problems,
    each_row,
    envelope_of,
    must_be_served,
    violations,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import Target

_TIMES = ("planTime", "submitTime", "startTime", "endTime")
_COUNTS = ("inputRowCount", "outputRowCount", "failCount", "retryTimes", "runningTime", "speed")
_INNER = " → $"


def _body_json(exchange: Exchange, _: Target) -> Problems:
    envelope = envelope_of(exchange)
    if not envelope or _says_failure(envelope) or not isinstance(envelope.get("body"), str):
        return None
    return violations(exchange, RUNS, lambda path: path == "$.body")


def _page_shape(exchange: Exchange, _: Target) -> Problems:
    return _inner_violations(exchange, lambda path: not path.startswith("$.rows["))


def _row_shape(exchange: Exchange, _: Target) -> Problems:
    if not _page_rows(exchange):
        return None
    return _inner_violations(
        exchange, lambda path: path.startswith("$.rows[") and not path.endswith((".runningData", ".runningParam"))
    )


def _running_data(exchange: Exchange, _: Target) -> Problems:
    return _running(exchange, "runningData")


def _running_param(exchange: Exchange, _: Target) -> Problems:
    return _running(exchange, "runningParam")


def _success_agrees(exchange: Exchange, target: Target) -> Problems:
    page = exchange.response.page
    success = page.document.get("success") if page else None
    if page is None or not isinstance(success, bool):
        return None
    if success:
        return ()
    if page.rows:
        return (f"success is false beside {len(page.rows)} rows",)
    return ("success is false for a valid request of real ids",) if must_be_served(exchange, target) else ()


def _message_agrees(exchange: Exchange, _: Target) -> Problems:
    page = exchange.response.page
    if page is None or page.document.get("success") is not True:
        return None
    message = page.document.get("msg")
    fine = message is None or (isinstance(message, str) and message.lower() == "success")
    return () if fine else (f"msg is {message!r} where success is true",)


def _total_covers_rows(exchange: Exchange, _: Target) -> Problems:
    page, response = exchange.response.page, exchange.response
    if page is not None and page.total is not None:
        total, shown = page.total, len(page.rows)
    elif exchange.operation_id == SEARCH and (count := whole_number(response.members.get("count"))) is not None:
        total, shown = count, len(response.listed("entities"))
    else:
        return None
    return () if total >= shown else (f"the total is {total} beside {shown} that are shown",)


def _time_unit(exchange: Exchange, _: Target) -> Problems:
    return each_row(
        exchange,
        lambda row: (
            f"{name} is {row[name]}, not milliseconds since the epoch"
            for name in _TIMES
            if (time := whole_number(row.get(name))) is not None and time != 0 and not EARLIEST <= time < LATEST
        ),
    )


def _time_order(exchange: Exchange, _: Target) -> Problems:
    def late(row: Mapping[str, Any]) -> Iterable[str]:
        start, end = whole_number(row.get("startTime")), whole_number(row.get("endTime"))
        if start and end and end < start:
            yield f"endTime {end} is before startTime {start}"

    return each_row(exchange, late)


def _count_range(exchange: Exchange, _: Target) -> Problems:
    return each_row(
        exchange,
        lambda row: (
            f"{name} is {row[name]}"
            for name in _COUNTS
            if isinstance(row.get(name), (int, float)) and row[name] < 0 and row[name] != -1
        ),
    )


def _force_success(exchange: Exchange, _: Target) -> Problems:
    return each_row(
        exchange,
        lambda row: [f"forceSuccess is {row['forceSuccess']!r}"] if row.get("forceSuccess") not in (None, 0, 1) else [],
    )


def _param_total(exchange: Exchange, _: Target) -> Problems:
    def miscounted(row: Mapping[str, Any]) -> Iterable[str]:
        try:
            param = loads_strict(row["runningParam"])
            total, rows = whole_number(param["total"]), param["rows"]
        except (StrictJsonError, LookupError, TypeError, AttributeError):
            return
        if total is not None and isinstance(rows, list) and total != len(cast("list[object]", rows)):
            yield f"runningParam has total {total} and {len(cast('list[object]', rows))} rows"

    return each_row(exchange, miscounted)


def _says_failure(envelope: Mapping[str, Any]) -> bool:
    """Whether an envelope says that the response inside it is an error: then the body may be any text."""
    return whole_number(envelope.get("status_code")) not in {None, OK}


def _page_rows(exchange: Exchange) -> list[object]:
    rows = exchange.response.page.document.get("rows") if exchange.response.page else None
    return cast("list[object]", rows) if isinstance(rows, list) else []


def _running(exchange: Exchange, field: str) -> Problems:
    if all(row.get(field) is None for row in exchange.response.rows):
        return None
    return _inner_violations(exchange, lambda path: path.endswith(f".{field}"))


def _inner_violations(exchange: Exchange, wanted: Callable[[str], bool]) -> Problems:
    """Violations at a wanted path inside the body string; one in a string inside the body has that string's path."""
    envelope = envelope_of(exchange)
    if envelope is None or _says_failure(envelope):
        return None

    def is_wanted(path: str) -> bool:
        outer, *inner = path.split(_INNER)
        return bool(inner) and outer == "$.body" and wanted("$" + inner[0])

    return violations(exchange, RUNS, is_wanted)


INVARIANTS: Final[Mapping[str, Invariant]] = {
    "B-body-json": _body_json,
    "B-page-shape": _page_shape,
    "B-row-shape": _row_shape,
    "B-running-data": _running_data,
    "B-running-param": _running_param,
    "B-success-agrees": _success_agrees,
    "B-message-agrees": _message_agrees,
    "B-total-covers-rows": _total_covers_rows,
    "B-time-unit": _time_unit,
    "B-time-order": _time_order,
    "B-count-range": _count_range,
    "B-force-success": _force_success,
    "B-param-total": _param_total,
}
"""The invariants by the ids of their checks."""
