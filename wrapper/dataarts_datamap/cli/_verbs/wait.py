"""``datamap wait``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import (
    connect,
    connection_options,
    given,
    output_option,
    output_shape,
    parse_name,
    zone_option,
)
from dataarts_datamap.cli._options.suggestions import suggest_spans
from dataarts_datamap.cli._options.times import in_zone, parse_span, parse_time
from dataarts_datamap.cli._printing.notices import tell_zone

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo

    from dataarts_datamap.cli._printing.output import Output

_YES = 0
_NO = 1


@click.command()
@click.option("--task-id", required=True, metavar="ID", help="The operator whose run to wait for.")
@click.option("--job-name", type=parse_name, required=True, metavar="NAME", help="Name of that operator.")
@click.option("--run-id", type=int, metavar="ID", help="The run; the one planned last, if it is left out.")
@click.option("--start", type=parse_time, metavar="TIME", help="Where the window begins: a date, a time, or epoch ms.")
@click.option(
    "--since",
    type=parse_span,
    shell_complete=suggest_spans,
    metavar="SPAN",
    help="Begin this long before now: 90m, 24h, 7d.",
)
@zone_option("times without an offset")
@click.option(
    "--for",
    "patience",
    type=parse_span,
    shell_complete=suggest_spans,
    metavar="SPAN",
    default="1h",
    help="Longest wait (1h), a day at most.",
)
@output_option
@connection_options
def wait(  # noqa: PLR0913  one parameter for each option
    *,
    task_id: str,
    job_name: str,
    run_id: int | None,
    start: datetime | int | None,
    since: timedelta | None,
    tz: tzinfo,
    patience: timedelta,
    output: Output | None,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Wait until a run has ended, and show it.

    Exit code 0: it succeeded. 1: it failed or was skipped. 2: none had ended when the time was over, or that could not
    be told.

    \b
    Example:
      datamap wait --task-id 937987 --job-name ETL_Job_dli2dws --since 2h \\
        --for 90m
    """  # noqa: D301  click reads \b
    from dataarts_datamap._models.runs import RunState  # noqa: PLC0415  loads what --help does not need
    from dataarts_datamap.cli._printing.output import write_runs  # noqa: PLC0415  as above

    if (start is None) is (since is None):
        raise click.UsageError("say where the window begins: either --start TIME or --since SPAN")
    shape = output_shape(output)
    tell_zone((start,), tz, shape)
    window = given(start=in_zone(start, tz), since=since)
    with connect(settings) as client:
        run = client.wait_for_run(task_id, job_name=job_name, run_id=run_id, timeout=patience.total_seconds(), **window)
    write_runs([run], output=shape, zone=tz)
    return _YES if run.state is RunState.SUCCEEDED else _NO
