"""Reads an operator's runs for a check, in windows no longer than the verdict needs. Logic without I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from msgspec.structs import replace

from dataarts_datamap._checks.records import OperatorRecord, join, record_of
from dataarts_datamap._models.runs import Operator, Run, RunPage, RunState, run_times
from dataarts_datamap._monitoring.freshness import last_success
from dataarts_datamap._monitoring.waiting import read_all
from dataarts_datamap._times import EPOCH, time_before
from dataarts_datamap._window import WINDOW_MARGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap._checks.due_times import DuePeriod
    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._paging.walk_options import PageRead, Walk

LOOK_BACK: Final = timedelta(days=7)
_STEPS_BACK: Final = (timedelta(days=28), timedelta(days=364))
_MOST_ROWS: Final = 5_000


class ReadHistory(Protocol):
    """Reads the runs of an operator in a window, until the last success is among them."""

    def __call__(self, operator: Operator, start: datetime, end: datetime) -> Steps[list[Run] | None]:
        """The runs; None if they cannot be read, or are too many."""
        ...


class Reading(NamedTuple):
    """The reading of an operator: its runs in the time to look back, its new record, and older runs that are active."""

    runs: list[Run]
    record: OperatorRecord
    older_open: Sequence[Run] = ()


def look_back(rule: TableRule) -> timedelta:
    """The minimum time to look back for a success before the whole history is searched."""
    return max(LOOK_BACK, rule.max_age or LOOK_BACK)


def read_operator(  # noqa: PLR0913  each is one fact about the reading
    rule: TableRule,
    period: DuePeriod | None,
    operator: Operator,
    read_runs: Callable[[Operator, datetime], Steps[list[Run]]],
    known: OperatorRecord | None,
    *,
    now: datetime,
) -> Steps[Reading]:
    """Read the runs that the verdict needs: those since the last known success, in the period, or within ``max_age``.

    The whole time to look back is read if none of these limits applies, if none of these runs succeeded at a time that
    can be read, or if the rule has ``rows_drop`` and there is no record yet.
    """
    longest = time_before(now, look_back(rule))
    if period is not None:  # a period may have begun earlier, such as one of a week
        longest = min(longest, time_before(period.start, WINDOW_MARGIN))
    since = longest
    if known is not None:
        since = min(known.window_start(longest), time_before(now, WINDOW_MARGIN))
    elif rule.rows_drop is None and period is not None:
        since = time_before(min(now, period.start), WINDOW_MARGIN)
    elif rule.rows_drop is None and rule.max_age is not None:
        since = time_before(now, rule.max_age)
    runs = yield from read_runs(operator, since)
    if since > longest and last_success(runs, now) is None:
        since = longest
        runs = yield from read_runs(operator, since)
    record = join(record_of(operator, runs, since=since, now=now), known)
    if since >= longest:
        return Reading(runs, record)
    recent = [run for run in runs if _is_since(run, longest)]
    older_open = [run for run in runs if run.state is RunState.ACTIVE and not _is_since(run, longest)]
    return Reading(recent, record, older_open)


def search_history(operator: Operator, reading: Reading, read: ReadHistory, *, now: datetime) -> Steps[Reading]:
    """The reading, with the last success in the whole history that the service keeps, if one can be found."""
    record = reading.record
    if record.last_success is not None or record.is_whole:
        return reading
    for start in (*(time_before(now, step) for step in _STEPS_BACK), EPOCH):
        if start >= record.searched_from:
            continue
        runs = yield from read(operator, start, record.searched_from + WINDOW_MARGIN)
        if runs is None:
            break
        found = record_of(operator, runs, since=start, now=now)
        record = replace(
            record,
            searched_from=start,
            last_success=found.last_success,
            success_began=found.success_began,
            last_run=record.last_run or found.last_run,
            open_since=found.open_since or record.open_since,
            is_whole=found.is_whole,
            has_undated=record.has_undated or found.has_undated,
            samples=record.samples or found.samples,
        )
        if record.last_success is not None:
            break
    return reading._replace(record=record)


def read_until_success(
    walk: Walk, ask: Callable[[PageRead], Steps[RunPage]], *, end: datetime
) -> Steps[list[Run] | None]:
    """The runs of a walk in a window with this end. If the newest come first, no page after the last success is read.

    A success without a readable time does not count: it does not tell when the last one was.

    None if the walk has more than 5,000 runs.
    """
    most = 0

    def is_enough(page: RunPage, runs: list[Run]) -> bool:
        nonlocal most
        most = max(page.total or 0, len(runs))
        return most > _MOST_ROWS or (_is_newest_first(runs) and last_success(runs, end) is not None)

    runs = yield from read_all(walk, ask, is_enough)
    return None if most > _MOST_ROWS else runs


def _is_since(run: Run, start: datetime) -> bool:
    """Whether a run belongs to the time to look back; of older runs, only those that have not ended are judged."""
    return max(run_times(run), default=start) >= start


def _is_newest_first(runs: list[Run]) -> bool:
    plans = [run.plan_time for run in runs if run.plan_time is not None]
    return len(plans) == len(runs) > 1 and plans[0] > plans[-1] and plans == sorted(plans, reverse=True)
