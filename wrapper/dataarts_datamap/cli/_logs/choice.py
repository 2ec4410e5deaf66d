"""Finds the run whose log is shown."""

from __future__ import annotations

import shlex
from datetime import UTC
from typing import TYPE_CHECKING

from dataarts_datamap._models.runs import RunState, planned_at
from dataarts_datamap._monitoring.producers import distinct_name
from dataarts_datamap._text import printable
from dataarts_datamap._times import EPOCH, span_text, time_text
from dataarts_datamap.cli._options.table_names import table_guid_of
from dataarts_datamap.cli._printing.notices import note, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._monitoring.producers import OperatorRole


def find_run(  # noqa: PLR0913  one parameter for each option
    client: DataMapClient,
    target: str,
    table: str | None,
    *,
    since: timedelta,
    only: Iterable[str],
    is_active_first: bool,
) -> Run | None:
    """Find the run whose log is shown, and name it on stderr.

    With ``table``, the target is the id of the run, and all operators of the table are looked at. Without ``table``,
    the target is the table: its newest failure is found, or with ``is_active_first`` the newest run that has begun and
    not ended, if there is one; the operators that write it according to lineage are looked at, or all if lineage names
    none. ``only`` names other operators to look at.

    None if there is no such run, or if several operators have runs with the id; stderr has the reason.
    """
    name = target if table is None else table
    table_guid = table_guid_of(client, name)
    role: OperatorRole = "producers" if table is None else "associated"
    producers = client.find_producers(table_guid, role=role, only=[*only] or None)
    runs = client.list_table_runs(table_guid, since=since, operators=producers.operators).to_list()
    failed = [run for run in runs if run.state is RunState.FAILED]
    active = [run for run in runs if run.state is RunState.ACTIVE and run.start_time is not None]
    if table is not None:
        found = [run for run in runs if run.run_id == int(target)]
    else:
        found = (active or failed) if is_active_first else failed
    if not found:
        said = "failed" if table is None else f"has the id {target}"
        upstream = ", and datamap why looks upstream" if table is None else ""
        tell(f"no run of {printable(name)} {said} in the last {span_text(since)}: --since looks back further{upstream}")
        return None
    if table is not None and not _is_of_one(found, target):
        return None
    run = max(found, key=lambda run: planned_at(run) or EPOCH)
    note(description(run))
    return run


def _is_of_one(found: Sequence[Run], run_id: str) -> bool:
    """Whether all runs with the id belong to one operator; if not, the operators are listed on stderr."""
    newest: dict[Operator, Run] = {}
    for run in sorted(found, key=lambda run: planned_at(run) or EPOCH):
        if run.origin is not None:
            newest[run.origin.operator] = run
    if len(newest) <= 1:
        if len(found) > 1:
            note(f"{len(found)} runs have the id {run_id}: this is the newest")
        return True
    tell(f"{len(newest)} operators have runs with the id {run_id}: choose one with --operator")
    for operator, run in newest.items():
        tell(f"  --operator {shlex.quote(printable(distinct_name(operator, newest)))}: {description(run)}")
    return False


def description(run: Run) -> str:
    ended = "" if run.end_time is None else f", ended {time_text(run.end_time, UTC)} UTC"
    return f"run {run.run_id} of {printable(run.job_name or '-')}, {printable(run.status or 'no status')}{ended}"
