"""The data that the server shows, which tests may change while it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from threading import RLock
from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._config import check_bounds
from dataarts_datamap_contract.mock._data.dataset import (
    Dataset,
    Operator,
    StoredRuns,
    milliseconds,
    plan_time,
)
from dataarts_datamap_contract.mock._data.encoding import check_text
from dataarts_datamap_contract.mock._data.invention import documented_table, invent_dataset
from dataarts_datamap_contract.mock._data.logs import LOG_STATES, default_log_path
from dataarts_datamap_contract.mock._data.new_runs import change_run, complete_run
from dataarts_datamap_contract.mock._data.progress import last_step, next_step
from dataarts_datamap_contract.mock._data.scenarios import scenario_dataset, vary
from dataarts_datamap_contract.mock._data.warehouse import warehouse_dataset

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._data.dataset import RunHistory
    from dataarts_datamap_contract.mock._data.lineage import DescribedTable
    from dataarts_datamap_contract.mock._data.logs import Log
    from dataarts_datamap_contract.mock._data.statuses import Row

_FIRST_OWN_ID = 900_000_001
_MINUTE = 60_000


class World:
    """The data of a server, safe to change from any thread.

    Attributes:
        now: The present of the data.
        lock: Held by a caller that reads several values of the data.
    """

    def __init__(self, config: MockConfig) -> None:
        self._config = config
        self.now = (config.now or datetime.now(UTC)).astimezone(UTC)
        self.lock = RLock()
        self._dataset: Dataset | None = None
        self._begun = config.clock()
        self._steps = 0

    @property
    def dataset(self) -> Dataset:
        """The data, made at the first use."""
        with self.lock:
            if self._dataset is None:
                self.reset()
            assert self._dataset is not None
            return self._dataset

    def reset(self) -> None:
        """Start again with the data of the configuration."""
        config = self._config
        if config.tables is not None:
            self._replace(warehouse_dataset(config.tables, self.now, column=config.window_on))
        elif config.scenario is None or config.scenario == "varied":
            self.invent(config.seed, config.size)
        else:
            self._replace(scenario_dataset(config.scenario, config.project_id, self.now, column=config.window_on))

    def invent(self, seed: int, size: int | None) -> None:
        """Start again with the invented data of a seed and a size.

        Raises:
            ValueError: The size is out of bounds.
        """
        check_bounds("size", size)
        config = self._config
        dataset = invent_dataset(config.project_id, seed, self.now, size=size, column=config.window_on)
        if config.scenario == "varied":
            vary(dataset, self.now)
        self._replace(dataset)

    def clear(self) -> None:
        """Start again with one table without operators."""
        dataset = Dataset(self._config.window_on)
        dataset.describe_table(documented_table())
        self._replace(dataset)

    def add_operator(self, operator: Operator, table_guid: str) -> None:
        """Add an operator to a table. Either may be new.

        Raises:
            ValueError: A name or an id is blank or not a text, so that no request could name it.
        """
        for name in (operator.task_id, operator.job_name, operator.workspace_id, table_guid):
            check_text(f"a name of {operator}", name)
            if not name.strip():
                raise ValueError(f"{operator} of table {table_guid!r} has a blank name: no request could name it")
        with self.lock:
            if operator not in self.dataset.histories:
                self.dataset.add_operator(operator, StoredRuns((), self.dataset.column))
            self.dataset.add_table(table_guid, [operator])

    def describe_table(self, table: DescribedTable) -> None:
        """Give a table, which may be new, a name that a search finds."""
        with self.lock:
            self.dataset.describe_table(table)

    def add_lineage(self, operator: Operator, *, reads: Sequence[str], writes: Sequence[str]) -> None:
        """Add lineage: an operator reads and writes tables.

        Raises:
            LookupError: There is no such operator, or no named table with one of the GUIDs.
        """
        with self.lock:
            if operator not in self.dataset.histories:
                raise LookupError(f"there is no {operator}: add it first")
            unknown = [guid for guid in (*reads, *writes) if guid not in self.dataset.lineage.tables]
            if unknown:
                raise LookupError(f"there is no table {unknown[0]}: add it first")
            self.dataset.add_lineage(operator, reads=reads, writes=writes)

    def advance(self) -> int:
        """Advance each run that waits or is under way by a step, and return how many advanced."""
        with self.lock:
            self._steps += 1
            present = self._present()
            going = [(history, row) for history in self.dataset.histories.values() for row in history.going_on()]
            for history, row in going:
                history.put(next_step(row, present))
            return len(going)

    def put_runs(self, runs: Sequence[tuple[Operator, Mapping[str, object]]]) -> list[Row]:
        """Add each run, or change the run that has its id, and return the runs. If one is wrong, nothing is changed.

        No run is given an id that another of the runs names.

        Raises:
            LookupError: There is no such operator.
            ValueError: A run cannot have these fields.
        """
        owners: dict[object, Operator] = {}  # by the ids that the runs name
        with self.lock:
            for operator, fields in runs:
                if operator not in self.dataset.histories:
                    raise LookupError(f"there is no {operator}: add it first")
                self._row(operator, fields)
                run_id = fields.get("taskRunningLogId")
                if run_id is not None and owners.setdefault(run_id, operator) != operator:
                    raise _taken(run_id, owners[run_id])
            return [self._put(operator, fields, owners) for operator, fields in runs]

    def set_log(self, run_id: int, log: Log) -> None:
        """Set the log of a run and whether it can be read; a run without a log path gets one.

        Raises:
            LookupError: There is no run of this id.
            ValueError: There is no such state, or the text is not one that a response can contain.
        """
        if log.state not in LOG_STATES:
            raise ValueError(f"state is {log.state!r}: it must be one of {', '.join(map(repr, LOG_STATES))}")
        if log.text is not None:
            check_text("the log", log.text)
        with self.lock:
            found = self.find_run(run_id)
            if found is None:
                raise LookupError(f"there is no run with the id {run_id}")
            operator, row = found
            if row["executionLogPath"] is None:
                path = default_log_path(self._config.project_id, operator, row)
                self.put_runs([(operator, {"taskRunningLogId": run_id, "executionLogPath": path})])
            self.dataset.logs[run_id] = log

    def _put(self, operator: Operator, fields: Mapping[str, object], named: Container[object]) -> Row:
        row = self._row(operator, fields, named)
        if self._config.progress == "immediately":
            row = last_step(row, self._present())
        self.dataset.histories[operator].put(row)
        return row

    def _row(self, operator: Operator, fields: Mapping[str, object], named: Container[object] = ()) -> Row:
        run_id = fields.get("taskRunningLogId")
        old = self.find_run(run_id)
        if old is None:
            newest = next(iter(self.dataset.histories[operator]), None)
            return complete_run(fields, operator, self._free_id(named), self._next_plan(newest))
        if old[0] != operator:
            raise _taken(run_id, old[0])
        return change_run(old[1], fields, operator)

    def _free_id(self, named: Container[object]) -> int:
        while self._next_own_id in named or self.find_run(self._next_own_id) is not None:
            self._next_own_id += 1
        return self._next_own_id

    def delete_run(self, run_id: int) -> None:
        """Delete a run.

        Raises:
            LookupError: There is no run of this id.
        """
        with self.lock:
            if not any(history.delete(run_id) for history in self.dataset.histories.values()):
                raise LookupError(f"there is no run with the id {run_id}")

    def find_run(self, run_id: object) -> tuple[Operator, Row] | None:
        """The operator and the run of this id, or None."""
        if not isinstance(run_id, int):
            return None
        with self.lock:
            for operator, history in self.dataset.histories.items():
                row = history.find(run_id)
                if row is not None:
                    return operator, row
        return None

    def find_history(self, task_id: str, job_name: str, workspace_id: str | None = None) -> RunHistory | None:
        """The runs of the operator that ``Dataset.find_operator`` finds, or None, after the steps that are due."""
        self._keep_up()
        operator = self.dataset.find_operator(task_id, job_name, workspace_id)
        return None if operator is None else self.dataset.histories[operator]

    def runs(self, operator: Operator, limit: int) -> list[Row]:
        """The newest runs of an operator, newest first."""
        with self.lock:
            self._keep_up()
            return list(islice(self.dataset.histories[operator], limit))

    def workspace_names(self) -> dict[str, str]:
        """The name of each workspace by its id; the id again if no run has the name."""
        with self.lock:
            newest = {operator: next(iter(runs), None) for operator, runs in self.dataset.histories.items()}
        ids = {operator.workspace_id: operator.workspace_id for operator in newest}
        names = {operator.workspace_id: str(row["workspaceName"]) for operator, row in newest.items() if row}
        return ids | names

    def _replace(self, dataset: Dataset) -> None:
        with self.lock:
            self._dataset = dataset
            self._next_own_id = _FIRST_OWN_ID
            self._steps = 0
            self._begun = self._config.clock()
            if self._config.progress == "immediately":
                self._end_all(dataset)

    def _end_all(self, dataset: Dataset) -> None:
        for history in dataset.histories.values():
            for row in history.going_on():
                history.put(last_step(row, self._present()))

    def _keep_up(self) -> None:
        """Advance the runs by the steps that are due."""
        if self._config.progress == "with-time":
            due = (self._config.clock() - self._begun) // self._config.progress_step
            while self._steps < due and self.advance():
                pass
            self._steps = due

    def _present(self) -> int:
        """The time of the clock; if the configuration sets ``now``, ``now`` plus a ``progress_step`` for each step."""
        if self._config.now is None:
            return milliseconds(self._config.clock())
        return milliseconds(self._config.now + self._steps * self._config.progress_step)

    def _next_plan(self, newest: Row | None) -> int:
        """A minute after the plan time of the newest run, but not after the present; without a run, an hour ago."""
        present = self._present()
        return present - 60 * _MINUTE if newest is None else min(plan_time(newest) + _MINUTE, present)


def _taken(run_id: object, owner: Operator) -> ValueError:
    return ValueError(f"taskRunningLogId is {run_id}: a run of {owner} has this id")
