"""``datamap status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import (
    connect,
    connection_options,
    given,
    max_age_option,
    offset_unit_option,
    page_size_option,
    table_argument,
    zone_option,
)
from dataarts_datamap.cli._options.suggestions import suggest_spans
from dataarts_datamap.cli._options.times import parse_span
from dataarts_datamap.cli._printing.notices import tell

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

    from dataarts_datamap._monitoring.freshness import TableStatus
    from dataarts_datamap._paging.offsets import OffsetUnit
    from dataarts_datamap.cli._printing.output import StatusOutput


@click.command(short_help="Tell whether a table is fresh.")
@table_argument
@max_age_option
@click.option(
    "--since",
    type=parse_span,
    shell_complete=suggest_spans,
    default="7d",
    metavar="SPAN",
    help="How far back to look, at least (7d).",
)
@zone_option("the times in a table")
@page_size_option
@offset_unit_option
@click.option(
    "--output",
    type=click.Choice(["table", "json", "prometheus"]),
    help="Table (to a terminal), JSON (to a pipe) or metrics for Prometheus.",
)
@connection_options
def status(  # noqa: PLR0913  one parameter for each option
    *,
    table_guid: str,
    max_age: timedelta | None,
    since: timedelta,
    tz: tzinfo,
    page_size: int | None,
    offset_unit: OffsetUnit | None,
    output: StatusOutput | None,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Tell whether the table TABLE_GUID is fresh, and how its operators stand.

    Exit code 0: fresh. 1: stale or failed. 2: it cannot be told, as there are no runs, or none that ended in a way that
    is known. With --max-age, the age of the last success alone decides; without, whether runs failed after it does.

    \b
    Examples:
      datamap status 09318f28-939f-4ab6-a374-9e621096652c
      datamap status 09318f28-939f-4ab6-a374-9e621096652c --max-age 26h \\
        --output prometheus
    """  # noqa: D301  click reads \b
    from dataarts_datamap._monitoring.freshness import Verdict  # noqa: PLC0415  loads what --help does not need
    from dataarts_datamap.cli._printing.output import is_terminal, write_status  # noqa: PLC0415  as above

    how = given(max_age=max_age, page_size=page_size, offset_unit=offset_unit)
    with connect(settings) as client:
        found = client.table_status(table_guid, since=since, **how)
    shape = output or ("table" if is_terminal() else "json")
    if shape == "table":
        tell(f"times are in {tz}")
    write_status(found, table_guid, output=shape, zone=tz)
    _tell_unknown(found)
    return {Verdict.FRESH: 0, Verdict.UNKNOWN: 2}.get(found.verdict, 1)


def _tell_unknown(found: TableStatus) -> None:
    from dataarts_datamap._text import printable  # noqa: PLC0415  loads what --help does not need

    if found.unknown_runs:
        names = printable(", ".join(name or "(none)" for name in found.unknown_statuses), limit=300)
        tell(f"{found.unknown_runs} runs have a status that is not known, and count for nothing: {names}")
    if not found.runs:
        tell("no runs in this window")
