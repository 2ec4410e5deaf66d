"""``datamap tables``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import connect, connection_options, given, output_option, output_shape
from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._options.typed_options import refuse_others
from dataarts_datamap.cli._options.values import file_option
from dataarts_datamap.cli._printing.notices import counted, note, tell_if_none

if TYPE_CHECKING:
    from dataarts_datamap.cli._printing.output import Output

_FOR_INIT = frozenset({"query", "in_workspace", "is_init", "file", "quiet"})


@click.command(short_help="Find tables by name.")
@click.argument("query", required=False, default="")
@click.option("--type", "types", multiple=True, metavar="KIND", help="Kind of asset (table); may be repeated.")
@click.option("--source", "sources", multiple=True, metavar="KIND", help="Kind of source: dws, hive; may be repeated.")
@click.option("--in-workspace", metavar="ID", help="Only search this workspace (the whole instance).")
@click.option(
    "--limit", type=click.IntRange(1), metavar="ROWS", default=100, help="Maximum number of tables to list (100)."
)
@click.option("--page-size", type=int, metavar="ROWS", help="Page size to request (100).")
@click.option(
    "--init", "is_init", is_flag=True, help="Instead, write a file of tables for datamap check, from lineage."
)
@file_option("--tables", "file", help="With --init: the file to write (datamap.toml)")
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
    is_init: bool,
    file: str | None,
    output: Output | None,
    **settings: Any,  # noqa: ANN401
) -> None:
    """List the tables that the keyword QUERY finds, or all tables without QUERY, each with its GUID.

    It is not documented which attributes a keyword is compared with: most likely names and descriptions.

    With --init, write datamap.toml as a start for datamap check: each table that an operator writes according to
    lineage, and whose name contains QUERY. An existing file is not changed.

    \b
    Examples:
      datamap tables orders
      datamap tables --source dws --limit 20
      datamap tables --init --in-workspace 3d0dd3ff1e6f41f5a1f6ec4b4a8fb1fb
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._printing.output import write_tables

    if is_init:
        refuse_others({*_FOR_INIT, *settings}, "--init")
        _write_file(query, in_workspace, file or "datamap.toml", settings)
        return
    if file is not None:
        raise click.UsageError("--tables needs --init")
    how = given(types=types or None, sources=sources, workspace_id=in_workspace, page_size=page_size)
    with connect(settings) as client:
        search = client.search_tables(query, **how)
        found = search.to_list(max_items=limit)
    remember_names(one.full_name for one in found if one.name)
    count = write_tables(found, output=output_shape(output))
    tell_if_none(count, "tables found")
    # The total also counts assets of other kinds, and another request would be needed to know more.
    if count == limit and (search.total is None or search.total > count):
        note(f"the list ends after {counted(count, 'table')}, and there may be more: --limit lists more")


def _write_file(query: str, workspace_id: str | None, file: str, settings: dict[str, Any]) -> None:
    """Write a first file of tables, unless it exists already, or lineage names no such table."""
    from pathlib import Path

    from dataarts_datamap._checks.table_template import table_template
    from dataarts_datamap._text import printable

    shown = printable(file)
    if Path(file).exists():
        raise click.UsageError(f"{shown} already exists: name another one with --tables")
    with connect(settings) as client:
        template = table_template(client.lineage(), workspace_id=workspace_id, query=query)
    if not template.tables:
        raise click.UsageError(_none_of(query, workspace_id))
    try:
        with Path(file).open("x", encoding="utf-8", newline="\n") as made:
            made.write(template.text)
    except FileExistsError:
        raise click.UsageError(f"{shown} already exists: name another one with --tables") from None
    note(f"{shown} has {counted(template.tables, 'table')}: datamap check --tables {shown}")


def _none_of(query: str, workspace_id: str | None) -> str:
    from dataarts_datamap._text import shown

    named = f" with {shown(query)} in its name" if query else ""
    where = f" in the workspace {shown(workspace_id)}" if workspace_id else ""
    return f"lineage names no table{named} that an operator{where} writes"
