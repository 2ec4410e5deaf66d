"""The data behind the operations: tables, the operators that write or read them, and the runs of each operator.

Nothing here depends on HTTP, and only the encoded rows depend on JSON.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Protocol, TypeAlias

from dataarts_datamap_contract.mock._data.encoding import EncodedRow, EncodedRows, encode_row
from dataarts_datamap_contract.mock._data.lineage import Lineage
from dataarts_datamap_contract.mock._data.progress import goes_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dataarts_datamap_contract.mock._config import TimeColumn
    from dataarts_datamap_contract.mock._data.lineage import DescribedTable
    from dataarts_datamap_contract.mock._data.logs import Log
    from dataarts_datamap_contract.mock._data.statuses import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TABLE_GUID = "09318f28-939f-4ab6-a374-9e621096652c"

RunKey: TypeAlias = "tuple[int, int]"


@dataclass(frozen=True, slots=True)
class Operator:
    """A job operator that writes or reads a table, as ShowNodes names it.

    Attributes:
        task_id: The operator's id; if it is decimal digits, rows have it as a number.
        job_name: Its name.
        workspace_id: Id of its workspace.
    """

    task_id: str
    job_name: str
    workspace_id: str


class RunSource(Protocol):
    """The initial runs of a history, oldest first, in the order of the history's time column.

    The index of a run never changes. The key of a run is its time in that column and its id; no two keys are equal.
    """

    def __len__(self) -> int: ...

    def key(self, index: int) -> RunKey:
        """The sort key of the run at an index."""
        ...

    def row(self, index: int) -> Row:
        """The run at an index."""
        ...

    def within(self, first: int, last: int) -> range:
        """The indexes of the runs between two times, inclusive."""
        ...

    def encoded(self, indexes: range | list[int]) -> EncodedRows:
        """The runs at some indexes, encoded for the body string."""
        ...

    def find(self, run_id: int) -> int | None:
        """The index of the run of this id, or None."""
        ...

    def going_on(self) -> Iterable[int]:
        """The indexes of the runs that wait or are under way."""
        ...


class StoredRun:
    """A stored run, encoded when it is first shown."""

    def __init__(self, row: Row, column: TimeColumn) -> None:
        self.row = row
        self.key: RunKey = (int(row[column] or 0), run_id(row))

    @cached_property
    def encoded(self) -> EncodedRow:
        """The run, encoded for the body string."""
        return encode_row(self.row)


class StoredRuns:
    """Runs that are all in memory."""

    def __init__(self, rows: Iterable[Row], column: TimeColumn) -> None:
        self._runs = sorted((StoredRun(row, column) for row in rows), key=lambda run: run.key)
        # Encoded runs, from which pages are cut; filled when first shown.
        self._escaped = [b""] * len(self._runs)
        self._lengths = [0] * len(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    @cached_property
    def _times(self) -> list[int]:
        return [run.key[0] for run in self._runs]

    @cached_property
    def _indexes(self) -> dict[int, int]:
        return {run.key[1]: index for index, run in enumerate(self._runs)}

    def key(self, index: int) -> RunKey:
        """The sort key of the run at an index."""
        return self._runs[index].key

    def row(self, index: int) -> Row:
        """The run at an index."""
        return self._runs[index].row

    def within(self, first: int, last: int) -> range:
        """The indexes of the runs between two times, inclusive."""
        return range(bisect_left(self._times, first), bisect_right(self._times, last))

    def encoded(self, indexes: range | list[int]) -> EncodedRows:
        """The runs at some indexes, encoded for the body string."""
        if not indexes or not isinstance(indexes, range):
            return EncodedRows.of(self._runs[index].encoded for index in indexes)
        side_by_side = slice(indexes.start, indexes.stop if indexes.stop >= 0 else None, indexes.step)
        if not all(self._escaped[side_by_side]):
            for index in indexes:
                self._escaped[index], self._lengths[index] = self._runs[index].encoded
        return EncodedRows(self._escaped[side_by_side], sum(self._lengths[side_by_side]))

    def find(self, run_id: int) -> int | None:
        """The index of the run of this id, or None."""
        return self._indexes.get(run_id)

    def going_on(self) -> Iterable[int]:
        """The indexes of the runs that wait or are under way."""
        return [index for index, run in enumerate(self._runs) if goes_on(run.row)]


class RunHistory:
    """The runs of one operator, which may be added to, changed and deleted.

    They are ordered by one column of times, and by run id where times are equal. Positions count from the oldest run. A
    history of a million computed runs takes no memory until it is changed, and 8 MB from then on.
    """

    def __init__(self, source: RunSource, column: TimeColumn) -> None:
        self._source = source
        self._column: TimeColumn = column
        # A number from 0 on is an index in the source; a negative one is a run that was added or replaced later.
        self._order: range | array[int] = range(len(source))
        self._later: dict[int, StoredRun] = {}
        self._later_marks: dict[int, int] = {}
        self._numbers = count(-1, -1)

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Row]:
        """The rows, newest first."""
        return map(self._row, reversed(self._order))

    def within(self, first: int, last: int) -> range:
        """The positions of the runs between two times, inclusive, in milliseconds since the epoch."""
        if isinstance(self._order, range):
            return self._source.within(first, last)
        return range(bisect_left(self._order, first, key=self._time), bisect_right(self._order, last, key=self._time))

    def encoded(self, positions: range) -> EncodedRows:
        """The runs at some positions, encoded for the body string."""
        if isinstance(self._order, range):
            return self._source.encoded(positions)
        marks = [self._order[position] for position in positions]
        first = self._source.encoded([mark for mark in marks if mark >= 0])
        later = EncodedRows.of(self._later[mark].encoded for mark in marks if mark < 0)
        of_source, of_later = iter(first.escaped), iter(later.escaped)
        return EncodedRows([next(of_source if mark >= 0 else of_later) for mark in marks], first.length + later.length)

    def going_on(self) -> list[Row]:
        """The runs that wait or are under way."""
        first = [row for row in map(self._source.row, self._source.going_on()) if self._is_first(row)]
        return first + [run.row for run in self._later.values() if goes_on(run.row)]

    def find(self, run_id: int) -> Row | None:
        """The run of this id, or None."""
        mark = self._mark(run_id)
        return None if mark is None else self._row(mark)

    def put(self, row: Row) -> None:
        """Add a run, or replace the one with the same id."""
        self.delete(run_id(row))
        run = StoredRun(row, self._column)
        mark = next(self._numbers)
        position = bisect_left(self._order, run.key, key=self._key)
        self._changeable().insert(position, mark)
        self._later[mark] = run
        self._later_marks[run_id(row)] = mark

    def delete(self, run_id: int) -> bool:
        """Delete the run of this id, and return whether there was one."""
        mark = self._mark(run_id)
        if mark is None:
            return False
        position = bisect_left(self._order, self._key(mark), key=self._key)
        del self._changeable()[position]
        self._later.pop(mark, None)
        self._later_marks.pop(run_id, None)
        return True

    def _mark(self, run_id: int) -> int | None:
        if run_id in self._later_marks:
            return self._later_marks[run_id]
        index = self._source.find(run_id)
        if index is None:
            return None
        position = bisect_left(self._order, self._source.key(index), key=self._key)
        return index if position < len(self._order) and self._order[position] == index else None

    def _is_first(self, row: Row) -> bool:
        """Whether a run of the source is still unchanged."""
        mark = self._mark(run_id(row))
        return mark is not None and mark >= 0

    def _changeable(self) -> array[int]:
        if isinstance(self._order, range):
            self._order = array("q", self._order)
        return self._order

    def _row(self, mark: int) -> Row:
        return self._source.row(mark) if mark >= 0 else self._later[mark].row

    def _key(self, mark: int) -> RunKey:
        return self._source.key(mark) if mark >= 0 else self._later[mark].key

    def _time(self, mark: int) -> int:
        return self._key(mark)[0]


class Dataset:
    """All data of the mock server's project.

    Attributes:
        column: The time column by which runs are ordered and windows filter.
        tables: The operators by the GUID of their table, in the order of ShowNodes.
        histories: The runs of each operator.
        lineage: The tables with a name, and the tables that operators read and write.
        logs: Logs by the id of their run; any other run has the usual log of its status.
    """

    def __init__(self, column: TimeColumn = "planTime") -> None:
        self.column: TimeColumn = column
        self.tables: dict[str, list[Operator]] = {}
        self.histories: dict[Operator, RunHistory] = {}
        self.lineage = Lineage()
        self.logs: dict[int, Log] = {}
        self._namesakes: dict[tuple[str, str], list[Operator]] = {}

    def add_table(self, guid: str, operators: Iterable[Operator] = ()) -> None:
        """Add operators to a table, which may be new."""
        listed = self.tables.setdefault(guid, [])
        listed.extend(operator for operator in operators if operator not in listed)

    def describe_table(self, table: DescribedTable) -> None:
        """Give a table, which may be new, a name that a search finds."""
        self.add_table(table.guid)
        self.lineage.tables[table.guid] = table

    def add_lineage(self, operator: Operator, *, reads: Iterable[str] = (), writes: Iterable[str] = ()) -> None:
        """Add lineage: an operator reads and writes tables. The operator is listed for each of these tables."""
        sources, targets = list(reads), list(writes)
        self.lineage.add(operator, reads=sources, writes=targets)
        for guid in (*targets, *sources):
            self.add_table(guid, [operator])

    def add_operator(self, operator: Operator, runs: RunSource) -> None:
        """Add an operator and its runs."""
        self.histories[operator] = RunHistory(runs, self.column)
        self._namesakes.setdefault((operator.task_id, operator.job_name), []).append(operator)

    def find_operator(self, task_id: str, job_name: str, workspace_id: str | None = None) -> Operator | None:
        """The operator with exactly these ids, or None; without a workspace id, the first one in any workspace."""
        for operator in self._namesakes.get((task_id, job_name), []):
            if workspace_id in (None, operator.workspace_id):
                return operator
        return None


def milliseconds(moment: datetime) -> int:
    """An aware time in milliseconds since the epoch."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def plan_time(row: Mapping[str, object]) -> int:
    """When the run was planned to start, in milliseconds since the epoch."""
    return int(str(row["planTime"] or 0))


def run_id(row: Mapping[str, object]) -> int:
    """The run's id."""
    return int(str(row["taskRunningLogId"]))
