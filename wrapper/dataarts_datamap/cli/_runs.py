"""``datamap runs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from dataarts_datamap.cli._options import (
    connect,
    connection_options,
    given,
    output_option,
    output_shape,
    tell_if_none,
    tell_zone,
)
from dataarts_datamap.cli._times import in_zone, parse_span, parse_time, parse_zone

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo

    from dataarts_datamap._offsets import OffsetUnit
    from dataarts_datamap.cli._output import Output


@click.command()
@click.option("--table", "table_guid", metavar="GUID", help="Runs of all operators that produce this table.")
@click.option("--task-id", metavar="ID", help="Runs of one operator; goes with --job-name.")
@click.option("--job-name", metavar="NAME", help="Name of that operator.")
@click.option("--start", type=parse_time, metavar="TIME", help="Where the window begins: a date, a time, or epoch ms.")
@click.option("--end", type=parse_time, metavar="TIME", help="Where it ends (now).")
@click.option("--since", type=parse_span, metavar="SPAN", help="Begin this long before the end: 90m, 24h, 7d.")
@click.option("--tz", type=parse_zone, default="UTC", metavar="ZONE", help="Zone of times without an offset (UTC).")
@click.option("--page-size", type=int, metavar="ROWS", help="Rows to ask for at once (100).")
@click.option(
    "--offset-unit", type=click.Choice(["auto", "row", "page"]), help="What the server's offset counts (auto)."
)
@click.option("--strict", is_flag=True, help="A field of an unexpected type is an error.")
@output_option
@connection_options
def runs(  # noqa: PLR0913  one parameter for each option
    *,
    table_guid: str | None,
    task_id: str | None,
    job_name: str | None,
    start: datetime | int | None,
    end: datetime | int | None,
    since: timedelta | None,
    tz: tzinfo,
    output: Output | None,
    page_size: int | None,
    offset_unit: OffsetUnit | None,
    strict: bool,
    **settings: Any,  # noqa: ANN401
) -> None:
    """List the runs of a table, or of one of its operators, inside a window.

    \b
    Examples:
      datamap runs --table 09318f28-939f-4ab6-a374-9e621096652c --since 24h
      datamap runs --task-id 937987 --job-name ETL_Job_dli2dws --start 2024-01-11 --end 2024-01-12
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._output import write_runs  # noqa: PLC0415  loads what --help does not need

    if (task_id is None) is not (job_name is None) or (table_guid is None) is (task_id is None):
        raise click.UsageError("give either --table, or both --task-id and --job-name")
    if start is not None and since is not None:
        raise click.UsageError("give either --start or --since, not both")
    if start is None and since is None:
        raise click.UsageError("say where the window begins: --start TIME or --since SPAN")
    shape = output_shape(output)
    tell_zone((start, end), tz, shape)
    window = given(start=in_zone(start, tz), end=in_zone(end, tz, end=True), since=since)
    how = given(page_size=page_size, offset_unit=offset_unit, strict=strict)
    with connect(settings) as client:
        if table_guid is not None:
            pager = client.list_table_runs(table_guid, **window, **how)
        else:
            pager = client.list_runs(cast("str", task_id), job_name=cast("str", job_name), **window, **how)
        count = write_runs(pager, output=shape, zone=tz)
    tell_if_none(count, "runs in this window")
