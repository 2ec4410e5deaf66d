"""Writes the lineage of a table as a tree, as JSON, or for Graphviz or Mermaid, with names escaped for each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from dataarts_datamap._monitoring.table_names import shown_name, shown_text
from dataarts_datamap.cli._printing.output import line_width, write_json, write_rich
from dataarts_datamap.cli._printing.streams import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap._models.tables import LineageEdge, LineageNode, Table
    from dataarts_datamap._monitoring.lineage import Lineage

LineageOutput: TypeAlias = Literal["tree", "json", "dot", "mermaid"]
Direction: TypeAlias = Literal["up", "down"]


class _Step(NamedTuple):
    """A step of lineage: the table nearer to the first table, the one farther from it, and the operator, if known.

    ``source`` and ``target`` are the GUIDs of the table that is read and of the one that is written.
    """

    nearer: Table
    farther: Table
    node: LineageNode | None
    source: str
    target: str


def write_lineage(
    lineage: Lineage, table: Table, direction: Direction, depth: int | None, *, output: LineageOutput
) -> int:
    """Write the lineage upstream or downstream of a table to stdout; returns the number of steps."""
    steps = list(_steps(lineage, table, direction, depth))
    match output:
        case "json":
            write_json(_document(table, steps))
        case "tree":
            _write_tree(table, steps)
        case "dot":
            write("".join(_dot(table, steps)))
        case "mermaid":
            write("".join(_mermaid(table, steps)))
    return len(steps)


def _steps(lineage: Lineage, table: Table, direction: Direction, depth: int | None) -> Iterator[_Step]:
    """The steps, the nearest first, each once."""
    follow: Callable[[Table], tuple[LineageEdge, ...]] = lineage.inputs if direction == "up" else lineage.outputs
    seen = {table.guid}
    nearest, gone = [table], 0
    while nearest and (depth is None or gone < depth):
        gone += 1
        farther: list[Table] = []
        for here in nearest:
            for edge in follow(here):
                other = edge.source if direction == "up" else edge.target
                if other is None:
                    continue
                source, target = (other, here) if direction == "up" else (here, other)
                yield _Step(here, other, edge.node, source.guid, target.guid)
                if other.guid not in seen:
                    seen.add(other.guid)
                    farther.append(lineage.find(other))
        nearest = farther


def _document(table: Table, steps: Sequence[_Step]) -> dict[str, object]:
    edges = [
        {
            "source_guid": step.source,
            "target_guid": step.target,
            "job_name": None if step.node is None else step.node.name,
            "workspace_id": None if step.node is None else step.node.workspace_id,
        }
        for step in steps
    ]
    return {"table": table.to_dict(), "tables": [one.to_dict() for one in _tables(table, steps)], "edges": edges}


def _write_tree(table: Table, steps: Sequence[_Step]) -> None:
    from rich.text import Text
    from rich.tree import Tree

    below: dict[str, list[_Step]] = {}
    for step in steps:
        below.setdefault(step.nearer.guid, []).append(step)
    root = Tree(Text(shown_name(table), "bold"))
    waiting = [(root, table.guid)]
    drawn = {table.guid}
    while waiting:
        branch, guid = waiting.pop(0)
        for step in below.get(guid, ()):
            by = "" if step.node is None or step.node.name is None else f"  by {shown_text(step.node.name)}"
            is_known = step.farther.guid in drawn
            label = Text.assemble(shown_name(step.farther), (f"{by}{'  (see above)' if is_known else ''}", "dim"))
            child = branch.add(label)
            if not is_known:
                drawn.add(step.farther.guid)
                waiting.append((child, step.farther.guid))
    write_rich(root, width=line_width())


def _tables(table: Table, steps: Sequence[_Step]) -> Iterable[Table]:
    """The tables of the graph, the first one first, each once."""
    return {one.guid: one for one in (table, *(step.farther for step in steps))}.values()


def _numbered(table: Table, steps: Sequence[_Step]) -> Mapping[str, tuple[str, str]]:
    """Each table's number in the graph and its name, by GUID."""
    return {one.guid: (f"t{number}", shown_name(one)) for number, one in enumerate(_tables(table, steps))}


def _pairs(table: Table, steps: Sequence[_Step]) -> Iterator[tuple[str, str, str]]:
    """For each step, the numbers of the table that is read and of the one that is written, and the operator's name."""
    known = _numbered(table, steps)
    for step in steps:
        name = "" if step.node is None else shown_text(step.node.name or "")
        yield known[step.source][0], known[step.target][0], name


def _dot(table: Table, steps: Sequence[_Step]) -> Iterator[str]:
    yield "digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n"
    yield from (f"  {number} [label={_dot_text(name)}];\n" for number, name in _numbered(table, steps).values())
    for source, target, name in _pairs(table, steps):
        yield f"  {source} -> {target}{f' [label={_dot_text(name)}]' if name else ''};\n"
    yield "}\n"


def _dot_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _mermaid(table: Table, steps: Sequence[_Step]) -> Iterator[str]:
    yield "graph LR\n"
    yield from (f"  {number}[{_mermaid_text(name)}]\n" for number, name in _numbered(table, steps).values())
    for source, target, name in _pairs(table, steps):
        yield f"  {source} -->{f'|{_mermaid_text(name)}|' if name else ''} {target}\n"


def _mermaid_text(text: str) -> str:
    """Text in quotes, with characters that may be special to Mermaid or a browser as character codes."""
    return '"' + "".join(char if char.isalnum() or char in " ._-/" else f"#{ord(char)};" for char in text) + '"'
