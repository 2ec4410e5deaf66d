"""``datamap operators``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import (
    connect,
    connection_options,
    output_option,
    output_shape,
    table_argument,
)
from dataarts_datamap.cli._options.table_names import table_guid_of
from dataarts_datamap.cli._printing.notices import note_basis, tell_if_none

if TYPE_CHECKING:
    from dataarts_datamap._monitoring.producers import OperatorRole
    from dataarts_datamap.cli._printing.output import Output


@click.command()
@table_argument
@click.option(
    "--role",
    type=click.Choice(["associated", "producers"]),
    default="associated",
    help="All that the service lists, or those that write the table according to lineage (associated).",
)
@output_option
@connection_options
def operators(
    table_guid: str,
    role: OperatorRole,
    output: Output | None,
    **settings: Any,  # noqa: ANN401
) -> None:
    """List the job operators of TABLE, a name or a GUID.

    The service lists the operators associated with the table; some may only read it. With --role producers, only those
    that write it according to lineage are listed; if lineage names none, all are listed, and stderr has the reason.

    \b
    Examples:
      datamap operators 09318f28-939f-4ab6-a374-9e621096652c
      datamap operators 09318f28-939f-4ab6-a374-9e621096652c --role producers
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._printing.output import write_operators

    with connect(settings) as client:
        found = client.find_producers(table_guid_of(client, table_guid), role=role)
    count = write_operators(found.operators, output=output_shape(output))
    tell_if_none(count, "operators of this table are known")
    if role == "producers":
        note_basis(found.others, found.notes)
