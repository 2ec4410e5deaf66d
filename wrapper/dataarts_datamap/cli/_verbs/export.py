"""``datamap export``."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from dataarts_datamap.cli._options.connection import connect, connection_options
from dataarts_datamap.cli._options.selection import Selection, selection_options
from dataarts_datamap.cli._options.suggestions import suggest_columns
from dataarts_datamap.cli._options.typed_options import refuse_typed
from dataarts_datamap.cli._options.values import span_option
from dataarts_datamap.cli._printing.notices import counted, note, tell, tell_if_none

if TYPE_CHECKING:
    from datetime import timedelta

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._export.columns import Nested
    from dataarts_datamap._export.export import ExportFormat, ExportSummary
    from dataarts_datamap._models.runs import Operator

_Part: TypeAlias = "tuple[Selection, list[Operator]]"


def _refuse_dash(_context: click.Context, _parameter: click.Parameter, file: Path) -> Path:
    if str(file) == "-":
        raise click.UsageError(
            "an export is written to a file, not to stdout: for a pipe, use datamap runs --output ndjson; "
            "a file of that name is ./-"
        )
    return file


@click.command(context_settings={"allow_extra_args": True})
@click.argument("file", type=click.Path(path_type=Path), callback=_refuse_dash)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["parquet", "csv", "ndjson", "arrow", "duckdb"]),
    help="File format (that of the suffix).",
)
@click.option("--append", is_flag=True, help="Keep the file's other runs, and replace those read again.")
@click.option(
    "--since-last",
    is_flag=True,
    help="Update FILE: read runs again from its first run that may have changed; --start or --since is for operators "
    "without runs in FILE.",
)
@span_option("--lookback", default="7d", help="With --since-last: time to look back for changes of ended runs")
@click.option("--columns", metavar="NAME,…", shell_complete=suggest_columns, help="Columns to write, in order (all).")
@click.option(
    "--nested",
    type=click.Choice(["json", "skip"]),
    default="json",
    help="Keep nested data as JSON text, or skip it (json).",
)
@click.option("--csv-guard", is_flag=True, help="In CSV, put an apostrophe before text that a spreadsheet would run.")
@click.option("--csv-bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel.")
@click.option(
    "--file-source",
    metavar="REGION,PROJECT_ID,INSTANCE_ID",
    help="Origin of the rows of an older FILE that has no columns for it.",
)
@click.option("--table-name", default="runs", metavar="NAME", help="Table in a DuckDB database (runs).")
@selection_options
@connection_options
def export(  # noqa: PLR0913  one parameter for each option
    *,
    selection: Selection,
    file: Path,
    format_: ExportFormat | None,
    append: bool,
    since_last: bool,
    lookback: timedelta,
    columns: str | None,
    nested: Nested,
    csv_guard: bool,
    csv_bom: bool,
    table_name: str,
    file_source: str | None,
    **settings: Any,  # noqa: ANN401
) -> None:
    """Write the runs of a table, or of one of its operators, to FILE.

    An interrupted export leaves FILE unchanged. FILE is replaced, unless --append or --since-last is given: then runs
    with the same region, project, instance, workspace, task, operator, id and planned time are replaced, and all others
    are kept. The times in FILE are UTC.

    \b
    Examples:
      datamap export runs.parquet --since 30d \\
        --table 09318f28-939f-4ab6-a374-9e621096652c
      datamap export runs.duckdb --since-last --since 30d \\
        --table 09318f28-939f-4ab6-a374-9e621096652c
    """  # noqa: D301  click reads \b
    from dataarts_datamap._export.export import export_runs
    from dataarts_datamap.cli._printing.progress import with_progress

    if not since_last:
        refuse_typed("lookback", "only goes with --since-last")
        selection.check_beginning()
    if not (append or since_last):
        refuse_typed("file_source", "only goes with --append or --since-last")
    selection.tell_zone("ndjson")
    with connect(settings) as client:
        selection = selection.by_guid(client)
        increment: list[_Part] = []
        if since_last:
            where: dict[str, Any] = {"format": format_, "lookback": lookback, "table": table_name}
            increment = _increment(selection, client, file, settings.get("workspace_id"), **where)

        @cache
        def parts() -> list[_Part]:
            return increment if since_last else [(selection, selection.operators(client))]

        summary = export_runs(
            with_progress(
                (run for part, operators in parts() for run in part.pager(client, operators)),
                lambda: _count(parts(), client),
            ),
            file,
            format=format_,
            append=append or since_last,
            columns=None if columns is None else [name.strip() for name in columns.split(",")],
            nested=nested,
            csv_guard=csv_guard,
            csv_bom=csv_bom,
            table=table_name,
            file_source=None if file_source is None else [part.strip() for part in file_source.split(",")],
        )
    tell_if_none(summary.written, "runs in this window")
    _tell_summary(summary, file)


def _increment(
    selection: Selection,
    client: DataMapClient,
    file: Path,
    workspace_id: str | None,
    **where: Any,  # noqa: ANN401
) -> list[_Part]:
    """The parts to read for an increment: each operator in the file from the time at which its runs may have changed.

    The other operators are read from the selection's beginning; if it has none, from the earliest of these times.

    Raises:
        click.UsageError: The file has no runs of any operator, and the selection has no beginning.
    """
    from dataarts_datamap._export.export import increment_starts

    operators = selection.operators(client)
    stored_as = {one: _in_workspace(one, workspace_id) for one in operators}
    starts = increment_starts(file, list(stored_as.values()), source=client.source(), **where)
    begun = {one: start for one in operators if (start := starts[stored_as[one]]) is not None}
    if not begun and not selection.has_beginning:
        raise click.UsageError(
            f"{file} has no runs yet, or none of this source and operator: give the beginning of the first export with "
            "--start or --since"
        )
    if begun:
        note(f"reading runs again from {min(begun.values()):%Y-%m-%dT%H:%M:%SZ} on")
    fresh = [one for one in operators if one not in begun]
    beginning = selection if selection.has_beginning else replace(selection, start=min(begun.values()))
    if fresh and begun:
        _tell_fresh(fresh, selection)
    parts = [(replace(selection, start=start, since=None), [one]) for one, start in begun.items()]
    return [*parts, (beginning, fresh)] if fresh else parts


def _tell_fresh(operators: list[Operator], selection: Selection) -> None:
    from dataarts_datamap._monitoring.producers import operator_name

    where = (
        "those of --start or --since" if selection.has_beginning else "only from that time on; --since reads older ones"
    )
    note(f"no runs yet of {', '.join(map(operator_name, operators))}: reading {where}")


def _in_workspace(operator: Operator, given: str | None) -> Operator:
    """The operator, with the client's workspace if it has none; "auto" cannot be resolved here."""
    from msgspec.structs import replace as copied

    workspace_id = given or os.environ.get("DATAMAP_WORKSPACE_ID") or None
    return (
        operator
        if operator.workspace_id or workspace_id in {None, "auto"}
        else copied(operator, workspace_id=workspace_id)
    )


def _count(parts: list[_Part], client: DataMapClient) -> int | None:
    """The number of runs of all parts; None if a total is missing, or a response is invalid or an error.

    Raises:
        AuthenticationError: The credentials are refused; they must not be sent again, since failures lock a key.
        TransportError: No complete response arrived.
    """
    from dataarts_datamap._errors import AuthenticationError, InvalidResponseError, ServiceError

    try:
        totals = [part.count(client, operator) for part, operators in parts for operator in operators]
    except AuthenticationError:
        raise
    except (ServiceError, InvalidResponseError):
        return None
    known = [total for total in totals if total is not None]
    return sum(known) if len(known) == len(totals) else None


def _tell_summary(summary: ExportSummary, file: Path) -> None:
    kept = f", {summary.kept} kept" if summary.kept else ""
    note(f"{counted(summary.written, 'run')} written{kept}: {file} has {summary.written + summary.kept}")
    if summary.without_id:
        runs = counted(summary.without_id, "run")
        note(f"{runs} without an id: an increment recognises such a run only by its times")
    if summary.under_other_name:
        tell(
            f"{counted(summary.under_other_name, 'run')} with another task or operator than in the request: in the "
            "file under that name, and without effect on the beginning of the next increment"
        )
