"""Scenarios: a chain of tables in which something went wrong today, or varied data for a conformance suite."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.mock._data.dataset import TABLE_GUID, Dataset, Operator, StoredRuns, milliseconds
from dataarts_datamap_contract.mock._data.documented import documented_operator
from dataarts_datamap_contract.mock._data.lineage import described, table_guid
from dataarts_datamap_contract.mock._data.new_runs import complete_run

if TYPE_CHECKING:
    from datetime import datetime

    from dataarts_datamap_contract.mock._config import Scenario, TimeColumn
    from dataarts_datamap_contract.mock._data.statuses import Row

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_DAYS = 14
_FIRST_RUN_ID = 126_500_000
_OWN_TASK_NAME = "etl-dli2dws"
_FIRST_NEAR_ID = 127_500_000
_SUNDAY = 6

_ORDERS, _CUSTOMERS = "lake.ods.ods_orders", "lake.ods.ods_customers"
_CLEAN, _DIMENSION = "lake.dwd.dwd_orders", "lake.dwd.dim_customers"
_SUMS, _REPORT = "postgres.sales.dws_orders", "postgres.sales.ads_revenue"
_JOBS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "load_ods_orders": ((), (_ORDERS,)),
    "load_ods_customers": ((), (_CUSTOMERS,)),
    "clean_orders": ((_ORDERS,), (_CLEAN,)),
    "build_dim_customers": ((_CUSTOMERS,), (_DIMENSION,)),
    "sum_orders": ((_CLEAN, _DIMENSION), (_SUMS,)),
    "check_orders": ((_SUMS,), ()),
    "report_revenue": ((_SUMS,), (_REPORT,)),
}
"""The tables that each job reads and writes. Each job is planned half an hour after the previous one."""

_TODAY: dict[Scenario, dict[str, str]] = {
    "upstream-failed": {
        "load_ods_orders": "fail",
        "clean_orders": "skip-by-depend",
        "sum_orders": "skip-by-depend",
        "report_revenue": "skip-by-depend",
    },
    "late": dict.fromkeys(("load_ods_orders", "clean_orders", "sum_orders", "report_revenue"), "waiting"),
    "waiting": {
        "load_ods_orders": "running",
        **dict.fromkeys(("clean_orders", "sum_orders", "report_revenue"), "waiting"),
    },
    "cycle": {
        "clean_orders": "fail",
        "sum_orders": "skip-by-depend",
        "report_revenue": "skip-by-depend",
    },
    "unparsed": {"sum_orders": "fail", "report_revenue": "skip-by-depend"},
}


def scenario_dataset(scenario: Scenario, project_id: str, now: datetime, *, column: TimeColumn) -> Dataset:
    """The dataset of a scenario: six tables, and seven operators with a run a day for two weeks.

    Args:
        scenario: What went wrong today; not ``"varied"``, for which ``vary`` changes other data.
        project_id: The project, which is part of the log paths.
        now: The present.
        column: The column that the runs are ordered by.
    """
    dataset = Dataset(column)
    workspace_id = documented_operator().workspace_id
    for path in (_SUMS, _CLEAN, _DIMENSION, _ORDERS, _CUSTOMERS, _REPORT):
        source_type = "dws" if path.startswith("postgres") else "dli"
        guid = TABLE_GUID if path == _SUMS else None
        dataset.describe_table(described(path, workspace_id=workspace_id, source_type=source_type, guid=guid))
    for number, (job_name, (reads, writes)) in enumerate(_JOBS.items()):
        operator = Operator(str(940_001 + number), job_name, workspace_id)
        today = _TODAY[scenario].get(job_name, "success")
        dataset.add_operator(operator, StoredRuns(_runs(operator, number, today, project_id, now), column))
        more = (_SUMS,) if (scenario, job_name) == ("cycle", "clean_orders") else ()
        source, target = (tuple(map(_guid, paths)) for paths in ((*reads, *more), writes))
        is_parsed = not (scenario == "unparsed" and job_name == "sum_orders")
        if is_parsed:
            dataset.add_lineage(operator, reads=source, writes=target)
        else:
            for guid in (*source, *target):
                dataset.add_table(guid, [operator])
    return dataset


def _guid(path: str) -> str:
    return TABLE_GUID if path == _SUMS else table_guid(path)


def _runs(operator: Operator, number: int, today: str, project_id: str, now: datetime) -> list[Row]:
    """A run a day. Today's first job was planned five hours ago, each other job half an hour after the previous one."""
    latest = milliseconds(now) // _MINUTE * _MINUTE - 5 * _HOUR + number * _HOUR // 2
    rows: list[Row] = []
    for day in range(_DAYS):
        plan = latest - day * _DAY
        fields = {
            "status": "success" if day else today,
            "executionLogPath": f"obs://dlf-log-{project_id}/{operator.workspace_id}/{operator.job_name}/{plan}/"
            f"{operator.job_name}/{operator.job_name}.job",
        }
        rows.append(complete_run(fields, operator, _FIRST_RUN_ID + day * len(_JOBS) + number, plan))
    return rows


_OTHER_WORKSPACE: Final = "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"
_VARIED_TABLES: Final = (
    *("wk.ods_items", "wk.dim_region", "lake.dwd_items", "lake.loop_first", "lake.loop_second", "lake.snapshot"),
    *("lake.订单_汇总", "postgres.sales.ads_margin", "archive.sales.dws_orders", "postgres.sales.DWS_Orders"),
    *("island.beach", "island.sea"),
    *("postgres.sales.dws_order", "postgres.sales.dws_orders_2", "postgres.sales.dwsXorders"),
    "postgres.sales.dws%orders",
    *(f"lake.parts.part_{number:02}" for number in range(1, 13)),
)
_VARIED_JOBS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "join_items": (("wk.ods_orders", "wk.ods_items", "wk.dim_region"), ("lake.dwd_items",)),
    "margin": (("lake.dwd_items", ""), ("postgres.sales.ads_margin", "archive.sales.dws_orders")),
    "idle": ((), ()),
    "there": (("lake.loop_first",), ("lake.loop_second",)),
    "back again": (("lake.loop_second",), ("lake.loop_first",)),
    "snapshot": (("lake.snapshot",), ("lake.snapshot",)),
    "订单汇总": (("",), ("lake.订单_汇总",)),
    "send_margin": (("postgres.sales.ads_margin",), ()),
    "tide": (("island.beach",), ("island.sea",)),
    "join parts": (
        tuple(f"lake.parts.part_{number:02}" for number in range(7, 10)),
        tuple(f"lake.parts.part_{number:02}" for number in range(10, 13)),
    ),
    **{
        f"part {number}": ((f"lake.parts.part_{number:02}",), (f"lake.parts.part_{number + 1:02}",))
        for number in range(1, 6)
    },
}
"""The tables that each job reads and writes; an empty name is the documented table."""


_DESCRIPTIONS: Final = ("", "", "每日订单汇总 📊 <b>&amp;</b> \"quoted\" 'text'\\", "A long description. " * 120)
_OWNERS: Final = ("username", "username", "分析师", "user")
_NEAR_JOBS: Final = (
    *("etl_job_dli2dws", "ETL_Job_dli", "ETL_Job_dli2dws_2", "ETL_Job_dli2dws   ", "ETLxJob_dli2dws"),
    "ETL%dws",
)
"""Names that resemble the documented operator's: another case, length or letter, blanks at the end, or a wildcard."""

_RARE: Final = Operator("971001", "rare runs", documented_operator().workspace_id)
_STATUSES: Final = ("success", "fail", "skip-by-depend", "forceSuccess", "manual-stop", "waiting")


def vary(dataset: Dataset, now: datetime) -> None:
    """Add tables and operators for lineage of unusual forms, and with names that resemble others.

    The lineage has a diamond, a cycle, a table made from itself, a chain, a separate part, and jobs that read and write
    several tables. Some tables have a long description, or one with unusual characters, or another owner. One operator
    of the documented table has runs with ids above 31 and above 53 bits, many statuses and equal times, around
    midnights, ends of months and changes of the clocks.
    """
    dataset.add_operator(_RARE, StoredRuns(_rare_runs(now), dataset.column))
    dataset.add_table(TABLE_GUID, [_RARE])
    workspace_id = documented_operator().workspace_id
    near = [Operator(documented_operator().task_id, job_name, workspace_id) for job_name in _NEAR_JOBS]
    for number, operator in enumerate(near):
        dataset.add_operator(operator, StoredRuns(_near_runs(operator, number, now), dataset.column))
    dataset.add_table(TABLE_GUID, near)
    for number, path in enumerate(_VARIED_TABLES):
        own = _OTHER_WORKSPACE if path.startswith("island") else workspace_id
        kind = "dws" if path.count(".") > 1 else "hive" if path.startswith("island") else "dli"
        table = described(path, workspace_id=own, source_type=kind)
        texts = {"description": _DESCRIPTIONS[number % 4], "owner": _OWNERS[number % 4]}
        dataset.describe_table(replace(table, **texts))
    for number, (job_name, (reads, writes)) in enumerate(_VARIED_JOBS.items()):
        own = _OTHER_WORKSPACE if job_name == "tide" else workspace_id
        operator = Operator(str(970_001 + number), job_name, own)
        dataset.add_operator(operator, StoredRuns((), dataset.column))
        source, target = (
            tuple(table_guid(path) if path else TABLE_GUID for path in paths) for paths in (reads, writes)
        )
        if source or target:
            dataset.add_lineage(operator, reads=source, writes=target)


# Many servers of one process have the same present, as those of `make mutants` do. Rows are replaced, never changed.
@lru_cache(maxsize=2 * len(_NEAR_JOBS))
def _near_runs(operator: Operator, number: int, now: datetime) -> list[Row]:
    """A run on each of the last fourteen days, which reads many more rows than it writes."""
    latest = milliseconds(now) // _DAY * _DAY + number * _MINUTE
    fields = {"status": "success", "executionLogPath": None, "taskName": _OWN_TASK_NAME}
    rows = [
        complete_run(fields, operator, _FIRST_NEAR_ID + number * _DAYS + day, latest - (day + 1) * _DAY)
        for day in range(_DAYS)
    ]
    return [
        {**row, "inputRowCount": 50_000, "outputRowCount": 500, "speed": 500_000 / int(str(row["runningTime"]))}
        for row in rows
    ]


@lru_cache(maxsize=2)
def _rare_runs(now: datetime) -> list[Row]:
    """Runs around the midnights of two weeks, the ends of the months of a year, and the changes of European clocks."""
    midnight = milliseconds(now) // _DAY * _DAY
    days = [now - timedelta(days=day) for day in range(1, 366)]
    turns = [midnight - day * _DAY for day in range(1, 15)]
    turns += [milliseconds(day) // _DAY * _DAY for day in days if day.day == 1]
    turns += [milliseconds(day) // _DAY * _DAY + _HOUR for day in days if _changes_clocks(day)]
    plans = [plan for turn in sorted(set(turns)) for plan in (turn - 1, turn, turn, turn + 1)]
    return [
        complete_run(
            {
                "status": (status := _STATUSES[number % len(_STATUSES)]),
                "forceSuccess": int(status == "forceSuccess"),
                "executionLogPath": None,
                "runningData": None,
            },
            _RARE,
            (2**53 if number % 2 else 2**31) + number,
            plan,
        )
        for number, plan in enumerate(plans)
    ]


def _changes_clocks(day: datetime) -> bool:
    """Whether a day is the last Sunday of March or October."""
    return day.month in {3, 10} and day.weekday() == _SUNDAY and (day + timedelta(days=7)).month != day.month
