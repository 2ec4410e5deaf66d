"""``datamap tables``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import connect, connection_options, given, output_option, output_shape
from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._printing.notices import tell_if_none

if TYPE_CHECKING:
    from dataarts_datamap.cli._printing.output import Output


@click.command(short_help="Find tables by name.")
@click.argument("query", required=False, default="")
@click.option("--type", "types", multiple=True, metavar="KIND", help="Kind of asset (table); may be repeated.")
@click.option("--source", "sources", multiple=True, metavar="KIND", help="Kind of source: dws, hive; may be repeated.")
@click.option("--in-workspace", metavar="ID", help="Search this workspace alone (the whole instance).")
@click.option("--limit", type=click.IntRange(1), metavar="ROWS", default=100, help="Most tables to list (100).")
@click.option("--page-size", type=int, metavar="ROWS", help="Rows to ask for at once (100).")
@output_option
@connection_options
def tables(  # noqa: PLR0913  one parameter for each option
    *,
    query: str,
    types: tuple[str, ...],
    sources: tuple[str, ...],
    in_workspace: str | None,
    limit: int,
    page_size: int | None,
    output: Output | None,
    **settings: Any,  # noqa: ANN401
) -> None:
    """List the tables that the keyword QUERY finds, each with its GUID.

    What a keyword is compared with is not documented: names and descriptions, most likely.

    \b
    Examples:
      datamap tables orders
      datamap tables --source dws --limit 20
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._printing.table_lists import write_tables  # noqa: PLC0415  loads what --help does not need

    how = given(types=types or None, sources=sources, workspace_id=in_workspace, page_size=page_size)
    with connect(settings) as client:
        found = client.search_tables(query, **how).to_list(max_items=limit)
    remember_names(one.full_name for one in found if one.name)
    count = write_tables(found, output=output_shape(output))
    tell_if_none(count, "tables found")
