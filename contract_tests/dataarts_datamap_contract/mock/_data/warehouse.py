"""A warehouse of many tables: three layers in several databases, loaded daily, with a few problems today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.mock._data.dataset import Dataset, Operator, StoredRuns, milliseconds
from dataarts_datamap_contract.mock._data.documented import documented_operator
from dataarts_datamap_contract.mock._data.lineage import described, table_guid
from dataarts_datamap_contract.mock._data.new_runs import complete_run

if TYPE_CHECKING:
    from datetime import datetime

    from dataarts_datamap_contract.mock._config import TimeColumn
    from dataarts_datamap_contract.mock._data.statuses import Row

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_DAYS: Final = 30
_FIRST_TASK_ID: Final = 980_001
_FIRST_RUN_ID: Final = 300_000_001
_DATABASES: Final = ("sales", "finance", "crm", "stock", "web")
_SUBJECTS: Final = ("orders", "customers", "payments", "items", "visits", "returns", "prices", "stores")
_LAYERS: Final = ("ods", "dwd", "dws")
_TROUBLE: Final = {17: "fail", 59: "waiting", 83: "running", 131: "fail", 211: "waiting"}
"""The status of today's run of some tables' jobs. The jobs downstream were skipped or wait."""
_DOWNSTREAM: Final = {"fail": "skip-by-depend", "skip-by-depend": "skip-by-depend"}
_RARE: Final = 61  # one in this many runs of earlier days failed


def warehouse_dataset(tables: int, now: datetime, *, column: TimeColumn) -> Dataset:
    """The dataset of a number of tables: a job for each, which runs on each of thirty days.

    Half of the tables come from outside; each of the others is made from one or two tables of the layer below. From the
    lowest layer to the highest, today's runs were planned six, five and four hours ago.

    Args:
        tables: The number of tables.
        now: The present.
        column: The column that the runs are ordered by.
    """
    dataset = Dataset(column)
    workspace_id = documented_operator().workspace_id
    paths = [_path(number, tables) for number in range(tables)]
    today: list[str] = []
    for number, path in enumerate(paths):
        dataset.describe_table(described(path, workspace_id=workspace_id))
        sources = _sources(number, tables)
        today.append(_today(number, [today[source] for source in sources]))
        operator = Operator(str(_FIRST_TASK_ID + number), f"load_{path.rpartition('.')[2]}", workspace_id)
        rows = _runs(operator, number, today[number], _layer(number, tables), now)
        dataset.add_operator(operator, StoredRuns(rows, column))
        reads = [table_guid(paths[source]) for source in sources]
        dataset.add_lineage(operator, reads=reads, writes=[table_guid(path)])
    return dataset


def _layer(number: int, tables: int) -> int:
    """The layer of a table: 0 for the first half, 1 for the next three tenths, 2 for the rest."""
    return (number >= (tables + 1) // 2) + (number >= (tables * 4 + 4) // 5)


def _path(number: int, tables: int) -> str:
    layer, subject = _LAYERS[_layer(number, tables)], _SUBJECTS[number // len(_DATABASES) % len(_SUBJECTS)]
    database = _DATABASES[number % len(_DATABASES)]
    return f"{database}.{layer}.{layer}_{subject}_{number + 1:0{max(3, len(str(tables)))}}"


def _sources(number: int, tables: int) -> list[int]:
    """The tables of the layer below that a table is made from."""
    layer = _layer(number, tables)
    below = [other for other in range(number) if _layer(other, tables) == layer - 1] if layer else []
    return sorted({below[number % len(below)], below[number * 7 % len(below)]}) if below else []


def _today(number: int, sources: list[str]) -> str:
    if number in _TROUBLE:
        return _TROUBLE[number]
    if any(status in _DOWNSTREAM for status in sources):
        return "skip-by-depend"
    return "waiting" if any(status != "success" for status in sources) else "success"


def _runs(operator: Operator, number: int, today: str, layer: int, now: datetime) -> list[Row]:
    latest = milliseconds(now) // _MINUTE * _MINUTE - (6 - layer) * _HOUR
    rows: list[Row] = []
    for day in range(_DAYS):
        is_rare = (number * 31 + day * 17) % _RARE == 0
        status = today if day == 0 else "fail" if is_rare else "success"
        fields = {"status": status, "executionLogPath": None, "runningData": None}
        rows.append(complete_run(fields, operator, _FIRST_RUN_ID + number * _DAYS + day, latest - day * _DAY))
    return rows
