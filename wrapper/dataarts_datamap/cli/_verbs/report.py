"""``datamap report``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click

from dataarts_datamap.cli._options.connection import (
    connect,
    connection_options,
    max_age_option,
    obs_endpoint_option,
    optional_table_argument,
    paging_options,
    zone_option,
)
from dataarts_datamap.cli._options.operators import OperatorChoice, operator_options
from dataarts_datamap.cli._options.table_names import table_of
from dataarts_datamap.cli._options.times import in_zone
from dataarts_datamap.cli._options.typed_options import is_typed, refuse_others, refuse_typed
from dataarts_datamap.cli._options.values import NewFile, file_option, span_option, time_option
from dataarts_datamap.cli._printing.notices import counted, note, size_text, tell, tell_if_none, tell_zone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.upstream import Upstream
    from dataarts_datamap._report.contents import Report
    from dataarts_datamap._report.languages import Language

ReportOutput: TypeAlias = Literal["table", "summary", "json"]

_DEFAULT_SPAN = timedelta(days=30)
_LONGEST_REASON = 300
_AT_ONCE = timedelta(minutes=1)
_MOST_DAYS = 92
_FOR_ALL = frozenset({"file", "html", "since", "tz", "lang", "quiet"})


@click.command()
@optional_table_argument
@file_option(
    "--tables", "file", help="Report on all tables of a file, such as datamap.toml, instead of TABLE; needs --html"
)
@click.option(
    "--html",
    type=NewFile(path_type=Path),
    metavar="FILE",
    help="Write the report as one page that works offline.",
)
@time_option("--start", help="Beginning of the window: a date, a time, or epoch ms")
@time_option("--end", help="End of the window, and time of the judgement (now)")
@span_option("--since", help="Length of the window up to its end: 24h, 7d (30d)")
@max_age_option
@operator_options
@click.option(
    "--upstream",
    type=click.IntRange(0),
    default=2,
    metavar="STEPS",
    help="Number of steps upstream, for at most 30 tables; 0 for none (2). Not with an --end in the past.",
)
@zone_option("the times in the report")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    envvar="DATAMAP_LANG",
    default="en",
    help="Language of the page: English, or Chinese (en).  [env: DATAMAP_LANG]",
)
@click.option("--running-data", is_flag=True, help="Include running_data of runs in the page or JSON: SQL and paths.")
@click.option(
    "--logs",
    "with_log",
    is_flag=True,
    help="Include the ends of the logs of the fifty newest failures in the page or JSON; these can contain SQL and "
    "passwords.",
)
@paging_options
@click.option(
    "--output",
    type=click.Choice(["table", "summary", "json"]),
    help="Strips (to a terminal), short JSON (to a pipe, without --html), or JSON of every hour and failure.",
)
@obs_endpoint_option
@connection_options
def report(  # noqa: PLR0913  one parameter for each option
    *,
    table_guid: str | None,
    file: str | None,
    html: Path | None,
    start: datetime | int | None,
    end: datetime | int | None,
    since: timedelta | None,
    max_age: timedelta | None,
    choice: OperatorChoice,
    upstream: int,
    tz: tzinfo,
    lang: Language,
    running_data: bool,
    with_log: bool,
    paging: dict[str, Any],
    output: ReportOutput | None,
    **settings: Any,  # noqa: ANN401
) -> None:
    """Report on a table's runs: what failed, and what took long.

    It says whether TABLE, a name or a GUID, is fresh, why it is not, and which runs started late. --operator, --ignore
    and --any choose the operators that count, as in datamap status.

    With --html, it is a page for a browser: the reasons, with a link to each run that shows them, the failures with
    their log paths, a strip of outcomes by planned time, the runs on a time line, their durations and waits. It loads
    nothing from a network. With --logs, it has the ends of the logs of the fifty newest failures, folded.

    With --tables, the page shows all tables of a file: the runs that explain most of the trouble, the verdict on each
    table with its reason, and the outcomes of each of the last days. It can be sorted, grouped and searched. Of the
    options about runs, it only takes --since and --tz.

    A pipe gets a summary as one line of JSON, with the verdict in words as "sentence" and "reasons"; --output
    json has every hour, failure and outlier, too, which can be long.

    Exit code 0: the report was made, whatever it says; use datamap status for a verdict. 2: nothing could be read.

    \b
    Examples:
      datamap report 09318f28-939f-4ab6-a374-9e621096652c --html report.html
      datamap report 09318f28-939f-4ab6-a374-9e621096652c --since 7d --tz +08:00
      datamap report sales.dws_orders --html report.html --lang zh
      datamap report --tables datamap.toml --html overview.html
    """  # noqa: D301  click reads \b
    from dataarts_datamap._files import replaceable
    from dataarts_datamap.cli._printing.output import is_terminal

    if file is not None:
        _refuse_single(table_guid, settings)
        _report_all(file, html, since=since, zone=tz, lang=lang, settings=settings)
        return
    if table_guid is None:
        raise click.UsageError("give a TABLE, or --tables FILE for all tables of a file")
    if start is not None and since is not None:
        raise click.UsageError("give either --start or --since, not both")
    target = None if html is None else replaceable(html)
    to_pipe: ReportOutput = "json" if running_data or with_log else "summary"
    shape = output or ("table" if is_terminal() else None if html else to_pipe)
    if (with_log or running_data) and target is None and shape != "json":
        what = "logs go" if with_log else "running data goes"
        raise click.UsageError(f"{what} into a page or into JSON: add --html FILE, or write --output json")
    if target is None and is_typed("lang"):
        raise click.UsageError("--lang is the language of the page: add --html FILE")
    if not with_log:
        refuse_typed("obs_endpoint", "only goes with --logs")
    tell_zone((start, end), tz, "table" if shape == "table" else "ndjson")
    span = since or (_DEFAULT_SPAN if start is None else None)
    times = {"start": in_zone(start, tz), "end": in_zone(end, tz, end=True), "since": span}
    with connect(settings) as client:
        table = table_of(client, table_guid)
        found = _read(client, table, times=times, how=paging, zone=tz, max_age=max_age, choice=choice, steps=upstream)
        if with_log:
            from dataarts_datamap.cli._logs.failure_logs import with_logs

            found = with_logs(found, client)
    tell_if_none(found.status.runs, "runs in this window")
    if target is not None:
        size = _write_page(found, target, running_data=running_data, lang=lang)
        note(f"{counted(found.status.runs, 'run')} reported: {html} has {size_text(size)}")
    if shape is not None:
        _show(found, shape, running_data=running_data)


def _refuse_single(table_guid: str | None, settings: Iterable[str]) -> None:
    if table_guid is not None:
        raise click.UsageError("give either a TABLE or --tables, not both")
    refuse_others({*_FOR_ALL, *settings}, "--tables")


def _report_all(  # noqa: PLR0913  one parameter for each option
    file: str, html: Path | None, *, since: timedelta | None, zone: tzinfo, lang: Language, settings: dict[str, Any]
) -> None:
    """Write the page of all tables.

    Raises:
        click.UsageError: ``html`` is None, or ``since`` is too long for a page.
        DataMapError: No table could be read. The page is still written.
    """
    from dataarts_datamap._files import replaceable
    from dataarts_datamap._report.languages import texts_in
    from dataarts_datamap.cli._overview.table_overview import write_overview

    if html is None:
        raise click.UsageError("--tables needs --html FILE; datamap check shows tables in a terminal")
    days = max(1, -(-(since or _DEFAULT_SPAN) // timedelta(days=1)))
    if days > _MOST_DAYS:
        raise click.UsageError(f"--since may be at most {_MOST_DAYS}d with --tables")
    target = replaceable(html)
    with connect(settings) as client:
        summary, error = write_overview(client, file, target, days=days, zone=zone, say=texts_in(lang))
    note(summary)
    if error is not None:
        raise error


def _read(  # noqa: PLR0913  one parameter for each option
    client: DataMapClient,
    table: Table,
    *,
    times: dict[str, Any],
    zone: tzinfo,
    max_age: timedelta | None,
    choice: OperatorChoice,
    steps: int,
    how: dict[str, Any],
) -> Report:
    from dataarts_datamap._report.contents import report_on
    from dataarts_datamap._times import EPOCH, MILLISECOND
    from dataarts_datamap._window import window
    from dataarts_datamap.cli._printing.progress import with_progress

    now = datetime.now(UTC)
    span = window(**times, now=now)
    judged = min(now, EPOCH + span.end * MILLISECOND)
    is_past = now - judged >= _AT_ONCE
    if is_past and steps:
        refuse_typed("upstream", "does not go with an --end in the past")
    producers = choice.find(client, table.guid)
    pager = client.list_table_runs(table.guid, start=span.start, end=span.end, operators=producers.operators, **how)
    runs = list(with_progress(pager, lambda: None))
    return report_on(
        runs,
        table_guid=table.guid,
        name=table.full_name if table.name else None,
        window=span,
        now=judged,
        zone=zone,
        producers=producers,
        max_age=max_age,
        any_operator=choice.any_operator,
        upstream=None if is_past else _read_upstream(client, table.guid, max_age, steps),
    )


def _read_upstream(client: DataMapClient, table_guid: str, max_age: timedelta | None, steps: int) -> Upstream | None:
    """The tables upstream and their present state.

    None if ``steps`` is 0, or, with a warning, if they cannot be read: the report does not need them.
    """
    from dataarts_datamap._errors import AuthenticationError, DataMapError
    from dataarts_datamap._text import printable

    if not steps:
        return None
    try:
        return client.examine_upstream(table_guid, max_age=max_age, depth=steps)
    except AuthenticationError:
        raise
    except DataMapError as error:
        tell(f"the tables upstream could not be read: {printable(str(error), limit=_LONGEST_REASON)}")
        return None


def _write_page(found: Report, target: Path, *, running_data: bool, lang: Language) -> int:
    """Write the page; returns its size in bytes."""
    from dataarts_datamap._files import replacing
    from dataarts_datamap._report.html_page import page
    from dataarts_datamap._report.languages import texts_in

    written = page(found, running_data=running_data, say=texts_in(lang)).encode()
    with replacing(target) as made:
        made.write_bytes(written)
    return len(written)


def _show(found: Report, shape: ReportOutput, *, running_data: bool) -> None:
    from dataarts_datamap._report.headline import in_words
    from dataarts_datamap.cli._printing.output import write_json
    from dataarts_datamap.cli._printing.report_sheet import write_sheet

    if shape == "json":
        write_json({**in_words(found), **found.to_dict(running_data=running_data)})
    elif shape == "summary":
        write_json({**in_words(found), **found.summary()})
    else:
        write_sheet(found)
