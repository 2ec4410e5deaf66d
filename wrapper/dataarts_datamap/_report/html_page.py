"""The report as one page, which loads nothing from any network."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap._models.runs import Run, RunState, planned_at, run_identity, run_times
from dataarts_datamap._report.contents import ReportedRun, job_labels
from dataarts_datamap._report.headline import headline, is_unlimited
from dataarts_datamap._report.outliers import OUTLIER_RULE, OUTLIER_VALUES
from dataarts_datamap._report.page_parts import unbroken, whole_page
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._report.upstream_graph import upstream_section, upstream_sentence
from dataarts_datamap._text import printable
from dataarts_datamap._times import EPOCH, MILLISECOND, time_text, wall_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from dataarts_datamap._report.contents import Report
    from dataarts_datamap._report.headline import Headline
    from dataarts_datamap._report.texts import Texts

_SCRIPTS: Final = ("runs", "glyphs", "filters", "canvas", "strip", "time_line", "durations", "list", "upstream", "page")
_STATES: Final = (RunState.SUCCEEDED, RunState.FAILED, RunState.ACTIVE, RunState.SKIPPED, RunState.UNKNOWN)
_NESTED_LIMIT: Final = 20_000
_DAY: Final = timedelta(days=1)


def page(report: Report, *, running_data: bool = False, say: Texts = ENGLISH) -> str:
    """The complete page, in a language: HTML with its style, its script and its data inside.

    It contains data of the server only as text, with control and bidirectional characters escaped. With
    ``running_data``, runs have ``running_data`` and ``running_param``, which can contain SQL and paths.
    """
    verdict = headline(report, say)
    name = escape(printable(report.table_name or report.table_guid))
    start, end = (time_text(EPOCH + time * MILLISECOND, report.zone) for time in report.window)
    upstream = upstream_section(report.upstream, report.zone, say)
    is_first = report.upstream is not None and bool(report.upstream.troubled) and not report.failures
    return whole_page(
        "report.html",
        say,
        style="report.css",
        scripts=[f"scripts/{one}.js" for one in _SCRIPTS],
        heading=f"{name}: {escape(verdict.title)} {escape(say('Data Map report'))}",
        verdict="no-failure" if is_unlimited(report.status) else report.status.verdict.value,
        verdict_text=escape(verdict.word),
        guid=escape(printable(report.table_guid)),
        name=name,
        title=escape(verdict.title),
        since="".join(_since(verdict, say)),
        reasons="".join(_reasons(report, verdict, say)),
        window=escape(say("{start} to {end} ({zone})", start=start, end=end, zone=report.zone)),
        facts="".join(_fact(*fact) for fact in _facts(report, say)),
        rule=escape(say(OUTLIER_RULE, **OUTLIER_VALUES)),
        upstream_first=upstream if is_first else "",
        upstream_last="" if is_first else upstream,
        data=_harmless(json.dumps(page_data(report, running_data=running_data, say=say), separators=(",", ":"))),
    )


def page_data(report: Report, *, running_data: bool = False, say: Texts = ENGLISH) -> dict[str, Any]:
    """The data in the page: a list for each column of the runs, times in milliseconds after the window's start.

    It has log paths only of runs that failed, are outliers or have an unknown state. It has the ends of logs that were
    requested, or the reason why one could not be read.
    """
    base = report.window.start
    numbered = [(number, one) for number, job in enumerate(report.jobs) for one in job.runs]
    numbered.sort(key=lambda pair: _after(base, planned_at(pair[1].run)) or 0)
    runs = [one.run for _, one in numbered]
    labels = job_labels((job.status for job in report.jobs), say)
    states = {run.status: run.state for run in runs}
    statuses = {status: number for number, status in enumerate(states)}
    return {
        "texts": {**say.table, **say.units},
        "base": base,
        "end": report.window.end - base,
        "now": _after(base, report.status.now),
        "zone": str(report.zone),
        "offsets": [(_after(base, since), offset) for since, offset in _offsets(report, runs)],
        "states": [state.value for state in _STATES],
        "statuses": [(_status(status, say), _STATES.index(state)) for status, state in states.items()],
        "jobs": [
            {"name": label, "task": printable(job.status.task_id or "")}
            for label, job in zip(labels, report.jobs, strict=True)
        ],
        "job": [number for number, _ in numbered],
        "status": [statuses[run.status] for run in runs],
        "plan": [_after(base, run.plan_time) for run in runs],
        "start": [_after(base, run.start_time) for run in runs],
        "finish": [_after(base, run.end_time) for run in runs],
        "at": {
            number: _after(base, planned_at(run))
            for number, run in enumerate(runs)
            if run.plan_time is None and planned_at(run) is not None
        },
        "id": ["" if run.run_id is None else str(run.run_id) for run in runs],
        "median": [_milliseconds(one.rolling_median) for _, one in numbered],
        "retries": {number: run.retry_times for number, run in enumerate(runs) if run.retry_times},
        "outliers": [number for number, (_, one) in enumerate(numbered) if one.is_outlier],
        "logs": {
            number: printable(one.run.execution_log_path)
            for number, (_, one) in enumerate(numbered)
            if one.run.execution_log_path and _is_of_note(one)
        },
        "tails": {
            number: (log.title(say), log.shown)
            for number, run in enumerate(runs)
            if (log := report.logs.get(run_identity(run))) is not None
        },
        "nested": {number: text for number, run in enumerate(runs) if (text := _nested(run))} if running_data else {},
    }


def _harmless(text: str) -> str:
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def _reasons(report: Report, verdict: Headline, say: Texts) -> Iterator[str]:
    for text, runs, is_english in verdict.reasons:
        yield f"<li{say.english_mark if is_english else ''}>{unbroken(escape(text))} {_run_links(runs, say)}</li>"
    if report.upstream is not None and report.upstream.troubled:
        number = report.upstream.tables.index(report.upstream.troubled[0])
        text = escape(say("Upstream: {sentence}", sentence=upstream_sentence(report.upstream, say)))
        yield f'<li><a href="#upstream-{number}">{text}</a></li>'


def _since(verdict: Headline, say: Texts) -> Iterator[str]:
    yield unbroken(escape(verdict.since))
    if verdict.success is not None and (link := _run_links((verdict.success,), say)):
        yield " " + escape(say("That success was {run}.", run="{run}")).replace("{run}", link)


def _run_links(runs: Iterable[Run], say: Texts) -> str:
    """A link into the list for each run that has an id."""
    known = (run.run_id for run in runs if run.run_id is not None)
    links = [f'<a class="run" href="#run-{one}">{escape(say("run {id}", id=one))}</a>' for one in known]
    return say(", ").join(links)


def _fact(name: str, value: str, state: str) -> str:
    return f'<div class="fact" data-state="{state}"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>'


def _facts(report: Report, say: Texts) -> Iterator[tuple[str, str, str]]:
    counts, status = report.counts(), report.status
    yield say("Runs"), f"{status.runs:,}", ""
    for state in _STATES:
        if counts[state] or state is not RunState.UNKNOWN:
            yield say(state.value.capitalize()), f"{counts[state]:,}", state.value
    yield say("Outliers"), f"{len(report.outliers):,}", "outlier"
    typical = ((say("Typical duration"), status.typical_duration), (say("Typical wait"), status.typical_lateness))
    yield from ((name, say("none") if span is None else say.span(span), "") for name, span in typical)


def _status(status: str | None, say: Texts) -> str:
    return say("(none)") if status is None else printable(status, limit=80)


def _is_of_note(one: ReportedRun) -> bool:
    return one.is_outlier or one.run.state in {RunState.FAILED, RunState.UNKNOWN}


def _nested(run: Run) -> str:
    parts = {"running_data": run.running_data, "running_param": run.running_param}
    known = {name: value for name, value in parts.items() if value is not None}
    return printable(json.dumps(known, ensure_ascii=False), limit=_NESTED_LIMIT) if known else ""


def _offsets(report: Report, runs: Iterable[Run]) -> list[tuple[datetime, int]]:
    """The zone's offsets from UTC in milliseconds, each with the first time of the page for which it holds."""
    zone, times = report.zone, _times(report, runs)
    found = [(times[0], _offset(times[0], zone))]
    for before, after in pairwise(times):
        offset = _offset(after, zone)
        if offset != found[-1][1]:
            found.append((_change(before, after, zone), offset))
    return found


def _times(report: Report, runs: Iterable[Run]) -> list[datetime]:
    """The window's beginning, each 24 hours after it and its end, and the times of the runs, in order."""
    first, last = (EPOCH + time * MILLISECOND for time in report.window)
    days = (first + number * _DAY for number in range((last - first) // _DAY + 1))
    return sorted({last, *days, *(time for run in runs for time in run_times(run))})


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The time of the change, to the second."""
    old = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return after.replace(microsecond=0)


def _offset(time: datetime, zone: tzinfo) -> int:
    return (wall_time(time, zone) - time.astimezone(UTC).replace(tzinfo=None)) // MILLISECOND


def _after(base: int, time: datetime | None) -> int | None:
    return None if time is None else (time.astimezone(UTC) - EPOCH) // MILLISECOND - base


def _milliseconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span / MILLISECOND)
