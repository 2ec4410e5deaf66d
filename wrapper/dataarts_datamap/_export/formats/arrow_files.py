"""Runs in Parquet and Arrow IPC files."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dataarts_datamap._errors import ExportError
from dataarts_datamap._export.arrow import ArrowEncoder, plain_type
from dataarts_datamap._export.columns import BATCH_ROWS, SOURCE, Batch, Column
from dataarts_datamap._export.increment import IDENTITY, stored_identity
from dataarts_datamap._extras import Untyped, load_extra

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from dataarts_datamap._export.increment import Identities

ArrowFormat: TypeAlias = Literal["parquet", "arrow"]


class ArrowFileWriter:
    """Writes a Parquet or an Arrow IPC file; ``source`` has the values of ``SOURCE`` for older rows without them."""

    def __init__(self, path: Path, columns: Sequence[Column], kind: ArrowFormat, *, source: Sequence[str]) -> None:
        self._source = source
        self._columns = columns
        self._kind: ArrowFormat = kind
        self._encoder = ArrowEncoder(columns)
        self._sink: Untyped = (_parquet_sink if kind == "parquet" else _IpcSink)(path, self._encoder)

    def write(self, batch: Batch) -> None:
        self._sink.write_batch(self._encoder.encode(batch))

    def keep(self, old: Path, identities: Identities) -> int:
        pa = load_extra("pyarrow", extra="arrow")
        written, kept = pa.array(identities.run_ids, type=pa.int64()), 0
        for stored in _read_batches(old, self._columns[: len(self._columns) - len(self._source)], self._kind):
            batch = self._completed(stored)
            others = batch.filter(_of_other_runs(batch, identities, written))
            if others.num_rows:
                self._sink.write_batch(self._encoder.adopt(others))
                kept += others.num_rows
        return kept

    def _completed(self, batch: Untyped) -> Untyped:
        """A batch of an older file, with the columns that it lacks."""
        pa = load_extra("pyarrow", extra="arrow")
        for name, text in zip(SOURCE, self._source, strict=False):
            batch = batch.append_column(pa.field(name, pa.string()), pa.array([text] * batch.num_rows, pa.string()))
        return batch

    def close(self) -> None:
        self._sink.close()


def _parquet_sink(path: Path, encoder: ArrowEncoder) -> Untyped:
    parquet = load_extra("pyarrow.parquet", extra="arrow")
    return parquet.ParquetWriter(str(path), encoder.schema, compression="zstd")


class _IpcSink:
    """Writes a stream first, then the file: a file has one dictionary per column, which is only complete at the end."""

    def __init__(self, path: Path, encoder: ArrowEncoder) -> None:
        self._ipc = load_extra("pyarrow.ipc", extra="arrow")
        self._path = path
        self._stream_path = path.with_name(f"{path.name}.stream")
        self._encoder = encoder
        self._stream = self._ipc.new_stream(str(self._stream_path), encoder.schema)
        self.write_batch = self._stream.write_batch

    def close(self) -> None:
        self._stream.close()
        with (
            self._stream_path.open("rb") as stream,
            self._ipc.new_file(str(self._path), self._encoder.schema) as file,
        ):
            for batch in self._ipc.open_stream(stream):
                file.write_batch(self._encoder.unify(batch))
        self._stream_path.unlink()


def arrow_columns(path: Path, kind: ArrowFormat) -> list[str]:
    pa = load_extra("pyarrow", extra="arrow")
    with _readable(path):
        if kind == "parquet":
            return list(load_extra("pyarrow.parquet", extra="arrow").read_schema(str(path)).names)
        with pa.OSFile(str(path)) as file:
            return list(load_extra("pyarrow.ipc", extra="arrow").open_file(file).schema.names)


def arrow_rows(path: Path, columns: Sequence[Column], kind: ArrowFormat) -> Iterator[tuple[Any, ...]]:
    for batch in _read_batches(path, columns, kind):
        yield from _plain_rows(batch)


def _read_batches(path: Path, columns: Sequence[Column], kind: ArrowFormat) -> Iterator[Untyped]:
    """Some columns of a file, in batches, with the types of an export, even if another program rewrote the file."""
    pa = load_extra("pyarrow", extra="arrow")
    schema = pa.schema([(column.name, plain_type(pa, column.kind)) for column in columns])
    with _readable(path), pa.OSFile(str(path)) as file:
        for stored in _stored_batches(file, schema.names, kind):
            arrays = [stored.column(field.name).cast(field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _stored_batches(file: Untyped, names: list[str], kind: ArrowFormat) -> Iterator[Untyped]:
    if kind == "parquet":
        parquet = load_extra("pyarrow.parquet", extra="arrow")
        with parquet.ParquetFile(file, pre_buffer=False) as stored:  # otherwise all row groups stay in memory
            yield from stored.iter_batches(batch_size=BATCH_ROWS, columns=names, use_threads=False)
    else:
        stored = load_extra("pyarrow.ipc", extra="arrow").open_file(file)
        yield from map(stored.get_batch, range(stored.num_record_batches))


@contextmanager
def _readable(path: Path) -> Generator[None]:
    pa = load_extra("pyarrow", extra="arrow")
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ExportError(f"{path} cannot be read as an export of runs: {error}") from None


def _of_other_runs(batch: Untyped, identities: Identities, written: Untyped) -> Untyped:
    pa, compute = load_extra("pyarrow", extra="arrow"), load_extra("pyarrow.compute", extra="arrow")
    ids = batch.column("run_id")
    unnamed = compute.fill_null(compute.equal(ids, 0), fill_value=True)
    doubtful = compute.or_(unnamed, compute.is_in(ids, value_set=written))
    if not doubtful.true_count:
        return compute.invert(doubtful)
    identities_of_rows = map(stored_identity, _plain_rows(batch.select(list(IDENTITY))))
    return pa.array([not identities.hold(one) for one in identities_of_rows], type=pa.bool_())


def _plain_rows(batch: Untyped) -> Iterator[tuple[Any, ...]]:
    """The rows as plain values; times in milliseconds since the epoch."""
    pa = load_extra("pyarrow", extra="arrow")

    def plain(values: Untyped) -> list[Any]:
        is_time = pa.types.is_timestamp(values.type)
        found: list[Any] = (values.cast(pa.int64()) if is_time else values).to_pylist()
        return found

    return zip(*map(plain, batch.columns), strict=True)
