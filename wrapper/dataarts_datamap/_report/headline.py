"""The freshness of a table in sentences, with the reasons for the verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dataarts_datamap._models.runs import Run, RunState, planned_at
from dataarts_datamap._monitoring.freshness import Verdict, ended_at
from dataarts_datamap._monitoring.producers import operator_name
from dataarts_datamap._report.contents import job_text, newest_first
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._report.upstream_graph import upstream_sentence
from dataarts_datamap._text import printable
from dataarts_datamap._times import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo

    from dataarts_datamap._monitoring.freshness import TableStatus
    from dataarts_datamap._report.contents import Report, ReportedJob
    from dataarts_datamap._report.texts import Texts

_MOST_REASONS: Final = 5
_MOST_RUNS: Final = 3


class Reason(NamedTuple):
    """A reason for a verdict, or a remark.

    Attributes:
        text: One sentence, made printable.
        runs: Runs that show it, at most three, the newest first; can be empty.
        is_english: Whether the text is English although the page is not.
    """

    text: str
    runs: tuple[Run, ...] = ()
    is_english: bool = False


class Headline(NamedTuple):
    """The freshness of a table in words, made printable.

    Attributes:
        word: The verdict in a word; "no failure" if it is fresh and no limit is set on its age.
        since: The last success, its age and the allowed age, and the time of the judgement.
        success: The run of the last success; None if it is not known.
    """

    word: str
    title: str
    since: str
    reasons: tuple[Reason, ...]
    success: Run | None = None


_BY_RULE: Final = {
    Verdict.LATE: "The table is late: no run planned for its due time has succeeded.",
    Verdict.SLOW: "The table is slow: a run is taking longer than usual.",
    Verdict.FEW_ROWS: "The table has few rows: its last success wrote fewer than it should.",
}


def headline(report: Report, say: Texts = ENGLISH) -> Headline:
    status = report.status
    return Headline(
        say("no failure" if is_unlimited(status) else status.verdict.value),
        _title(status, say),
        _since(status, report.zone, say),
        tuple(_reasons(report, say)),
        None if status.last_success is None else _success(report, status.last_success),
    )


def in_words(report: Report) -> dict[str, Any]:
    """The headline in English, ready for JSON: ``sentence`` and ``reasons``."""
    answer, upstream = headline(report), report.upstream
    reasons = [reason.text for reason in answer.reasons]
    if upstream is not None and upstream.troubled:
        reasons.append(f"Upstream: {upstream_sentence(upstream)}")
    return {"sentence": answer.title, "reasons": reasons}


def is_unlimited(status: TableStatus) -> bool:
    """Whether a table is fresh by its outcomes alone, since no limit is set on the age of its last success."""
    return status.verdict is Verdict.FRESH and status.max_age is None


def _title(status: TableStatus, say: Texts) -> str:
    match status.verdict:
        case Verdict.FRESH:
            return _fresh(status, say)
        case Verdict.STALE:
            return _stale(status, say)
        case Verdict.FAILED:
            return say("The table is not fresh: {failures}.", failures=_failures(status, say))
        case Verdict.UNKNOWN:
            return _unknown(status, say)
        case Verdict.LATE | Verdict.SLOW | Verdict.FEW_ROWS:
            return say(_BY_RULE[status.verdict])


def _fresh(status: TableStatus, say: Texts) -> str:
    age, has_several = _age(status.age, say), _has_several(status)
    if status.max_age is not None:
        what = say("the oldest last success of its operators" if has_several else "its last success")
        return say("The table is fresh: {what} is {age} old.", what=what, age=age)
    if has_several:
        return say("No operator has failed since its last success; the oldest last success is {age} old.", age=age)
    return say("No run has failed since the last success, which is {age} old.", age=age)


def _unknown(status: TableStatus, say: Texts) -> str:
    if not status.runs:
        return say("There are no runs in this window.")
    if (decisive := status.decided_by) is not None and decisive.undated_successes:
        return say("It is unknown whether the table is fresh: the time of a success cannot be read.")
    return say(
        "It is unknown whether the table is fresh: no run{of} is known to have succeeded or failed.",
        of=_of(status, say),
    )


def _stale(status: TableStatus, say: Texts) -> str:
    decisive = status.decided_by
    if decisive is None or decisive.age is None:
        return say("The table is stale: no run{of} in this window succeeded.", of=_of(status, say))
    age = _age(decisive.age, say)
    if _has_several(status):
        return say("The table is stale: the last success{of} is {age} old.", of=_of(status, say), age=age)
    return say("The table is stale: its last success is {age} old.", age=age)


def _failures(status: TableStatus, say: Texts) -> str:
    decisive = status.decided_by
    failed = _runs(status.failures_since_success if decisive is None else decisive.failures_since_success, say)
    if decisive is None or decisive.last_success is None:
        text = "{runs}{of} failed, and none succeeded"
    elif _has_several(status):
        text = "{runs}{of} failed after its last success"
    else:
        text = "{runs}{of} failed after the last success"
    return say(text, runs=failed, of=_of(status, say))


def _of(status: TableStatus, say: Texts) -> str:
    """The words that name the operator that decides; empty with ``any_operator``, or if fewer than two count."""
    decisive = status.decided_by
    if decisive is None or not _has_several(status):
        return ""
    return say(" of {job}", job=job_text(decisive.job_name, say))


def _has_several(status: TableStatus) -> bool:
    return not status.any_operator and sum(one.counts for one in status.operators) > 1


def _age(age: timedelta | None, say: Texts) -> str:
    """An age; zero if the success lies in the future."""
    return say.span(max(age or timedelta(0), timedelta(0)))


def _since(status: TableStatus, zone: tzinfo, say: Texts) -> str:
    judged = say("Judged at {time} ({zone}).", time=time_text(status.now, zone), zone=zone)
    if status.last_success is None or status.age is None:
        return judged
    who = next((one.job_name for one in status.operators if one.last_success == status.last_success), None)
    age = say.span(abs(status.age))
    if status.max_age is None:
        limit = say("no limit is set on its age (--max-age)")
    else:
        allowed = say.span(status.max_age)
        reads_the_same = status.age > status.max_age and age == allowed
        limit = say(
            "{span} are allowed, which is slightly exceeded" if reads_the_same else "{span} are allowed", span=allowed
        )
    ago = say("{span} before" if status.age >= timedelta(0) else "{span} after", span=age)
    return say(
        "{what}: {time}, {ago} this report, by {job}; {limit}. {judged}",
        what=say("Oldest last success" if _has_several(status) else "Last success"),
        time=time_text(status.last_success, zone),
        ago=ago,
        job=job_text(who, say),
        limit=limit,
        judged=judged,
    )


def _success(report: Report, time: datetime) -> Run | None:
    runs = (one.run for job in report.jobs if job.status.last_success == time for one in job.runs)
    ended = (run for run in runs if run.state is RunState.SUCCEEDED and ended_at(run, report.status.now) == time)
    return next(ended, None)


def _newest(report: Report, state: RunState) -> tuple[Run, ...]:
    found = (one.run for job in report.jobs for one in job.runs if one.run.state is state)
    return tuple(newest_first(found)[:_MOST_RUNS])


def _reasons(report: Report, say: Texts) -> Iterator[Reason]:
    failing = [job for job in report.jobs if job.status.failures_since_success]
    for job in failing[:_MOST_REASONS]:
        latest, when = _latest_failure(job, report.status.now)
        yield Reason(_failing(job, when, report.zone, say), (latest,))
    if more := len(failing[_MOST_REASONS:]):
        one = "{n} more job has failed since its last success."
        many = "{n} more jobs have failed since their last success."
        yield Reason(say.count(one, many, more))
    skipping = [(job, skips) for job in report.jobs if job.status.counts and (skips := _skips(job, report.status.now))]
    for job, skips in skipping[:_MOST_REASONS]:
        yield Reason(_skipping(job, skips, report.zone, say), tuple(skips[:_MOST_RUNS]))
    yield from _clocks(report, say)
    yield from _unsettled(report, say)
    yield from map(Reason, _without_runs(report.status, say))
    yield from _basis(report.status, say)


def _latest_failure(job: ReportedJob, now: datetime) -> tuple[Run, datetime | None]:
    """The failure of a job that ended last, and its end; one with a readable time if there is any.

    The job must have failed after its last success.
    """
    success = job.status.last_success
    ends = [(run, ended_at(run, now)) for run in job.failures]
    later = [(end, run) for run, end in ends if end is not None and (success is None or end > success)]
    if later:
        end, run = max(later, key=lambda one: one[0])
        return run, end
    return next(run for run, end in reversed(ends) if end is None), None


def _failing(job: ReportedJob, when: datetime | None, zone: tzinfo, say: Texts) -> str:
    one = job.status
    if one.last_success is None:
        text = "{job} failed {times} and has not succeeded in this window{latest}."
    else:
        text = "{job} failed {times} since its last success{latest}."
    return say(
        text,
        job=job_text(one.job_name, say),
        times=say.count("once", "{n} times", one.failures_since_success),
        latest="" if when is None else say(", the latest at {time}", time=time_text(when, zone)),
    )


def _skips(job: ReportedJob, now: datetime) -> list[Run]:
    """The runs of a job that were skipped after its last success, or at all if it has none; the newest first."""
    success = job.status.last_success
    skipped = (one.run for one in job.runs if one.run.state is RunState.SKIPPED)
    ends = ((run, ended_at(run, now)) for run in skipped)
    return newest_first(run for run, end in ends if success is None or (end is not None and end > success))


def _skipping(job: ReportedJob, skips: Sequence[Run], zone: tzinfo, say: Texts) -> str:
    if job.status.last_success is None:
        text = "{job} was skipped {times} and has not succeeded in this window{latest}."
    else:
        text = "{job} was skipped {times} since its last success{latest}."
    when = planned_at(skips[0])
    return say(
        text,
        job=job_text(job.status.job_name, say),
        times=say.count("once", "{n} times", len(skips)),
        latest="" if when is None else say(", the latest planned for {time}", time=time_text(when, zone)),
    )


def _clocks(report: Report, say: Texts) -> Iterator[Reason]:
    for reported in report.jobs:
        one, job = reported.status, job_text(reported.status.job_name, say)
        if one.is_ahead and one.age is not None:
            text = "The last success of {job} lies {span} ahead of this machine's clock: one of the clocks is wrong."
            last = None if one.last_success is None else _success(report, one.last_success)
            yield Reason(say(text, job=job, span=say.span(-one.age)), () if last is None else (last,))
        if one.undated_successes:
            runs = _runs(one.undated_successes, say)
            yield Reason(say("{runs} of {job} succeeded at a time that cannot be read.", runs=runs, job=job))


def _unsettled(report: Report, say: Texts) -> Iterator[Reason]:
    status = report.status
    if status.running or status.waiting:
        waiting = _runs(status.waiting, say)
        text = say("{running} under way, {waiting} waiting.", running=_runs(status.running, say), waiting=waiting)
        yield Reason(text, _newest(report, RunState.ACTIVE))
    if status.unknown_runs:
        names = _listed((name or say("(none)") for name in status.unknown_statuses), say)
        text = say(
            "{runs} with an unknown status, which do not count: {names}.",
            runs=_runs(status.unknown_runs, say),
            names=names,
        )
        yield Reason(text, _newest(report, RunState.UNKNOWN))


def _without_runs(status: TableStatus, say: Texts) -> Iterator[str]:
    if not status.operators:
        yield say("No operator is known to produce this table: the GUID may be that of another table.")
    elif not status.runs:
        yield say("A longer window may have some, such as --since 90d.")
    if idle := status.left_out:
        names = _listed((job_text(one.job_name, say) for one in idle), say)
        yield say(
            "No runs in this window, left out: {names}." if status.runs else "No runs in this window: {names}.",
            names=names,
        )
    if status.ignored:
        names = _listed(map(operator_name, status.ignored), say)
        yield say("Not judged, on request: {names}.", names=names)
    if status.any_operator:
        yield say("On request, the last success of any operator counts.")


def _basis(status: TableStatus, say: Texts) -> Iterator[Reason]:
    if status.others:
        names = _listed((job_text(one.job_name, say) for one in status.others), say)
        yield Reason(say("Left out, because lineage does not name them as writers of the table: {names}.", names=names))
    for doubt in status.notes:
        text = say.remark(doubt)
        text = f"{text[:1].upper()}{text[1:]}"
        is_english = bool(say.mark(doubt))
        yield Reason(f"{text}." if is_english else say("{doubt}.", doubt=text), is_english=is_english)


def _listed(names: Iterable[str], say: Texts) -> str:
    return printable(say(", ").join(names), limit=200)


def _runs(number: int, say: Texts) -> str:
    return say.count("{n} run", "{n} runs", number)
