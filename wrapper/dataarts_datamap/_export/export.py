"""Writes runs to a file, and finds the beginning of the file's next increment."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, cast

from msgspec import Struct

from dataarts_datamap._arguments import instances, members
from dataarts_datamap._errors import ExportError, InvalidArgumentError
from dataarts_datamap._export.columns import SOURCE, Batch, Column, Nested, batches, chosen_columns
from dataarts_datamap._export.formats.arrow_files import ArrowFileWriter, ArrowFormat, arrow_columns, arrow_rows
from dataarts_datamap._export.formats.csv import CsvWriter, begins_with_mark, csv_columns, csv_rows, guarded
from dataarts_datamap._export.formats.duckdb import DatabaseWriter, duckdb_columns, duckdb_rows, merge_database
from dataarts_datamap._export.formats.ndjson import NdjsonWriter, ndjson_columns, ndjson_rows
from dataarts_datamap._export.increment import IDENTITY, POSITION, Identities, IncrementStart, stored_identity
from dataarts_datamap._files import replaceable, replacing, scratch
from dataarts_datamap._models.runs import Operator, has_other_name
from dataarts_datamap._text import printable, shown, whole_text
from dataarts_datamap._times import EPOCH, MILLISECOND, plain_span, span_hint

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dataarts_datamap._export.increment import StoredRun
    from dataarts_datamap._models.runs import Run

ExportFormat: TypeAlias = Literal["parquet", "csv", "ndjson", "arrow", "duckdb"]
"""A file format of an export."""

_DEFAULT_LOOKBACK: Final = timedelta(days=7)
_OF_OPERATOR: Final = ("task_id", "job_name", "workspace_id")


class ExportSummary(Struct, frozen=True, kw_only=True):
    """The result of an export.

    Attributes:
        written: Number of runs written.
        kept: Number of older rows that were kept; 0 without ``append``.
        without_id: Number of written runs without an id; 0 if the column ``run_id`` is left out. An increment
            recognises such a run by its operator and the times of its plan, submission and start.
        under_other_name: Number of written runs whose rows name another task or operator than the request. The file has
            them under the name in the row, so ``next_export_start`` does not count them for the requested operator.
    """

    written: int
    kept: int
    without_id: int
    under_other_name: int = 0


@dataclass(frozen=True, kw_only=True)
class _Target:
    path: Path
    format: ExportFormat
    table: str
    csv_guard: bool
    csv_bom: bool
    source: tuple[str, ...] = ()
    """Values of the columns ``SOURCE`` for the rows of an older file without these columns."""


class _Writer(Protocol):
    def write(self, batch: Batch) -> None: ...
    def keep(self, old: Path, identities: Identities) -> int:
        """Write the rows of other runs from an older file; returns their number."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class _Format:
    """The functions of a file format.

    Attributes:
        suffixes: Its file suffixes.
        stored_columns: Returns the names of a file's columns; None if it has none yet.
        stored_rows: Returns some columns of the rows of a file.
        open_writer: Returns a writer of a new file; None for a database, which is filled in place.
    """

    suffixes: tuple[str, ...]
    stored_columns: Callable[[_Target], list[str] | None]
    stored_rows: Callable[[_Target, Sequence[Column]], Iterator[tuple[Any, ...]]]
    open_writer: Callable[[_Target, Path, Sequence[Column]], _Writer] | None


def export_runs(  # noqa: PLR0913  one keyword for each choice
    runs: Iterable[Run],
    path: str | os.PathLike[str],
    *,
    format: ExportFormat | None = None,  # noqa: A002  the common name
    append: bool = False,
    columns: Sequence[str] | None = None,
    nested: Nested = "json",
    csv_guard: bool = False,
    csv_bom: bool = False,
    table: str = "runs",
    file_source: Sequence[str] | None = None,
) -> ExportSummary:
    """Write runs to a file, in batches: memory stays flat, but ``append`` can keep the ids of all written runs.

    The columns are the fields of ``Run``, ``state``, ``duration_ms``, and, from the run's origin (``Run.origin``),
    ``region``, ``project_id`` and ``instance_id``. If a row lacks its task, operator or workspace, it gets the one in
    the request. Times are in UTC, to the millisecond (ISO 8601 text in CSV and JSON lines); counts, ``run_id`` and
    ``job_id`` are integers of 64 bits, all other ids are text. ``running_data`` and ``running_param`` stay the text
    that was sent, which is nearly always JSON.

    The file is written under another name and moved into place when it is complete: an export that fails or is killed
    leaves the old file unchanged. An existing DuckDB database keeps its other tables, and is changed in one
    transaction.

    Args:
        runs: The runs, such as a pager.
        path: File to write. Without ``append``, its content is replaced.
        format: The file format; if left out, the suffix of the path decides.
        append: Whether to keep the file's rows of other runs. Rows of the same runs are replaced: those with the same
            region, project, instance, workspace, task, operator, run id and planned time. If a run has no id, its
            submitted and started times must be the same, too.
        columns: Names of the columns to write, in order; all if left out.
        nested: ``skip`` leaves out the columns of nested documents, about half of the bytes.
        csv_guard: Put an apostrophe before text in CSV that a spreadsheet would run, such as ``=1+1``, and before text
            that already looks guarded, such as ``'=1+1``: so removing one apostrophe restores each text. Text in kept
            rows is guarded, too, unless it already looks guarded.
        csv_bom: Begin CSV with a byte order mark, by which Excel recognises UTF-8. With ``append``, a file
            that has one keeps it.
        table: Name of the table in a DuckDB database. Another format accepts only the default.
        file_source: Region (or the endpoint's host), project id and instance id of the rows of an older file without
            columns for them. With ``append``, such a file needs it, and gets the columns. It has no effect on a file
            with these columns.

    Raises:
        InvalidArgumentError: An argument is invalid; nothing was read.
        ExportError: The file is not an export of runs, has other columns, or was changed meanwhile; or neither the file
            nor ``file_source`` has the origin of its runs.
        MissingExtraError: The format needs a library that is not installed.
        OSError: The file cannot be written.
    """
    _check_iterable(runs)
    target = _target(path, format, table=table, csv_guard=csv_guard, csv_bom=csv_bom)
    chosen = chosen_columns(columns, nested)
    source = None if file_source is None else _checked_source("file_source", file_source)
    if append:
        _check_identity(chosen)
        target = _continued(target, chosen, source)
    tally = _Tally(chosen)
    some = tally.count(batches(tally.names(runs), chosen))
    kept = _fill(target, chosen, some, append=append and target.path.exists())
    return ExportSummary(
        written=tally.written, kept=kept, without_id=tally.without_id, under_other_name=tally.under_other_name
    )


def next_export_start(  # noqa: PLR0913  one keyword for each choice
    path: str | os.PathLike[str],
    *,
    format: ExportFormat | None = None,  # noqa: A002  the common name
    lookback: timedelta = _DEFAULT_LOOKBACK,
    table: str = "runs",
    source: Sequence[str] | None = None,
    operator: Operator | Iterable[Operator] | None = None,
) -> datetime | None:
    """The beginning of the window of the next increment, UTC: early enough for all runs that may be new or changed.

    It is the earliest time of the oldest unfinished run, or ``lookback`` before the newest finished run, whichever is
    earlier, since a rerun changes a run that had ended. A rerun of an older run is missed. A run of an unknown state
    without an end counts as unfinished; a run planned for the future counts as one of the present. If an unfinished run
    has no time at all, it may lie anywhere, so the result is not later than the earliest time in the file.

    Args:
        path: The file.
        format: The file format; if left out, the suffix of the path decides.
        lookback: Time before the newest finished run from which finished runs are read again.
        table: Name of the table in a DuckDB database.
        source: Region, project id and instance id, as in ``client.source()``: only rows from there count. Give it if
            several sources share a file; otherwise later runs of one of them can be missed. It has no effect on a file
            without columns for it.
        operator: Only rows with this operator's task, name and, if it has one, workspace count. For several
            operators, such as those of ``client.list_operators(table_guid)``, the earliest of their starts is returned;
            operators without rows do not count. If several tables share a file, give the operators of the table to
            read.

    Returns:
        The time, or None if there is no such file, or none of the rows that count has a time.

    Raises:
        InvalidArgumentError: An argument is invalid, such as an unknown format or a negative ``lookback``.
        ExportError: The file is not an export of runs, or lacks ``state``, one of the times, or, with ``operator``, a
            column that names the operator.
        MissingExtraError: The format needs a library that is not installed.
    """
    operators = None
    if operator is not None:
        given = [operator] if isinstance(operator, Operator) else operator
        operators = instances("operator", given, Operator, "one or more operators such as those of list_operators")
    starts = increment_starts(path, operators, format=format, lookback=lookback, table=table, source=source)
    return min((start for start in starts.values() if start is not None), default=None)


def increment_starts(  # noqa: PLR0913  as above
    path: str | os.PathLike[str],
    operators: Sequence[Operator] | None,
    *,
    format: ExportFormat | None,  # noqa: A002  the common name
    lookback: timedelta,
    table: str,
    source: Sequence[str] | None,
) -> dict[Operator | None, datetime | None]:
    """The beginning of the window of each operator's next increment, as in ``next_export_start``.

    If ``operators`` is None, there is one start for all rows, under None.
    """
    behind = _checked_lookback(lookback)
    place = None if source is None else _checked_source("source", source)
    target = _target(path, format, table=table)
    names = _stored_columns(target)
    now = (datetime.now(UTC) - EPOCH) // MILLISECOND
    asked: tuple[Operator | None, ...] = (None,) if operators is None else tuple(dict.fromkeys(operators))
    starts = {one: IncrementStart(now=now) for one in asked}
    if names is not None:
        of_operator = () if operators is None else _OF_OPERATOR[: 2 + any(one.workspace_id for one in operators)]
        missing = [name for name in (*POSITION, *of_operator) if name not in names]
        if missing:
            raise ExportError(f"{target.path} has no column {missing[0]}, which the next increment needs")
        wanted = () if place is None or not set(SOURCE).issubset(names) else place

        @lru_cache(1024)
        def starts_of(*texts: str | None) -> list[IncrementStart]:
            if not all(map(_is_text, texts, wanted)):
                return []
            return [start for one, start in starts.items() if one is None or _is_of(one, texts[len(wanted) :])]

        columns = chosen_columns([*POSITION, *SOURCE[: len(wanted)], *of_operator], "json")
        for row in _FORMATS[target.format].stored_rows(target, columns):
            for start in starts_of(*row[len(POSITION) :]):
                start.note(cast("StoredRun", row[: len(POSITION)]))
    found = {one: start.before(behind // MILLISECOND) for one, start in starts.items()}
    return {one: None if start is None else EPOCH + start * MILLISECOND for one, start in found.items()}


def _is_of(operator: Operator, texts: Sequence[str | None]) -> bool:
    """Whether a row belongs to an operator, by its task, its name and, if given, its workspace."""
    names = (operator.task_id, operator.job_name, *([operator.workspace_id] if operator.workspace_id else []))
    return all(map(_is_text, texts, names))


def _is_text(stored: str | None, text: str) -> bool:
    """Whether a stored text is the given one, with or without the apostrophe that guards it."""
    return stored in {text, guarded(text)}


class _Tally:
    """Counts the runs and rows that pass through it."""

    def __init__(self, columns: Sequence[Column]) -> None:
        names = [column.name for column in columns]
        self._at = names.index("run_id") if "run_id" in names else None
        self.written = 0
        self.without_id = 0
        self.under_other_name = 0

    def names(self, runs: Iterable[Run]) -> Iterator[Run]:
        for run in runs:
            self.under_other_name += has_other_name(run)
            yield run

    def count(self, some: Iterable[Batch]) -> Iterator[Batch]:
        for batch in some:
            yield batch
            self.written += len(batch[0])
            if self._at is not None:
                self.without_id += sum(not run_id for run_id in batch[self._at])


def _check_iterable(runs: object) -> None:
    if not isinstance(runs, Iterable):
        raise InvalidArgumentError(f"runs must be an iterable, not {type(runs).__name__}")


def _checked_lookback(lookback: object) -> timedelta:
    if not isinstance(lookback, timedelta) or lookback < timedelta(0):
        hint = span_hint(lookback, "timedelta(days=7)")
        raise InvalidArgumentError(f"lookback must be a non-negative timedelta, such as {hint}, not {shown(lookback)}")
    return plain_span(lookback)


def _target(
    path: str | os.PathLike[str],
    format: ExportFormat | None,  # noqa: A002  the common name
    *,
    table: str,
    csv_guard: bool = False,
    csv_bom: bool = False,
) -> _Target:
    where = replaceable(path)
    known = _format_of(where, format)
    if (csv_guard or csv_bom) and known != "csv":
        raise InvalidArgumentError(f"csv_guard and csv_bom are for CSV, not for {known}")
    if not _is_storable(table):
        raise InvalidArgumentError(f"table must be the name of a table, not {shown(table)}")
    if table != "runs" and known != "duckdb":
        raise InvalidArgumentError(f"table (--table-name) is for DuckDB, not for {known}")
    return _Target(path=where, format=known, table=table, csv_guard=csv_guard, csv_bom=csv_bom)


def _format_of(path: Path, asked: ExportFormat | None) -> ExportFormat:
    suffix = path.suffix.lower()
    known = next((name for name, one in _FORMATS.items() if suffix in one.suffixes), None) if asked is None else asked
    if known is None or known not in tuple(_FORMATS):  # a caller can pass an unhashable value
        what = f"the format of {path.name}" if asked is None else f"the format {shown(asked)}"
        raise InvalidArgumentError(f"{what} is not known: give one of {', '.join(_FORMATS)}")
    return known


def _fill(target: _Target, columns: Sequence[Column], some: Iterator[Batch], *, append: bool) -> int:
    """Write the batches; returns the number of older rows that were kept."""
    open_writer = _FORMATS[target.format].open_writer
    if open_writer is None:
        return _fill_database(target, columns, some, append=append)
    names = [column.name for column in columns]
    identities = Identities()
    with replacing(target.path) as made, closing(open_writer(target, made, columns)) as writer:
        for batch in some:
            writer.write(batch)
            if append:
                for values in zip(*(batch[names.index(name)] for name in IDENTITY), strict=True):
                    identities.note(stored_identity(values))
        return writer.keep(target.path, identities) if append else 0


def _fill_database(target: _Target, columns: Sequence[Column], some: Iterator[Batch], *, append: bool) -> int:
    exists = target.path.exists()
    log = target.path.with_name(f"{target.path.name}.wal")
    if not exists and log.exists():
        raise ExportError(f"{log} is left over from a deleted database: remove it first")
    with (scratch if exists else replacing)(target.path) as made:
        with closing(DatabaseWriter(made, columns, table=target.table)) as writer:
            for batch in some:
                writer.write(batch)
        if not exists:
            return 0
        return merge_database(made, target.path, columns, table=target.table, append=append, source=target.source)


def _check_identity(columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    if missing := [name for name in IDENTITY if name not in names]:
        noun = "column" if len(missing) == 1 else "columns"
        raise InvalidArgumentError(f"append needs the {noun} {', '.join(missing)}, which identify a run")


def _is_storable(text: object) -> bool:
    return isinstance(text, str) and bool(text) and "\x00" not in text and whole_text(text) == text


def _checked_source(name: str, source: object) -> tuple[str, ...]:
    found = [] if isinstance(source, str) else members(source) or []
    if len(found) != len(SOURCE) or not all(map(_is_storable, found)):
        raise InvalidArgumentError(f"{name} must be a region, a project id and an instance id, not {shown(source)}")
    return tuple(cast("list[str]", found))


def _continued(target: _Target, columns: Sequence[Column], source: tuple[str, ...] | None) -> _Target:
    """The target, if its file can be continued with these columns; the file may lack the columns ``SOURCE``."""
    if target.format == "csv" and target.path.exists() and begins_with_mark(target.path):
        target = replace(target, csv_bom=True)
    stored, asked = _stored_columns(target), [column.name for column in columns]
    if stored is None or stored == asked:
        return target
    if not set(SOURCE).isdisjoint(stored) or asked != [*stored, *SOURCE]:
        raise ExportError(
            f"{target.path} has the columns {_listed(stored)}, not {_listed(asked)}: give the file's columns, "
            "or start a new file"
        )
    if source is None:
        raise ExportError(
            f"{target.path} is an older file without columns for region, project and instance, so it is unknown "
            "where its runs were read: give the source with file_source=(region, project_id, instance_id) "
            "(--file-source REGION,PROJECT_ID,INSTANCE_ID; without a region, the endpoint's host), or start a new file"
        )
    return replace(target, source=source)


def _stored_columns(target: _Target) -> list[str] | None:
    """The names of the columns of a file; None if there is no file, or it has no columns yet."""
    return _FORMATS[target.format].stored_columns(target) if target.path.exists() else None


def _open_csv(target: _Target, made: Path, columns: Sequence[Column]) -> _Writer:
    return CsvWriter(made, columns, guard=target.csv_guard, bom=target.csv_bom, source=target.source)


def _arrow_format(kind: ArrowFormat, *suffixes: str) -> _Format:
    return _Format(
        suffixes,
        lambda target: arrow_columns(target.path, kind),
        lambda target, columns: arrow_rows(target.path, columns, kind),
        lambda target, made, columns: ArrowFileWriter(made, columns, kind, source=target.source),
    )


_FORMATS: Final[Mapping[ExportFormat, _Format]] = {
    "parquet": _arrow_format("parquet", ".parquet"),
    "csv": _Format(
        (".csv",),
        lambda target: csv_columns(target.path),
        lambda target, columns: csv_rows(target.path, columns),
        _open_csv,
    ),
    "ndjson": _Format(
        (".ndjson", ".jsonl"),
        lambda target: ndjson_columns(target.path),
        lambda target, columns: ndjson_rows(target.path, columns),
        lambda target, made, columns: NdjsonWriter(made, columns, source=target.source),
    ),
    "arrow": _arrow_format("arrow", ".arrow", ".feather"),
    "duckdb": _Format(
        (".duckdb",),
        lambda target: duckdb_columns(target.path, table=target.table),
        lambda target, columns: duckdb_rows(target.path, columns, table=target.table),
        None,
    ),
}


def _listed(names: Sequence[str]) -> str:
    return printable(",".join(names), limit=500)
