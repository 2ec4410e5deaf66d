"""Writes the tables that a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap.cli._printing.output import write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._models.tables import Table
    from dataarts_datamap.cli._printing.output import Output


def write_tables(tables: Sequence[Table], *, output: Output) -> int:
    """Write the tables to stdout; returns their number."""
    if output == "ndjson":
        for table in tables:
            if not write_json(table.to_dict()):
                break
        return len(tables)
    rows = [((one.full_name, one.source_type, ", ".join(one.workspace_ids) or None, one.guid), "") for one in tables]
    return write_table(("NAME", "SOURCE", "WORKSPACE", "GUID"), rows)
