"""Data of each class that a conformance suite can tell servers apart by, beside what is invented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.mock._data.dataset import TABLE_GUID, Operator, StoredRuns
from dataarts_datamap_contract.mock._data.documented import documented_operator
from dataarts_datamap_contract.mock._data.lineage import described, table_guid

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._data.dataset import Dataset

_OTHER_WORKSPACE: Final = "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"
_TABLES: Final = (
    *("wk.ods_items", "wk.dim_region", "lake.dwd_items", "lake.loop_first", "lake.loop_second", "lake.snapshot"),
    *("lake.订单_汇总", "postgres.sales.ads_margin", "archive.sales.dws_orders", "postgres.sales.DWS_Orders"),
    *("island.beach", "island.sea"),
)
_JOBS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "join_items": (("wk.ods_orders", "wk.ods_items", "wk.dim_region"), ("lake.dwd_items",)),
    "margin": (("lake.dwd_items", ""), ("postgres.sales.ads_margin", "archive.sales.dws_orders")),
    "idle": ((), ()),
    "there": (("lake.loop_first",), ("lake.loop_second",)),
    "back again": (("lake.loop_second",), ("lake.loop_first",)),
    "snapshot": (("lake.snapshot",), ("lake.snapshot",)),
    "订单汇总": (("",), ("lake.订单_汇总",)),
    "send_margin": (("postgres.sales.ads_margin",), ()),
    "tide": (("island.beach",), ("island.sea",)),
}
"""What each job reads and writes; no name is the documented table."""


def vary(dataset: Dataset) -> None:
    """Add tables and operators: a diamond, a circle, a loop, an island, pairs, and names that nearly are others'."""
    workspace_id = documented_operator().workspace_id
    for path in _TABLES:
        own = _OTHER_WORKSPACE if path.startswith("island") else workspace_id
        kind = "dws" if path.count(".") > 1 else "hive" if path.startswith("island") else "dli"
        dataset.describe_table(described(path, workspace_id=own, source_type=kind))
    for number, (job_name, (reads, writes)) in enumerate(_JOBS.items()):
        own = _OTHER_WORKSPACE if job_name == "tide" else workspace_id
        operator = Operator(str(970_001 + number), job_name, own)
        dataset.add_operator(operator, StoredRuns((), dataset.column))
        source, target = (
            tuple(table_guid(path) if path else TABLE_GUID for path in paths) for paths in (reads, writes)
        )
        if source or target:
            dataset.add_lineage(operator, reads=source, writes=target)
