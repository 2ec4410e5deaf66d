"""Finds out why a table is not fresh: which upstream run broke it. Logic without I/O.

The trouble of an input explains that of a table only if it began no later than the run was planned
that it is to explain. The causes are the tables in trouble that no other trouble explains; in a circle, the one whose
trouble began first.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._models.runs import RunState
from dataarts_datamap._monitoring.circles import last_circles
from dataarts_datamap._monitoring.examination import Examined, Examiner, Producer, Sources, planned_at, planned_last
from dataarts_datamap._monitoring.explanation import (
    Explanation,
    LineageKnowledge,
    Link,
    Trouble,
    link_sentence,
    summary,
)
from dataarts_datamap._monitoring.freshness import TableStatus, Verdict, table_status
from dataarts_datamap._monitoring.producers import OperatorBasis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._models.tables import LineageNode, Table
    from dataarts_datamap._monitoring.lineage import Lineage

_SKIPPED_BY_AN_INPUT: Final = "skip-by-depend"
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Bounds(Struct, frozen=True, kw_only=True):
    """How far an explanation goes.

    Attributes:
        depth: How many steps upstream.
        tables: How many tables it looks at.
    """

    depth: int = 20
    tables: int = 200


def explain(  # noqa: PLR0913  each is one fact that an explanation rests on
    table: Table,
    lineage: Lineage | None,
    sources: Sources,
    *,
    now: datetime,
    max_age: timedelta | None = None,
    bounds: Bounds = Bounds(),  # noqa: B008  an immutable default
) -> Steps[Explanation]:
    """Find out why a table is not fresh.

    Args:
        table: The table.
        lineage: What tables are made of; None if it could not be read.
        sources: Where operators and runs are read from; each is asked once for a table or an operator.
        now: The present, aware.
        max_age: The maximum age of the table's last success.
        bounds: How far to go.
    """
    return (yield from _Search(lineage, sources, now=now, max_age=max_age, bounds=bounds).run(table))


class _Search:
    """The search for the causes of one table."""

    def __init__(
        self, lineage: Lineage | None, sources: Sources, *, now: datetime, max_age: timedelta | None, bounds: Bounds
    ) -> None:
        self._lineage = lineage
        self._now = now
        self._max_age = max_age
        self._bounds = bounds
        self._examiner = Examiner(lineage, sources, now=now, max_age=max_age)

    def run(self, table: Table) -> Steps[Explanation]:
        """The explanation of a table."""
        root = yield from self._examiner.examine(table, depth=0)
        runs = [run for producer in root.producers for run in producer.runs]
        operators = [producer.operator for producer in root.producers]
        status = table_status(runs, now=self._now, max_age=self._max_age, operators=operators)
        is_joined = any(producer.node is not None for producer in root.producers)
        basis = OperatorBasis.LINEAGE if is_joined else OperatorBasis.ASSOCIATED
        status = replace(status, basis=basis, others=tuple(root.others))
        knowledge = self._knowledge(table)
        self._note_knowledge(knowledge)
        links: list[Link] = []
        causes: list[Link] = []
        if status.verdict is not Verdict.FRESH:
            if not root.troubled:
                root.producers = _troubled_by_verdict(root.producers, status)
            yield from self._go_upstream(root)
            links, causes = self._link(root)
        elif self._max_age is None and root.worst is not None and root.worst.trouble is Trouble.SKIPPED:
            skipped = self._make_link(root, is_cause=True).sentence.partition(";")[0].rstrip(".")
            self._examiner.note(f"{skipped}: that alone is no failure; max_age (--max-age 26h) lets the age decide")
        return Explanation(
            table=table,
            status=status,
            causes=tuple(causes),
            links=tuple(links),
            lineage=knowledge,
            notes=self._examiner.notes,
            tables_examined=len(self._examiner.examined),
            sentence=summary(table, status, causes, knowledge),
        )

    def _knowledge(self, table: Table) -> LineageKnowledge:
        if self._lineage is None:
            return LineageKnowledge.REFUSED
        return LineageKnowledge.KNOWN if self._lineage.inputs(table) else LineageKnowledge.UNKNOWN

    def _note_knowledge(self, knowledge: LineageKnowledge) -> None:
        if knowledge is LineageKnowledge.REFUSED:
            self._examiner.note(
                "lineage cannot be read: readers count as producers, and nothing upstream was looked at"
            )
        elif knowledge is LineageKnowledge.UNKNOWN:
            self._examiner.note(
                "no lineage of the table is known: readers count as producers, and nothing is known upstream"
            )

    def _go_upstream(self, root: Examined) -> Steps[None]:
        """Look at the inputs of each table in trouble, the nearest first, and note whose trouble explains it."""
        waiting = deque([root])
        followed = {root.table.guid}
        while waiting:
            here = waiting.popleft()
            for table, until in self._inputs(here):
                there = self._examiner.examined.get(table.guid)
                if there is None:
                    if not self._may_go_on(here):
                        break
                    there = yield from self._examiner.examine(table, depth=here.depth + 1)
                if any(until is None or one.since is None or one.since <= until for one in there.troubled):
                    here.blamed_on[table.guid] = None
                    if table.guid not in followed:
                        followed.add(table.guid)
                        waiting.append(there)

    def _may_go_on(self, here: Examined) -> bool:
        if here.depth >= self._bounds.depth:
            self._examiner.note(f"the search ended after {self._bounds.depth} steps upstream")
            return False
        if len(self._examiner.examined) >= self._bounds.tables:
            self._examiner.note(f"the search ended after {self._bounds.tables} tables")
            return False
        return True

    def _inputs(self, here: Examined) -> list[tuple[Table, datetime | None]]:
        """The tables that troubled producers read, and when the latest run was planned that they are to explain."""
        found: dict[str, tuple[Table, datetime | None]] = {}
        edges = () if self._lineage is None else self._lineage.inputs(here.table)
        for producer in here.troubled:
            for edge in edges:
                source = edge.source
                if source is None or source.guid == here.table.guid or not _is_of(edge.node, producer.node):
                    continue
                _, before = found.get(source.guid, (source, producer.until))
                latest = None if before is None or producer.until is None else max(before, producer.until)
                found[source.guid] = source, latest
        return list(found.values())

    def _link(self, root: Examined) -> tuple[list[Link], list[Link]]:
        """Every table in trouble that explains the first, and the causes among them."""
        reached: dict[str, None] = {root.table.guid: None}
        waiting = deque(reached)
        while waiting:
            for guid in self._examiner.examined[waiting.popleft()].blamed_on:
                if guid not in reached:
                    reached[guid] = None
                    waiting.append(guid)
        blame = {guid: self._examiner.examined[guid].blamed_on for guid in reached}
        causes = {guid for circle in last_circles(blame) for guid in self._first_of(circle)}
        links = [self._make_link(self._examiner.examined[guid], is_cause=guid in causes) for guid in reached]
        return links, [link for link in links if link.table.guid in causes]

    def _first_of(self, circle: Sequence[str]) -> list[str]:
        """The tables of a circle whose trouble began first, those that failed before others."""
        begun = {guid: (self._examiner.examined[guid].since or _LAST, self._has_failed(guid)) for guid in circle}
        first = min(begun.values())
        return [guid for guid in circle if begun[guid] == first]

    def _has_failed(self, guid: str) -> bool:
        """False, which comes first, if it has."""
        return all(one.trouble is not Trouble.FAILED for one in self._examiner.examined[guid].troubled)

    def _make_link(self, examined: Examined, *, is_cause: bool) -> Link:
        worst = examined.worst
        edges = () if self._lineage is None else self._lineage.inputs(examined.table)
        late_inputs = [] if not is_cause else self._late_inputs(examined)
        link = Link(
            table=examined.table,
            trouble=(None if worst is None else worst.trouble) or Trouble.UNKNOWN,
            operator=None if worst is None else worst.operator,
            run=None if worst is None else worst.run,
            since=examined.since,
            blamed_on=() if is_cause else tuple(examined.blamed_on),
            is_upstream_known=any(edge.source is not None for edge in edges),
            late_inputs=tuple(table.guid for table, _ in late_inputs),
            newer_run=None if worst is None else worst.newer_run,
        )
        blamed_on = [self._examiner.examined[guid].table for guid in link.blamed_on]
        sentence = link_sentence(link, blamed_on, late_inputs, is_lineage_known=self._lineage is not None)
        return replace(link, sentence=sentence)

    def _late_inputs(self, examined: Examined) -> list[tuple[Table, datetime]]:
        """The inputs that are well now, and were written too late for the run that failed or was skipped: and when."""
        worst = examined.worst
        if worst is None or worst.run is None:
            return []
        if worst.trouble is not Trouble.FAILED and worst.run.status != _SKIPPED_BY_AN_INPUT:
            return []
        found: list[tuple[Table, datetime]] = []
        for table, _ in self._inputs(examined):
            there = self._examiner.examined.get(table.guid)
            if there is None or there.troubled:
                continue
            ends = [end for one in there.producers if (end := _late_end(one, worst.run)) is not None]
            if ends:
                found.append((table, max(ends)))
        return found


def _late_end(producer: Producer, reader: Run) -> datetime | None:
    """When the success ended that was due for a run that reads it, if that was too late for the run; else None."""
    due, began = planned_at(reader), reader.start_time or planned_at(reader)
    ended = reader.end_time or began
    if due is None or began is None or ended is None:
        return None
    runs = [run for run in producer.runs if run.state is RunState.SUCCEEDED and (planned_at(run) or _LAST) <= due]
    success = max(runs, key=planned_last, default=None)
    if success is None or success.end_time is None or success.end_time <= began:
        return None
    was_due_before = (planned_at(success) or _LAST) < due
    was_run_again = success.start_time is not None and success.start_time >= ended
    return success.end_time if was_due_before or was_run_again else None


def _troubled_by_verdict(producers: Sequence[Producer], status: TableStatus) -> list[Producer]:
    """The producers of a table that is not fresh although no run that was due shows why."""
    if status.verdict is Verdict.FAILED:
        failed = [(run, one) for one in producers for run in one.runs if run.state is RunState.FAILED]
        run, producer = max(failed, key=lambda pair: planned_last(pair[0]))
        found = replace(producer, trouble=Trouble.FAILED, run=run, since=planned_at(run), until=planned_at(run))
        return [found if one is producer else one for one in producers]
    trouble = Trouble.UNKNOWN if status.unknown_runs or status.undated_successes else Trouble.NOT_PLANNED
    return [replace(one, trouble=trouble) for one in producers]


def _is_of(node: LineageNode | None, producer: LineageNode | None) -> bool:
    """Whether a step is that of a producer; one that lineage does not tell apart may be of any."""
    return node is None or producer is None or node.key == producer.key
