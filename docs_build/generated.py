"""Parts of pages that are generated from the code at each build, so that they cannot go stale."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from dataclasses import MISSING, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import click

from dataarts_datamap import REGIONS, DataMapError, Run, RunOrigin
from dataarts_datamap._export.arrow import ArrowEncoder
from dataarts_datamap._export.columns import chosen_columns
from dataarts_datamap.cli._main import datamap
from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.specification.evidence import KINDS, collect_statements
from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS
from dataarts_datamap_contract.suite.target import Target
from docs_build import symptoms_zh
from docs_build.blocks import read_blocks
from docs_build.documents import ROOT, documents
from docs_build.symptoms import SYMPTOMS, all_symptoms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_WIDTH: Final = 100
_DERIVED: Final = {"duration_ms": "Milliseconds from `start_time` to `end_time`; none if either is missing."}
_TITLES: Final = {
    "documented": "Documented",
    "sdk": "Read in the official SDK",
    "sibling": "Documented for a related API",
    "inferred": "Inferred",
}
_WALKS: Final = ("| 1,000 pages", "| walk over")
_AGAINST_THE_SDK: Final = (
    "| bytes → 1,000 typed rows, ASCII as documented | official SDK",
    "| one request, 1 row, ASCII as documented |",
    "| one request, 100 rows, ASCII as documented |",
    "| one request, 1,000 rows, ASCII as documented |",
    "| imports of a first client and call |",
    "| installed size |",
    "| 1,000 pages of 100 rows at 50 ms latency |",
    "| the same by a loop over the official SDK |",
)
_ATTRIBUTE: Final = re.compile(r"^    (\w+): ((?:.+\n?)(?:^     {3,}.+\n?)*)", re.MULTILINE)


def commands() -> str:
    """Every verb of the command line, from the objects that implement it."""
    context = click.Context(datamap, info_name="datamap", max_content_width=_WIDTH)
    return "\n".join(line for name in datamap.list_commands(context) for line in _command(context, name))


def _command(context: click.Context, name: str) -> Iterator[str]:
    command = datamap.get_command(context, name)
    if command is None:
        raise KeyError(name)
    own = click.Context(command, info_name=name, parent=context)
    yield from (f"## datamap {name}", "", *_help(command.help or ""))
    yield from ("", "```text", f"datamap {name} {' '.join(command.collect_usage_pieces(own))}", "```", "")
    records = [record for parameter in command.get_params(own) if (record := parameter.get_help_record(own))]
    yield from _table(("Argument or option", "What"), ([f"`{option}`", text] for option, text in records if text))
    yield ""


def _help(text: str) -> Iterator[str]:
    """The help of a verb as Markdown; paragraphs that click does not wrap become blocks."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            yield from ("```text", *paragraph.splitlines()[1:], "```", "")
        else:
            yield from (_escaped(paragraph), "")


def verbs() -> str:
    """One line for each verb."""
    context = click.Context(datamap, info_name="datamap")
    known = [(name, datamap.get_command(context, name)) for name in datamap.list_commands(context)]
    page = "../reference/commands.md"
    rows = [
        f"| [`{name}`]({page}#datamap-{name}) | {_cell(verb.get_short_help_str(_WIDTH))} |"
        for name, verb in known
        if verb
    ]
    return "\n".join(["| Verb | What |", "|---|---|", *rows])


def errors() -> str:
    """The tree of errors, by inheritance."""
    lines = [DataMapError.__name__, *_subtree(DataMapError, "")]
    return "\n".join(("```text", *lines, "```"))


def _subtree(error: type[DataMapError], indent: str) -> Iterator[str]:
    children = sorted(error.__subclasses__(), key=_place)
    for child in children:
        is_last = child is children[-1]
        yield f"{indent}{'└── ' if is_last else '├── '}{child.__name__}"
        yield from _subtree(child, indent + ("    " if is_last else "│   "))


def _place(error: type[DataMapError]) -> int:
    return inspect.getsourcelines(error)[1]


def columns() -> str:
    """The columns of an export, with their Arrow types, and descriptions from ``Run`` and ``RunOrigin``."""
    schema: Any = ArrowEncoder(chosen_columns(None, "json")).schema
    meanings = {**_attributes(RunOrigin), **_attributes(Run), **_DERIVED}
    rows = ([f"`{field.name}`", f"`{_arrow_type(field.type)}`", meanings[field.name]] for field in schema)
    return "\n".join(_table(("Column", "Arrow type", "What"), rows))


def _arrow_type(kind: object) -> str:
    return "dictionary of string" if str(kind).startswith("dictionary") else str(kind)


def _attributes(described: type) -> dict[str, str]:
    """The descriptions of a class's attributes, from its docstring and those of its properties."""
    listed = {name: _one_line(text) for name, text in _ATTRIBUTE.findall(inspect.getdoc(described) or "")}
    properties = {
        name: _one_line((inspect.getdoc(value) or "").split("\n\n", maxsplit=1)[0])
        for name, value in vars(described).items()
        if isinstance(value, property | cached_property)
    }
    return {**properties, **listed}


def targets() -> str:
    """The settings of a target of the conformance suite."""
    meanings = _attributes(Target)
    rows = (
        [f"`{known.name}`", "" if known.default is MISSING else f"`{known.default!r}`", meanings[known.name]]
        for known in fields(Target)
    )
    return "\n".join(_table(("Setting", "Unless given", "What"), rows))


def checks() -> str:
    """Every check of the conformance suite, by level."""
    return "\n".join(line for letter, title in LEVELS.items() for line in _level(letter, title))


def _level(letter: str, title: str) -> Iterator[str]:
    yield from (f"### {letter}: {title}", "")
    rows = ([f"`{one.id}`", one.rule, one.basis] for one in CATALOGUE.values() if one.level == letter)
    yield from _table(("Check", "What must hold", "Rests on"), rows)
    yield ""


def evidence() -> str:
    """Every statement of the specification, and its source."""
    document = load_specification()
    statements, _ = collect_statements(document)
    counts = Counter(one.kind for one in statements)
    lines = [*_table(("Evidence", "Statements"), ([kind, str(counts[kind])] for kind in KINDS)), ""]
    for kind in KINDS:
        told: dict[tuple[str, str], list[str]] = {}
        for one in statements:
            if one.kind == kind:
                told.setdefault((_where(document, one.pointer), one.reason), []).append(one.keyword)
        rows = (
            [where, ", ".join(keywords), reason or "the operation's own page"]
            for (where, reason), keywords in told.items()
        )
        lines += [f"## {_TITLES[kind]}", "", *_table(("Where", "What is stated", "Source"), rows), ""]
    return "\n".join(lines)


def symptoms() -> str:
    """The symptoms of each problem, its cause, and its fix."""
    texts = {one.shown: (one.cause, one.fix) for one in all_symptoms()}
    header = ("What is shown", "Why", "What fixes it", "In Python")
    return _symptoms(header, {title: title for title in SYMPTOMS}, texts)


def symptoms_in_chinese() -> str:
    """The symptoms of each problem, its cause, and its fix, in Chinese."""
    return _symptoms(("报错", "原因", "怎样解决", "Python 异常"), symptoms_zh.TITLES, symptoms_zh.TEXTS)


def _symptoms(header: tuple[str, ...], titles: Mapping[str, str], texts: Mapping[str, tuple[str, str]]) -> str:
    lines: list[str] = []
    for title, group in SYMPTOMS.items():
        lines += [f"## {titles[title]}", "", f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
        lines += [f"| `{one.shown}` | {' | '.join(texts[one.shown])} | `{one.error.__name__}` |" for one in group]
        lines += [""]
    return "\n".join(lines)


def _where(document: Any, pointer: str) -> str:  # noqa: ANN401  any part of a document
    """A place of the specification in words, with the names of its operations, parameters and properties."""
    words: list[str] = []
    part = document
    for token in pointer.split("/")[1:]:
        part = part[int(token) if isinstance(part, list) else token.replace("~1", "/").replace("~0", "~")]
        if isinstance(part, dict) and {"operationId", "name"} & part.keys():
            words = [word for word in words if word not in {"paths", "parameters"} and "{" not in word]
            words += [str(part.get("operationId") or part["name"])]
        elif token not in {"components", "schemas", "properties", "get", "responses", "content", "schema"}:
            words.append(token.replace("~1", "/").replace("~0", "~"))
    return f"`{' '.join(words) or 'the document'}`"


def regions() -> str:
    """The known regions."""
    rows = ([f"`{name}`", f"`{one.endpoint}`", f"`{one.iam_endpoint}`"] for name, one in REGIONS.items())
    return "\n".join(_table(("Region", "Service", "IAM"), rows))


def conform_workflow() -> str:
    """The workflow that tests a server every night."""
    text = (ROOT / "examples" / "github" / "conform.yml").read_text(encoding="utf-8")
    return f"```yaml\n{text}```"


def walk_costs() -> str:
    """The costs of long walks, from the benchmarks."""
    return _figures(_WALKS)


def sdk_costs() -> str:
    """The comparisons with the official SDK, from the benchmarks."""
    return _figures(_AGAINST_THE_SDK)


def _figures(beginnings: tuple[str, ...]) -> str:
    lines = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8").splitlines()
    told = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines if line.startswith(beginnings)]
    if len(told) < len(beginnings):
        raise ValueError(f"the benchmarks have {len(told)} lines that begin with one of {beginnings}")
    return "\n".join(_table(("What", "Compared with", "Figure"), told))


def not_run() -> str:
    """How many blocks of the documents are run, and why the others are not."""
    blocks = [(document, block) for document in documents() for block in _blocks(document)]
    rows = [[f"`{document}`, line {block.line}", block.not_run] for document, block in blocks if block.not_run]
    counted = f"{len(blocks) - len(rows)} blocks are run, {len(rows)} are not."
    return "\n".join((counted, "", *_table(("Where", "Why not"), rows)))


def _blocks(document: str) -> list[Any]:
    return list(read_blocks((ROOT / document).read_text(encoding="utf-8")))


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(header)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    return _escaped(_one_line(text))


def _escaped(text: str) -> str:
    """Text with HTML, Markdown and table edges escaped, except between backticks."""
    parts = re.split(r"(`+[^`]*`+)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([<*_\[|])", r"\\\1", part) for part in parts)


def _one_line(text: str) -> str:
    return " ".join(text.split())


GENERATORS: Final[Mapping[str, Callable[[], str]]] = {
    "checks": checks,
    "columns": columns,
    "commands": commands,
    "conform-workflow": conform_workflow,
    "errors": errors,
    "evidence": evidence,
    "not-run": not_run,
    "regions": regions,
    "sdk-costs": sdk_costs,
    "symptoms": symptoms,
    "symptoms-zh": symptoms_in_chinese,
    "targets": targets,
    "verbs": verbs,
    "walk-costs": walk_costs,
}
"""The generated parts, which a page includes with a line such as ``<!-- generated: commands -->``."""
