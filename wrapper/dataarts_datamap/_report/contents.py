"""The contents of a report, computed from runs. No I/O; the time is passed in."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads the annotations
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from dataarts_datamap._models.runs import Operator, Run, RunIdentity, RunState, operator_key, planned_at, run_identity
from dataarts_datamap._monitoring.freshness import OperatorStatus, TableStatus, group_runs, table_status, with_basis
from dataarts_datamap._report.failure_logs import FailureLog
from dataarts_datamap._report.hourly import hourly_cells
from dataarts_datamap._report.outliers import Rolled, rolled
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._text import printable
from dataarts_datamap._times import EPOCH, MILLISECOND, iso_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from dataarts_datamap._monitoring.producers import Producers
    from dataarts_datamap._monitoring.upstream import Upstream
    from dataarts_datamap._report.texts import Texts
    from dataarts_datamap._window import Window

_MOST_SUMMARISED: Final = 5
_NESTED: Final = ("running_data", "running_param")


class ReportedRun(Struct, frozen=True, kw_only=True):
    """A run, compared with the others of its job.

    Attributes:
        rolling_median: Median duration of this run and of up to 14 successes of its job before it that have a duration.
            None if it did not succeed, has no duration, or fewer than four such successes came before it. A negative
            duration counts as none.
    """

    run: Run
    rolling_median: timedelta | None = None
    is_outlier: bool = False


class ReportedJob(Struct, frozen=True, kw_only=True):
    """An operator of the table, with its status and its runs: the oldest first, those without any time last."""

    status: OperatorStatus
    runs: tuple[ReportedRun, ...]

    @property
    def failures(self) -> list[Run]:
        return [one.run for one in self.runs if one.run.state is RunState.FAILED]

    @property
    def outliers(self) -> list[Run]:
        return [one.run for one in self.runs if one.is_outlier]


class Report(Struct, frozen=True, kw_only=True):
    """The contents of a report.

    Attributes:
        zone: The zone of displayed times.
        status: The freshness of the table, as a whole and for each operator.
        jobs: The operators and their runs; those with the most failures since their last success come first.
        logs: The requested ends of logs of failed runs, by the identity of the run.
        upstream: The tables upstream and their state; None if they were not requested.
        name: Name by which the table was found; None if it is not known. Untrusted.
    """

    table_guid: str
    window: Window
    zone: tzinfo
    status: TableStatus
    jobs: tuple[ReportedJob, ...]
    logs: Mapping[RunIdentity, FailureLog] = field(default_factory=dict[RunIdentity, FailureLog])
    upstream: Upstream | None = None
    name: str | None = None

    @property
    def table_name(self) -> str | None:
        """Database, schema and name of the table, else the name by which it was found. Untrusted.

        None if neither is known.
        """
        table = None if self.upstream is None else self.upstream.tables[0].table
        return self.name if table is None or not table.name else table.full_name

    @property
    def failures(self) -> list[Run]:
        """The runs of all jobs that failed, the newest first."""
        return newest_first(run for job in self.jobs for run in job.failures)

    @property
    def outliers(self) -> list[Run]:
        """The runs of all jobs with an outlying duration, the newest first."""
        return newest_first(run for job in self.jobs for run in job.outliers)

    def counts(self) -> dict[RunState, int]:
        return count_states(one.run for job in self.jobs for one in job.runs)

    def summary(self) -> dict[str, Any]:
        """A short form of ``to_dict``: without the strips of the jobs, and with ``failed`` and ``outlying``.

        It has only the five newest failures and the five newest outliers; ``failed`` and ``outlying`` count all.
        """
        whole = self.to_dict()
        newest = {name: whole[name][:_MOST_SUMMARISED] for name in ("failures", "outliers")}
        jobs = [{name: value for name, value in job.items() if name != "strip"} for job in whole["jobs"]]
        counts = {"failed": len(self.failures), "outlying": len(self.outliers)}
        return {**whole, "jobs": jobs, **newest, **counts}

    def _plain_log(self, run: Run) -> dict[str, Any]:
        log = self.logs.get(run_identity(run))
        return {} if log is None else {"log": log.to_dict()}

    def to_dict(self, *, running_data: bool = False) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, durations in seconds.

        The hours of a strip are wall times of the zone, without an offset. Without ``running_data``, that field and
        ``running_param`` are left out of the runs.
        """
        start, end = (EPOCH + time * MILLISECOND for time in self.window)
        return {
            "table_guid": self.table_guid,
            "start": iso_text(start),
            "end": iso_text(end),
            "zone": str(self.zone),
            "status": self.status.to_dict(),
            "counts": _named(self.counts()),
            "jobs": [_plain_job(job, self.zone) for job in self.jobs],
            "failures": [
                {**_plain_run(run, running_data=running_data), **self._plain_log(run)} for run in self.failures
            ],
            "outliers": [_plain_run(run, running_data=running_data) for run in self.outliers],
            "upstream": None if self.upstream is None else self.upstream.to_dict(),
        }


def report_on(  # noqa: PLR0913  the parts of a report
    runs: Iterable[Run],
    *,
    table_guid: str,
    window: Window,
    now: datetime,
    zone: tzinfo,
    operators: Iterable[Operator] = (),
    producers: Producers | None = None,
    max_age: timedelta | None = None,
    any_operator: bool = False,
    ignored: Iterable[Operator] = (),
    upstream: Upstream | None = None,
    name: str | None = None,
) -> Report:
    """The report on the runs of a table in a window. The runs can come in any order.

    ``operators`` are shown even if they have no runs; ``ignored`` ones are named as left out, and their runs are not
    shown. ``producers``, if given, replaces both. ``now`` is the time of the judgement. Without ``max_age``, failures
    decide.
    """
    known, left_out = list(runs), tuple(ignored if producers is None else producers.ignored)
    operators = tuple(operators if producers is None else producers.operators)
    status = table_status(
        known, now=now, max_age=max_age, operators=operators, any_operator=any_operator, ignored=left_out
    )
    status = status if producers is None else with_basis(status, producers)
    groups = group_runs(known, (*operators, *left_out))
    for one in left_out:
        groups.pop(operator_key(one), None)
    jobs = [
        ReportedJob(status=one, runs=_reported(group))
        for one, group in zip(status.operators, groups.values(), strict=True)
    ]
    jobs.sort(key=lambda job: -job.status.failures_since_success)
    return Report(
        table_guid=table_guid,
        window=window,
        zone=zone,
        status=status,
        jobs=tuple(jobs),
        upstream=upstream,
        name=name,
    )


def wait(run: Run) -> timedelta | None:
    """Start minus plan; None if either is missing. Negative if it started early."""
    plan, start = run.plan_time, run.start_time
    return None if plan is None or start is None else start - plan


def count_states(runs: Iterable[Run]) -> dict[RunState, int]:
    """The number of runs of each state, including states without runs."""
    counts = dict.fromkeys(RunState, 0)
    for run in runs:
        counts[run.state] += 1
    return counts


def _reported(runs: Sequence[Run]) -> tuple[ReportedRun, ...]:
    ordered = sorted(runs, key=_order)
    judged = [(index, run.duration) for index, run in enumerate(ordered) if run.state is RunState.SUCCEEDED]
    durations = {index: took for index, took in judged if took is not None and took >= timedelta(0)}
    standing = dict(zip(durations, rolled(took.total_seconds() for took in durations.values()), strict=True))
    return tuple(_compared(run, standing.get(index)) for index, run in enumerate(ordered))


def _compared(run: Run, standing: Rolled | None) -> ReportedRun:
    if standing is None or standing.median is None:
        return ReportedRun(run=run)
    return ReportedRun(run=run, rolling_median=timedelta(seconds=standing.median), is_outlier=standing.is_outlier)


def _order(run: Run) -> tuple[bool, datetime, int]:
    when = planned_at(run)
    return when is None, when or EPOCH, run.run_id or 0


def newest_first(runs: Iterable[Run]) -> list[Run]:
    """The runs, sorted by planned time and id, the newest first; those without any time come last."""
    return sorted(runs, key=lambda run: (planned_at(run) or EPOCH, run.run_id or 0), reverse=True)


def _plain_job(job: ReportedJob, zone: tzinfo) -> dict[str, Any]:
    runs = [one.run for one in job.runs]
    cells = hourly_cells(((planned_at(run), run.state) for run in runs), zone)
    strip = [{"hour": hour.isoformat(timespec="minutes"), **_named(counts)} for hour, counts in cells.items()]
    return {**job.status.to_dict(), "counts": _named(count_states(runs)), "strip": strip}


def _plain_run(run: Run, *, running_data: bool) -> dict[str, Any]:
    plain = run.to_dict()
    return plain if running_data else {name: value for name, value in plain.items() if name not in _NESTED}


def _named(counts: Mapping[RunState, int]) -> dict[str, int]:
    return {state.value: count for state, count in counts.items()}


_NAME_LIMIT: Final = 80


def job_text(name: str | None, say: Texts = ENGLISH) -> str:
    """A job's name, made printable and shortened."""
    return printable(name, limit=_NAME_LIMIT) if name else say("(no name)")


def job_labels(jobs: Iterable[OperatorStatus], say: Texts = ENGLISH) -> list[str]:
    """A name for each job; if several have the same name, with the id of its task, its workspace or both."""
    known = list(jobs)
    names = [job_text(job.job_name, say) for job in known]
    return [
        _label(name, job, [one for one, its in zip(known, names, strict=True) if its == name], say)
        for name, job in zip(names, known, strict=True)
    ]


def _label(name: str, job: OperatorStatus, namesakes: Sequence[OperatorStatus], say: Texts) -> str:
    parts: list[str] = []
    if len({one.task_id for one in namesakes}) > 1:
        parts.append(say("task {id}", id=printable(job.task_id or "-", limit=40)))
    if len({one.workspace_id for one in namesakes}) > 1:
        parts.append(say("workspace {id}", id=printable(job.workspace_id or "-", limit=40)))
    return f"{name} ({', '.join(parts)})" if parts else name
