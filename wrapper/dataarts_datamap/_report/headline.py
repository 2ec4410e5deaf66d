"""The sentences that say whether a table is fresh, and if not, why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from dataarts_datamap._monitoring.freshness import Verdict
from dataarts_datamap._report.contents import job_text
from dataarts_datamap._text import printable
from dataarts_datamap._times import span_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from dataarts_datamap._monitoring.freshness import OperatorStatus, TableStatus
    from dataarts_datamap._report.contents import Report

_MOST_REASONS: Final = 5


class Headline(NamedTuple):
    """Whether a table is fresh, in words, made printable.

    Attributes:
        title: Whether the table is fresh: one sentence.
        since: What succeeded last, and when.
        reasons: Why, and what else to know of; one sentence each.
    """

    title: str
    since: str
    reasons: tuple[str, ...]


def headline(report: Report) -> Headline:
    """Whether the table is fresh, and if not, why."""
    status = report.status
    return Headline(_title(status), _since(status, report.zone), tuple(_reasons(report)))


def _title(status: TableStatus) -> str:
    match status.verdict:
        case Verdict.FRESH:
            return f"The table is fresh: its last success is {_age(status)} old."
        case Verdict.STALE:
            return _stale(status)
        case Verdict.FAILED:
            others = ", and none succeeded" if status.last_success is None else " after the last success"
            return f"The table is not fresh: {_runs(status.failures_since_success)} failed{others}."
        case Verdict.UNKNOWN if not status.runs:
            return "There are no runs in this window."
        case Verdict.UNKNOWN:
            return "Whether the table is fresh cannot be told: no run ended in a way that is known."


def _stale(status: TableStatus) -> str:
    if status.age is None:
        return "The table is stale: no run in this window succeeded."
    return f"The table is stale: its last success is {_age(status)} old."


def _age(status: TableStatus) -> str:
    """The age of the last success; none, if the service's clock is ahead."""
    return span_text(max(status.age or timedelta(0), timedelta(0)))


def _since(status: TableStatus, zone: tzinfo) -> str:
    judged = f"Judged at {time_text(status.now, zone)} ({zone})."
    if status.last_success is None or status.age is None:
        return judged
    who = next((one.job_name for one in status.operators if one.last_success == status.last_success), None)
    limit = "no limit is set on its age" if status.max_age is None else f"{span_text(status.max_age)} are allowed"
    ago = f"{span_text(status.age)} before" if status.age >= timedelta(0) else f"{span_text(-status.age)} after"
    when = f"{time_text(status.last_success, zone)}, {ago} this report"
    return f"Last success: {when}, by {job_text(who)}; {limit}. {judged}"


def _reasons(report: Report) -> Iterator[str]:
    failing = [one for one in report.status.operators if one.failures_since_success]
    for one in sorted(failing, key=lambda one: -one.failures_since_success)[:_MOST_REASONS]:
        yield _failing(one, report)
    if len(failing) > _MOST_REASONS:
        yield f"{len(failing) - _MOST_REASONS} more jobs have failed since their last success."
    yield from _also(report.status)


def _failing(one: OperatorStatus, report: Report) -> str:
    job = next(job for job in report.jobs if job.status is one)
    latest = job.failures[-1]
    when = latest.end_time or latest.start_time or latest.plan_time
    times = "" if when is None else f", the latest at {time_text(when, report.zone)}"
    since = "and has not succeeded in this window" if one.last_success is None else "since its last success"
    return f"{job_text(one.job_name)} failed {_times(one.failures_since_success)} {since}{times}."


def _also(status: TableStatus) -> Iterator[str]:
    if status.running or status.waiting:
        yield f"{_runs(status.running)} under way, {_runs(status.waiting)} waiting."
    if status.unknown_runs:
        names = printable(", ".join(name or "(none)" for name in status.unknown_statuses), limit=200)
        yield f"{_runs(status.unknown_runs)} with a status that is not known, which count for nothing: {names}."
    if not status.operators:
        yield "No operator is known to produce this table: the GUID may be that of another one."
    elif not status.runs:
        yield "A longer window may have some, such as --since 90d."
    if idle := [one for one in status.operators if not one.runs]:
        yield f"No runs in this window: {printable(', '.join(job_text(one.job_name) for one in idle), limit=200)}."


def _runs(number: int) -> str:
    return f"{number:,} run" if number == 1 else f"{number:,} runs"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
