"""Runs in a table of a DuckDB database."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap._errors import ExportError
from dataarts_datamap._export.arrow import ArrowEncoder
from dataarts_datamap._export.columns import SOURCE, Batch, Column, Kind
from dataarts_datamap._export.increment import IDENTITY
from dataarts_datamap._extras import Untyped, load_extra
from dataarts_datamap._files import target_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

_TYPES: Final = {
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
    Kind.TIME: "TIMESTAMPTZ",
    Kind.LABEL: "VARCHAR",
    Kind.TEXT: "VARCHAR",
}
_FETCHED_ROWS: Final = 10_000
_FIRST_NAME: Final = IDENTITY.index("task_id")
_FRUGAL: Final = (
    "memory_limit = '256MB'",
    "threads = 2",  # each thread needs its own memory
    "preserve_insertion_order = false",
    "enable_progress_bar = false",  # otherwise it is written to stdout
)


class DatabaseWriter:
    """Writes a new database with one table."""

    def __init__(self, path: Path, columns: Sequence[Column], *, table: str) -> None:
        self._path = path
        self._batch = f"{table} batch"  # a view, whose name must differ from the table's
        self._insert = f"INSERT INTO {_quoted(table)} SELECT * FROM {_quoted(self._batch)}"  # noqa: S608  quoted names
        self._encoder = ArrowEncoder(columns, extra="duckdb")
        with _converted_errors(path):
            self._connection = _connect_frugally(path)
            self._connection.execute(f"CREATE TABLE {_quoted(table)} ({_definition(columns)})")

    def write(self, batch: Batch) -> None:
        with _converted_errors(self._path):
            self._connection.register(self._batch, self._encoder.encode(batch))
            self._connection.execute(self._insert)
            self._connection.unregister(self._batch)

    def close(self) -> None:
        with _converted_errors(self._path):
            self._connection.close()


def merge_database(  # noqa: PLR0913  one keyword for each choice
    made: Path, target: Path, columns: Sequence[Column], *, table: str, append: bool, source: Sequence[str]
) -> int:
    """Merge one database into another in one transaction; returns the number of older rows that were kept.

    With ``append``, the older table's rows of the same runs are replaced; otherwise all its rows.
    ``source`` has the values of the columns ``SOURCE`` for the older rows, if the older table lacks these columns.
    """
    with _converted_errors(made), closing(_connect_frugally(made)) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone()
        older = _quoted(f"older {name}")
        connection.execute(f"ATTACH {_literal(str(target))} AS {older} (TYPE duckdb)")
        connection.execute("BEGIN")
        old = f"{older}.main.{_quoted(table)}"
        for name, text in zip(SOURCE, source, strict=False):
            connection.execute(f"ALTER TABLE {old} ADD COLUMN {_quoted(name)} VARCHAR DEFAULT {_literal(text)}")
            connection.execute(f"ALTER TABLE {old} ALTER COLUMN {_quoted(name)} DROP DEFAULT")
        kept = _merge(connection, columns, old=old, fresh=_quoted(table), append=append)
        connection.execute("COMMIT")
        connection.execute(f"DETACH {older}")
    return kept


def _merge(connection: Untyped, columns: Sequence[Column], *, old: str, fresh: str, append: bool) -> int:
    if not append:
        connection.execute(f"DROP TABLE IF EXISTS {old}")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {old} ({_definition(columns)})")
    if append:
        names, times = IDENTITY[_FIRST_NAME:], IDENTITY[1:_FIRST_NAME]
        operator = [f"coalesce(old.{_quoted(name)}, '') = coalesce(fresh.{_quoted(name)}, '')" for name in names]
        known = ["old.run_id <> 0", "old.run_id = fresh.run_id", *_alike(times[:1]), *operator]
        unnamed = ["coalesce(old.run_id, 0) = 0", "coalesce(fresh.run_id, 0) = 0", *_alike(times), *operator]
        for same in (known, unnamed):
            connection.execute(f"DELETE FROM {old} AS old USING {fresh} AS fresh WHERE {' AND '.join(same)}")  # noqa: S608  quoted names
    (kept,) = connection.execute(f"SELECT count(*) FROM {old}").fetchone()  # noqa: S608  a quoted name
    connection.execute(f"INSERT INTO {old} SELECT * FROM {fresh}")  # noqa: S608  quoted names
    return int(kept)


def _alike(names: Sequence[str]) -> list[str]:
    return [f"old.{_quoted(name)} IS NOT DISTINCT FROM fresh.{_quoted(name)}" for name in names]


def duckdb_columns(path: Path, *, table: str) -> list[str] | None:
    """The names of the columns of a table, whose name is matched ignoring case; None if there is no such table."""
    query = (
        "SELECT column_name FROM duckdb_columns() WHERE lower(table_name) = lower(?) AND schema_name = 'main' "
        "AND database_name = current_database() ORDER BY column_index"
    )
    with _converted_errors(path), closing(_connect(path)) as connection:
        names = connection.execute(query, [table]).fetchall()
    return [name for (name,) in names] or None


def duckdb_rows(path: Path, columns: Sequence[Column], *, table: str) -> Iterator[tuple[Any, ...]]:
    values = ", ".join(
        f"epoch_ms({_quoted(column.name)})" if column.kind is Kind.TIME else _quoted(column.name) for column in columns
    )
    with _converted_errors(path), closing(_connect(path)) as connection:
        found = connection.execute(f"SELECT {values} FROM {_quoted(table)}")  # noqa: S608  quoted names
        while some := found.fetchmany(_FETCHED_ROWS):
            yield from some


def _connect(path: Path) -> Untyped:
    return load_extra("duckdb", extra="duckdb").connect(str(path))


def _connect_frugally(path: Path) -> Untyped:
    """A connection that uses little memory and spills to disk, keeps no order, and prints nothing."""
    connection = _connect(path)
    for setting in _FRUGAL:
        connection.execute(f"SET {setting}")
    return connection


def _definition(columns: Sequence[Column]) -> str:
    return ", ".join(f"{_quoted(column.name)} {_TYPES[column.kind]}" for column in columns)


@contextmanager
def _converted_errors(path: Path) -> Generator[None]:
    duckdb = load_extra("duckdb", extra="duckdb")
    try:
        yield
    except duckdb.Error as error:
        target = target_of(path)
        raise ExportError(f"{target}: {str(error).replace(str(path), str(target))}") from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
