"""Finds out why a table is not fresh: which run broke it, usually upstream. Logic without I/O.

The trouble of an operator that writes a table explains the trouble of an operator that reads it, unless the writer's
trouble is known to have begun after the reader's run was due. A cause is a table with an operator whose trouble nothing
else explains; in a circle, the table whose trouble began first.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._models.runs import RunState, planned_at
from dataarts_datamap._monitoring.circles import last_circles
from dataarts_datamap._monitoring.examination import (
    LAST,
    Examined,
    Examiner,
    Producer,
    Sources,
    beginning_of,
    planned_last,
    worst_of,
)
from dataarts_datamap._monitoring.explanation import (
    Explanation,
    LineageKnowledge,
    Link,
    Trouble,
    link_sentence,
    summary,
)
from dataarts_datamap._monitoring.freshness import TableStatus, Verdict, table_status
from dataarts_datamap._monitoring.lineage import Lineage
from dataarts_datamap._monitoring.producers import OperatorBasis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._models.tables import LineageNode, Table

_SKIPPED_BY_AN_INPUT: Final = "skip-by-depend"


class Bounds(Struct, frozen=True, kw_only=True):
    """The limits of a search for causes: steps upstream, and tables to examine."""

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
    """Find out why a table is not fresh. The lineage is None if it could not be read."""
    return (yield from _Search(lineage, sources, now=now, max_age=max_age, bounds=bounds).run(table))


class _Writer(NamedTuple):
    """An operator: the GUID of a table, and the operator's index among the table's producers."""

    guid: str
    number: int


class _Search:
    """The search for the causes of one table."""

    def __init__(
        self, lineage: Lineage | None, sources: Sources, *, now: datetime, max_age: timedelta | None, bounds: Bounds
    ) -> None:
        self._is_lineage_known = lineage is not None
        self._lineage = lineage or Lineage(())
        self._now = now
        self._max_age = max_age
        self._bounds = bounds
        self._examiner = Examiner(self._lineage, sources, now=now, max_age=max_age)

    def run(self, table: Table) -> Steps[Explanation]:
        root = yield from self._examiner.examine(table, depth=0)
        runs = [run for producer in root.producers for run in producer.runs]
        operators = [producer.operator for producer in root.producers]
        status = table_status(runs, now=self._now, max_age=self._max_age, operators=operators)
        is_joined = any(producer.node is not None for producer in root.producers)
        basis = OperatorBasis.LINEAGE if is_joined else OperatorBasis.ASSOCIATED
        status = replace(status, basis=basis, others=tuple(root.others))
        knowledge = self._knowledge(table)
        links: list[Link] = []
        causes: list[Link] = []
        if status.verdict is not Verdict.FRESH:
            if not root.troubled:
                root.producers = _troubled_by_verdict(root.producers, status)
            blame = yield from self._go_upstream(root)
            links, causes = self._link(root, blame)
        elif self._max_age is None and root.worst is not None and root.worst.trouble is Trouble.SKIPPED:
            skipped = self._make_link(root, root.troubled, ()).sentence.partition(";")[0].rstrip(".")
            self._examiner.note(f"{skipped}: that is not a failure; with max_age (--max-age 26h), the age decides")
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
        """How much is known about the origin of the table; adds a note unless its lineage is known."""
        if self._lineage.inputs(table):
            return LineageKnowledge.KNOWN
        if self._is_lineage_known:
            words = "no lineage of the table is known: readers count as producers, and no table upstream is known"
            self._examiner.note(words)
            return LineageKnowledge.UNKNOWN
        self._examiner.note("lineage cannot be read: readers count as producers, and no table upstream was examined")
        return LineageKnowledge.REFUSED

    def _go_upstream(self, root: Examined) -> Steps[dict[_Writer, list[_Writer]]]:
        """Examine the inputs of operators in trouble, the nearest first; returns the operators that explain each."""
        blame: dict[_Writer, list[_Writer]] = {one: [] for one in _writers(root)}
        waiting = deque(blame)
        while waiting:
            writer = waiting.popleft()
            here = self._examiner.examined[writer.guid]
            producer = here.producers[writer.number]
            for table in self._inputs(here, producer):
                there = self._examiner.examined.get(table.guid)
                if there is None:
                    if not self._may_go_on(here):
                        continue
                    there = yield from self._examiner.examine(table, depth=here.depth + 1)
                for other in _writers(there):
                    since = there.producers[other.number].since
                    is_in_time = producer.until is None or since is None or since <= producer.until
                    if is_in_time and other != writer:
                        blame[writer].append(other)
                        if other not in blame:
                            blame[other] = []
                            waiting.append(other)
        return blame

    def _may_go_on(self, here: Examined) -> bool:
        if self._examiner.has_given_up:
            return False
        if here.depth >= self._bounds.depth:
            self._examiner.note(f"the search ended after {self._bounds.depth} steps upstream")
            return False
        if len(self._examiner.examined) >= self._bounds.tables:
            self._examiner.note(f"the search ended after {self._bounds.tables} tables")
            return False
        return True

    def _inputs(self, here: Examined, producer: Producer) -> list[Table]:
        """The tables that an operator reads to write a table; the tables behind a view stand for the view."""
        edges = self._lineage.inputs(here.table)
        read = [edge.source for edge in edges if edge.source is not None and _is_of(edge.node, producer.node)]
        return list({table.guid: table for source in read for table in self._written(source)}.values())

    def _written(self, table: Table) -> list[Table]:
        """The table itself; if it comes from other tables without an operator, as a view does, those tables instead."""
        found: dict[str, Table] = {}
        seen, waiting = {table.guid}, [table]
        while waiting:
            here = waiting.pop()
            edges = self._lineage.inputs(here)
            sources = [edge.source for edge in edges if edge.source is not None and edge.source.guid != here.guid]
            if not sources or any(edge.node is not None for edge in edges):
                found[here.guid] = here
            waiting += [one for one in sources if here.guid not in found and one.guid not in seen]
            seen.update(one.guid for one in sources if here.guid not in found)
        return list(found.values())

    def _link(self, root: Examined, blame: Mapping[_Writer, Sequence[_Writer]]) -> tuple[list[Link], list[Link]]:
        """The first table and every table whose trouble explains it, as links; and the causes among them."""
        first = {writer for circle in last_circles(blame) for writer in self._first_of(circle)}
        writers: dict[str, list[_Writer]] = {root.table.guid: []}
        for writer in blame:
            writers.setdefault(writer.guid, []).append(writer)
        links: list[Link] = []
        causes: list[Link] = []
        for guid, some in writers.items():
            examined = self._examiner.examined[guid]
            own = [examined.producers[one.number] for one in some if one in first]
            explained = [one for one in some if one not in first]
            blamed_on = dict.fromkeys(other.guid for one in explained for other in blame[one] if other.guid != guid)
            is_cause = bool(own) or not some
            shown = own if is_cause else [examined.producers[one.number] for one in explained]
            links.append(self._make_link(examined, shown, tuple(blamed_on), is_cause=is_cause))
            causes += links[-1:] if is_cause else []
        return links, causes

    def _first_of(self, circle: Sequence[_Writer]) -> list[_Writer]:
        """The operators of a circle whose trouble began first; if any of these failed, only those that failed."""

        def begun(writer: _Writer) -> tuple[datetime, bool]:
            producer = self._examiner.examined[writer.guid].producers[writer.number]
            return producer.since or LAST, producer.trouble is not Trouble.FAILED

        first = min(map(begun, circle))
        return [writer for writer in circle if begun(writer) == first]

    def _make_link(
        self, examined: Examined, producers: Sequence[Producer], blamed_on: tuple[str, ...], *, is_cause: bool = True
    ) -> Link:
        """A link for a table, with the worst of the given operators."""
        worst = worst_of(producers)
        edges = self._lineage.inputs(examined.table)
        late_inputs = self._late_inputs(examined, worst) if is_cause and worst is not None else []
        link = Link(
            table=examined.table,
            trouble=(None if worst is None else worst.trouble) or Trouble.UNKNOWN,
            operator=None if worst is None else worst.operator,
            run=None if worst is None else worst.run,
            since=beginning_of(producers),
            blamed_on=blamed_on,
            is_upstream_known=any(edge.source is not None for edge in edges),
            late_inputs=tuple(table.guid for table, _ in late_inputs),
            newer_run=None if worst is None else worst.newer_run,
        )
        sentence = link_sentence(
            link,
            [self._examiner.examined[guid].table for guid in blamed_on],
            late_inputs,
            self._count_unread(examined, producers) if is_cause else 0,
            is_cause=is_cause,
            is_lineage_known=self._is_lineage_known,
        )
        return replace(link, sentence=sentence)

    def _count_unread(self, examined: Examined, producers: Sequence[Producer]) -> int:
        """The number of inputs that were not examined, or could not be read completely."""
        inputs = {table.guid for producer in producers for table in self._inputs(examined, producer)}
        looked_at = [self._examiner.examined.get(guid) for guid in inputs]
        return sum(one is None or one.is_unread for one in looked_at)

    def _late_inputs(self, examined: Examined, worst: Producer) -> list[tuple[Table, datetime]]:
        """The inputs that are not in trouble now but were written too late for a run, each with the time of writing.

        Only a run that failed, or was skipped because of an input, can have such inputs.
        """
        if worst.run is None:
            return []
        if worst.trouble is not Trouble.FAILED and worst.run.status != _SKIPPED_BY_AN_INPUT:
            return []
        found: list[tuple[Table, datetime]] = []
        for table in self._inputs(examined, worst):
            there = self._examiner.examined.get(table.guid)
            if there is None or there.troubled:
                continue
            ends = [end for one in there.producers if (end := _late_end(one, worst.run)) is not None]
            if ends:
                found.append((table, max(ends)))
        return found


def _writers(examined: Examined) -> list[_Writer]:
    """The operators of a table that are in trouble."""
    producers = enumerate(examined.producers)
    return [_Writer(examined.table.guid, number) for number, one in producers if one.trouble is not None]


def _late_end(producer: Producer, reader: Run) -> datetime | None:
    """The end of the producer's success that a run of the reader needed, if it was too late for that run; else None."""
    due = planned_at(reader)
    if due is None:
        return None
    began = reader.start_time or due
    ended = reader.end_time or began
    runs = [run for run in producer.runs if run.state is RunState.SUCCEEDED and (planned_at(run) or LAST) <= due]
    success = max(runs, key=planned_last, default=None)
    if success is None or success.end_time is None or success.end_time <= began:
        return None
    was_due_before = (planned_at(success) or LAST) < due
    was_run_again = success.start_time is not None and success.start_time >= ended
    return success.end_time if was_due_before or was_run_again else None


def _troubled_by_verdict(producers: Sequence[Producer], status: TableStatus) -> list[Producer]:
    """The producers of a table that is not fresh although no producer is in trouble.

    Those that the verdict is about have its trouble: for a failure, the one with the newest failed run; else all.
    """
    if status.verdict is Verdict.FAILED:
        failed = [(run, one) for one in producers for run in one.runs if run.state is RunState.FAILED]
        run, producer = max(failed, key=lambda pair: planned_last(pair[0]))
        found = replace(producer, trouble=Trouble.FAILED, run=run, since=planned_at(run), until=planned_at(run))
        return [found if one is producer else one for one in producers]
    trouble = Trouble.UNKNOWN if status.unknown_runs or status.undated_successes else Trouble.NOT_PLANNED
    return [replace(one, trouble=trouble) for one in producers]


def _is_of(node: LineageNode | None, producer: LineageNode | None) -> bool:
    """Whether the operator of an edge may be the producer: they are the same, or one of them is not known."""
    return node is None or producer is None or node.key == producer.key
