"""A report in a terminal: a strip and a sparkline for each job, in letters that need no colour."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from rich.text import Text

from dataarts_datamap._epoch import EPOCH, MILLISECOND
from dataarts_datamap._models import Run, RunState
from dataarts_datamap._report._data import count_states, moment
from dataarts_datamap._report._headline import headline
from dataarts_datamap._report._names import job_labels, job_text
from dataarts_datamap._report._strip import HOUR, cell_hours, hourly_cells, wall_hour, worst
from dataarts_datamap._report._wall import span_text, time_text
from dataarts_datamap._text import printable
from dataarts_datamap.cli._output import STATE_STYLES, VERDICT_STYLES, line_width, write_rich
from dataarts_datamap.cli._tables import Row, fitted

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo

    from rich.console import RenderableType

    from dataarts_datamap._report._data import Report, ReportedJob

_LETTERS: Final = {
    RunState.SUCCEEDED: "s",
    RunState.FAILED: "F",
    RunState.ACTIVE: "a",
    RunState.SKIPPED: "-",
    RunState.UNKNOWN: "?",
}
_NO_RUN: Final = "."  # of one column in every terminal
_NO_DURATION: Final = " "
_BARS: Final = "▁▂▃▄▅▆▇█"
_LEAST_CELLS: Final = 24
_MOST_CELLS: Final = 168
_MOST_FAILURES: Final = 5
_WIDE: Final = 120


def write_sheet(report: Report) -> None:
    """Write the report to stdout."""
    width = line_width()
    write_rich(*_parts(report, min(width, _WIDE)), width=width)


def _parts(report: Report, width: int) -> list[RenderableType]:
    answer = headline(report)
    lines = [Text(answer.title, f"bold {VERDICT_STYLES[report.status.verdict]}"), Text(answer.since)]
    lines += [Text(f"- {reason}") for reason in answer.reasons]
    if not report.status.runs:
        return list(lines)
    return [*lines, Text(), *_strips(report, width), *_failures(report, width)]


def _strips(report: Report, width: int) -> list[RenderableType]:
    start, end = (EPOCH + time * MILLISECOND for time in report.window)
    step = cell_hours(start, end, most=max(_LEAST_CELLS, min(width - 2, _MOST_CELLS)))
    legend = Text("Each letter is the worst outcome of ")
    legend.append("an hour" if step == 1 else f"{step} hours")
    legend.append(f" that runs were planned for, from {time_text(start, report.zone)} to {time_text(end, report.zone)}")
    parts: list[RenderableType] = [legend, _legend(), Text()]
    hours = _hours(start, end, step, report.zone)
    for label, job in zip(job_labels(job.status for job in report.jobs), report.jobs, strict=True):
        parts += _job(label, job, hours, step, report.zone)
    return parts


def _legend() -> Text:
    text = Text()
    for state, letter in _LETTERS.items():
        text.append(letter, STATE_STYLES[state])
        text.append(f" {state.value}   ")
    return text.append(f"{_NO_RUN} no run   ▁█ median duration")


def _hours(start: datetime, end: datetime, step: int, zone: tzinfo) -> list[datetime]:
    first, last = wall_hour(start, zone, step=step), wall_hour(max(start, end - MILLISECOND), zone, step=step)
    length = HOUR * step
    return [first + number * length for number in range((last - first) // length + 1)]


def _job(label: str, job: ReportedJob, hours: list[datetime], step: int, zone: tzinfo) -> list[RenderableType]:
    runs = [one.run for one in job.runs]
    counts = count_states(runs)
    title = Text(label, "bold")
    told = ", ".join(f"{count:,} {state.value}" for state, count in counts.items() if count) or "no runs"
    typical = job.status.typical_duration
    title.append(f"  {told}{'' if typical is None else f'; takes {span_text(typical)}'}", "not bold")
    if job.outliers:
        title.append(f"; {len(job.outliers):,} took unusually long or short", "not bold")
    return [title, _strip(runs, hours, step, zone), Text(_sparkline(runs, hours, step, zone)), Text()]


def _strip(runs: list[Run], hours: list[datetime], step: int, zone: tzinfo) -> Text:
    cells = hourly_cells(((moment(run), run.state) for run in runs), zone, step=step)
    strip = Text()
    for hour in hours:
        state = worst(cells.get(hour, {}))
        strip.append(_NO_RUN, "dim") if state is None else strip.append(_LETTERS[state], STATE_STYLES[state])
    return strip


def _sparkline(runs: list[Run], hours: list[datetime], step: int, zone: tzinfo) -> str:
    """The median duration of the runs of each cell that succeeded, from none to the longest."""
    spans: dict[datetime, list[timedelta]] = {}
    for run in runs:
        when, took = moment(run), run.duration
        if when is not None and took is not None and run.state is RunState.SUCCEEDED:
            spans.setdefault(wall_hour(when, zone, step=step), []).append(took)
    seconds = {hour: median(span.total_seconds() for span in found) for hour, found in spans.items()}
    return "".join(_bar(seconds.get(hour), max(seconds.values())) for hour in hours) if seconds else ""


def _bar(value: float | None, most: float) -> str:
    if value is None:
        return _NO_DURATION
    share = max(value, 0) / most if most > 0 else 0
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]


def _failures(report: Report, width: int) -> list[RenderableType]:
    failures = report.failures
    if not failures:
        return []
    rows = [_failure(run, report.zone) for run in failures[:_MOST_FAILURES]]
    parts = list(fitted(("FAILED", "STATUS", "JOB", "RUN"), rows, width=width))
    rest = len(failures) - _MOST_FAILURES
    return parts if rest <= 0 else [*parts, Text(f"and {rest:,} more: --html or --output json lists them all")]


def _failure(run: Run, zone: tzinfo) -> Row:
    when = run.end_time or moment(run)
    log = run.execution_log_path
    cells = (
        "-" if when is None else time_text(when, zone),
        printable(run.status or "-", limit=80),
        job_text(run.job_name),
        "-" if run.run_id is None else str(run.run_id),
    )
    return Row(cells, below=f"  log: {printable(log)}" if log else "  no log path")
