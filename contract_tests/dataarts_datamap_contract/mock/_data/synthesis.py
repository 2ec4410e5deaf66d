"""Runs that are computed when requested: a million of them take no more memory than ten."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._data.encoding import EncodedRow, EncodedRows, compact, escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dataarts_datamap_contract.mock._config import TimeColumn
    from dataarts_datamap_contract.mock._data.dataset import RunKey
    from dataarts_datamap_contract.mock._data.statuses import Row

# In each group of this many runs, the oldest failed, and the next one is its rerun, planned for the same time.
_CYCLE = 50
_SPREAD = 2_654_435_761
_VARYING = ("endTime", "executionLogPath", "planTime", "runningTime", "startTime", "submitTime", "taskRunningLogId")


@dataclass(frozen=True)
class SynthesisedRuns:
    """Runs computed from their index. They satisfy ``RunSource``.

    A run starts in the first quarter of its period, a rerun in the third, and no run takes longer than a quarter. So
    their order is the same by plan time, start time and id. The newest run is running; all others have ended.

    Attributes:
        size: How many there are.
        newest: Plan time of the newest, in milliseconds since the epoch.
        period: Milliseconds from one plan time to the next, 8 at least.
        duration: The most milliseconds that a run takes, unless a quarter of the period is less.
        first_id: Id of the oldest.
        id_step: The difference between two consecutive ids.
        seed: Seed of their times.
        statuses: The statuses of the runs in turn, apart from the newest run, and the failure and rerun of each cycle.
        samples: A run of each of these statuses, and a running one.
        column: The column that keys are made of.
    """

    size: int
    newest: int
    period: int
    duration: int
    first_id: int
    id_step: int
    seed: int
    statuses: Sequence[str]
    samples: Mapping[str, Row]
    column: TimeColumn

    def __len__(self) -> int:
        return self.size

    def key(self, index: int) -> RunKey:
        """The sort key of the run at an index."""
        plan, _, start, _ = self._moments(index)
        return plan if self.column == "planTime" else start, self._id(index)

    def row(self, index: int) -> Row:
        """The run at an index."""
        plan, submit, start, end = self._moments(index)
        sample = self.samples[self._status(index)]
        return {
            **sample,
            "endTime": end,
            "executionLogPath": str(sample["executionLogPath"]).replace("@", str(submit)),
            "planTime": plan,
            "runningTime": end - start if end else 0,
            "startTime": start,
            "submitTime": submit,
            "taskRunningLogId": self._id(index),
        }

    def within(self, first: int, last: int) -> range:
        """The indexes of the runs between two times, inclusive."""
        indexes = range(self.size)
        return range(bisect_left(indexes, first, key=self._time), bisect_right(indexes, last, key=self._time))

    def encoded(self, indexes: range | list[int]) -> EncodedRows:
        """The runs at some indexes, encoded for the body string."""
        return EncodedRows.of(map(self._encoded, indexes))

    def _encoded(self, index: int) -> EncodedRow:
        plan, submit, start, end = self._moments(index)
        template, excess = self._templates[self._status(index)]
        escaped = template % (end, submit, plan, end - start if end else 0, start, submit, self._id(index))
        return EncodedRow(escaped, len(escaped) - excess)

    def _time(self, index: int) -> int:
        return self.key(index)[0]

    def find(self, run_id: int) -> int | None:
        """The index of the run of this id, or None."""
        index, rest = divmod(run_id - self.first_id, self.id_step)
        return index if rest == 0 and 0 <= index < self.size else None

    def going_on(self) -> range:
        """The index of the newest run."""
        return range(max(self.size - 1, 0), self.size)

    def _id(self, index: int) -> int:
        return self.first_id + index * self.id_step

    def _status(self, index: int) -> str:
        age = self.size - 1 - index
        if age == 0:
            return "running"
        rest = age % _CYCLE
        if rest >= _CYCLE - 2:
            return "fail" if rest == _CYCLE - 1 else "success"
        return self.statuses[index % len(self.statuses)]

    def _moments(self, index: int) -> tuple[int, int, int, int]:
        """The times of plan, submission, start and end."""
        quarter, half = self._quarter, self._half
        cycles, rest = divmod(self.size - 1 - index, _CYCLE)
        plan = self.newest - (cycles * (_CYCLE - 1) + (rest if rest < _CYCLE - 1 else _CYCLE - 2)) * self.period
        chance = (index + self.seed) * _SPREAD & 0xFFFF_FFFF
        delay = chance % quarter
        start = plan + delay + (2 * quarter if rest == _CYCLE - 2 else 0)
        end = start + half + (chance >> 8) % half if index < self.size - 1 else 0
        return plan, start - delay // 2, start, end

    @cached_property
    def _quarter(self) -> int:
        return self.period // 4

    @cached_property
    def _half(self) -> int:
        """The shortest time that a run takes; all take less than twice that."""
        return min(self.duration, self._quarter) // 2

    @cached_property
    def _templates(self) -> dict[str, tuple[bytes, int]]:
        """By status: a format of the escaped row, and how many bytes its comma and escaping add."""
        return {status: _template(sample) for status, sample in self.samples.items()}


def _template(sample: Row) -> tuple[bytes, int]:
    path = str(sample["executionLogPath"])
    marked = {**sample, **dict.fromkeys(_VARYING, 0), "executionLogPath": path}
    text = compact(marked)
    escaped = f",{escape(text)}"
    form = escaped.replace("%", "%%").replace("@", "%d")
    for name in _VARYING:
        form = form.replace(escape(f'"{name}":0'), escape(f'"{name}":') + "%d")
    return form.encode(), len(escaped.encode()) - len(text.encode())
