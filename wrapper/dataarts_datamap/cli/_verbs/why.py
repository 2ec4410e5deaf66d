"""``datamap why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from dataarts_datamap.cli._exit_codes import NO, NOT_JUDGED, YES
from dataarts_datamap.cli._options.connection import connect, connection_options, given, max_age_option, zone_option
from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._options.suggestions import suggest_tables
from dataarts_datamap.cli._options.typed_options import refuse_typed
from dataarts_datamap.cli._options.values import span_option
from dataarts_datamap.cli._printing.notices import note, tell

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo


@click.command(short_help="Find the run that broke a table.")
@click.argument("table", shell_complete=suggest_tables)
@max_age_option
@span_option("--since", default="7d", help="Minimum time to look back")
@click.option("--depth", type=click.IntRange(1), metavar="STEPS", help="Maximum number of steps upstream (20).")
@zone_option("the times in a tree")
@click.option("--output", type=click.Choice(["tree", "json"]), help="Tree (to a terminal) or JSON (to a pipe).")
@connection_options
def why(  # noqa: PLR0913  one parameter for each option
    *,
    table: str,
    max_age: timedelta | None,
    since: timedelta,
    depth: int | None,
    tz: tzinfo,
    output: Literal["tree", "json"] | None,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Explain why TABLE, a name or a GUID, is not fresh.

    Its inputs are judged, then the inputs of the tables in trouble, and so on. The tables in trouble that no table
    further upstream explains are the causes, each shown with its run and the path of its log. If lineage cannot be
    read, only the table itself is judged.

    Exit code 0: fresh. 1: stale or failed. 2: unknown.

    \b
    Examples:
      datamap why sales.dws_orders --max-age 26h
      datamap why 09318f28-939f-4ab6-a374-9e621096652c --output json
    """  # noqa: D301  click reads \b
    from dataarts_datamap._monitoring.freshness import Verdict
    from dataarts_datamap.cli._printing.explanation_tree import log_commands, write_explanation
    from dataarts_datamap.cli._printing.output import is_terminal, write_json

    if output not in (None, "tree"):
        refuse_typed("tz", "only goes with --output tree")
    with connect(settings) as client:
        found = client.explain(table, since=since, **given(max_age=max_age, depth=depth))
    remember_names(link.table.full_name for link in found.links if link.table.name)
    if (output or ("tree" if is_terminal() else "json")) == "json":
        write_json(found.to_dict())
    else:
        note(f"times are in {tz}")
        write_explanation(found, zone=tz)
        for command in log_commands(found):
            note(f"to read the log of that run: {command}")
    for doubt in found.notes:
        tell(doubt)
    return {Verdict.FRESH: YES, Verdict.UNKNOWN: NOT_JUDGED}.get(found.verdict, NO)
