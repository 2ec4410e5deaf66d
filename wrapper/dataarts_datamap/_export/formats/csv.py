"""Runs in a CSV file: UTF-8, a header, an empty cell for a missing value and ``""`` for empty text."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap._errors import ExportError
from dataarts_datamap._export.columns import SOURCE, Batch, Column, Kind
from dataarts_datamap._export.formats.times import milliseconds_of, time_text
from dataarts_datamap._export.increment import IDENTITY, stored_identity
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dataarts_datamap._export.increment import Identities

_TEXTS: Final = frozenset({Kind.TEXT, Kind.LABEL})
_SPECIAL: Final = re.compile(r'[",\r\n]|^\s|\s$|^$')
_RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings of cells that a spreadsheet would run (OWASP, CSV injection); the last four are full-width forms."""
_GUARDABLE: Final = re.compile(f"'*[{re.escape(''.join(_RUN_BY_SPREADSHEETS))}]")
"""The beginning of text that gets one more apostrophe, so that different texts stay different."""
_CELL: Final = re.compile(r'(?:\A|,)(?:"((?:[^"]++|"")*+)"(?=,|\Z)|([^,]*+))')
"""A pattern for a cell. Python's reader limits a cell to 128 KiB, process-wide, and takes ``""`` for a missing one."""


class CsvWriter:
    """Writes a CSV file; ``source`` has the values of the columns ``SOURCE`` for older rows without them."""

    def __init__(self, path: Path, columns: Sequence[Column], *, guard: bool, bom: bool, source: Sequence[str]) -> None:
        self._source = source
        self._columns = columns
        self._guard = guard
        self._cells = [_cell_maker(column.kind, guard=guard) for column in columns]
        self._file = path.open("x", encoding="utf-8-sig" if bom else "utf-8", newline="")
        self._file.write(",".join(column.name for column in columns) + "\n")

    def write(self, batch: Batch) -> None:
        rendered = [list(map(cell, values)) for cell, values in zip(self._cells, batch, strict=True)]
        lines = [",".join(cells) for cells in zip(*rendered, strict=True)]
        self._file.writelines(f"{line}\n" for line in lines)

    def keep(self, old: Path, identities: Identities) -> int:
        (names, records), kept = _read(old), 0
        added: dict[str, str] = dict(zip(SOURCE, self._source, strict=False))
        tail = "".join(f",{_text_cell(text, guard=self._guard)}" for text in self._source)
        kinds = {column.name: column.kind for column in self._columns}
        places = [(name, kinds[name], names.index(name) if name in names else None) for name in IDENTITY]
        at, written = names.index("run_id"), set(identities.run_ids)
        for record in records:
            if (self._guard or self._source) and sum(1 for _ in _cells(record)) > len(names):
                what = f"a line with more cells than its header: {shown(record)}"
                raise ExportError(f"{old} has {what}: remove the extra cells")
            run_id = _read_cell(old, Kind.INTEGER, _cell(old, record, at))
            if self._source or not run_id or run_id in written:
                cells = list(_cells(record))
                if len(cells) < len(names):
                    raise _short(old, record)
                values = [
                    added.get(name) if place is None else _read_cell(old, kind, cells[place])
                    for name, kind, place in places
                ]
                if identities.hold(stored_identity(values)) or identities.hold(stored_identity(_unguarded(values))):
                    continue
            line = self._guarded(record) if self._guard else record
            self._file.write(f"{line}{tail}\n")
            kept += 1
        return kept

    def _guarded(self, record: str) -> str:
        found = zip(self._columns, _CELL.finditer(record), strict=False)
        return ",".join(
            _guarded_cell(cell) if column.kind in _TEXTS else cell[0].removeprefix(",") for column, cell in found
        )

    def close(self) -> None:
        self._file.close()


def guarded(text: str) -> str:
    """The text, with one more apostrophe before it if a spreadsheet would run it, or if it already looks guarded."""
    return f"'{text}" if _GUARDABLE.match(text) else text


def unguarded(text: str) -> str:
    """The text without its guarding apostrophe, if it has one."""
    return text[1:] if text.startswith("'") and _GUARDABLE.match(text) else text


def begins_with_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(BOM_UTF8)) == BOM_UTF8


def csv_columns(path: Path) -> list[str]:
    return _read(path)[0]


def csv_rows(path: Path, columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    names, records = _read(path)
    places = [(names.index(column.name), column.kind) for column in columns]
    for record in records:
        cells = list(_cells(record))
        if len(cells) < len(names):
            raise _short(path, record)
        yield tuple(_read_cell(path, kind, cells[at]) for at, kind in places)


def _cell_maker(kind: Kind, *, guard: bool) -> Callable[[Any], str]:
    match kind:
        case _ if kind in _TEXTS:
            return partial(_text_cell, guard=guard)
        case Kind.TIME:
            return time_text
        case Kind.FLAG:
            return {None: "", True: "true", False: "false"}.__getitem__
        case _:
            return _number_cell


def _number_cell(value: float | None) -> str:
    return "" if value is None else repr(value)


def _text_cell(value: str | None, *, guard: bool) -> str:
    if value is None:
        return ""
    text = guarded(value) if guard else value
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def _read(path: Path) -> tuple[list[str], Iterator[str]]:
    """The names in the header, and the records below it. With a single column, an empty line is a record."""
    records = _records(path)
    header = next(records, None)
    if header is None:
        raise ExportError(f"{path} is empty: it has no header")
    names = list(_cells(header))
    return names, (record for record in records if record or len(names) == 1)


def _records(path: Path) -> Iterator[str]:
    """The raw records of a file, without their line ends. A quoted cell can hold line ends."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines: list[str] = []
        is_quoted = False
        try:
            for line in file:
                lines.append(line)
                is_quoted ^= line.count('"') % 2 == 1
                if not is_quoted:
                    yield "".join(lines).rstrip("\r\n")
                    lines.clear()
        except UnicodeDecodeError as error:
            raise ExportError(f"{path} is not a CSV file in UTF-8: {error}") from None
    if lines:
        raise ExportError(f"{path} ends inside a quoted cell: it is not a complete CSV file")


def _cells(record: str) -> Iterator[str]:
    return map(_value, _CELL.finditer(record))


def _value(cell: re.Match[str]) -> str:
    quoted, plain = cell.groups()
    return plain if quoted is None else quoted.replace('""', '"')


def _guarded_cell(cell: re.Match[str]) -> str:
    """A raw text cell, guarded unless it already looks guarded; a missing one stays missing, and an empty one empty."""
    value = _value(cell)
    return _text_cell(value, guard=True) if value.startswith(_RUN_BY_SPREADSHEETS) else cell[0].removeprefix(",")


def _cell(path: Path, record: str, at: int) -> str:
    cell = next(islice(_cells(record), at, None), None)
    if cell is None:
        raise _short(path, record)
    return cell


def _short(path: Path, record: str) -> ExportError:
    return ExportError(f"{path} has a line with fewer cells than its header: {shown(record)}")


def _unguarded(values: Sequence[Any]) -> list[Any]:
    """The values without guarding apostrophes, since a file does not show whether it was guarded."""
    return [unguarded(value) if isinstance(value, str) else value for value in values]


def _read_cell(path: Path, kind: Kind, cell: str) -> Any:  # noqa: ANN401
    if not cell:
        return None
    match kind:
        case Kind.TIME:
            return milliseconds_of(path, cell)
        case Kind.INTEGER:
            return _integer(path, cell)
        case _:
            return cell


def _integer(path: Path, cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise ExportError(f"{path} holds a run_id that is not an integer: {cell!r:.80}") from None
