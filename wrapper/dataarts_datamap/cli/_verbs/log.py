"""``datamap log``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dataarts_datamap.cli._exit_codes import NOT_JUDGED, YES
from dataarts_datamap.cli._options.connection import connect, connection_options, obs_endpoint_option
from dataarts_datamap.cli._options.suggestions import suggest_paces, suggest_tables
from dataarts_datamap.cli._options.typed_options import refuse_typed
from dataarts_datamap.cli._options.values import NewFile, span_option

if TYPE_CHECKING:
    from datetime import timedelta

_RUN_ID: Final = re.compile(r"\d{1,19}")
_SIZE: Final = re.compile(r"(\d{1,12})([kKmM]?)")
_UNITS: Final = {"": 1, "k": 1024, "m": 1024 * 1024}
_DEFAULT_TAIL: Final = 64 * 1024


def parse_size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None or not int(match[1]):
        raise click.BadParameter(f"{text!r} is not a size such as 500, 64k or 1M")
    return int(match[1]) * _UNITS[match[2].lower()]


@click.command()
@click.argument("target", metavar="TABLE|RUN_ID", shell_complete=suggest_tables)
@click.option(
    "--table", metavar="TABLE", shell_complete=suggest_tables, help="Table of the run RUN_ID, by name or GUID."
)
@span_option("--since", default="7d", help="Time to look back for the run")
@click.option(
    "--operator",
    "only",
    multiple=True,
    metavar="NAME",
    help="Only look at this operator, by job name, workspace/job name or task id; may be repeated.",
)
@click.option("--tail", type=parse_size, metavar="SIZE", help="Size of the end to show: 500, 64k, 1M (64k).")
@click.option("--all", "whole", is_flag=True, help="Show the whole log.")
@click.option(
    "--save",
    type=NewFile(path_type=Path),
    metavar="FILE",
    help="Write the log to a file: the whole log, or with --tail its end.",
)
@click.option("--follow", is_flag=True, help="Show additions until the run has ended.")
@span_option("--every", default="5s", suggest=suggest_paces, help="With --follow: time between two readings")
@obs_endpoint_option
@connection_options
def log(  # noqa: PLR0913  one parameter for each option
    *,
    target: str,
    table: str | None,
    since: timedelta,
    only: tuple[str, ...],
    tail: int | None,
    whole: bool,
    save: Path | None,
    follow: bool,
    every: timedelta,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Show the log of a run: of the newest failure of TABLE, or of the run RUN_ID of the table that --table names.

    The end of the log is read from object storage; the credentials need obs:object:GetObject on its bucket. A log can
    contain SQL and passwords. For a terminal, control characters are escaped; a pipe or a file gets the unchanged
    bytes.

    Several runs can have the same id. If they belong to several operators, choose one with --operator; of one
    operator's runs, the newest is shown.

    With --follow and no RUN_ID, the newest run that has begun and not ended is followed; if there is none, the newest
    failure is shown.

    Exit code 0: the log was shown. 2: there is no such run, or several operators have one, or its log cannot be read;
    the text has the reason. With --follow: 0 if the run succeeded, 1 if it failed or was skipped, 2 if its outcome is
    unknown, or if the run has not been listed for ten minutes.

    \b
    Examples:
      datamap log sales.dws_orders
      datamap log 126500000 --table ods.ods_orders --save run.log
      datamap log sales.dws_orders --follow
    """  # noqa: D301  click reads \b
    from dataarts_datamap._files import replaceable
    from dataarts_datamap.cli._logs.choice import find_run
    from dataarts_datamap.cli._logs.following import follow_log
    from dataarts_datamap.cli._logs.reading import save_log, show_log

    if whole and tail is not None:
        raise click.UsageError("give either --all or --tail, not both")
    if follow and save is not None:
        raise click.UsageError("--follow only shows a log: leave out --save")
    if not follow:
        refuse_typed("every", "only goes with --follow")
    if table is None and _RUN_ID.fullmatch(target):
        raise click.UsageError(f"give the table of the run {target}: datamap log {target} --table TABLE")
    if table is not None and not _RUN_ID.fullmatch(target):
        raise click.UsageError(f"{target!r} is not the id of a run; for the newest failure: datamap log {table}")
    file = None if save is None else replaceable(save)
    most = None if whole or (file is not None and tail is None) else tail or _DEFAULT_TAIL
    with connect(settings) as client:
        now = datetime.now(UTC)
        run = find_run(client, target, table, since=since, only=only, is_active_first=follow)
        if run is None:
            return NOT_JUDGED
        if follow:
            return follow_log(client, run, most, start=now - since, every=every)
        if file is not None:
            save_log(client, run, most, file)
        else:
            show_log(client, run, most)
    return YES
