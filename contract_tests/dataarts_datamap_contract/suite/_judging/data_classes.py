"""Classes of data in pages of runs, such as equal times: a report counts how often a check of level C met each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.paging import WINDOW_COLUMNS
from dataarts_datamap_contract.suite._judging.run_lists import RUN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._judging.oracle import Exchange

_LARGE, _LARGER = 2**31, 2**53
_ZONES: Final = (ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"))
_MOST_ROWS: Final = 120
_MOST_TIMES: Final = 40

RUN_CLASSES: Final[Mapping[str, Callable[[Sequence[Mapping[str, Any]]], bool]]] = {
    "two workspaces": lambda rows: _differ(rows, "workspaceId"),
    "two statuses": lambda rows: _differ(rows, "status"),
    "a failed run": lambda rows: any(row.get("status") == "fail" for row in rows),
    "a run that goes on": lambda rows: any("endTime" in row and not row["endTime"] for row in rows),
    "a null": lambda rows: any(value is None for row in rows for value in row.values()),
    "equal times": lambda rows: len({_time(row) for row in rows}) < len(rows),
    "over a midnight": lambda rows: len({hour // 24 for hour in _hours(rows)}) > 1,
    "over a month's end": lambda rows: len({(each.year, each.month) for each in map(_moment, _hours(rows))}) > 1,
    "over a change of clocks": lambda rows: any(len(_offsets(rows, zone)) > 1 for zone in _ZONES),
    "an id beyond 31 bits": lambda rows: any((whole_number(row.get(RUN_ID)) or 0) >= _LARGE for row in rows),
    "an id beyond 53 bits": lambda rows: any((whole_number(row.get(RUN_ID)) or 0) >= _LARGER for row in rows),
    "more than 100 runs": lambda rows: len(rows) > LEAST_CAP,
    "no run": lambda rows: not rows,
}
"""The classes by name, each with a function that returns whether the rows of a response have it."""


def classes_of(exchange: Exchange) -> Iterator[str]:
    """The names of the classes of data that the first 120 rows of a response have; none without a page of runs."""
    page = exchange.response.page
    if page is not None:
        rows = page.rows[:_MOST_ROWS]
        yield from (name for name, has in RUN_CLASSES.items() if has(rows))


def _differ(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return len({str(row.get(name)) for row in rows}) > 1


def _time(row: Mapping[str, Any]) -> int:
    return next((time for name in WINDOW_COLUMNS if (time := whole_number(row.get(name)))), 0)


def _hours(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The hours, since the epoch, in which the times of a sample of the rows lie."""
    return {min(max(_time(row), 0), 10**14) // 3_600_000 for row in rows[:: 1 + len(rows) // _MOST_TIMES]}


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3_600, UTC)


def _offsets(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> set[object]:
    return {_moment(hour).astimezone(zone).utcoffset() for hour in _hours(rows)}
