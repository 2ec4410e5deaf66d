"""The data behind the operations: tables, the operators that fill them, and the runs of each operator.

No HTTP here, and no JSON but the one inside a row.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TABLE_GUID = "09318f28-939f-4ab6-a374-9e621096652c"

Row: TypeAlias = "dict[str, int | float | str | None]"


@dataclass(frozen=True, slots=True)
class Operator:
    """A job operator that produces a table, as ShowNodes names it."""

    task_id: str
    job_name: str
    workspace_id: str


@dataclass(frozen=True)
class RunHistory:
    """The runs of one operator.

    Attributes:
        rows: Newest first: by ``planTime`` descending, and by run id descending where plan times are equal. The
            service's order is not documented; its console lists the newest first.
    """

    rows: tuple[Row, ...]

    @cached_property
    def _ages(self) -> list[int]:
        return [-plan_time(row) for row in self.rows]

    def within(self, start: int, end: int) -> range:
        """The indexes of the rows planned inside a window, both ends included.

        That the window filters on ``planTime`` is inferred from the defaults of the scheduler's own list; whether its
        ends belong to it is documented nowhere.

        Args:
            start: Milliseconds since the epoch.
            end: Milliseconds since the epoch.
        """
        return range(bisect_left(self._ages, -end), bisect_right(self._ages, -start))


@dataclass(frozen=True)
class Dataset:
    """Everything the mock server can tell of its project.

    Attributes:
        tables: By GUID, the operators in the order of ShowNodes.
        histories: The runs of each operator.
    """

    tables: Mapping[str, tuple[Operator, ...]]
    histories: Mapping[Operator, RunHistory]

    @cached_property
    def _operators(self) -> dict[tuple[str, str], Operator]:
        return {(operator.task_id, operator.job_name): operator for operator in self.histories}

    def find_operator(self, task_id: str, job_name: str, workspace_id: str | None = None) -> Operator | None:
        """The operator of exactly these ids, or None; without a workspace id it is looked for in every workspace."""
        operator = self._operators.get((task_id, job_name))
        if operator is None or workspace_id not in (None, operator.workspace_id):
            return None
        return operator


def milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch, of an aware time."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def plan_time(row: Row) -> int:
    """When the run was planned to start, in milliseconds since the epoch."""
    return int(row["planTime"] or 0)
