"""The output of commands: tables for a person, JSON lines for a pipe."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import timedelta
from io import StringIO
from itertools import zip_longest
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from msgspec import structs

from dataarts_datamap._models.runs import RunState
from dataarts_datamap._monitoring.freshness import Verdict
from dataarts_datamap._monitoring.producers import OperatorBasis
from dataarts_datamap._text import printable
from dataarts_datamap._times import time_text
from dataarts_datamap.cli._printing.prometheus import prometheus_text
from dataarts_datamap.cli._printing.streams import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    from rich.console import RenderableType

    from dataarts_datamap._doctor.findings import Finding
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.freshness import RunsStatus, TableStatus

Output: TypeAlias = Literal["table", "ndjson"]
StatusOutput: TypeAlias = Literal["table", "json", "prometheus"]

STATE_STYLES: Final = {
    RunState.ACTIVE: "cyan",
    RunState.SUCCEEDED: "green",
    RunState.FAILED: "bold red",
    RunState.SKIPPED: "dim",
    RunState.UNKNOWN: "yellow",
}
VERDICT_STYLES: Final = {
    Verdict.FRESH: "green",
    Verdict.STALE: "bold red",
    Verdict.LATE: "bold red",
    Verdict.FAILED: "bold red",
    Verdict.UNKNOWN: "yellow",
    Verdict.SLOW: "yellow",
    Verdict.FEW_ROWS: "yellow",
}
BASIS_TEXTS: Final = {
    OperatorBasis.CHOSEN: "Judged by the operators that were named",
    OperatorBasis.LINEAGE: "Judged by the operators that write it according to lineage",
    OperatorBasis.ASSOCIATED: "Judged by all operators: readers and producers could not be distinguished",
}
_STATUS_TITLES: Final = ("VERDICT", "SUCCEEDED", "AGE", "RUNNING", "WAITING", "FAILED", "TAKES", "LATE", "JOB")
_FINDINGS_AT: Final = 25
_NARROWEST: Final = 30
_NONE: Final = "-"
_ANY_HEIGHT: Final = 25
_PIPE_WIDTH: Final = 10_000  # a pipe has no limit for the width of lines


def write_runs(runs: Iterable[Run], *, output: Output, zone: tzinfo) -> int:
    """Write the runs to stdout; returns their number.

    The output ``table`` shows times in the zone, and below each failed run its log path. JSON lines have times in UTC.
    """
    if output == "ndjson":
        return _write_lines(run.to_dict() for run in runs)
    found = list(runs)
    rows = [(_run_cells(run, zone), STATE_STYLES[run.state]) for run in found]
    return write_table(("PLANNED", "STARTED", "TOOK", "STATUS", "JOB", "RUN"), rows, below=list(map(_log_line, found)))


def write_operators(operators: Sequence[Operator], *, output: Output) -> int:
    if output == "ndjson":
        return _write_lines(map(structs.asdict, operators))
    rows = [((one.task_id, one.job_name, one.workspace_id), "") for one in operators]
    return write_table(("TASK", "JOB", "WORKSPACE"), rows)


def write_tables(tables: Sequence[Table], *, output: Output) -> int:
    if output == "ndjson":
        return _write_lines(table.to_dict() for table in tables)
    rows = [((one.full_name, one.source_type, ", ".join(one.workspace_ids) or None, one.guid), "") for one in tables]
    return write_table(("NAME", "SOURCE", "WORKSPACE", "GUID"), rows)


def write_findings(findings: Iterable[Finding], *, output: Output) -> list[Finding]:
    """Write each finding to stdout as soon as it is known; returns them all."""
    written: list[Finding] = []
    for finding in findings:
        written.append(finding)
        if output == "ndjson":
            write_json({name: getattr(finding, name) for name in ("step", "outcome", "text", "remedy")})
        else:
            write(_finding_text(finding, line_width()))
    return written


def _finding_text(finding: Finding, width: int) -> str:
    """A finding as lines of a width, with its text in a separate column and without broken words."""
    paragraphs = [finding.text, f"to fix: {finding.remedy}"] if finding.remedy else [finding.text]
    column = TextWrapper(max(width - _FINDINGS_AT, _NARROWEST), break_long_words=False, break_on_hyphens=False)
    lines = [line for paragraph in paragraphs for line in column.wrap(paragraph)]
    head = f"{finding.outcome:<9}{finding.step:<16}"
    return head + f"\n{'':{_FINDINGS_AT}}".join(lines) + "\n"


def write_status(status: TableStatus, table_guid: str, *, output: StatusOutput, zone: tzinfo) -> None:
    """Write the status of a table to stdout. The output ``table`` shows times in the zone, the others in UTC."""
    match output:
        case "json":
            write_json({"table_guid": table_guid, **status.to_dict()})
        case "prometheus":
            write_metrics(prometheus_text(status, table_guid))
        case "table":
            _write_status_table(status, zone)


def _write_status_table(status: TableStatus, zone: tzinfo) -> None:
    from dataarts_datamap._report.contents import job_labels
    from dataarts_datamap._report.headline import is_unlimited

    labels = job_labels(status.operators)
    names = ["(any operator)" if status.any_operator else "(every operator)", *labels]
    subjects: list[RunsStatus] = [status, *status.operators]
    rows = [
        ((*_status_cells(one, zone), name), VERDICT_STYLES[one.verdict])
        for one, name in zip(subjects, names, strict=True)
    ]
    write_table(_STATUS_TITLES, rows)
    decisive = [label for one, label in zip(status.operators, labels, strict=True) if one.decides]
    write("".join(f"Decided by {label}.\n" for label in decisive))
    if status.basis is not None and status.operators:
        write(f"{BASIS_TEXTS[status.basis]}.\n")
    if is_unlimited(status):
        write("Fresh here means that no run has failed since the last success: --max-age sets a limit on its age.\n")


def write_metrics(text: str) -> None:
    """Write metrics to stdout; for a terminal, characters other than line ends are made printable."""
    write("".join(f"{printable(line)}\n" for line in text.split("\n")[:-1]) if is_terminal() else text)


def is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _write_lines(values: Iterable[dict[str, Any]]) -> int:
    count = 0
    for count, value in enumerate(values, start=1):  # noqa: B007  the count is used after the loop
        if not write_json(value):
            break
    return count


def write_table(
    titles: Sequence[str], rows: Sequence[tuple[Sequence[str | None], str]], *, below: Sequence[str | None] = ()
) -> int:
    """Write rows and the titles of their columns to stdout; returns the number of rows.

    Each row has a style, and perhaps a line below it. Without rows, nothing is written.
    """
    from dataarts_datamap.cli._printing.tables import Row, fitted

    if rows:
        shown = [
            Row([_NONE if cell is None else printable(cell) for cell in cells], style, line)
            for (cells, style), line in zip_longest(rows, below)
        ]
        width = line_width()
        write_rich(*fitted(titles, shown, width=width), width=width)
    return len(rows)


def line_width() -> int:
    """The width of a line in columns; practically unlimited for a pipe."""
    return shutil.get_terminal_size().columns if is_terminal() else _PIPE_WIDTH


def write_rich(*renderables: RenderableType, width: int) -> None:
    """Write rich renderables to stdout; only a terminal gets colours, and not if NO_COLOR is set.

    No line is cut: the terminal wraps those that are longer than ``width``.
    """
    from rich.console import Console

    sheet = StringIO()
    console = Console(
        file=sheet,
        force_terminal=is_terminal(),
        legacy_windows=False,
        width=width,
        height=_ANY_HEIGHT,  # given only a width, rich assumes 80 columns for a dumb TERM
    )
    for renderable in renderables:
        console.print(renderable, crop=False)
    write("".join(f"{line.rstrip()}\n" for line in sheet.getvalue().splitlines()))


def write_json(value: dict[str, Any]) -> bool:
    """Write a value to stdout as one line of JSON; returns whether stdout still has a reader."""
    return write(f"{_escape(json.dumps(value, ensure_ascii=False, allow_nan=False))}\n")


def _escape(line: str) -> str:
    """The JSON text with control characters of terminals as JSON escapes: the same value, harmless in a terminal."""
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def _run_cells(run: Run, zone: tzinfo) -> tuple[str | None, ...]:
    run_id = None if run.run_id is None else str(run.run_id)
    times = (_time(run.plan_time, zone), _time(run.start_time, zone))
    return (*times, duration_text(run.duration), run.status, run.job_name, run_id)


def _log_line(run: Run) -> str | None:
    if run.state is not RunState.FAILED or not run.execution_log_path:
        return None
    return f"  log: {printable(run.execution_log_path)}"


def _status_cells(status: RunsStatus, zone: tzinfo) -> tuple[str | None, ...]:
    counts = (status.running, status.waiting, status.failures_since_success)
    spans = (status.typical_duration, status.typical_lateness)
    since = (_time(status.last_success, zone), duration_text(status.age))
    return (status.verdict.value, *since, *map(str, counts), *map(duration_text, spans))


def _time(time: datetime | None, zone: tzinfo) -> str | None:
    return None if time is None else time_text(time, zone)


def duration_text(duration: timedelta | None) -> str | None:
    """A duration in whole seconds, such as ``1:02:03``; None for None."""
    if duration is None:
        return None
    whole = str(abs(duration)).split(".", 1)[0]
    return f"-{whole}" if duration < timedelta(0) else whole
