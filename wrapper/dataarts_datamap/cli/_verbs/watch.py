"""``datamap watch``."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

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
from dataarts_datamap.cli._options.suggestions import suggest_paces
from dataarts_datamap.cli._options.table_names import table_guid_of
from dataarts_datamap.cli._options.times import parse_span, span_up_to
from dataarts_datamap.cli._options.typed_options import refuse_typed
from dataarts_datamap.cli._options.values import span_option
from dataarts_datamap.cli._printing.notices import note, note_basis, tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._monitoring.producers import Producers
    from dataarts_datamap._monitoring.snapshot import Snapshot
    from dataarts_datamap._window import Window

WatchOutput: TypeAlias = Literal["live", "ndjson"]

_CANNOT_DRAW: Final = frozenset({"dumb", "unknown"})
_LEAST_PACE: Final = timedelta(seconds=5)
_MOST_PACE: Final = timedelta(days=1)


def _parse_pace(text: str) -> timedelta:
    span = parse_span(text)
    if not _LEAST_PACE <= span <= _MOST_PACE:
        raise click.BadParameter(
            f"{text!r} is not from 5s to 1d: each reading sends requests for the table and each of its operators, and "
            "the service allows a user 50 requests per second on all of the Data Map"
        )
    return span


@click.command()
@table_argument
@span_option("--since", default="24h", help="Minimum time to look back")
@span_option(
    "--every",
    default="30s",
    suggest=suggest_paces,
    parse=_parse_pace,
    help="Time between two readings, from 5s to 1d",
)
@click.option(
    "--until-ended", is_flag=True, help="End when no run is active; the exit code says how the last runs ended."
)
@span_option("--for", "patience", parse=span_up_to("365d"), help="End after this time: 90m, 12h (until interrupted)")
@max_age_option
@operator_options
@zone_option("the times in the view")
@paging_options
@click.option(
    "--output",
    type=click.Choice(["live", "ndjson"]),
    help="Live view (to a terminal) or a JSON line for each change (to a pipe).",
)
@connection_options
def watch(  # noqa: PLR0913  one parameter for each option
    *,
    table_guid: str,
    since: timedelta,
    every: timedelta,
    until_ended: bool,
    patience: timedelta | None,
    max_age: timedelta | None,
    choice: OperatorChoice,
    tz: tzinfo,
    paging: dict[str, Any],
    output: WatchOutput | None,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Show the progress of the runs of TABLE, a name or a GUID, until interrupted.

    It shows a line for each operator that counts: the status of its run, its duration and the typical one, its delay,
    and the age of the last success; then the newest failures with their log paths; and outcomes and durations by the
    hour. The operators that write the table according to lineage count, or all operators if lineage names none. If a
    reading fails, the last good one stays on the screen, marked as old, and another one is tried. To a pipe, it writes
    a JSON line for each run that appears, changes or disappears; the runs of the first reading are "known".

    With --until-ended, the exit code is 0 if the last run of each operator succeeded, 1 if one failed or was skipped, 2
    if that is not known, or if a run is still active when the time of --for is over; operators without runs in the
    window are named and left out. Without --until-ended, the exit code is 0 when the time of --for is over. In both
    cases, it is 2 if the first reading fails, or a later one fails permanently.
    --operator and --ignore choose the operators to read; with --any, it is enough that the last run of one succeeded.

    \b
    Examples:
      datamap watch 09318f28-939f-4ab6-a374-9e621096652c --tz Asia/Shanghai
      datamap watch 09318f28-939f-4ab6-a374-9e621096652c --until-ended \\
        --for 3h --output ndjson
    """  # noqa: D301  click reads \b
    from dataarts_datamap._monitoring.freshness import look_back
    from dataarts_datamap._monitoring.polling import Polls, PollSchedule
    from dataarts_datamap._monitoring.snapshot import Snapshot
    from dataarts_datamap.cli._printing.streams import wait_while_read

    if output == "ndjson":
        refuse_typed("tz", "only goes with --output live")
        if not until_ended:
            refuse_typed("any_operator", "only goes with --output live or --until-ended")
    shape = output or ("live" if _can_draw() else "ndjson")
    if shape == "live" and not _can_draw():
        raise click.UsageError("--output live needs a terminal to draw on; to a pipe, write ndjson")
    snapshot = Snapshot(look_back(since, max_age))
    schedule = PollSchedule(
        every=every,
        patience=patience,
        until_ended=until_ended,
        now=partial(datetime.now, UTC),
        wait=time.sleep if shape == "live" else wait_while_read,
    )
    with connect(settings) as client:
        table_guid = table_guid_of(client, table_guid)
        table = ClientTable(client, table_guid, paging, choice)
        table.choose()
        polls = Polls(table, snapshot, schedule=schedule)
        if shape == "live":
            from dataarts_datamap._report.contents import Report, report_on
            from dataarts_datamap.cli._printing.live_view import View, show_live

            def report_at(moment: datetime) -> Report | None:
                return snapshot.window and report_on(
                    snapshot.runs,
                    table_guid=table_guid,
                    window=snapshot.window,
                    now=moment,
                    zone=tz,
                    operators=polls.operators,
                    max_age=max_age,
                    any_operator=choice.any_operator,
                    ignored=table.ignored,
                )

            show_live(polls, View(table_guid, zone=tz, now=schedule.now), report_at)
        else:
            from dataarts_datamap.cli._printing.changes import write_changes

            if not write_changes(polls):
                return NOT_JUDGED if until_ended else YES
    return _exit_code(snapshot, polls.operators, table) if until_ended else YES


def _can_draw() -> bool:
    from dataarts_datamap.cli._printing.output import is_terminal

    return is_terminal() and os.environ.get("TERM", "").lower() not in _CANNOT_DRAW


def _exit_code(snapshot: Snapshot, operators: Sequence[Operator], table: ClientTable) -> int:
    """The exit code for the last run of each operator. Operators without runs and ignored ones are only named."""
    from dataarts_datamap._models.runs import RunState, operator_key
    from dataarts_datamap._monitoring.freshness import group_runs
    from dataarts_datamap._monitoring.producers import operator_name

    groups = group_runs(snapshot.runs, operators)
    if left_out := [operator_name(one) for one in operators if not groups[operator_key(one)]]:
        note(f"no runs in this window, left out: {', '.join(left_out)}")
    if table.ignored:
        note(f"not judged, on request: {', '.join(map(operator_name, table.ignored))}")
    if snapshot.active:
        tell(f"runs that had not ended when the time was over: {len(snapshot.active)}")
        return NOT_JUDGED
    states = {run.state for run in snapshot.latest()}
    if table.choice.any_operator and RunState.SUCCEEDED in states:
        return YES
    if states & {RunState.FAILED, RunState.SKIPPED}:
        return NO
    if not states or RunState.UNKNOWN in states:
        tell("it is unknown how the last runs ended")
        return NOT_JUDGED
    return YES


@dataclass(slots=True)
class ClientTable:
    """A table, read by a client, with keywords of ``list_table_runs`` for reading pages.

    ``ignored`` are the operators that were left out on request, as of the last reading.
    """

    client: DataMapClient
    guid: str
    how: dict[str, Any]
    choice: OperatorChoice
    ignored: tuple[Operator, ...] = ()
    _chosen: Producers | None = None
    _is_read: bool = False

    def choose(self) -> Producers:
        """Find the operators that count, and print the notes about them.

        Later readings do not ask for lineage again: if lineage changes, the view stays the same.
        """
        self._chosen = chosen = self.choice.find(self.client, self.guid)
        self.ignored = chosen.ignored
        note_basis(chosen.others, () if self.choice.role == "associated" else chosen.notes)
        return chosen

    def list_operators(self) -> list[Operator]:
        """The operators of the table that count, and those that appeared after the choice."""
        chosen = self._chosen or self.choose()
        if not self._is_read:
            self._is_read = True
            return list(chosen.operators)
        known, ignored = self.choice.narrow(self.client.list_operators(self.guid))
        self.ignored = tuple(ignored)
        return [one for one in known if one not in chosen.others]

    def list_runs(self, window: Window, operators: Sequence[Operator]) -> list[Run]:
        start, end = window
        return self.client.list_table_runs(self.guid, start=start, end=end, operators=operators, **self.how).to_list()
