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
from dataarts_datamap.cli._printing.notices import tell_if_none

if TYPE_CHECKING:
    from dataarts_datamap.cli._printing.output import Output


@click.command()
@table_argument
@output_option
@connection_options
def operators(table_guid: str, output: Output | None, **settings: Any) -> None:  # noqa: ANN401
    """List the job operators that produce TABLE, a GUID or schema.table.

    \b
    Example:
      datamap operators 09318f28-939f-4ab6-a374-9e621096652c
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._printing.output import write_operators  # noqa: PLC0415  loads what --help does not need

    with connect(settings) as client:
        found = client.list_operators(table_guid_of(client, table_guid))
    count = write_operators(found, output=output_shape(output))
    tell_if_none(count, "operators produce this table")
