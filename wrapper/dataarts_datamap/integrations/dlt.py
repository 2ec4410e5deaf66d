"""Runs and operators as a source of dlt, for any destination of dlt. It needs the extra ``dlt``.

::

    import dlt

    from dataarts_datamap.integrations.dlt import datamap

    pipeline = dlt.pipeline("runs", destination="duckdb", dataset_name="datamap")
    pipeline.run(datamap(["sales.dws_orders"]))

Credentials are found as in ``DataMapClient.from_env``, or are those of a given client; dlt never gets them.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from dataarts_datamap import DataMapClient, InvalidArgumentError, MissingExtraError, RunProgress, arrow_batches
from dataarts_datamap._extras import how_to_install
from dataarts_datamap._monitoring.freshness import look_back

try:
    import dlt
    import pyarrow as pa
except ModuleNotFoundError as error:
    raise MissingExtraError(f"{error.name} is not installed: {how_to_install('dlt')}") from None

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from dlt.extract import DltSource

    from dataarts_datamap import Table

_SINCE: Final = timedelta(days=30)
_LOOKBACK: Final = timedelta(days=7)
_OPERATOR_FIELDS: Final = ("task_id", "job_name", "workspace_id")


def datamap(
    tables: Sequence[str],
    *,
    since: timedelta = _SINCE,
    lookback: timedelta = _LOOKBACK,
    running_data: bool = False,
    client: DataMapClient | None = None,
) -> DltSource:
    """A source with two resources: ``operators`` of the tables, replaced by each load, and their ``runs``, merged.

    Runs are merged by ``run_key`` (their identity) and ``table_guid``. The first load reads ``since``; each later one
    begins at the oldest run that had not ended, or ``lookback`` before the present if that is earlier. So a run that
    ends weeks after its plan is still updated; ``dlt.sources.incremental`` would silently drop it. The resource's state
    holds only a time for each table.

    Args:
        tables: The tables, by GUID or name.
        since: Time to look back in the first load.
        lookback: Time to look back for reruns in each later load.
        running_data: Whether to include the columns of nested documents, which can contain SQL and secrets.
        client: The client, which stays open; if left out, one that the environment configures.

    Raises:
        InvalidArgumentError: ``tables`` is a single text, or empty; or a timedelta is not positive.
    """
    if isinstance(tables, str) or not tables:
        raise InvalidArgumentError("tables must be a list of GUIDs or names, and not empty")
    look_back(since, None)  # refuses an invalid timedelta before anything is loaded
    RunProgress(lookback=lookback)  # also refuses an invalid timedelta
    nested: Literal["json", "skip"] = "json" if running_data else "skip"
    reader = _Reader(tables=list(tables), client=client, since=since, lookback=lookback, nested=nested)

    @dlt.source(name="datamap", max_table_nesting=0)
    def source() -> Any:  # noqa: ANN401  dlt's decorated functions have no type
        @dlt.resource(name="operators", write_disposition="replace", columns=_never_null("table_guid"))
        def operators() -> Iterator[pa.Table]:
            yield from reader.operators()

        @dlt.resource(
            name="runs",
            write_disposition="merge",
            primary_key=("run_key", "table_guid"),
            columns=_never_null("run_key", "table_guid"),
        )
        def runs() -> Iterator[pa.Table]:
            yield from reader.runs()

        return operators, runs

    return source()


@dataclass(frozen=True, kw_only=True)
class _Reader:
    tables: Sequence[str]
    client: DataMapClient | None
    since: timedelta
    lookback: timedelta
    nested: Literal["json", "skip"]

    def operators(self) -> Iterator[pa.Table]:
        rows: dict[str, list[str | None]] = {name: [] for name in ("table_guid", "table_name", *_OPERATOR_FIELDS)}
        with self._opened() as client:
            for table in self._found(client):
                for operator in client.list_operators(table.guid):
                    rows["table_guid"].append(table.guid)
                    rows["table_name"].append(table.full_name)
                    for field in _OPERATOR_FIELDS:
                        rows[field].append(getattr(operator, field))
        yield pa.table(
            rows, schema=pa.schema([pa.field(name, pa.string(), nullable=name != "table_guid") for name in rows])
        )

    def runs(self) -> Iterator[pa.Table]:
        """The runs of each table that may be new or changed, in batches."""
        state: dict[str, Any] = dlt.current.resource_state().setdefault("tables", {})
        with self._opened() as client:
            for guid in (table.guid for table in self._found(client)):
                progress = RunProgress(state.get(guid), lookback=self.lookback, remembers_runs=False)
                now = datetime.now(UTC)
                pager = client.list_table_runs(guid, start=progress.start(now, first=self.since), end=now)
                changed = progress.changed(pager, now)
                for batch in arrow_batches(changed, nested=self.nested, time_unit="us", key=True):
                    guids = pa.array([guid] * batch.num_rows, type=pa.string())
                    field = pa.field("table_guid", pa.string(), nullable=False)
                    yield pa.Table.from_batches([batch]).add_column(1, field, guids)
                state[guid] = progress.to_dict()

    def _found(self, client: DataMapClient) -> Iterable[Table]:
        """The tables, each once, even if it is given by name and by GUID."""
        return {table.guid: table for table in map(client.find_table, self.tables)}.values()

    def _opened(self) -> AbstractContextManager[DataMapClient]:
        return DataMapClient.from_env() if self.client is None else nullcontext(self.client)


def _never_null(*names: str) -> dict[str, Any]:
    """Hints that columns are never null; new ones for each call, since dlt changes them."""
    return {name: {"name": name, "nullable": False, "data_type": "text"} for name in names}
