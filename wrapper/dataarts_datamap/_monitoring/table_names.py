"""Finds the table that a name means, and never chooses silently between several. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from dataarts_datamap._errors import AmbiguousTableError, InvalidArgumentError, TableNotFoundError
from dataarts_datamap._models.tables import qualified_path
from dataarts_datamap._text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._models.tables import Table

_GUID: Final = re.compile(r"[0-9a-fA-F-]{32,36}")
NAME_PREFIX: Final = "name:"
"""Marks a text as a name, even if it looks like a GUID."""

_MOST_NEAREST: Final = 5
_MOST_LISTED: Final = 20
_LONGEST: Final = 120


def shown_name(table: Table) -> str:
    """The name of a table, made printable and shortened."""
    return shown_text(table.full_name)


def shown_text(text: str) -> str:
    """A name, a GUID or a status as sent, made printable and shortened."""
    return printable(text, limit=_LONGEST)


def is_guid(text: str) -> bool:
    """Whether a text looks like a GUID: 32 to 36 hexadecimal digits and hyphens."""
    return _GUID.fullmatch(text) is not None


def marked_name(name: str) -> str:
    """A name as text for a command or ``find_table``: with the prefix ``name:`` if it looks like a GUID."""
    return f"{NAME_PREFIX}{name}" if is_guid(name) else name


def name_of(text: object) -> str | None:
    """The name in a text, without the prefix ``name:`` that marks a name; None if the text is a GUID.

    Raises:
        InvalidArgumentError: It is not text, or the name is blank.
    """
    if not isinstance(text, str) or not text.removeprefix(NAME_PREFIX).strip():
        raise InvalidArgumentError(f"table must be a GUID or a name, not {shown(text)}")
    if text.startswith(NAME_PREFIX):
        return text.removeprefix(NAME_PREFIX)
    return None if is_guid(text) else text


def keyword_of(name: str) -> str:
    """The keyword to search for: the last part of a name, since no filter supports database and schema."""
    return next((part for part in reversed(name.split(".")) if part), name)


def choose_table(name: str, tables: Iterable[Table]) -> Table:
    """The only table with a name: its name, display name or qualified name, or the end of its path (``sales.orders``).

    Deleted tables do not count. If a table matches exactly, tables that differ in case, or in the encoding of accents,
    do not count either.

    Raises:
        TableNotFoundError: No table has the name; the text names similar ones.
        AmbiguousTableError: Several tables have it; the text lists them.
    """
    known = list({table.guid: table for table in tables if table.status != "DELETED"}.values())
    exact = _matches(name, known, str)
    found = exact or _matches(name, known, folded)
    if len(found) == 1:
        return found[0]
    raise _ambiguous(name, found) if found else not_found(name, known)


def match_tables(name: str, tables: Iterable[Table]) -> list[Table]:
    """Every table with a name, matched as in ``choose_table``, including deleted tables."""
    known = list(tables)
    return _matches(name, known, str) or _matches(name, known, folded)


def folded(text: str) -> str:
    """A text in the form for comparisons: case-folded, and each accent joined with its letter (Unicode's NFC)."""
    return normalize("NFC", text.casefold())


def _matches(name: str, tables: Sequence[Table], fold: Callable[[str], str]) -> list[Table]:
    wanted = fold(name)
    parts = tuple(wanted.split("."))
    return [table for table in tables if _has_name(table, wanted, parts, fold)]


def _has_name(table: Table, wanted: str, parts: tuple[str, ...], fold: Callable[[str], str]) -> bool:
    names = {table.name, table.raw.get("display_text"), table.qualified_name}
    if wanted in {fold(name) for name in names if isinstance(name, str)}:
        return True
    paths = (table.path, qualified_path(table.qualified_name))
    return any(_parts(path, fold)[-len(parts) :] == parts for path in paths)


def _parts(path: Iterable[str], fold: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(fold(part) for joined in path for part in joined.split("."))


def not_found(name: str, tables: Iterable[Table]) -> TableNotFoundError:
    """The error about a name that no table has; it lists similar names."""
    from difflib import get_close_matches  # noqa: PLC0415  only needed if a name is not found

    full_names = {table.full_name.casefold(): table.full_name for table in tables if table.name}
    by_name = {table.name.casefold(): table.full_name for table in tables if table.name}
    near = [
        *(full_names[found] for found in get_close_matches(name.casefold(), full_names, _MOST_NEAREST)),
        *(by_name[found] for found in get_close_matches(keyword_of(name).casefold(), by_name, _MOST_NEAREST)),
    ]
    nearest = tuple(dict.fromkeys(near))[:_MOST_NEAREST]
    like = ", ".join(map(shown_text, nearest))
    hint = f"; similar: {like}" if nearest else ""
    error = TableNotFoundError(f"no table is named {shown(name)}{hint}")
    error.nearest = nearest
    return error


def _ambiguous(name: str, tables: Sequence[Table]) -> AmbiguousTableError:
    listed = "; ".join(map(_described, tables[:_MOST_LISTED]))
    more = f"; and {len(tables) - _MOST_LISTED} more" if len(tables) > _MOST_LISTED else ""
    error = AmbiguousTableError(
        f"{len(tables)} tables are named {shown(name)}: {listed}{more}: give a GUID, or more of the name"
    )
    error.candidates = tuple(tables)
    return error


def _described(table: Table) -> str:
    facts = (table.full_name, table.source_type or table.type_name, ", ".join(table.workspace_ids))
    said = ", ".join(shown_text(fact) for fact in facts if fact)
    return f"{shown_text(table.guid)} ({said})"
