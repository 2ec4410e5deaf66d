"""The live view of a table: redrawn as time passes, and when the terminal changes its size."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from rich.console import Console, Group
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from dataarts_datamap._models.runs import RunState
from dataarts_datamap._monitoring.snapshot import foremost, goes_on
from dataarts_datamap._report.contents import wait
from dataarts_datamap._report.headline import headline
from dataarts_datamap._text import printable
from dataarts_datamap._times import EPOCH, MILLISECOND, span_text, time_text
from dataarts_datamap.cli._printing.output import STATE_STYLES, duration_text, line_width, write_rich
from dataarts_datamap.cli._printing.report_sheet import headline_style, labelled_jobs, newest_failures
from dataarts_datamap.cli._printing.strips import Cells
from dataarts_datamap.cli._printing.tables import Row, fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime, tzinfo
    from types import FrameType

    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._monitoring.freshness import RunsStatus
    from dataarts_datamap._monitoring.polling import Poll, Polls
    from dataarts_datamap._report.contents import Report, ReportedJob

_SYMBOLS: Final = {
    RunState.SUCCEEDED: "✓",
    RunState.FAILED: "✗",
    RunState.ACTIVE: "▸",
    RunState.SKIPPED: "-",
    RunState.UNKNOWN: "?",
}
"""Each is one column wide in every terminal."""

_TITLES: Final = ("STATUS", "FOR", "TYPICAL", "LATE", "SUCCEEDED", "JOB")
_LONG: Final = 1.25
_MOST_FAILURES: Final = 3
_NAME_COLUMNS: Final = 20
_FEWEST_CELLS: Final = 8
_MOST_CELLS: Final = 72
_GAP: Final = "  "
_USUAL_SIZE: Final = (80, 24)  # of a terminal that does not report its size
_FRAMES_PER_SECOND: Final = 2  # so that a countdown shows each second


class View:
    """The view of a table, with times in a zone. ``now`` returns the present as an aware datetime."""

    def __init__(self, table_guid: str, *, zone: tzinfo, now: Callable[[], datetime]) -> None:
        self._table_guid = table_guid
        self._zone = zone
        self._now = now
        self._report: Report | None = None
        self._poll: Poll | None = None
        self._strips: tuple[Report, int, list[Text]] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no reading has been shown yet."""
        return self._report is None

    def show(self, poll: Poll, report: Report | None) -> None:
        """Show a reading. If it failed, it has no report: the last report stays, with the error."""
        self._poll, self._report = poll, report or self._report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines that fit on the screen; if some are hidden, the last line gives their number."""
        parts = Group(*self.parts(options.max_width, on_screen=True))
        lines = console.render_lines(parts, options.reset_height(), pad=False)
        room = options.size.height
        shown = lines if len(lines) <= room else lines[: room - 1]
        for line in shown:
            yield from line
            yield Segment.line()
        if len(shown) < len(lines):
            yield Text(f"{len(lines) - len(shown)} more lines: make the terminal higher to see them", "reverse")

    def parts(self, width: int, *, on_screen: bool = False) -> list[RenderableType]:
        """The content of the view, for a width in columns."""
        now, report, poll = self._now(), self._report, self._poll
        title = Text.assemble(("Table ", "dim"), printable(self._table_guid, limit=80))
        if report is None or poll is None:
            return [title, Text("Reading its runs for the first time ...")]
        told = headline(_aged(report, now))
        rows = [_row(label, job, now) for label, job in labelled_jobs(report)]
        sections: list[list[RenderableType]] = [
            [
                title,
                Text(told.title, headline_style(report.status)),
                *self._polls(poll, report, now, on_screen=on_screen),
            ],
            list(fitted(_TITLES, rows, width=width, on_screen=on_screen)),
            [Text(f"- {reason.text}") for reason in told.reasons],
            newest_failures(report, _MOST_FAILURES, width, "datamap report --output json", on_screen=on_screen),
            list(self._drawn_strips(report, width)),
        ]
        return [part for section in sections if section for part in (*section, Text())][:-1]

    def _polls(self, poll: Poll, report: Report, now: datetime, *, on_screen: bool) -> list[Text]:
        """The last good reading, its warnings or a later error, and, on a screen, the time until the next reading."""
        read_at, begin = report.status.now, EPOCH + report.window.start * MILLISECOND
        told = f"Runs since {time_text(begin, self._zone)}, read at {time_text(read_at, self._zone)} ({self._zone})"
        if poll.error is None:
            lines = [Text(f"{told}."), *(Text(f"warning: {printable(note)}", "yellow") for note in poll.notes)]
        else:
            why = f"Reading failed at {time_text(poll.at, self._zone)}: {printable(str(poll.error))}"
            lines = [Text(f"OLD: {told}, {span_text(now - read_at)} ago.", "bold red"), Text(why, "red")]
        return [*lines, Text(_soon(poll.next_at - now), "dim")] if on_screen and poll.next_at else lines

    def _drawn_strips(self, report: Report, width: int) -> list[Text]:
        """The strips, drawn once for each reading and width."""
        if self._strips is None or self._strips[0] is not report or self._strips[1] != width:
            self._strips = report, width, _strips(report, width) if report.status.runs else []
        return self._strips[2]


def show_live(polls: Polls, view: View, report_at: Callable[[datetime], Report | None]) -> None:
    """Show the readings on an alternate screen until they end; then print the last view.

    ``report_at`` returns the report on the last reading, judged at a time; None before the first reading.
    """
    try:
        with _terminable(), _on_screen(view) as live:
            for poll in polls:
                view.show(poll, report_at(poll.at) if poll.error is None else None)
                live.refresh()
    finally:
        if not view.is_empty:
            width = line_width()
            write_rich(*view.parts(width), width=width)


@contextmanager
def _terminable() -> Generator[None]:
    """Let SIGTERM, as sent by ``timeout``, end the block like an interrupt, so that the screen is restored."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _on_screen(view: View) -> Generator[Live]:
    """Draw a view on an alternate screen until the block ends."""
    with open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as screen:
        console = Console(file=screen, force_terminal=True)

        def frame() -> View:
            size = os.get_terminal_size(screen.fileno())  # not COLUMNS, which does not change
            console.size = (size.columns or _USUAL_SIZE[0], size.lines or _USUAL_SIZE[1])
            return view

        live = Live(
            get_renderable=frame,
            console=console,
            screen=True,
            refresh_per_second=_FRAMES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with live:
            yield live


def _aged(report: Report, now: datetime) -> Report:
    """The report, with the present ages of its last successes."""
    status = report.status
    operators = tuple(replace(one, age=_age(one, now)) for one in status.operators)
    return replace(report, status=replace(status, age=_age(status, now), operators=operators))


def _age(status: RunsStatus, now: datetime) -> timedelta | None:
    return None if status.last_success is None else now - status.last_success


def _soon(left: timedelta) -> str:
    return f"Next reading in {span_text(left)}." if left > timedelta(0) else "Reading now ..."


def _row(label: str, job: ReportedJob, now: datetime) -> Row:
    """The row of an operator, with its most important run."""
    status = job.status
    ago = None if status.last_success is None else f"{duration_text(now - status.last_success)} ago"
    typical = duration_text(status.typical_duration)
    run = foremost(one.run for one in job.runs)
    if run is None:
        return Row(("no runs", "-", "-", "-", "-", label), "dim")
    cells = (_status(run, job), _time_taken(run, status.typical_duration, now), typical, _lateness(run, now), ago)
    return Row((*(cell or "-" for cell in cells), label), STATE_STYLES[run.state])


def _status(run: Run, job: ReportedJob) -> str:
    others = sum(goes_on(one.run) for one in job.runs) - goes_on(run)
    more = f", {others} more" if others else ""
    return f"{_SYMBOLS[run.state]} {printable(run.status or 'no status', limit=40)}{more}"


def _time_taken(run: Run, typical: timedelta | None, now: datetime) -> str | None:
    """The duration of a run; while it goes on, marked as long if it is more than a quarter above the typical one."""
    if not goes_on(run):
        return duration_text(run.duration)
    if run.start_time is None:
        return None
    running = now - run.start_time
    is_long = typical is not None and running > typical * _LONG
    return f"{duration_text(running)}{' long' if is_long else ''}"


def _lateness(run: Run, now: datetime) -> str | None:
    """The delay of a run's start after its plan; the delay so far, if it has not started yet."""
    if run.start_time is not None or not goes_on(run):
        return duration_text(wait(run))
    return None if run.plan_time is None or run.plan_time > now else duration_text(now - run.plan_time)


def _strips(report: Report, width: int) -> list[Text]:
    """The meanings of the letters, then a line for each job: its strip, its sparkline and its name."""
    most = (width - _NAME_COLUMNS) // 2 - len(_GAP)
    cells = Cells(report, most=max(_FEWEST_CELLS, min(most, _MOST_CELLS)))
    lines = [cells.letters()]
    for label, job in labelled_jobs(report):
        runs = [one.run for one in job.runs]
        strip, bars = cells.strip(runs), cells.sparkline(runs)
        lines.append(Text.assemble(strip, _GAP, bars.ljust(len(strip)), _GAP, label))
    return lines
