"""Writes a report to a terminal: a strip and a sparkline for each job, in letters that need no colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from dataarts_datamap._models.runs import operator_of, planned_at
from dataarts_datamap._report.contents import count_states, job_labels, job_text
from dataarts_datamap._report.headline import headline, is_unlimited
from dataarts_datamap._report.upstream_graph import upstream_sentence
from dataarts_datamap._text import printable
from dataarts_datamap._times import span_text, time_text
from dataarts_datamap.cli._printing.output import VERDICT_STYLES, line_width, write_rich
from dataarts_datamap.cli._printing.strips import Cells
from dataarts_datamap.cli._printing.tables import Row, fitted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from rich.console import RenderableType

    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._monitoring.freshness import TableStatus
    from dataarts_datamap._report.contents import Report, ReportedJob

_FAILURE_TITLES: Final = ("FAILED", "STATUS", "JOB", "RUN")
_LEAST_CELLS: Final = 24
_MOST_CELLS: Final = 168
_MOST_FAILURES: Final = 5
_WIDE: Final = 120


def headline_style(status: TableStatus) -> str:
    """The style of the headline: without colour if the table is fresh by its outcomes alone."""
    return "bold" if is_unlimited(status) else f"bold {VERDICT_STYLES[status.verdict]}"


def write_sheet(report: Report) -> None:
    width = line_width()
    write_rich(*_parts(report, min(width, _WIDE)), width=width)


def _parts(report: Report, width: int) -> list[RenderableType]:
    answer = headline(report)
    lines = [Text(answer.title, headline_style(report.status)), Text(answer.since)]
    lines += [Text(f"- {reason.text}") for reason in answer.reasons]
    if report.upstream is not None:
        lines.append(Text(f"Upstream: {upstream_sentence(report.upstream)}"))
    if not report.status.runs:
        return list(lines)
    failures = newest_failures(report, _MOST_FAILURES, width, "--html or --output json")
    return [*lines, Text(), *_strips(report, width), *failures]


def _strips(report: Report, width: int) -> list[RenderableType]:
    cells = Cells(report, most=max(_LEAST_CELLS, min(width - 2, _MOST_CELLS)))
    parts: list[RenderableType] = [*cells.legend(), Text()]
    for label, job in labelled_jobs(report):
        parts += _job(label, job, cells)
    return parts


def labelled_jobs(report: Report) -> Iterator[tuple[str, ReportedJob]]:
    """Each operator of the report, with its label."""
    return zip(job_labels(job.status for job in report.jobs), report.jobs, strict=True)


def _job(label: str, job: ReportedJob, cells: Cells) -> list[RenderableType]:
    runs = [one.run for one in job.runs]
    counts = count_states(runs)
    title = Text(label, "bold")
    told = ", ".join(f"{count:,} {state.value}" for state, count in counts.items() if count) or "no runs"
    typical = job.status.typical_duration
    title.append(f"  {told}{'' if typical is None else f'; takes {span_text(typical)}'}", "not bold")
    if job.outliers:
        title.append(f"; {len(job.outliers):,} took unusually long or short", "not bold")
    return [title, cells.strip(runs), Text(cells.sparkline(runs)), Text()]


def newest_failures(
    report: Report, most: int, width: int, where: str, *, on_screen: bool = False
) -> list[RenderableType]:
    """The newest failures, then the number of further ones, and ``where`` all are listed."""
    failures = report.failures
    if not failures:
        return []
    rows = [_failure_row(run, report.zone) for run in failures[:most]]
    parts = list(fitted(_FAILURE_TITLES, rows, width=width, on_screen=on_screen))
    rest = len(failures) - most
    return parts if rest <= 0 else [*parts, Text(f"and {rest:,} more: {where} lists them all")]


def _failure_row(run: Run, zone: tzinfo) -> Row:
    when = run.end_time or planned_at(run)
    log = run.execution_log_path
    cells = (
        "-" if when is None else time_text(when, zone),
        printable(run.status or "-", limit=80),
        job_text(operator_of(run).job_name),
        "-" if run.run_id is None else str(run.run_id),
    )
    return Row(cells, below=f"  log: {printable(log)}" if log else "  no log path")
