"""The file of tables: the tables to check, each with its rule."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from dataarts_datamap._checks.due_times import DueTime
from dataarts_datamap._checks.table_rules import TableRule
from dataarts_datamap._errors import InvalidArgumentError, TableFileError
from dataarts_datamap._files import read_text
from dataarts_datamap._models.dataset_names import DatasetNames, parse_names
from dataarts_datamap._text import printable, shown
from dataarts_datamap._times import parse_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

TABLE_FILE: Final = "datamap.toml"
"""Name of the file in the working directory."""

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS: Final = "s, m, h, d or w"
_MOST_PROBLEMS: Final = 20
_ALIKE: Final = 0.8
_TABLES_HEAD: Final = re.compile(r"\s*\[\[\s*(?:tables|\"tables\"|'tables')\s*\]\]")
_DEFAULTS_HEAD: Final = re.compile(r"\s*\[\s*(?:defaults|\"defaults\"|'defaults')\s*\]")
_NAMES_HEAD: Final = re.compile(r"\s*\[\[\s*openlineage\s*\.\s*datasets\s*\]\]")
_ANY_HEAD: Final = re.compile(r"\s*\[")
_DECODE_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_SHARE: Final = re.compile(r"\s*(\d{1,3})\s*%\s*", re.ASCII)
_ALL_OF_IT: Final = 100
_NAMES: Final = "openlineage"
_TOP_KEYS: Final = ("defaults", "tables", _NAMES)
_DUE_KEYS: Final = ("tz", "days", "except", "planned_from")
_DUE_FIELDS: Final = {"due": "at", "tz": "zone", "except": "exceptions", "days": "days", "planned_from": "planned_from"}


class _WrongValueError(Exception):
    """A value is invalid; the text describes the valid ones."""


class _Places:
    """The line numbers of the tables and keys of a file, found in its text.

    A table without a header of its own has the line that names ``tables``.
    """

    def __init__(self, text: str, tables: int) -> None:
        self._lines = text.splitlines()
        heads = [index for index, line in enumerate(self._lines) if _TABLES_HEAD.match(line)]
        self._tables = heads if len(heads) == tables else []
        self._defaults = next((index for index, line in enumerate(self._lines) if _DEFAULTS_HEAD.match(line)), None)

    def of_table(self, number: int, key: str | None = None) -> int:
        """The line of the table with a number from 0, or of a key in that table."""
        return self._below(self._tables[number], key) if self._tables else self.of_top("tables")

    def of_default(self, key: str) -> int:
        return self.of_top("defaults") if self._defaults is None else self._below(self._defaults, key)

    def of_names(self, number: int | None) -> int:
        """The line of the ``[[openlineage.datasets]]`` with a number from 0, or of ``openlineage`` for None."""
        heads = [index for index, line in enumerate(self._lines, start=1) if _NAMES_HEAD.match(line)]
        return heads[number] if number is not None and number < len(heads) else self.of_top(_NAMES)

    def of_top(self, key: str) -> int:
        """The line that begins with a key, or has the key in a header; 1 if there is none."""
        pattern = re.compile(rf"\s*\[*\s*{_as_written(key)}\s*[.=\]]")
        return next((index for index, line in enumerate(self._lines, start=1) if pattern.match(line)), 1)

    def _below(self, head: int, key: str | None) -> int:
        if key is not None:
            pattern = re.compile(rf"\s*{_as_written(key)}\s*[.=]")
            for index in range(head + 1, len(self._lines)):
                if _ANY_HEAD.match(self._lines[index]):
                    break
                if pattern.match(self._lines[index]):
                    return index + 1
        return head + 1


def load_tables(path: Path | str = TABLE_FILE) -> list[TableRule]:
    """The tables of a TOML file, in its order.

    Each ``[[tables]]`` has a ``name`` or a ``guid``. It can have ``label``, ``owner``, ``severity`` and ``producers``.
    It can have either ``max_age`` (``"26h"``) or ``due`` (``"08:00"``). A ``due`` needs ``tz``, and can have ``days``
    (``["mon", "tue"]``), ``except`` (dates) and ``planned_from`` (a time). ``min_rows`` (a number) and ``rows_drop``
    (``"50%"``) judge how many rows a success wrote. ``[defaults]`` holds values for the tables that do not set their
    own.

    Args:
        path: The file.

    Raises:
        TableFileError: It cannot be read, is not TOML, has an unknown key, an invalid value or a table twice, or has no
            tables.
    """
    shown_path = printable(str(path))
    return parse_tables(_read(path, shown_path), shown_path)


def load_dataset_names(path: Path | str = TABLE_FILE) -> DatasetNames:
    """The rules for the names of datasets in a lineage catalog, from a file of tables; none without ``[openlineage]``.

    ``[openlineage]`` has ``job_namespace``; each ``[[openlineage.datasets]]`` has the fields of ``DatasetRule``.

    Args:
        path: The file.

    Raises:
        TableFileError: As for ``load_tables``.
    """
    shown_path = printable(str(path))
    text = _read(path, shown_path)
    parse_tables(text, shown_path)
    return parse_names(tomllib.loads(text).get(_NAMES, {})).names


def _read(path: Path | str, shown_path: str) -> str:
    try:
        return read_text(path)
    except FileNotFoundError:
        raise TableFileError(f"there is no file of tables {shown_path}: datamap tables --init creates one") from None
    except UnicodeDecodeError as error:
        raise TableFileError(f"{shown_path} is not UTF-8: byte {error.start}") from None
    except OSError as error:
        raise TableFileError(f"{shown_path} cannot be read: {error.strerror or error}") from None


def parse_tables(text: str, path: str = TABLE_FILE) -> list[TableRule]:
    """The tables in the text of a file of tables; ``path`` is its name in errors.

    Raises:
        TableFileError: As for ``load_tables``.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _DECODE_PLACE.search(str(error))
        line = place[1] if place and place[1] else str(text.count("\n") + 1)
        raise TableFileError(f"{path}:{line}: invalid TOML: {printable(_DECODE_PLACE.sub('', str(error)))}") from None
    except (ValueError, RecursionError) as error:  # an integer of more than 4,300 digits, or lists nested too deeply
        raise TableFileError(f"{path} cannot be read: {error}") from None
    reader = _Reader(document, text)
    rules = reader.read()
    if reader.problems:
        listed = sorted(reader.problems)
        lines = [f"{path}:{line}: {said}" for line, said in listed[:_MOST_PROBLEMS]]
        more = len(listed) - _MOST_PROBLEMS
        raise TableFileError("\n".join([*lines, *([f"and {more} more problems"] if more > 0 else [])]))
    return rules


class _Reader:
    """Reads a document, and collects its problems."""

    def __init__(self, document: dict[str, Any], text: str) -> None:
        self.problems: list[tuple[int, str]] = []
        self._document = document
        self._default_keys: set[str] = set()
        tables = document.get("tables", [])
        self._tables: list[Any] = tables if isinstance(tables, list) else []
        self._places = _Places(text, len(self._tables))

    def read(self) -> list[TableRule]:
        for key in self._document:
            if key not in _TOP_KEYS:
                self._note(self._places.of_top(key), _unknown_key(key, _TOP_KEYS))
        if _NAMES in self._document:
            for number, said in parse_names(self._document[_NAMES]).problems:
                self._note(self._places.of_names(number), said)
        defaults = self._defaults()
        if not self._tables:
            self._note(self._places.of_top("tables"), "there are no tables: begin each with [[tables]]")
        rules = [self._rule(number, table, defaults) for number, table in enumerate(self._tables)]
        return [rule for rule in rules if rule is not None]

    def _note(self, line: int, text: str) -> None:
        self.problems.append((line, text))

    def _defaults(self) -> dict[str, Any]:
        given = self._document.get("defaults", {})
        if not isinstance(given, dict):
            self._note(self._places.of_top("defaults"), f"defaults must be a table, [defaults], not {shown(given)}")
            return {}
        self._default_keys.update(cast("dict[str, Any]", given))
        defaults = self._values(cast("dict[str, Any]", given), _DEFAULT_KEYS, self._places.of_default)
        if {"max_age", "due"} <= defaults.keys():
            self._note(self._places.of_default("due"), "give either max_age or due as a default, not both")
            del defaults["due"]
        return defaults

    def _values(
        self, given: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]], place: Callable[[str], int]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                self._note(place(key), _unknown_key(key, known))
                continue
            try:
                values[key] = known[key](value)
            except _WrongValueError as wrong:
                self._note(place(key), f"{key} must be {wrong}, not {_said(value)}")
        return values

    def _rule(self, number: int, table: object, defaults: dict[str, Any]) -> TableRule | None:
        def place(key: str | None = None) -> int:
            return self._places.of_table(number, key)

        if not isinstance(table, dict):
            self._note(place(), f"each entry of tables must be a table, [[tables]], not {shown(table)}")
            return None
        given = cast("dict[str, Any]", table)
        before = len(self.problems)
        own = self._values(given, _TABLE_KEYS, place)
        self._refuse_second(number, given)
        if ("name" in given) is ("guid" in given):
            self._note(place(), "a table has either a name or a guid")
        if "max_age" in given and "due" in given:
            self._note(place("due"), "a table has either max_age or due, not both")
        rhythm = {"max_age", "due"} & given.keys()
        values = {
            **{key: value for key, value in defaults.items() if not rhythm or key not in {"max_age", "due"}},
            **own,
        }
        self._refuse_half_due(number, given, values)
        if len(self.problems) > before or ("due" in values and "tz" not in values):
            return None
        try:
            return _made(values)
        except InvalidArgumentError as error:
            self._note(place("guid" if "guid" in own else "name"), str(error))
            return None

    def _refuse_half_due(self, number: int, given: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse keys that need a due time if there is none, and a due time without a zone."""
        if "due" not in values and "due" not in given:
            for key in _DUE_KEYS:
                if key in given:
                    text = f"{key} needs due, which this table lacks"
                    self._note(self._places.of_table(number, key), text)
        elif "tz" not in {*values, *given, *self._default_keys}:
            self._note(self._places.of_table(number, "due"), 'due needs a zone: tz = "Asia/Shanghai"')

    def _refuse_second(self, number: int, given: Mapping[str, Any]) -> None:
        for key in ("name", "guid"):
            if not isinstance(given.get(key), str):
                continue
            for earlier, other in enumerate(self._tables[:number]):
                if isinstance(other, dict) and cast("dict[str, Any]", other).get(key) == given[key]:
                    first = self._places.of_table(earlier, key)
                    text = f"the table {shown(given[key])} occurs twice: first in line {first}"
                    self._note(self._places.of_table(number, key), text)
                    return


def _made(values: Mapping[str, Any]) -> TableRule:
    fields = {key: values[key] for key in TableRule.__struct_fields__ if key in values}
    if "due" in values:
        fields["due"] = DueTime(**{field: values[key] for key, field in _DUE_FIELDS.items() if key in values})
    return TableRule(**fields)


def _unknown_key(key: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(key.replace("-", "_").casefold(), known, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"the known keys are {', '.join(known)}"
    return f"no key is called {shown(key)}: {hint}"


def _said(value: object) -> str:
    return printable(value.isoformat()) if isinstance(value, date | time) else shown(value)


def _as_written(key: str) -> str:
    bare = re.escape(key)
    return f"(?:{bare}|\"{bare}\"|'{bare}')"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongValueError("a text that is not blank")
    return value


def _span(value: object) -> timedelta:
    span = parse_span(value) if isinstance(value, str) else None
    if span is None:
        raise _WrongValueError(f'a number with a unit ({_UNITS}), such as "26h"')
    return span


def _time(value: object) -> time:
    if isinstance(value, time):
        return value.replace(microsecond=0)
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d(:\d\d)?", value, re.ASCII):
        with suppress(ValueError):
            return time.fromisoformat(value)
    raise _WrongValueError('a time of day, such as "08:00"')


def _zone(value: object) -> tzinfo:
    if value == "UTC":
        return UTC
    if isinstance(value, str):
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            nearest = _nearest_zone(value)
            hint = f" (did you mean {nearest}?)" if nearest else ""
            raise _WrongValueError(f'a zone such as "Asia/Shanghai"{hint}') from None
    raise _WrongValueError('a zone such as "Asia/Shanghai"')


def _nearest_zone(text: str) -> str | None:
    zones = {zone.casefold(): zone for zone in available_timezones()}
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(zones, reverse=True)}
    wanted = text.strip().replace(" ", "_").casefold()
    near = get_close_matches(wanted, zones, n=1, cutoff=_ALIKE) or [
        cities[city] for city in get_close_matches(wanted, cities, n=1, cutoff=_ALIKE)
    ]
    return zones[near[0]] if near else None


def _days(value: object) -> frozenset[int]:
    days = cast("list[object]", value) if isinstance(value, list) else []
    wrong = [day for day in days if not isinstance(day, str) or day.casefold() not in _DAYS]
    if wrong or not days:
        first = wrong[0] if wrong else None
        nearest = get_close_matches(first[:3].casefold(), _DAYS, n=1) if isinstance(first, str) else []
        hint = f" (did you mean {nearest[0]}?)" if nearest else ""
        raise _WrongValueError(f"a list of some of {', '.join(_DAYS)}{hint}")
    return frozenset(_DAYS.index(cast("str", day).casefold()) for day in days)


def _dates(value: object) -> frozenset[date]:
    if isinstance(value, list):
        with suppress(ValueError):
            return frozenset(map(_date, cast("list[object]", value)))
    raise _WrongValueError("a list of dates, such as [2026-12-25]")


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return date.fromisoformat(value)
    raise ValueError


def _whole_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _WrongValueError("a whole number from 1")
    return value


def _share(value: object) -> float:
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if match is None or not 0 < int(match[1]) < _ALL_OF_IT:
        raise _WrongValueError('a percentage such as "50%", from 1% to 99%')
    return int(match[1]) / _ALL_OF_IT


def _names(value: object) -> tuple[str, ...]:
    names = cast("list[object]", value) if isinstance(value, list) else []
    if not names or not all(isinstance(name, str) and name for name in names):
        raise _WrongValueError("a list of operators, by job_name or workspace/job_name")
    return tuple(cast("list[str]", names))


_DEFAULT_KEYS: Final[dict[str, Callable[[Any], Any]]] = {
    "owner": _text,
    "severity": _text,
    "max_age": _span,
    "min_rows": _whole_number,
    "rows_drop": _share,
    "due": _time,
    "tz": _zone,
    "days": _days,
    "except": _dates,
    "planned_from": _time,
}
_TABLE_KEYS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": _text,
    "guid": _text,
    "label": _text,
    "producers": _names,
    **_DEFAULT_KEYS,
}
