"""The names of tables and jobs in a lineage catalog, as other sources of lineage use them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from string import Formatter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from msgspec import Struct

from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap._models.tables import Table

_PARTS: Final = ("database", "schema", "name", "source_type", "guid")
_CONDITIONS: Final = ("source_type", "database", "schema", "table")
_RULE_KEYS: Final = (*_CONDITIONS, "namespace", "name")
_KEYS: Final = ("job_namespace", "datasets")


class DatasetName(NamedTuple):
    """A dataset, as OpenLineage names it.

    Attributes:
        namespace: Its namespace, such as ``postgres://dws.example.com:8000``.
        name: Its name in the namespace, such as ``sales.public.orders``.
    """

    namespace: str
    name: str


class DatasetRule(Struct, frozen=True, kw_only=True):
    """A rule that names some tables in a catalog.

    Attributes:
        namespace: Namespace of the tables. It can hold ``{database}``, ``{schema}``, ``{name}``, ``{source_type}`` and
            ``{guid}``.
        name: Name of each table, which can hold the same parts. A rule does not apply to a table that lacks a part that
            the namespace or the name holds.
        source_type: Kind of source of the tables, such as ``dws``. Like the database, the schema and the table, it is a
            pattern that can hold ``*``, ``?`` and ``[…]``, and is compared ignoring case.
        database: Database of the tables.
        schema: Schema of the tables.
        table: Name of the table in the Data Map.

    Raises:
        ValueError: The namespace or the name has unmatched braces, or braces around anything but the name of a part.
    """

    namespace: str
    name: str = "{database}.{schema}.{name}"
    source_type: str = "*"
    database: str = "*"
    schema: str = "*"
    table: str = "*"

    def __post_init__(self) -> None:
        for key, text in (("namespace", self.namespace), ("name", self.name)):
            for problem in _template_problems(key, text):
                raise ValueError(problem)

    def dataset(self, table: Table) -> DatasetName | None:
        """The name of a table; None if the rule does not apply to it."""
        for wanted, part in (
            (self.source_type, table.source_type),
            (self.database, table.database),
            (self.schema, table.schema),
            (self.table, table.name),
        ):
            if wanted != "*" and not (part and fnmatchcase(part.casefold(), wanted.casefold())):
                return None
        parts = {part: getattr(table, part) for part in _PARTS}
        used = {field for text in (self.namespace, self.name) for field in _fields(text)}
        if not all(parts.get(field) for field in used):
            return None
        return DatasetName(self.namespace.format_map(parts), self.name.format_map(parts))


class DatasetNames(Struct, frozen=True, kw_only=True):
    """The names of tables and jobs in a catalog.

    Attributes:
        rules: Rules for tables: the first that applies to a table names it.
        job_namespace: Namespace of the jobs; None for ``dataarts://{region}/{workspace_id}``.
    """

    rules: tuple[DatasetRule, ...] = ()
    job_namespace: str | None = None

    def dataset(self, table: Table) -> DatasetName | None:
        """The name of a table; None if no rule applies to it."""
        return next((found for rule in self.rules if (found := rule.dataset(table)) is not None), None)


class ParsedNames(NamedTuple):
    """The names in a section of a file, and the problems of the section.

    Attributes:
        names: The names that the valid parts of the section give.
        problems: The problems, each with the index of its rule, from 0; with None if it is not about a rule.
    """

    names: DatasetNames
    problems: list[tuple[int | None, str]]


def parse_names(section: object) -> ParsedNames:
    """The names in the section ``openlineage`` of a file of tables."""
    if not isinstance(section, dict):
        return ParsedNames(
            DatasetNames(), [(None, f"openlineage must be a table, [openlineage], not {shown(section)}")]
        )
    given = cast("dict[str, Any]", section)
    problems: list[tuple[int | None, str]] = [
        (None, f"no key is called {shown(key)} in openlineage: the known keys are {', '.join(_KEYS)}")
        for key in given
        if key not in _KEYS
    ]
    namespace = given.get("job_namespace")
    if namespace is not None and not (isinstance(namespace, str) and namespace.strip()):
        problems.append((None, f"job_namespace must be a text, not {shown(namespace)}"))
        namespace = None
    written = given.get("datasets", [])
    if not isinstance(written, list):
        problems.append((None, f"datasets must be tables, [[openlineage.datasets]], not {shown(written)}"))
        written = []
    rules: list[DatasetRule] = []
    for number, one in enumerate(cast("list[object]", written)):
        wrong = list(_rule_problems(one))
        problems += [(number, text) for text in wrong]
        if not wrong:
            rules.append(DatasetRule(**cast("dict[str, str]", one)))
    return ParsedNames(DatasetNames(rules=tuple(rules), job_namespace=namespace), problems)


def _rule_problems(rule: object) -> Iterator[str]:
    if not isinstance(rule, dict):
        yield f"each of datasets must be a table, [[openlineage.datasets]], not {shown(rule)}"
        return
    given: Mapping[str, object] = cast("dict[str, object]", rule)
    for key, value in given.items():
        if key not in _RULE_KEYS:
            yield f"no key is called {shown(key)}: the known keys are {', '.join(_RULE_KEYS)}"
        elif not isinstance(value, str) or not value.strip():
            yield f"{key} must be a text, not {shown(value)}"
        elif key in {"namespace", "name"}:
            yield from _template_problems(key, value)
    if "namespace" not in given:
        yield "a rule for datasets needs a namespace, such as postgres://dws.example.com:8000"


def _template_problems(key: str, text: str) -> Iterator[str]:
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        yield f"{key} has unmatched braces: {error}"
        return
    wrong = [
        f"{{{field}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"
        for _, field, spec, conversion in parsed
        if field is not None and (field not in _PARTS or spec or conversion)
    ]
    for braces in wrong:
        yield f"{key} has {shown(braces)}, which is not one of {', '.join(_PARTS)}"
    plain = "".join(_rebuilt(literal, field) for literal, field, _, _ in parsed)
    if plain != text and not wrong:
        yield f"{key} {shown(text)} has an empty format: write {shown(plain)}"


def _rebuilt(literal: str, field: str | None) -> str:
    escaped = literal.replace("{", "{{").replace("}", "}}")
    return escaped if field is None else f"{escaped}{{{field}}}"


def _fields(text: str) -> Iterator[str]:
    return (field for _, field, _, _ in Formatter().parse(text) if field is not None)
