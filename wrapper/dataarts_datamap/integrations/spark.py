"""Runs as a data source of Spark, to load them into tables of a platform. It needs the extra ``spark``.

::

    runs = spark.read.format("datamap").option("since", "7d").load("sales.dws_orders")

Spark finds the format by itself; if another package hides it, call ``spark.dataSource.register(DataMapDataSource)``.

Credentials come from the environment, the profile file or the cloud server, on the driver and on each worker; they
cannot be options, since options are shown and logged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, cast

from dataarts_datamap import (
    DataMapClient,
    InvalidArgumentError,
    MissingExtraError,
    Operator,
    RunProgress,
    RunState,
    arrow_batches,
    arrow_schema,
    load_tables,
)
from dataarts_datamap._extras import how_to_install
from dataarts_datamap._monitoring.table_names import marked_name
from dataarts_datamap._times import parse_span, time_before

try:
    import pyarrow as pa
    from pyspark.sql.datasource import (
        DataSource,
        DataSourceReader,
        InputPartition,
        SimpleDataSourceStreamReader,
    )
except ImportError as error:  # an old pyspark lacks these names
    missing = "pyarrow" if error.name == "pyarrow" else "PySpark 4"
    raise MissingExtraError(f"{missing} is not installed: {how_to_install('spark')}") from None

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql.types import StructType

    from dataarts_datamap import Run

_SECRETS: Final = re.compile(r"(?i)token|secret|passw|credential|(?:^|[_.-])(?:ak|sk)$|(?:access|secret|api)[_.-]?key")
_CLIENT_OPTIONS: Final = {
    "endpoint": "endpoint",
    "region": "region",
    "iamEndpoint": "iam_endpoint",
    "projectId": "project_id",
    "instanceId": "instance_id",
    "workspaceId": "workspace_id",
}
_OPTIONS: Final = (
    *("path", "tables", "tableFile", "since", "start", "end", "lookback", "numPartitions", "requestsPerSecond"),
    *("pageSize", "runningData", *_CLIENT_OPTIONS, "allowHttp"),
)
_TABLE: Final = "table_guid"


class _Window(TypedDict):
    start: datetime
    end: datetime


@dataclass(frozen=True)
class _Settings:
    tables: tuple[str, ...]
    client: dict[str, Any]
    since: timedelta | None
    start: datetime | None
    end: datetime | None
    lookback: timedelta
    partitions: int
    rate: int
    page_size: int | Literal["auto"]
    nested: Literal["json", "skip"]

    def open(self, rate: int) -> DataMapClient:
        """A client, with the credentials of the machine that opens it."""
        return DataMapClient.from_env(**self.client, requests_per_second=rate)

    def window(self, now: datetime) -> _Window:
        """The window, whose end is the present unless it is given.

        Raises:
            InvalidArgumentError: Its beginning is not given.
        """
        end = now if self.end is None else self.end
        if self.start is not None:
            return {"start": self.start, "end": end}
        if self.since is None:
            raise InvalidArgumentError('give the beginning of the window: option("since", "7d") or option("start", …)')
        return {"start": time_before(end, self.since), "end": end}


@dataclass
class _Partition(InputPartition):
    """Some operators of some tables, and their share of the rate limit."""

    operators: list[tuple[str, Operator]]
    window: _Window
    rate: int


class DataMapDataSource(DataSource):
    """The format ``datamap``: runs of tables, in batches or as a stream.

    Options, which ignore case; give one of the first three, and ``since`` or ``start``:
        path: The table, by GUID or name, as given to ``load``.
        tables: Several tables, with commas between them.
        tableFile: A file of tables.
        since: Length of the window up to its end: ``90m``, ``24h``, ``7d``.
        start: Beginning of the window, as ISO 8601 text with an offset.
        end: End of the window; the present if left out. A stream goes on after it.
        numPartitions: Maximum number of groups of operators (4).
        requestsPerSecond: The limit for all groups together (50); each gets an integer share.
        pageSize: The page size to request, or ``auto``: 100, and 1,000 for more than 100 runs if the server allows it.
        runningData: ``true`` for the columns ``running_data`` and ``running_param``, which can contain secrets.
        lookback: For streams: time to look back for changes of ended runs (7d).
        endpoint, region, iamEndpoint, projectId, instanceId, workspaceId, allowHttp: As for ``DataMapClient``.

    The columns are ``run_key``, ``table_guid`` and those of ``export_runs``; a given schema selects some. Filters do
    not narrow the window: use ``since``, ``start`` and ``end``.
    """

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "datamap"

    def schema(self) -> str:
        """All columns, with their types."""
        settings = _settings(self.options)
        return ", ".join(f"{one.name} {_sql_type(one.type)}" for one in _schema(settings))

    def reader(self, schema: StructType) -> DataSourceReader:
        """The reader for batches.

        It accepts no filters: Spark 4.3 reuses a reader with the filters of one query for the next query of the same
        frame, which would silently lose rows.
        """
        settings = _settings(self.options)
        return _Reader(settings, _columns(schema, settings))

    def simpleStreamReader(self, schema: StructType) -> SimpleDataSourceStreamReader:  # noqa: N802  Spark's name
        """The reader for streams: it yields each run when it has ended, and again if its status or end changes."""
        settings = _settings(self.options)
        return _StreamReader(settings, _columns(schema, settings))


class _Reader(DataSourceReader):
    """Reads the runs of groups of operators, in parallel."""

    def __init__(self, settings: _Settings, columns: Sequence[str]) -> None:
        self._settings = settings
        self._columns = list(columns)

    def partitions(self) -> Sequence[InputPartition]:
        """The operators of all tables, divided into groups, each with an integer share of the limit."""
        settings = self._settings
        window = settings.window(datetime.now(UTC))
        with settings.open(settings.rate) as client:
            found = [
                (guid, operator)
                for guid in _guids(client, settings)
                for operator in dict.fromkeys(client.list_operators(guid))
            ]
        count = max(1, min(settings.partitions, settings.rate, len(found)))
        rate = settings.rate // count  # with a fractional rate, nearly twice as many requests can be sent in one second
        return [_Partition(found[first::count], window, rate) for first in range(count)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The runs of a group, as Arrow batches."""
        group = cast("_Partition", partition)
        if not group.operators:
            return
        with self._settings.open(group.rate) as client:
            for guid in dict.fromkeys(guid for guid, _ in group.operators):
                own = [operator for one, operator in group.operators if one == guid]
                runs = client.list_table_runs(guid, operators=own, page_size=self._settings.page_size, **group.window)
                yield from _batches(runs, guid, self._settings, self._columns)


class _StreamReader(SimpleDataSourceStreamReader):
    """Reads the runs that ended since an offset, on the driver; an offset contains the runs of the lookback."""

    def __init__(self, settings: _Settings, columns: Sequence[str]) -> None:
        self._settings = settings
        self._columns = list(columns)

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802  Spark's name
        return {"tables": {}}

    def read(self, start: dict[str, Any]) -> tuple[Iterator[tuple[Any, ...]], dict[str, Any]]:
        """The runs that have ended since an offset, and the next offset."""
        now = datetime.now(UTC)
        rows, tables = self._read_tables(start, None, now)
        return iter(rows), {"tables": tables, "until": now.isoformat()}

    def readBetweenOffsets(self, start: dict[str, Any], end: dict[str, Any]) -> Iterator[tuple[Any, ...]]:  # noqa: N802  Spark's name
        """The same batch again, after a failure, with the present state of the runs."""
        rows, _ = self._read_tables(start, end["tables"], datetime.fromisoformat(end["until"]))
        return iter(rows)

    def commit(self, end: dict[str, Any]) -> None:
        """Do nothing: the offset contains the yielded runs."""

    def _read_tables(
        self, start: dict[str, Any], guids: Iterable[str] | None, now: datetime
    ) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
        """The runs of tables (None for all) that ended between an offset and a time, and the state of each table."""
        rows: list[tuple[Any, ...]] = []
        tables: dict[str, Any] = {}
        with self._settings.open(self._settings.rate) as client:
            for guid in _guids(client, self._settings) if guids is None else guids:
                progress = RunProgress(start["tables"].get(guid), lookback=self._settings.lookback)
                rows += self._read(client, guid, progress, now)
                tables[guid] = progress.to_dict()
        return rows, tables

    def _read(
        self, client: DataMapClient, guid: str, progress: RunProgress, now: datetime
    ) -> Iterator[tuple[Any, ...]]:
        first = self._settings.window(now)["start"]
        runs = client.list_table_runs(
            guid, start=progress.start(now, first=now - first), end=now, page_size=self._settings.page_size
        )
        ended = [run for run in progress.changed(runs, now) if run.state not in {RunState.ACTIVE, RunState.UNKNOWN}]
        for batch in _batches(ended, guid, self._settings, self._columns):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _batches(runs: Iterable[Run], guid: str, settings: _Settings, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The selected columns of the runs of a table."""
    for batch in arrow_batches(runs, nested=settings.nested, time_unit="us", key=True):
        arrays = [
            pa.array([guid] * batch.num_rows, type=pa.string()) if name == _TABLE else batch.column(name)
            for name in columns
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _guids(client: DataMapClient, settings: _Settings) -> list[str]:
    """The GUIDs of the tables, each once."""
    return list(dict.fromkeys(client.find_table(name).guid for name in settings.tables))


def _schema(settings: _Settings) -> list[pa.Field[Any]]:
    fields = list(arrow_schema(nested=settings.nested, time_unit="us", key=True))
    return [fields[0], pa.field(_TABLE, pa.string(), nullable=False), *fields[1:]]


def _columns(schema: StructType, settings: _Settings) -> list[str]:
    """The names of the columns of a schema.

    Raises:
        InvalidArgumentError: A column of the schema is not one of the source, or has another type there.
    """
    known = {one.name: _sql_type(one.type) for one in _schema(settings)}
    for one in schema.fields:
        if one.name not in known:
            nearest = get_close_matches(one.name, known, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"the columns are {', '.join(known)}"
            raise InvalidArgumentError(f"datamap has no column {one.name!r}: {hint}")
        if one.dataType.simpleString().upper() != known[one.name]:
            raise InvalidArgumentError(f"the column {one.name} is {known[one.name]}, not {one.dataType.simpleString()}")
    return [one.name for one in schema.fields]


def _sql_type(kind: pa.DataType) -> str:
    names = {pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN", pa.string(): "STRING"}
    return names.get(kind, "TIMESTAMP")


def _settings(options: Mapping[str, str]) -> _Settings:
    """Parse the options.

    Raises:
        InvalidArgumentError: An option is unknown, is a secret or has an invalid value; or no option names the tables,
            or several do.
        TableFileError: The file of tables cannot be read, or is invalid.
    """
    given = {name.casefold(): value for name, value in options.items() if value is not None}
    known = {name.casefold(): name for name in _OPTIONS}
    for name in given:
        if _SECRETS.search(name):
            raise InvalidArgumentError(
                f"{name} cannot be an option: options are shown and logged. Give credentials to the driver and to each "
                "worker: by the profile file ~/.huaweicloud/credentials, DATAMAP_CREDENTIALS=ecs-metadata, or variables"
            )
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            hint = f"did you mean {known[nearest[0]]}?" if nearest else f"the options are {', '.join(_OPTIONS)}"
            raise InvalidArgumentError(f"datamap has no option {name}: {hint}")
    of_client = ((name.casefold(), keyword) for name, keyword in _CLIENT_OPTIONS.items())
    client: dict[str, Any] = {keyword: given[name] for name, keyword in of_client if name in given}
    if "allowhttp" in given:
        client["allow_http"] = _flag("allowHttp", given["allowhttp"])
    return _Settings(
        tables=_tables(given),
        client=client,
        since=_span("since", given["since"]) if "since" in given else None,
        start=_time("start", given["start"]) if "start" in given else None,
        end=_time("end", given["end"]) if "end" in given else None,
        lookback=_span("lookback", given.get("lookback", "7d")),
        partitions=_number("numPartitions", given.get("numpartitions", "4")),
        rate=_number("requestsPerSecond", given.get("requestspersecond", "50")),
        page_size=_page_size(given.get("pagesize", "auto")),
        nested="json" if _flag("runningData", given.get("runningdata", "false")) else "skip",
    )


def _tables(given: Mapping[str, str]) -> tuple[str, ...]:
    named = [name for name in ("path", "tables", "tablefile") if name in given]
    if named == ["tablefile"]:
        return tuple(rule.guid or marked_name(rule.name or "") for rule in load_tables(given["tablefile"]))
    texts = given["tables"].split(",") if named == ["tables"] else [given["path"]] if named == ["path"] else []
    names = tuple(text.strip() for text in texts if text.strip())
    if not names:
        raise InvalidArgumentError(
            'name the tables: load("schema.table"), option("tables", "a,b") or option("tableFile", "datamap.toml")'
        )
    return names


def _span(name: str, text: str) -> timedelta:
    span = parse_span(text)
    if span is None:
        raise InvalidArgumentError(f"{name} must be a number with a unit, such as 90m, 24h or 7d, not {text!r}")
    return span


def _time(name: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.utcoffset() is None:
        example = "such as 2026-01-01T00:00Z"
        raise InvalidArgumentError(f"{name} must be ISO 8601 text with an offset, {example}, not {text!r}")
    return time


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not int(text):
        raise InvalidArgumentError(f"{name} must be a whole number from 1, not {text!r}")
    return int(text)


def _page_size(text: str) -> int | Literal["auto"]:
    return "auto" if text == "auto" else _number("pageSize", text)


def _flag(name: str, text: str) -> bool:
    if text.casefold() not in {"true", "false"}:
        raise InvalidArgumentError(f"{name} must be true or false, not {text!r}")
    return text.casefold() == "true"
