"""``datamap wait``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._exit_codes import NO, YES
from dataarts_datamap.cli._options.connection import (
    connect,
    connection_options,
    given,
    output_option,
    output_shape,
    parse_name,
    zone_option,
)
from dataarts_datamap.cli._options.operators import OperatorChoice, operator_options
from dataarts_datamap.cli._options.suggestions import suggest_tables
from dataarts_datamap.cli._options.table_names import table_guid_of
from dataarts_datamap.cli._options.times import in_zone, span_up_to
from dataarts_datamap.cli._options.values import span_option, time_option
from dataarts_datamap.cli._printing.notices import tell_zone

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo

    from dataarts_datamap.cli._printing.output import Output


@click.command()
@click.argument("table", required=False, shell_complete=suggest_tables)
@click.option("--task-id", metavar="ID", help="Wait for a run of this operator, instead of TABLE.")
@click.option("--job-name", type=parse_name, metavar="NAME", help="Name of that operator.")
@click.option("--run-id", type=int, metavar="ID", help="The run (the one planned last).")
@time_option("--start", help="Beginning of the window: a date, a time, or epoch ms")
@span_option("--since", help="Length of the window up to now: 90m, 24h, 7d")
@operator_options
@zone_option("times without an offset, and of the times shown in a table")
@span_option("--for", "patience", default="1h", parse=span_up_to("1d"), help="Longest wait, at most a day")
@output_option
@connection_options
def wait(  # noqa: PLR0913  one parameter for each option
    *,
    table: str | None,
    task_id: str | None,
    job_name: str | None,
    run_id: int | None,
    start: datetime | int | None,
    since: timedelta | None,
    choice: OperatorChoice,
    tz: tzinfo,
    patience: timedelta,
    output: Output | None,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Wait until the runs of TABLE, a name or a GUID, or a run of one operator have ended, and show them.

    For a table, these are the runs planned last in the window, of each operator that writes it according to lineage,
    or of all its operators if lineage names none. Operators without runs do not count, but at least one must have runs.

    Exit code 0: they succeeded; with --any, one did. 1: one failed or was skipped; with --any, none succeeded. 2: they
    had not ended when the time was over, or their outcome is unknown.

    \b
    Examples:
      datamap wait 09318f28-939f-4ab6-a374-9e621096652c --since 2h --for 90m
      datamap wait --task-id 937987 --job-name ETL_Job_dli2dws --since 2h \\
        --for 90m
    """  # noqa: D301  click reads \b
    from dataarts_datamap._models.runs import RunState
    from dataarts_datamap.cli._printing.output import write_runs

    if (table is None) is (task_id is None and job_name is None) or (task_id is None) is not (job_name is None):
        raise click.UsageError("give either a TABLE, or an operator with both --task-id and --job-name")
    if table is not None and run_id is not None:
        raise click.UsageError("--run-id needs --task-id and --job-name")
    if table is None and choice != OperatorChoice():
        raise click.UsageError("options about the operators that count need a TABLE")
    if (start is None) is (since is None):
        raise click.UsageError("give the beginning of the window: either --start TIME or --since SPAN")
    shape = output_shape(output)
    tell_zone((start,), tz, shape)
    window = given(start=in_zone(start, tz), since=since)
    with connect(settings) as client:
        if table is not None:
            names: dict[str, Any] = {"role": choice.role, "only": choice.only or None, "ignore": choice.ignore}
            guid, timeout = table_guid_of(client, table), patience.total_seconds()
            runs = client.wait_for_table(guid, timeout=timeout, **names, **window)
        else:
            how: dict[str, Any] = {"job_name": job_name, "run_id": run_id, "timeout": patience.total_seconds()}
            runs = [client.wait_for_run(task_id or "", **how, **window)]
    write_runs(runs, output=shape, zone=tz)
    enough = any if choice.any_operator else all
    return YES if enough(run.state is RunState.SUCCEEDED for run in runs) else NO
