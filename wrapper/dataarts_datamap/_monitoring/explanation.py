"""Why a table is not fresh, as values: tables in trouble, the chains between them, and the causes."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._monitoring.freshness import TableStatus, Verdict
from dataarts_datamap._monitoring.table_names import shown_name, shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._models.tables import Table

_MOST_NAMES: Final = 3


class Trouble(StrEnum):
    """The kinds of trouble of a table.

    Attributes:
        FAILED: A run failed, and none has succeeded since.
        RUNNING: A due run is still running.
        LATE: A due run has not started.
        SKIPPED: A due run was skipped.
        NOT_PLANNED: The last success is too old, and no run was due since; or no run was due in the time range.
        UNKNOWN: A due run has an unknown status, or none; or no operator shows the state of the table.
    """

    FAILED = "failed"
    RUNNING = "running"
    LATE = "late"
    SKIPPED = "skipped"
    NOT_PLANNED = "not_planned"
    UNKNOWN = "unknown"


class LineageKnowledge(StrEnum):
    """How much is known about the origin of a table.

    Attributes:
        KNOWN: Lineage has a step that writes it, even if the operator of that step is not named.
        UNKNOWN: Lineage can be read, but has no step that writes it. Perhaps the SQL of its operators could not be
            parsed, or they were never scheduled.
        REFUSED: Lineage cannot be read: this account may not read it, or a note says what went wrong.
    """

    KNOWN = "known"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Link(Struct, frozen=True, kw_only=True):
    """A table in trouble, on the path from the explained table to its causes.

    Attributes:
        table: The table.
        trouble: Its trouble.
        operator: The operator in the worst trouble; None if none is known.
        run: The run that shows the trouble, with its status, plan, end and log path; None if there is none.
        since: Time at which the first of its operators got into trouble, UTC: the plan of that operator's first run due
            after its last success; without such a run, the plan of that success. None if it is not known.
        blamed_on: GUIDs of the tables whose trouble explains it. If the link is a cause, they explain only the trouble
            of other operators of its table.
        is_upstream_known: Whether lineage names a table that it is made of.
        late_inputs: GUIDs of the inputs of a cause that are not in trouble now, but were written too late for the run
            that failed or was skipped: that run only needs to be run again.
        newer_run: A run that is still going on, planned after the failed one; None if there is none.
        sentence: The link as a sentence. Names in it are made printable.
    """

    table: Table
    trouble: Trouble
    operator: Operator | None = None
    run: Run | None = None
    since: datetime | None = None
    blamed_on: tuple[str, ...] = ()
    is_upstream_known: bool = True
    late_inputs: tuple[str, ...] = ()
    newer_run: Run | None = None
    sentence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text."""
        run, operator = self.run, self.operator
        return {
            "table": self.table.to_dict(),
            "trouble": self.trouble.value,
            "job_name": None if operator is None else operator.job_name,
            "task_id": None if operator is None else operator.task_id,
            "workspace_id": None if operator is None else operator.workspace_id,
            "run_id": None if run is None else run.run_id,
            "status": None if run is None else run.status,
            "plan_time": None if run is None else time_text(run.plan_time),
            "start_time": None if run is None else time_text(run.start_time),
            "end_time": None if run is None else time_text(run.end_time),
            "log_path": None if run is None else run.execution_log_path,
            "since": time_text(self.since),
            "blamed_on": list(self.blamed_on),
            "is_upstream_known": self.is_upstream_known,
            "late_inputs": list(self.late_inputs),
            "newer_run_id": None if self.newer_run is None else self.newer_run.run_id,
            "sentence": self.sentence,
        }


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a table is not fresh.

    Attributes:
        table: The table.
        status: Its freshness, judged by its producers if lineage knows them, else by all associated operators.
        causes: The tables whose trouble no other table explains: when their run was due, no table upstream of them was
            in trouble. In a circle, the table whose trouble began first. Empty for a fresh table.
        links: Every table in trouble on the paths to the causes, the table itself first.
        lineage: How much is known about the origin of the table.
        notes: Facts that could not be found out, conflicts between the service's operators and lineage, and the limit
            that ended the search. Names in them are made printable.
        tables_examined: The number of tables examined.
        sentence: The explanation as a sentence.
    """

    table: Table
    status: TableStatus
    causes: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    lineage: LineageKnowledge = LineageKnowledge.KNOWN
    notes: tuple[str, ...] = ()
    tables_examined: int = 1
    sentence: str = ""

    @property
    def verdict(self) -> Verdict:
        """The verdict on the table."""
        return self.status.verdict

    def chain(self, cause: Link) -> tuple[Link, ...]:
        """The shortest path from the table to a cause, including both; empty if there is none."""
        links = {link.table.guid: link for link in self.links}
        came_from: dict[str, str | None] = {self.table.guid: None} if self.table.guid in links else {}
        waiting = deque(came_from)
        while waiting:
            here = waiting.popleft()
            for guid in links[here].blamed_on:
                if guid not in came_from and guid in links:
                    came_from[guid] = here
                    waiting.append(guid)
        way: list[Link] = []
        step = cause.table.guid if cause.table.guid in came_from else None
        while step is not None:
            way.append(links[step])
            step = came_from[step]
        return tuple(reversed(way))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        return {
            "table": self.table.to_dict(),
            "verdict": self.verdict.value,
            "sentence": self.sentence,
            "lineage": self.lineage.value,
            "causes": [cause.to_dict() for cause in self.causes],
            "links": [link.to_dict() for link in self.links],
            "notes": list(map(str, self.notes)),
            "tables_examined": self.tables_examined,
            "status": self.status.to_dict(),
        }


def with_note(explanation: Explanation, note: str) -> Explanation:
    """The explanation with one more note, placed first; unchanged for an empty note."""
    return replace(explanation, notes=(note, *explanation.notes)) if note else explanation


_SAID: Final[Mapping[Trouble, str]] = {
    Trouble.FAILED: "{name} failed in run{run}{job}{at}{status}",
    Trouble.RUNNING: "{name} is still being written by run{run}{job}{at}{status}",
    Trouble.LATE: "{name} waits for run{run}{job}{at}{status}, which has not started",
    Trouble.SKIPPED: "{name} was skipped in run{run}{job}{at}{status}",
    Trouble.NOT_PLANNED: "{name} has had no run{job} planned since its last success{since}",
    Trouble.UNKNOWN: "no operator of {name} shows its state",
}


_UNKNOWN_STATUS: Final = "{name} depends on run{run}{job}{at}{status}, which is not a known one"
_NO_STATUS: Final = "{name} depends on run{run}{job}{at}, which came without a status"
_PLAIN_STATUSES: Final = frozenset((None, "", "fail", "running", "waiting", "skip", "skip-by-depend"))
"""Statuses that add nothing to the trouble."""

_NEVER_PLANNED: Final = "{name} has had no run{job} in the time range"


def link_sentence(  # noqa: PLR0913  each is one fact that the sentence rests on
    link: Link,
    blamed_on: Sequence[Table],
    late_inputs: Sequence[tuple[Table, datetime]],
    unread: int,
    *,
    is_cause: bool,
    is_lineage_known: bool,
) -> str:
    """A link as a sentence.

    Each late input comes with the time at which it was written; ``unread`` is the number of inputs whose
    state is not known.
    """
    status = None if link.run is None else link.run.status
    template = _SAID[link.trouble]
    if link.trouble is Trouble.NOT_PLANNED and link.since is None:
        template = _NEVER_PLANNED
    elif link.trouble is Trouble.UNKNOWN and link.run is not None:
        template = _UNKNOWN_STATUS if status else _NO_STATUS
    said = template.format(
        name=shown_name(link.table),
        job="" if link.operator is None else f" of {shown_text(link.operator.job_name)}",
        run="" if link.run is None or link.run.run_id is None else f" {link.run.run_id}",
        at="" if link.run is None or link.run.plan_time is None else f", planned at {time_text(link.run.plan_time)}",
        since=f", planned at {time_text(link.since)}",
        status="" if status in _PLAIN_STATUSES else f", with the status {shown_text(status or '')}",
    )
    more = len(blamed_on) - _MOST_NAMES
    names = f"{', '.join(map(shown_name, blamed_on[:_MOST_NAMES]))}{f' and {more} more' if more > 0 else ''}"
    if not is_cause:
        return f"{said}, because of {names}."
    besides = f"; another of its operators is in trouble because of {names}" if blamed_on else ""
    return f"{said}{_advice(link, late_inputs, unread, is_lineage_known=is_lineage_known)}{besides}."


def _advice(link: Link, late_inputs: Sequence[tuple[Table, datetime]], unread: int, *, is_lineage_known: bool) -> str:
    """A further fact about a cause; empty if there is none."""
    if link.newer_run is not None:
        number = "" if link.newer_run.run_id is None else f" {link.newer_run.run_id}"
        return f"; a newer run{number} is going on"
    if late_inputs:
        table, written_at = max(late_inputs, key=itemgetter(1))
        name, time = shown_name(table), time_text(written_at)
        return f"; its input {name} was written at {time}, too late for that run: run it again"
    if unread:
        return f"; the state of {unread} of its inputs is unknown"
    if is_lineage_known and not link.is_upstream_known:
        return "; no table upstream of it is known"
    return ""


def summary(table: Table, status: TableStatus, causes: Sequence[Link], knowledge: LineageKnowledge) -> str:
    """An explanation as a sentence."""
    name = shown_name(table)
    if status.verdict is Verdict.FRESH:
        last = time_text(status.last_success)
        if status.max_age is None and last:
            return f"{name} has not failed since its last success at {last}; no limit is set on its age."
        return f"{name} is fresh: it last succeeded at {last}." if last else f"{name} is fresh."
    head = f"{name} is {status.verdict.value}"
    if status.verdict is Verdict.UNKNOWN:
        head = f"The state of {name} is unknown"
    unknown = "" if knowledge is LineageKnowledge.KNOWN else "; its lineage is unknown"
    if not causes:
        return f"{head}, and so is the reason{unknown}."
    more = len(causes) - 1
    others = f"; and {more} more cause{'s' if more > 1 else ''}" if more else ""
    return f"{head}: {causes[0].sentence.rstrip('.')}{others}{unknown}."


def time_text(time: datetime | None) -> str | None:
    """A time as ISO 8601 UTC text; None for None."""
    return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
