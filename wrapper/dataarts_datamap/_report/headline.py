"""The sentences that say whether a table is fresh, and if not, why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from dataarts_datamap._monitoring.freshness import Verdict
from dataarts_datamap._monitoring.producers import operator_name
from dataarts_datamap._report.contents import job_text
from dataarts_datamap._text import printable
from dataarts_datamap._times import span_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from dataarts_datamap._monitoring.freshness import TableStatus
    from dataarts_datamap._report.contents import Report, ReportedJob

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


_BY_RULE: Final = {
    Verdict.LATE: "The table is late: no run planned for when it was due has succeeded.",
    Verdict.SLOW: "The table is slow: a run goes on for longer than is usual.",
    Verdict.FEW_ROWS: "The table has few rows: its last success wrote fewer than it should.",
}


def headline(report: Report) -> Headline:
    """Whether the table is fresh, and if not, why."""
    status = report.status
    return Headline(_title(status), _since(status, report.zone), tuple(_reasons(report)))


def _title(status: TableStatus) -> str:
    match status.verdict:
        case Verdict.FRESH:
            return f"The table is fresh: {_success(status)} is {_age(status)} old."
        case Verdict.STALE:
            return _stale(status)
        case Verdict.FAILED:
            return f"The table is not fresh: {_failures(status)}."
        case Verdict.UNKNOWN:
            return _unknown(status)
        case Verdict.LATE | Verdict.SLOW | Verdict.FEW_ROWS:
            return _BY_RULE[status.verdict]


def _unknown(status: TableStatus) -> str:
    if not status.runs:
        return "There are no runs in this window."
    if (decisive := status.decided_by) is not None and decisive.undated_successes:
        return "Whether the table is fresh cannot be told: the time of a success cannot be read."
    return f"Whether the table is fresh cannot be told: no run{_of(status)} ended in a way that is known."


def _stale(status: TableStatus) -> str:
    decisive = status.decided_by
    if decisive is None or decisive.age is None:
        return f"The table is stale: no run{_of(status)} in this window succeeded."
    whose = f"the last success{_of(status)}" if _has_several(status) else "its last success"
    return f"The table is stale: {whose} is {_text_of_age(decisive.age)} old."


def _failures(status: TableStatus) -> str:
    decisive = status.decided_by
    failed = _runs(status.failures_since_success if decisive is None else decisive.failures_since_success)
    none = decisive is None or decisive.last_success is None
    since = f" after {'its' if _has_several(status) else 'the'} last success"
    return f"{failed}{_of(status)} failed{', and none succeeded' if none else since}"


def _of(status: TableStatus) -> str:
    """Which operator decides, where several could."""
    decisive = status.decided_by
    return "" if decisive is None or not _has_several(status) else f" of {job_text(decisive.job_name)}"


def _has_several(status: TableStatus) -> bool:
    return not status.any_operator and sum(one.counts for one in status.operators) > 1


def _success(status: TableStatus) -> str:
    return "the oldest last success of its operators" if _has_several(status) else "its last success"


def _age(status: TableStatus) -> str:
    return _text_of_age(status.age or timedelta(0))


def _text_of_age(age: timedelta) -> str:
    """An age; none, if the success lies ahead."""
    return span_text(max(age, timedelta(0)))


def _since(status: TableStatus, zone: tzinfo) -> str:
    judged = f"Judged at {time_text(status.now, zone)} ({zone})."
    if status.last_success is None or status.age is None:
        return judged
    who = next((one.job_name for one in status.operators if one.last_success == status.last_success), None)
    limit = "no limit is set on its age" if status.max_age is None else f"{span_text(status.max_age)} are allowed"
    ago = f"{span_text(status.age)} before" if status.age >= timedelta(0) else f"{span_text(-status.age)} after"
    when = f"{time_text(status.last_success, zone)}, {ago} this report"
    what = "Oldest last success" if _has_several(status) else "Last success"
    return f"{what}: {when}, by {job_text(who)}; {limit}. {judged}"


def _reasons(report: Report) -> Iterator[str]:
    failing = [job for job in report.jobs if job.status.failures_since_success]
    for job in failing[:_MOST_REASONS]:
        yield _failing(job, report.zone)
    if len(failing) > _MOST_REASONS:
        yield f"{len(failing) - _MOST_REASONS} more jobs have failed since their last success."
    yield from _also(report.status)
    yield from _basis(report.status)


def _failing(job: ReportedJob, zone: tzinfo) -> str:
    one, latest = job.status, job.failures[-1]
    when = latest.end_time or latest.start_time or latest.plan_time
    times = "" if when is None else f", the latest at {time_text(when, zone)}"
    since = "and has not succeeded in this window" if one.last_success is None else "since its last success"
    return f"{job_text(one.job_name)} failed {_times(one.failures_since_success)} {since}{times}."


def _also(status: TableStatus) -> Iterator[str]:
    for one in status.operators:
        if one.is_ahead and one.age is not None:
            yield (
                f"The last success of {job_text(one.job_name)} lies {span_text(-one.age)} ahead of this machine's "
                "clock: one of the clocks is wrong."
            )
        if one.undated_successes:
            yield f"{_runs(one.undated_successes)} of {job_text(one.job_name)} succeeded at a time that cannot be read."
    if status.running or status.waiting:
        yield f"{_runs(status.running)} under way, {_runs(status.waiting)} waiting."
    if status.unknown_runs:
        names = printable(", ".join(name or "(none)" for name in status.unknown_statuses), limit=200)
        yield f"{_runs(status.unknown_runs)} with a status that is not known, which count for nothing: {names}."
    if not status.operators:
        yield "No operator is known to produce this table: the GUID may be that of another one."
    elif not status.runs:
        yield "A longer window may have some, such as --since 90d."
    yield from _left_out(status)


def _left_out(status: TableStatus) -> Iterator[str]:
    if idle := status.left_out:
        names = printable(", ".join(job_text(one.job_name) for one in idle), limit=200)
        yield f"No runs in this window{', left out' if status.runs else ''}: {names}."
    if status.ignored:
        yield f"Not judged, as asked: {printable(', '.join(map(operator_name, status.ignored)), limit=200)}."
    if status.any_operator:
        yield "One operator that keeps the table fresh is enough, as asked."


def _basis(status: TableStatus) -> Iterator[str]:
    """Which operators do not count, and what is in doubt about the others."""
    if status.others:
        names = printable(", ".join(job_text(one.job_name) for one in status.others), limit=200)
        yield f"Left out, since lineage does not say that they write the table: {names}."
    for doubt in status.notes:
        yield f"{doubt[:1].upper()}{doubt[1:]}."


def _runs(number: int) -> str:
    return f"{number:,} run" if number == 1 else f"{number:,} runs"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
