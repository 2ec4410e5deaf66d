"""A first file of tables, made from lineage: no I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from dataarts_datamap._errors import DataMapError
from dataarts_datamap._text import printable, whole_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap._models.tables import LineageNode, Table
    from dataarts_datamap._monitoring.lineage import Lineage

_HEAD: Final = """\
# Tables for datamap check, found in lineage: remove those that nobody needs, and set a rule for each.
# Keys: name or guid, label, owner, severity, max_age = "26h", or due = "08:00" with tz, days, except and planned_from,
# min_rows = 1000, rows_drop = "50%", producers = ["job_name"] if lineage is wrong.

[defaults]
max_age = "26h"
"""
_LONGEST: Final = 80
_MOST_NAMED: Final = 5


class TableTemplate(NamedTuple):
    text: str
    tables: int


def table_template(lineage: Lineage, *, workspace_id: str | None = None, query: str = "") -> TableTemplate:
    """A file with all tables that operators write.

    A table has its name there, or its GUID if the name is missing, shared or not printable. With ``workspace_id``, only
    operators of that or an unknown workspace count. With ``query``, the full name of a table must contain it; case is
    ignored.
    """
    written: dict[str, list[LineageNode]] = {}
    for edge in lineage.edges:
        if edge.target is None or edge.node is None or not _is_of(edge.node, workspace_id):
            continue
        nodes = written.setdefault(edge.target.guid, [])
        if edge.node not in nodes:
            nodes.append(edge.node)
    tables = [lineage.tables[guid] for guid in written]
    wanted = [table for table in tables if query.casefold() in table.full_name.casefold()]
    wanted.sort(key=lambda table: (table.full_name.casefold(), table.guid))
    parts = [_HEAD, *(_entry(table, lineage, written[table.guid]) for table in wanted)]
    return TableTemplate("\n".join(parts), len(wanted))


def _is_of(node: LineageNode, workspace_id: str | None) -> bool:
    return workspace_id is None or node.workspace_id is None or node.workspace_id == workspace_id


def _entry(table: Table, lineage: Lineage, nodes: Iterable[LineageNode]) -> str:
    names = [printable(node.name or node.guid or "an operator", limit=_LONGEST) for node in nodes]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    lines = ["[[tables]]"]
    if _is_name_enough(table, lineage):
        lines.append(f"name = {_quoted(table.full_name)}")
    else:
        lines.append(f"guid = {_quoted(table.guid)}")
        if table.name and (label := printable(table.full_name, limit=_LONGEST)).strip():
            lines.append(f"label = {_quoted(label)}")
    lines.append(f"# written by {', '.join(names[:_MOST_NAMED])}{more}")
    return "\n".join(lines) + "\n"


def _is_name_enough(table: Table, lineage: Lineage) -> bool:
    if not table.name or not table.full_name.isprintable():
        return False
    try:
        return lineage.find(f"name:{table.full_name}").guid == table.guid
    except DataMapError:
        return False


def _quoted(text: str) -> str:
    r"""A text as TOML writes it; characters that its reader would refuse are escaped."""
    return json.dumps(whole_text(text), ensure_ascii=False).replace("\x7f", "\\u007f")
