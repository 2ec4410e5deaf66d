"""Runs as Arrow data, and from there as data frames."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from dataarts_datamap._export.columns import BATCH_ROWS, Batch, Column, Kind, Nested, batch_of, chosen_columns
from dataarts_datamap._extras import Untyped, load_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from dataarts_datamap._models.runs import Run


def plain_type(pa: Untyped, kind: Kind) -> Untyped:
    """The Arrow type of a kind of column; for labels, the type before encoding."""
    return {
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.FLAG: pa.bool_(),
        Kind.TIME: pa.timestamp("ms", tz="UTC"),
        Kind.LABEL: pa.string(),
        Kind.TEXT: pa.string(),
    }[kind]


class ArrowEncoder:
    """Makes record batches that share one growing dictionary for each column of labels."""

    def __init__(self, columns: Sequence[Column], *, extra: str = "arrow") -> None:
        self._pa = load_extra("pyarrow", extra=extra)
        self._columns = tuple(columns)
        self._labels: dict[str, dict[str, int]] = {column.name: {} for column in columns if column.kind is Kind.LABEL}
        self.schema: Untyped = self._pa.schema([(column.name, self._type(column.kind)) for column in columns])

    def encode(self, batch: Batch) -> Untyped:
        arrays = map(self._array, self._columns, batch)
        return self._pa.RecordBatch.from_arrays(list(arrays), schema=self.schema)

    def adopt(self, batch: Untyped) -> Untyped:
        """A record batch of plain types, with its labels encoded."""
        arrays = [
            self._array(column, values.to_pylist()) if column.kind is Kind.LABEL else values
            for column, values in zip(self._columns, batch.columns, strict=True)
        ]
        return self._pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def unify(self, batch: Untyped) -> Untyped:
        """An encoded batch with the present dictionaries, which have the labels of all batches so far."""
        arrays: list[Untyped] = [
            self._labelled(column.name, batch.column(index).indices)
            if column.kind is Kind.LABEL
            else batch.column(index)
            for index, column in enumerate(self._columns)
        ]
        return self._pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _type(self, kind: Kind) -> Untyped:
        plain = plain_type(self._pa, kind)
        return self._pa.dictionary(self._pa.int32(), plain) if kind is Kind.LABEL else plain

    def _array(self, column: Column, values: list[Any]) -> Untyped:
        if column.kind is not Kind.LABEL:
            return self._pa.array(values, type=self._type(column.kind))
        known = self._labels[column.name]
        indices = [None if value is None else known.setdefault(value, len(known)) for value in values]
        return self._labelled(column.name, self._pa.array(indices, type=self._pa.int32()))

    def _labelled(self, name: str, indices: Untyped) -> Untyped:
        labels = self._pa.array(list(self._labels[name]), type=self._pa.string())
        return self._pa.DictionaryArray.from_arrays(indices, labels)


def arrow_batches(
    runs: Iterable[Run],
    *,
    columns: Sequence[str] | None = None,
    nested: Nested = "json",
    time_unit: Literal["ms", "us"] = "ms",
    key: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Runs as Arrow record batches of plain types, one at a time: memory stays flat.

    The columns are the same as in ``export_runs``. Text is plain, not dictionary-encoded as in ``to_arrow``, since few
    engines accept dictionaries that grow. The extra ``arrow`` is needed.

    Args:
        runs: The runs, such as a pager.
        columns: Names of the columns, in order; all if left out.
        nested: ``skip`` leaves out the columns of nested documents.
        time_unit: Whether times are milliseconds or microseconds, in UTC.
        key: Whether the first column is ``run_key``, which is ``Run.key`` and identifies a run.

    Raises:
        InvalidArgumentError: A name is not a column or occurs twice, no column is left, or ``nested`` is invalid.
        MissingExtraError: pyarrow is not installed.
    """
    chosen = chosen_columns(columns, nested)
    schema = arrow_schema(columns=columns, nested=nested, time_unit=time_unit, key=key)
    return _plain_batches(load_extra("pyarrow", extra="arrow"), iter(runs), chosen, schema, key=key)


def arrow_schema(
    *,
    columns: Sequence[str] | None = None,
    nested: Nested = "json",
    time_unit: Literal["ms", "us"] = "ms",
    key: bool = False,
) -> pa.Schema:
    """The schema of the batches of ``arrow_batches`` for the same arguments.

    Raises:
        InvalidArgumentError: A name is not a column or occurs twice, no column is left, or ``nested`` is invalid.
        MissingExtraError: pyarrow is not installed.
    """
    chosen = chosen_columns(columns, nested)
    arrow = load_extra("pyarrow", extra="arrow")
    times = arrow.timestamp(time_unit, tz="UTC")
    fields = [arrow.field(one.name, times if one.kind is Kind.TIME else plain_type(arrow, one.kind)) for one in chosen]
    keys = [arrow.field("run_key", arrow.string(), nullable=False)] if key else []
    schema: pa.Schema = arrow.schema([*keys, *fields])
    return schema


def _plain_batches(
    pa: Untyped, walk: Iterator[Run], columns: Sequence[Column], schema: Untyped, *, key: bool
) -> Iterator[pa.RecordBatch]:
    while some := list(islice(walk, BATCH_ROWS)):
        arrays = [pa.array([run.key for run in some], type=pa.string())] if key else []
        for column, values in zip(columns, batch_of(some, columns), strict=True):
            array = pa.array(values, type=plain_type(pa, column.kind))
            arrays.append(array.cast(schema.field(column.name).type))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


class TableCollector:
    """Gathers runs into one Arrow table, a batch at a time."""

    def __init__(self, *, columns: Sequence[str] | None, nested: Nested) -> None:
        self._columns = chosen_columns(columns, nested)
        self._encoder = ArrowEncoder(self._columns)
        self._pa = load_extra("pyarrow", extra="arrow")
        self._batches: list[Untyped] = []
        self._waiting: list[Run] = []

    def add(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._waiting.append(run)
            if len(self._waiting) == BATCH_ROWS:
                self._flush()

    def table(self) -> pa.Table:
        """All added runs, with one dictionary for each column."""
        self._flush()
        batches = [self._encoder.unify(batch) for batch in self._batches]
        table: pa.Table = self._pa.Table.from_batches(batches, schema=self._encoder.schema)
        return table

    def _flush(self) -> None:
        if self._waiting:
            self._batches.append(self._encoder.encode(batch_of(self._waiting, self._columns)))
            self._waiting.clear()


def pandas_converter() -> Callable[[pa.Table], pd.DataFrame]:
    """A function that converts an Arrow table to a pandas frame: a missing integer or flag is ``<NA>``."""
    pandas, arrow = load_extra("pandas", extra="pandas"), load_extra("pyarrow", extra="pandas")
    nullable = {arrow.int64(): pandas.Int64Dtype(), arrow.bool_(): pandas.BooleanDtype()}

    def convert(table: Untyped) -> pd.DataFrame:
        frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
        return frame

    return convert


def polars_converter() -> Callable[[pa.Table], pl.DataFrame]:
    load_extra("pyarrow", extra="polars")
    convert: Callable[[pa.Table], pl.DataFrame] = load_extra("polars", extra="polars").from_arrow
    return convert
