"""Runs in a file of JSON lines: an object for each run, with every column, null for missing values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError, Struct, json
from msgspec.structs import astuple

from dataarts_datamap._errors import ExportError
from dataarts_datamap._export.columns import SOURCE, Batch, Column, Kind
from dataarts_datamap._export.formats.times import milliseconds_of, time_text
from dataarts_datamap._export.increment import stored_identity
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dataarts_datamap._export.increment import Identities, StoredIdentity


class _Identified(Struct):
    """The columns ``IDENTITY``, in their order; times as text."""

    run_id: int | None
    plan_time: str | None
    submit_time: str | None
    start_time: str | None
    task_id: str | None
    job_name: str | None
    workspace_id: str | None
    region: str | None = None
    project_id: str | None = None
    instance_id: str | None = None


class NdjsonWriter:
    """Writes a file of JSON lines; ``source`` has the values of the columns ``SOURCE`` for older rows without them."""

    def __init__(self, path: Path, columns: Sequence[Column], *, source: Sequence[str]) -> None:
        self._source = dict(zip(SOURCE, source, strict=False))
        self._columns = columns
        self._names = [column.name for column in columns]
        self._encode = json.Encoder().encode
        self._file = path.open("xb")

    def write(self, batch: Batch) -> None:
        rendered = [
            [time_text(value) or None for value in values] if column.kind is Kind.TIME else values
            for column, values in zip(self._columns, batch, strict=True)
        ]
        lines = [self._encode(dict(zip(self._names, row, strict=True))) for row in zip(*rendered, strict=True)]
        self._file.writelines(line + b"\n" for line in lines)

    def keep(self, old: Path, identities: Identities) -> int:
        kept = 0
        for line in map(partial(self._completed, old), _lines(old)):
            if not identities.hold(_identity(old, line)):
                self._file.write(line + b"\n")
                kept += 1
        return kept

    def _completed(self, old: Path, line: bytes) -> bytes:
        """A line of an older file, with the keys that it lacks."""
        if not self._source:
            return line
        row = _decode(old, line, dict[str, Any])
        return self._encode({**row, **self._source, **row})

    def close(self) -> None:
        self._file.close()


def ndjson_columns(path: Path) -> list[str] | None:
    """The names in the first line; None if the file is empty."""
    first = next(_lines(path), None)
    return None if first is None else list(_decode(path, first, dict[str, Any]))


def ndjson_rows(path: Path, columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """Some columns of text from the rows of a file of JSON lines; times as milliseconds since the epoch."""
    for line in _lines(path):
        row = _decode(path, line, dict[str, Any])
        yield tuple(_read_value(path, column.kind, row.get(column.name)) for column in columns)


def _identity(path: Path, line: bytes) -> StoredIdentity:
    run_id, *times_and_names = astuple(_decode(path, line, _Identified))
    times = [None if text is None else milliseconds_of(path, text) for text in times_and_names[:3]]
    return stored_identity([run_id, *times, *times_and_names[3:]])


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from filter(None, map(bytes.strip, file))


def _decode(path: Path, line: bytes, type_: Any) -> Any:  # noqa: ANN401
    try:
        return json.decode(line, type=type_)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExportError(f"{path} has a line that is not a run: {error}") from None


def _read_value(path: Path, kind: Kind, value: object) -> Any:  # noqa: ANN401
    if not isinstance(value, str | None):
        raise ExportError(f"{path} holds {shown(value)} where a text was expected")
    return milliseconds_of(path, value) if kind is Kind.TIME and value is not None else value
