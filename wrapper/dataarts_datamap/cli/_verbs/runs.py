"""``datamap runs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import connect, connection_options, output_option, output_shape
from dataarts_datamap.cli._options.selection import Selection, selection_options
from dataarts_datamap.cli._printing.notices import tell_if_none

if TYPE_CHECKING:
    from dataarts_datamap.cli._printing.output import Output


@click.command()
@selection_options
@output_option
@connection_options
def runs(*, selection: Selection, output: Output | None, **settings: Any) -> None:  # noqa: ANN401
    """List the runs of a table, or of one of its operators, inside a window.

    \b
    Examples:
      datamap runs --table 09318f28-939f-4ab6-a374-9e621096652c --since 24h
      datamap runs --task-id 937987 --job-name ETL_Job_dli2dws \\
        --start 2024-01-11 --end 2024-01-12
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._printing.output import write_runs  # noqa: PLC0415  loads what --help does not need

    shape = output_shape(output)
    selection.tell_zone(shape)
    with connect(settings) as client:
        count = write_runs(selection.pager(client), output=shape, zone=selection.tz)
    tell_if_none(count, "runs in this window")
