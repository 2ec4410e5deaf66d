"""Which run a row shows, and the ways to read the bounds of a window. No HTTP here."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._http.messages import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RUN_ID = "taskRunningLogId"
_IDENTIFYING: Final = ("jobName", "planTime", "taskId", RUN_ID)
_MOST_KNOWN: Final = 20_000


def identity(row: Mapping[str, Any]) -> str:
    """What identifies a row's run: ids, job name and plan time, which never change; without a run id, the whole row."""
    run_id = whole_number(row.get(RUN_ID))
    if run_id is None:
        return json.dumps(row, sort_keys=True)
    values = [row.get(name) for name in _IDENTIFYING]
    try:
        return _cached_text(*values)
    except TypeError:  # one of them is an array or an object
        return _text(*values)


def _text(*values: object) -> str:
    return json.dumps(dict(zip(_IDENTIFYING, values, strict=True)))


_cached_text = lru_cache(_MOST_KNOWN, typed=True)(_text)


def repeated(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The runs that occur more than once."""
    return [run for run, times in Counter(map(identity, rows)).items() if times > 1]


@dataclass(frozen=True, slots=True)
class Convention:
    """One way to read a window.

    Attributes:
        column: The time of a run that the window filters on.
        takes_start: Whether a run at the very start belongs to it.
        takes_end: Whether a run at the very end belongs to it.
    """

    column: str
    takes_start: bool
    takes_end: bool

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """The first and the last time that a run in a window can have, in milliseconds since the epoch."""
        return start + (not self.takes_start), end - (not self.takes_end)

    def __str__(self) -> str:
        opening, closing = "[" if self.takes_start else "(", "]" if self.takes_end else ")"
        return f"{opening}start, end{closing} of {self.column}"


def conventions(columns: Iterable[str]) -> list[Convention]:
    """Every way to read a window on one of the columns, the most usual first."""
    return [Convention(*each) for each in product(columns, (True, False), (True, False))]


def cut_points(rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> list[int]:
    """The times other than 0 that the rows have in the columns, sorted, each once."""
    times = {time for row in rows for column in columns if (time := whole_number(row.get(column)))}
    return sorted(times)
