"""Runs that are made up when they are asked for: a million of them take no more memory than ten."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dataarts_datamap_contract.mock._encoding import EncodedRow, compact, escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dataarts_datamap_contract.mock._dataset import Row, RunKey, TimeColumn

# Of so many runs, the oldest failed, and the next is its rerun, planned for the same time.
_CYCLE = 50
_SPREAD = 2_654_435_761
_VARYING = ("endTime", "executionLogPath", "planTime", "runningTime", "startTime", "submitTime", "taskRunningLogId")


class _Moments(NamedTuple):
    plan: int
    submit: int
    start: int
    end: int


@dataclass(frozen=True)
class SynthesisedRuns:
    """Runs computed from their place. They satisfy ``RunSource``.

    A run starts in the first quarter of its period, a rerun in the third, and no run takes longer than a quarter. So
    they have the same order by plan time, start time and id. The newest run is under way, all others have ended.

    Attributes:
        size: How many there are.
        newest: Plan time of the newest, in milliseconds since the epoch.
        period: Milliseconds from one plan time to the next, 8 at least.
        duration: Milliseconds that a run takes at most, if a quarter of the period is not less.
        first_id: Id of the oldest.
        id_step: How much each id is above the one before.
        seed: What their times are made from.
        statuses: Status by place, over and over.
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

    def key(self, place: int) -> RunKey:
        """What the run at a place is ordered by."""
        moments = self._moments(place)
        return moments.plan if self.column == "planTime" else moments.start, self._id(place)

    def row(self, place: int) -> Row:
        """The run at a place."""
        moments = self._moments(place)
        sample = self.samples[self._status(place)]
        return {
            **sample,
            "endTime": moments.end,
            "executionLogPath": str(sample["executionLogPath"]).replace("@", str(moments.submit)),
            "planTime": moments.plan,
            "runningTime": max(moments.end - moments.start, 0),
            "startTime": moments.start,
            "submitTime": moments.submit,
            "taskRunningLogId": self._id(place),
        }

    def encoded(self, place: int) -> EncodedRow:
        """The run at a place, as it stands inside the body string."""
        plan, submit, start, end = self._moments(place)
        template, excess = self._templates[self._status(place)]
        escaped = template % (end, submit, plan, max(end - start, 0), start, submit, self._id(place))
        return EncodedRow(escaped, len(escaped) - excess)

    def find(self, run_id: int) -> int | None:
        """The place of the run of this id."""
        place, rest = divmod(run_id - self.first_id, self.id_step)
        return place if rest == 0 and 0 <= place < self.size else None

    def going_on(self) -> range:
        """The place of the newest run."""
        return range(max(self.size - 1, 0), self.size)

    def _id(self, place: int) -> int:
        return self.first_id + place * self.id_step

    def _status(self, place: int) -> str:
        age = self.size - 1 - place
        if age == 0:
            return "running"
        if age % _CYCLE >= _CYCLE - 2:
            return "fail" if age % _CYCLE == _CYCLE - 1 else "success"
        return self.statuses[place % len(self.statuses)]

    def _moments(self, place: int) -> _Moments:
        age = self.size - 1 - place
        cycles, rest = divmod(age, _CYCLE)
        quarter = self.period // 4
        plan = self.newest - (cycles * (_CYCLE - 1) + min(rest, _CYCLE - 2)) * self.period
        chance = (place + self.seed) * _SPREAD & 0xFFFF_FFFF
        delay = chance % quarter
        start = plan + delay + (2 * quarter if rest == _CYCLE - 2 else 0)
        half = min(self.duration, quarter) // 2
        return _Moments(plan, start - delay // 2, start, start + half + (chance >> 8) % half if age else 0)

    @cached_property
    def _templates(self) -> dict[str, tuple[bytes, int]]:
        """By status: a format of the escaped row, and how many bytes more than the row it has once it is filled."""
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
