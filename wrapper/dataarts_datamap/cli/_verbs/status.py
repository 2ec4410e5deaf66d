"""``datamap status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._exit_codes import NO, NOT_JUDGED, YES
from dataarts_datamap.cli._options.connection import (
    connect,
    connection_options,
    max_age_option,
    paging_options,
    table_argument,
    zone_option,
)
from dataarts_datamap.cli._options.operators import OperatorChoice, operator_options
from dataarts_datamap.cli._options.table_names import table_guid_of
from dataarts_datamap.cli._options.typed_options import refuse_typed
from dataarts_datamap.cli._options.values import span_option
from dataarts_datamap.cli._printing.notices import counted, note, note_basis, tell

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

    from dataarts_datamap._monitoring.freshness import TableStatus
    from dataarts_datamap.cli._printing.output import StatusOutput


@click.command()
@table_argument
@max_age_option
@span_option("--since", default="7d", help="Minimum time to look back")
@operator_options
@zone_option("the times in a table")
@paging_options
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
    choice: OperatorChoice,
    tz: tzinfo,
    paging: dict[str, Any],
    output: StatusOutput | None,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Check whether TABLE, a name or a GUID, is fresh, and judge each of its operators.

    A table is as old as its oldest producer. The operators that write it according to lineage count; if lineage names
    none, all operators count, and the output says so. Operators without runs in the window are named and left out.
    --operator and --ignore narrow the choice; with --any, one fresh operator is enough. The output names the operator
    that decides.

    Exit code 0: fresh. 1: stale or failed. 2: unknown, because there are no runs, all have an unknown status, or the
    time of a success cannot be read; without --max-age, also if none succeeded or failed. With --max-age, the age of
    the last success decides, and failures only if there was no success; without it, failures after the last success
    decide.

    \b
    Examples:
      datamap status 09318f28-939f-4ab6-a374-9e621096652c
      datamap status 09318f28-939f-4ab6-a374-9e621096652c --max-age 26h \\
        --output prometheus
      datamap status 09318f28-939f-4ab6-a374-9e621096652c --max-age 26h \\
        --operator ETL_Job_dli2dws
    """  # noqa: D301  click reads \b
    from dataarts_datamap._monitoring.freshness import Verdict
    from dataarts_datamap.cli._printing.output import is_terminal, write_status

    if output not in (None, "table"):
        refuse_typed("tz", "only goes with --output table")
    with connect(settings) as client:
        table_guid = table_guid_of(client, table_guid)
        found = client.table_status(
            table_guid,
            max_age=max_age,
            since=since,
            any_operator=choice.any_operator,
            only=choice.only or None,
            ignore=choice.ignore,
            role=choice.role,
            **paging,
        )
    shape = output or ("table" if is_terminal() else "json")
    if shape == "table":
        note(f"times are in {tz}")
        note_basis(found.others, found.notes)
    write_status(found, table_guid, output=shape, zone=tz)
    _tell_doubts(found)
    return {Verdict.FRESH: YES, Verdict.UNKNOWN: NOT_JUDGED}.get(found.verdict, NO)


def _tell_doubts(found: TableStatus) -> None:
    from dataarts_datamap._monitoring.producers import operator_name
    from dataarts_datamap._report.contents import job_labels
    from dataarts_datamap._text import printable
    from dataarts_datamap._times import span_text

    if found.unknown_runs:
        names = printable(", ".join(name or "(none)" for name in found.unknown_statuses), limit=300)
        tell(f"runs with an unknown status do not count: {found.unknown_runs} ({names})")
    labels = dict(zip(found.operators, job_labels(found.operators), strict=True))
    for one, label in labels.items():
        if one.undated_successes:
            tell(f"{counted(one.undated_successes, 'run')} of {label} succeeded at a time that cannot be read")
        if one.is_ahead and one.age is not None:
            tell(f"the last success of {label} lies {span_text(-one.age)} in the future: one of the clocks is wrong")
    if not found.runs:
        tell("no runs in this window")
    elif found.left_out:
        note(f"no runs in this window, left out: {', '.join(labels[one] for one in found.left_out)}")
    if found.ignored:
        note(f"not judged, on request: {', '.join(map(operator_name, found.ignored))}")
