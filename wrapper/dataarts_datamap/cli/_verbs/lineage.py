"""``datamap lineage``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from dataarts_datamap.cli._options.connection import connect, connection_options
from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._options.suggestions import suggest_tables
from dataarts_datamap.cli._printing.notices import tell

if TYPE_CHECKING:
    from dataarts_datamap.cli._printing.lineage_graph import LineageOutput


@click.command(short_help="Show the tables that a table is made of.")
@click.argument("table", shell_complete=suggest_tables)
@click.option("--up", is_flag=True, help="The tables that it is made of (default).")
@click.option("--down", is_flag=True, help="The tables that are made of it.")
@click.option("--depth", type=click.IntRange(1), metavar="STEPS", help="Number of steps (all).")
@click.option(
    "--output",
    type=click.Choice(["tree", "json", "dot", "mermaid"]),
    help="Tree (to a terminal), JSON (to a pipe), or a graph for Graphviz or Mermaid.",
)
@connection_options
def lineage(
    *,
    table: str,
    up: bool,
    down: bool,
    depth: int | None,
    output: LineageOutput | None,
    **settings: Any,  # noqa: ANN401
) -> None:
    """Show the tables that TABLE, a name or a GUID, is made of, and the operators between them.

    With --down, show the tables that are made of it.

    \b
    Examples:
      datamap lineage sales.dws_orders
      datamap lineage sales.dws_orders --down --output mermaid
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._printing.lineage_graph import write_lineage
    from dataarts_datamap.cli._printing.output import is_terminal

    if up and down:
        raise click.UsageError("give either --up or --down, not both")
    direction: Literal["up", "down"] = "down" if down else "up"
    with connect(settings) as client:
        known = client.table_lineage(table, direction=direction, depth=depth)
    remember_names(one.full_name for one in known.tables.values() if one.name)
    shape = output or ("tree" if is_terminal() else "json")
    steps = write_lineage(known, known.find(table), direction, depth, output=shape)
    if not steps:
        what = "this table is made of" if direction == "up" else "is made of this table"
        why = "the SQL of its operators could not be parsed, or they were never scheduled"
        tell(f"lineage names no table that {what}: perhaps {why}")
