"""Strips and sparklines for a terminal: outcomes and durations by planned hour, in letters that need no colour."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from rich.text import Text

from dataarts_datamap._models.runs import Run, RunState, planned_at
from dataarts_datamap._report.hourly import HOUR, cell_hours, hourly_cells, wall_hour, worst
from dataarts_datamap._times import EPOCH, MILLISECOND, time_text
from dataarts_datamap.cli._printing.output import STATE_STYLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from dataarts_datamap._report.contents import Report

_LETTERS: Final = {
    RunState.SUCCEEDED: "s",
    RunState.FAILED: "F",
    RunState.ACTIVE: "a",
    RunState.SKIPPED: "-",
    RunState.UNKNOWN: "?",
}
_NO_RUN: Final = "."  # one column wide in every terminal
_NO_DURATION: Final = " "
_BARS: Final = "▁▂▃▄▅▆▇█"


class Cells:
    """The cells of a report's strips, at most ``most``: each covers one planned hour or more, in the report's zone."""

    def __init__(self, report: Report, *, most: int) -> None:
        start, end = (EPOCH + time * MILLISECOND for time in report.window)
        self._start, self._end = start, end
        self._zone = zone = report.zone
        self._step = step = cell_hours(start, end, zone, most=most)
        first, last = wall_hour(start, zone, step=step), wall_hour(max(start, end - MILLISECOND), zone, step=step)
        length = HOUR * step
        self._hours = [first + number * length for number in range((last - first) // length + 1)]

    def legend(self) -> list[Text]:
        """The legend, in two lines: the time that a letter covers, and its meaning."""
        told = "an hour" if self._step == 1 else f"{self._step} hours"
        span = f"from {time_text(self._start, self._zone)} to {time_text(self._end, self._zone)}"
        return [
            Text(f"Each letter is the worst outcome of the runs planned for {told}, {span}"),
            self.letters(),
        ]

    def letters(self) -> Text:
        """The meanings of the letters and bars."""
        text = Text()
        for state, letter in _LETTERS.items():
            text.append(letter, STATE_STYLES[state])
            text.append(f" {state.value}   ")
        return text.append(f"{_NO_RUN} no run   ▁█ median duration")

    def strip(self, runs: Sequence[Run]) -> Text:
        """The worst outcome of each cell."""
        cells = hourly_cells(((planned_at(run), run.state) for run in runs), self._zone, step=self._step)
        strip = Text()
        for hour in self._hours:
            state = worst(cells.get(hour, {}))
            strip.append(_NO_RUN, "dim") if state is None else strip.append(_LETTERS[state], STATE_STYLES[state])
        return strip

    def sparkline(self, runs: Sequence[Run]) -> str:
        """The median duration of the successful runs of each cell, as bars relative to the longest."""
        spans: dict[datetime, list[timedelta]] = {}
        for run in runs:
            when, took = planned_at(run), run.duration
            if when is not None and took is not None and run.state is RunState.SUCCEEDED:
                spans.setdefault(wall_hour(when, self._zone, step=self._step), []).append(took)
        seconds = {hour: median(span.total_seconds() for span in found) for hour, found in spans.items()}
        return "".join(_bar(seconds.get(hour), max(seconds.values())) for hour in self._hours) if seconds else ""


def _bar(value: float | None, most: float) -> str:
    if value is None:
        return _NO_DURATION
    share = max(value, 0) / most if most > 0 else 0
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]
