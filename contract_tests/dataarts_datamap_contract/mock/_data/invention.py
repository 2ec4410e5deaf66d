"""Invents the dataset: some weeks of varied runs before ``now`` and the documented run, or any number of runs."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from dataarts_datamap_contract.mock._data.dataset import (
    EPOCH,
    TABLE_GUID,
    Dataset,
    Operator,
    StoredRuns,
    milliseconds,
    plan_time,
)
from dataarts_datamap_contract.mock._data.documented import documented_operator, documented_run
from dataarts_datamap_contract.mock._data.encoding import compact
from dataarts_datamap_contract.mock._data.lineage import described
from dataarts_datamap_contract.mock._data.logs import strange_logs
from dataarts_datamap_contract.mock._data.statuses import NOT_ENDED, NOT_STARTED, Row
from dataarts_datamap_contract.mock._data.synthesis import SynthesisedRuns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dataarts_datamap_contract.mock._config import TimeColumn
    from dataarts_datamap_contract.mock._data.lineage import DescribedTable
    from dataarts_datamap_contract.mock._data.logs import Log

_SECOND = 1_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_CHINA = timezone(timedelta(hours=8))
_FIRST_RUN_ID = 402_000_000
_LONGEST_SPAN = 180 * _DAY

_SECOND_TABLE = "5d1f7c0a-2b6e-4f6d-9c3e-7a41c0de8b15"
_EMPTY_TABLE = "e07a92b4-61c8-4d27-8f0b-3c95d4b7a6f2"
_SALES_WORKSPACE = "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"

# The number of runs with each status in a hundred, the same with any seed: they are shuffled and dealt like cards.
# None of these runs waits or runs; only the newest runs of a schedule may.
_STATUSES = {
    "success": 82,
    "fail": 6,
    "forceSuccess": 3,
    "manual-stop": 2,
    "ignoreSuccess": 2,
    "skip": 2,
    "skip-by-depend": 2,
    "freeze": 1,
}
_COUNTING = frozenset({"ETLJob", "DWSSQL", "DLISQL"})
_CUT_SHORT = frozenset({"fail", "manual-stop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schedule:
    """An operator and the schedule of its runs.

    Attributes:
        operator: The operator.
        task_name: Name of the scheduled job that the operator belongs to.
        ordinal: Number of the operator in that job.
        kind: Kind of operator.
        workspace_name: Name of the operator's workspace.
        period: Milliseconds from one run to the next.
        phase: Milliseconds from the start of a period to the run.
        runs: How many runs there are, apart from reruns.
        duration: Milliseconds that a run takes, roughly.
        latest: Statuses of the newest runs, newest first.
    """

    operator: Operator
    task_name: str
    ordinal: int
    kind: str
    workspace_name: str
    period: int
    phase: int = 0
    runs: int
    duration: int
    latest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Times:
    plan: int
    submit: int = 0
    start: int = 0
    end: int = 0


def invent_dataset(
    project_id: str, seed: int, now: datetime, *, size: int | None = None, column: TimeColumn = "planTime"
) -> Dataset:
    """The dataset of a project: the same for the same arguments, on any machine.

    It has four tables: the documented one, with four operators, two of which have the same task id; one that two of
    these operators read; one with an operator of its own; and one without operators. The first operator is the
    documented one, and the documented run is among its runs, in January 2024, unless a size is given.

    Args:
        project_id: The project.
        seed: Seed of the random choices.
        now: The present.
        size: How many runs each operator has, computed when requested and spread over at most half a year; None for
            some weeks of more varied runs.
        column: The column that the runs are ordered by.
    """
    schedules = _schedules()
    dataset = Dataset(column)
    dataset.add_table(TABLE_GUID, (schedule.operator for schedule in schedules[:-1]))
    dataset.add_table(_SECOND_TABLE, [schedules[-1].operator])
    dataset.add_table(_EMPTY_TABLE)
    _name_tables(dataset, [schedule.operator for schedule in schedules])
    present = milliseconds(now)
    if size is None:
        few = _few_runs(project_id, seed, present, column)
        for operator, runs in few.runs.items():
            dataset.add_operator(operator, runs)
        dataset.logs.update(few.logs)
    else:
        for number, schedule in enumerate(schedules):
            history = _History(schedule, project_id, seed, present)
            dataset.add_operator(
                schedule.operator, history.synthesised(size, column, _FIRST_RUN_ID + number, len(schedules))
            )
    return dataset


def documented_table() -> DescribedTable:
    """The documented table, with a name."""
    return described(
        "postgres.sales.dws_orders", workspace_id=documented_operator().workspace_id, source_type="dws", guid=TABLE_GUID
    )


def _name_tables(dataset: Dataset, operators: Sequence[Operator]) -> None:
    """Name the tables, add one that the first two operators read, and add the lineage of all operators."""
    load, daily, check, eu, customers = operators
    workspace_id = load.workspace_id
    raw = described("wk.ods_orders", workspace_id=workspace_id, source_type="dli")
    for table in (
        documented_table(),
        described("sales.public.customers", workspace_id=customers.workspace_id, guid=_SECOND_TABLE),
        described("sales.public.empty_orders", workspace_id=customers.workspace_id, guid=_EMPTY_TABLE),
        raw,
    ):
        dataset.describe_table(table)
    dataset.add_lineage(load, reads=[raw.guid], writes=[TABLE_GUID])
    dataset.add_lineage(daily, reads=[raw.guid], writes=[TABLE_GUID])
    dataset.add_lineage(check, reads=[TABLE_GUID])
    dataset.add_lineage(eu, writes=[TABLE_GUID])
    dataset.add_lineage(customers, writes=[_SECOND_TABLE])


class _FewRuns(NamedTuple):
    runs: Mapping[Operator, StoredRuns]
    logs: Mapping[int, Log]


@lru_cache(maxsize=4)
def _few_runs(project_id: str, seed: int, now: int, column: TimeColumn) -> _FewRuns:
    """The runs of each operator, numbered across all operators, and logs. Servers with the same data share them."""
    histories = {schedule.operator: list(_History(schedule, project_id, seed, now).rows()) for schedule in _schedules()}
    _number(list(chain.from_iterable(histories.values())), _generator(seed, "run ids"))
    histories[documented_operator()].append(documented_run())
    runs = {operator: StoredRuns(rows, column) for operator, rows in histories.items()}
    return _FewRuns(runs, strange_logs(histories))


def _schedules() -> list[_Schedule]:
    documented, row = documented_operator(), documented_run()
    task_name, workspace_name = str(row["taskName"]), str(row["workspaceName"])
    return [
        _Schedule(
            operator=documented,
            task_name=task_name,
            ordinal=1,
            kind=str(row["type"]),
            workspace_name=workspace_name,
            period=_HOUR,
            runs=21 * 24,
            duration=8 * _MINUTE,
            latest=("waiting", "running"),
        ),
        _Schedule(
            operator=Operator("941206", "订单汇总_日报📊", documented.workspace_id),
            task_name="orders-daily",
            ordinal=3,
            kind="DLISQL",
            workspace_name=workspace_name,
            period=_DAY,
            phase=17 * _HOUR + 30 * _MINUTE,
            runs=42,
            duration=40 * _MINUTE,
        ),
        _Schedule(
            operator=Operator(documented.task_id, "check/rows<stage>", documented.workspace_id),
            task_name=task_name,
            ordinal=2,
            kind="DWSSQL",
            workspace_name=workspace_name,
            period=_HOUR,
            runs=21 * 24,
            duration=2 * _MINUTE,
            latest=("waiting", "waiting-confirm"),
        ),
        _Schedule(
            operator=Operator("958113", "Load orders-eu", _SALES_WORKSPACE),
            task_name="orders_eu",
            ordinal=1,
            kind="HiveSQL",
            workspace_name="sales",
            period=6 * _HOUR,
            phase=20 * _MINUTE,
            runs=120,
            duration=35 * _MINUTE,
            latest=("pause",),
        ),
        _Schedule(
            operator=Operator("960042", "export_customers", _SALES_WORKSPACE),
            task_name="customers",
            ordinal=1,
            kind="Shell",
            workspace_name="sales",
            period=12 * _HOUR,
            phase=5 * _MINUTE,
            runs=60,
            duration=15 * _MINUTE,
            latest=("running-exception",),
        ),
    ]


class _History:
    """Invents the runs of one schedule."""

    def __init__(self, schedule: _Schedule, project_id: str, seed: int, now: int) -> None:
        self._schedule = schedule
        self._project_id = project_id
        self._now = now
        operator = schedule.operator
        self._random = _generator(seed, operator.task_id, operator.job_name)

    def rows(self) -> Iterator[Row]:
        """The rows, newest plan time first, without run ids."""
        schedule = self._schedule
        newest = (self._now - schedule.phase) // schedule.period * schedule.period + schedule.phase
        for age, status in zip(range(schedule.runs), self._statuses(), strict=False):
            plan = newest - age * schedule.period
            row = self._run(status, plan, plan + self._random.randrange(200, 5 * _SECOND))
            yield row
            if row["status"] == "fail" and self._random.choice((True, False)):
                yield self._rerun(row)

    def synthesised(self, size: int, column: TimeColumn, first_id: int, id_step: int) -> SynthesisedRuns:
        """Runs that are computed when requested."""
        schedule = self._schedule
        period = min(schedule.period, _LONGEST_SPAN // max(size, 1))
        statuses = list(islice(self._statuses(), len(schedule.latest), len(schedule.latest) + 100))
        ended = [status for status in statuses if status not in NOT_STARTED | NOT_ENDED]
        shown = dict.fromkeys(("running", *ended))
        return SynthesisedRuns(
            size=size,
            newest=(self._now - schedule.phase - period // 4) // period * period + schedule.phase,
            period=period,
            duration=schedule.duration,
            first_id=first_id,
            id_step=id_step,
            seed=self._random.getrandbits(32),
            statuses=ended,
            samples={status: self._sample(status) for status in shown},
            column=column,
        )

    def _sample(self, status: str) -> Row:
        """A run to make others from: its times, its id and the @ in its log path are replaced, and it has no counts."""
        moment = self._now
        times = _Times(moment, moment, moment, 0 if status in NOT_ENDED else moment)
        unknown: Row = {"inputRowCount": -1, "outputRowCount": -1, "failCount": -1, "speed": 0.0}
        return {**self._row(status, times, 0), **unknown, "executionLogPath": self._path_in("@")}

    def _statuses(self) -> Iterator[str]:
        yield from self._schedule.latest
        deck = [status for status, number in _STATUSES.items() for _ in range(number)]
        while True:
            self._random.shuffle(deck)
            yield from deck

    def _rerun(self, failed: Row) -> Row:
        """A second run for the same plan time: someone started the failed one again."""
        submit = int(failed["endTime"] or 0) + self._random.randrange(_MINUTE, 5 * _MINUTE)
        return self._run("success", plan_time(failed), submit, retries=1)

    def _run(self, status: str, plan: int, submit: int, retries: int = 0) -> Row:
        """A run that reached the status, or that still waits or runs if the present is too early for that."""
        times = self._times(status, plan, submit)
        if times.start > self._now:
            return self._row("waiting", _Times(plan, min(submit, self._now)), retries)
        if times.end > self._now:
            return self._row("running", _Times(plan, submit, times.start), retries)
        return self._row(status, times, self._random.randint(1, 3) if status == "fail" else retries)

    def _times(self, status: str, plan: int, submit: int) -> _Times:
        """The times of a run. If it started, start and end are whole seconds, as in the documented run."""
        if status == "freeze":
            return _Times(plan)
        if status in NOT_STARTED:
            submit = min(submit, self._now)
            return _Times(plan, submit, end=0 if status in NOT_ENDED else submit)
        start = _whole_second(submit + self._random.randrange(2 * _SECOND, 20 * _SECOND))
        if status in NOT_ENDED:
            return _Times(plan, submit, start)
        part = self._random.uniform(0.05, 0.9) if status in _CUT_SHORT else 1.0
        return _Times(plan, submit, start, _whole_second(start + self._duration() * part))

    def _duration(self) -> float:
        return self._schedule.duration * self._random.uniform(0.5, 1.5)

    def _row(self, status: str, times: _Times, retries: int) -> Row:
        schedule, operator = self._schedule, self._schedule.operator
        running_time = times.end - times.start if times.start and times.end else 0
        read, written = self._counts(status)
        return {
            "endTime": times.end,
            "executionLogPath": self._log_path(times) if times.start else None,
            "failCount": read - written if read >= 0 else -1,
            "forceSuccess": int(status == "forceSuccess"),
            "inputRowCount": read,
            "jobId": schedule.ordinal,
            "jobName": operator.job_name,
            "outputRowCount": written,
            "owner": "username",
            "planTime": times.plan,
            "retryTimes": retries,
            "runningData": self._running_data(times) if times.start else None,
            "runningParam": self._running_param(),
            "runningTime": running_time,
            "speed": round(written * _SECOND / running_time, 2) if written > 0 and running_time else 0.0,
            "startTime": times.start,
            "status": status,
            "submitTime": times.submit,
            "taskId": int(operator.task_id),
            "taskName": schedule.task_name,
            "taskRunningLogId": 0,
            "type": schedule.kind,
            "workspaceId": operator.workspace_id,
            "workspaceName": schedule.workspace_name,
        }

    def _counts(self, status: str) -> tuple[int, int]:
        """Rows read and rows written; -1 if the service does not know."""
        not_collected = self._random.randrange(10) == 0
        if status != "success" or self._schedule.kind not in _COUNTING or not_collected:
            return -1, -1
        read = self._random.randint(1, 900) * self._random.randint(1, 2_000)
        return read, max(read - self._random.choice((0, 0, 0, 0, 1, 17)), 0)

    def _log_path(self, times: _Times) -> str:
        moment = EPOCH.astimezone(_CHINA) + timedelta(milliseconds=times.submit)
        return self._path_in(f"{moment:%Y-%m-%d_%H_%M_%S}.{moment.microsecond // 1_000:03d}")

    def _path_in(self, folder: str) -> str:
        operator = self._schedule.operator
        return (
            f"obs://dlf-log-{self._project_id}/{operator.workspace_id}/{self._schedule.task_name}/{folder}"
            f"/{operator.job_name}/{operator.job_name}.job"
        )

    def _running_data(self, times: _Times) -> str:
        job_id = str(UUID(int=self._random.getrandbits(128), version=4))
        if self._schedule.kind != "ETLJob":
            return compact({"jobId": job_id, "type": self._schedule.kind.removesuffix("SQL").upper()})
        moment = EPOCH.astimezone(_CHINA) + timedelta(milliseconds=times.start)
        suffix = f"{moment:%Y%m%d%H%M%S}_{self._random.getrandbits(24):06x}"
        obs_path = f"obs://dlf-log-{self._project_id}/{UUID(int=self._random.getrandbits(128))}/{suffix}/obsData/"
        table = f"wk.wk_shuju_temp_{suffix}"
        sql = (
            f"Create table if NOT EXISTS {table} (\n num int,\n sno string,\n name string\n) using csv options(\n"
            f" path '{obs_path}',mode 'DROPMALFORMED'\n);\nINSERT into TABLE {table}\n select\n num,\n sno,\n name\n"
            f" from wk.wk_shuju ;\ndrop table if exists {table};"
        )
        step = "2" if times.end else "1"
        return compact(
            {
                "obsDataPath": obs_path,
                "jobId": job_id,
                "dliCurrentStep": step,
                "firstTimeEtlSqlList": sql,
                "type": "DLI",
            }
        )

    def _running_param(self) -> str:
        runner = f"com.hwclouds.dataide.lts.plugins.hwclouds.{self._schedule.kind}Runner;dps;dps"
        return compact({"total": 1, "rows": [{"name": "running parameter", "value": runner}]})


def _number(rows: list[Row], generator: random.Random) -> None:
    """Give each run its id; ids rise with the submit time, or the plan time of a run that was not submitted."""
    run_id = _FIRST_RUN_ID
    for row in sorted(rows, key=lambda row: (row["submitTime"] or row["planTime"], row["taskId"], row["jobId"])):
        run_id += generator.randint(1, 40)
        row["taskRunningLogId"] = run_id


def _whole_second(time: float) -> int:
    return int(time) // _SECOND * _SECOND


def _generator(*key: object) -> random.Random:
    return random.Random("/".join(map(str, key)))  # noqa: S311  sample data, not a secret
