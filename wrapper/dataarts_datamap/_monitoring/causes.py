"""Finds out why a table is not fresh: which upstream run broke it. Logic without I/O.

A table is in trouble if one of its producers is: of its runs planned by now, none that was planned after its last
success succeeded. The trouble of an input explains that of a table only if it began no later than the run was planned
that it is to explain. The causes are the tables in trouble that no other trouble explains; in a circle, the one whose
trouble began first.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from dataarts_datamap._errors import DataMapError, NotFoundError
from dataarts_datamap._models.runs import Operator, Run, RunState
from dataarts_datamap._monitoring.circles import last_circles
from dataarts_datamap._monitoring.explanation import (
    Explanation,
    LineageKnowledge,
    Link,
    Trouble,
    link_sentence,
    shown_name,
    shown_text,
    summary,
)
from dataarts_datamap._monitoring.freshness import TableStatus, Verdict, table_status
from dataarts_datamap._monitoring.producers import OperatorBasis, join_operators
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.tables import LineageNode, Table
    from dataarts_datamap._monitoring.lineage import Lineage

_LEAST_PLANS: Final = 3
_OVERDUE: Final = 1.5
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_LONGEST_REASON: Final = 300


class Sources(Struct, frozen=True):
    """Where an explanation reads from.

    Attributes:
        operators: The steps that list the operators associated with a table.
        runs: The steps that read the runs of an operator, as far back as is looked.
    """

    operators: Callable[[str], Steps[list[Operator]]]
    runs: Callable[[Operator], Steps[list[Run]]]


class Bounds(Struct, frozen=True, kw_only=True):
    """How far an explanation goes.

    Attributes:
        depth: How many steps upstream.
        tables: How many tables it looks at.
    """

    depth: int = 20
    tables: int = 200


class _Producer(Struct, frozen=True, kw_only=True):
    """An operator that writes a table, with its runs and what is wrong with it.

    ``since`` is when the trouble began, ``until`` when the run was due that is to be explained; None for not known.
    """

    operator: Operator
    runs: Sequence[Run]
    node: LineageNode | None = None
    trouble: Trouble | None = None
    run: Run | None = None
    since: datetime | None = None
    until: datetime | None = None


class _Examined(Struct, kw_only=True):
    """A table that was looked at, and the tables whose trouble explains its own."""

    table: Table
    depth: int
    producers: list[_Producer]
    blamed_on: dict[str, None]
    others: list[Operator] = field(default_factory=list[Operator])

    @property
    def troubled(self) -> list[_Producer]:
        return [producer for producer in self.producers if producer.trouble is not None]

    @property
    def worst(self) -> _Producer | None:
        """The producer that tells most: one that failed before others, then the one whose trouble is the oldest."""
        return min(self.troubled, key=lambda one: (_rank(one.trouble), one.since or _LAST), default=None)

    @property
    def since(self) -> datetime | None:
        return min((one.since for one in self.troubled if one.since is not None), default=None)


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
        self._sources = sources
        self._now = now
        self._max_age = max_age
        self._bounds = bounds
        self._runs: dict[Operator, list[Run]] = {}
        self._examined: dict[str, _Examined] = {}
        self._notes: dict[str, None] = {}

    def run(self, table: Table) -> Steps[Explanation]:
        """The explanation of a table."""
        root = yield from self._examine(table, depth=0)
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
            self._note(f"{skipped}: that alone is no failure; max_age (--max-age 26h) lets the age decide")
        return Explanation(
            table=table,
            status=status,
            causes=tuple(causes),
            links=tuple(links),
            lineage=knowledge,
            notes=tuple(self._notes),
            tables_examined=len(self._examined),
            sentence=summary(table, status, causes, knowledge),
        )

    def _knowledge(self, table: Table) -> LineageKnowledge:
        if self._lineage is None:
            return LineageKnowledge.REFUSED
        return LineageKnowledge.KNOWN if self._lineage.inputs(table) else LineageKnowledge.UNKNOWN

    def _note(self, text: str) -> None:
        self._notes[text] = None

    def _note_knowledge(self, knowledge: LineageKnowledge) -> None:
        if knowledge is LineageKnowledge.REFUSED:
            self._note("lineage cannot be read: readers count as producers, and nothing upstream was looked at")
        elif knowledge is LineageKnowledge.UNKNOWN:
            self._note("no lineage of the table is known: readers count as producers, and nothing is known upstream")

    def _examine(self, table: Table, *, depth: int) -> Steps[_Examined]:
        """Look at a table: its producers, their runs, and what is wrong with them."""
        nodes = () if self._lineage is None else self._lineage.producers(table)
        self._examined[table.guid] = examined = _Examined(table=table, depth=depth, producers=[], blamed_on={})
        if depth and not nodes:
            return examined  # no operator is known to write it: it comes from elsewhere
        try:
            operators = list(dict.fromkeys((yield from self._sources.operators(table.guid))))
        except NotFoundError:
            if not depth:
                raise
            self._note(f"{shown_name(table)} is not known to the service any more: how it stands cannot be told")
            return examined
        joined = self._joined(table, nodes, operators, depth=depth)
        examined.others = [one for one in operators if one not in joined]
        for operator, node in joined.items():
            runs = yield from self._read_runs(operator, is_upstream=depth > 0)
            if not runs and depth:
                job, name = shown_text(operator.job_name), shown_name(table)
                self._note(f"{job}, which writes {name}, has no run in the time that was looked at: it is left out")
            found = self._trouble(runs, is_upstream=depth > 0)
            examined.producers.append(_Producer(operator=operator, runs=runs, node=node, **found))
        return examined

    def _read_runs(self, operator: Operator, *, is_upstream: bool) -> Steps[list[Run]]:
        if operator not in self._runs:
            try:
                self._runs[operator] = yield from self._sources.runs(operator)
            except DataMapError as error:
                if not is_upstream:
                    raise
                reason = printable(str(error), limit=_LONGEST_REASON)
                self._note(f"the runs of {shown_text(operator.job_name)} could not be read: {reason}")
                self._runs[operator] = []
        return self._runs[operator]

    def _joined(
        self, table: Table, nodes: Sequence[LineageNode], operators: Sequence[Operator], *, depth: int
    ) -> dict[Operator, LineageNode | None]:
        """The operators that write a table, each with what lineage knows it as.

        If none can be told, those of the table that is explained all count, and those of one upstream do not.
        """
        if self._lineage is not None:
            join = join_operators(table, operators, self._lineage, may_be_renamed=not depth)
            for said in join.notes:
                self._note(said)
            if join.pairs:
                return join.pairs
        if nodes and operators:
            counted = "none" if depth else "all"
            self._note(f"which operators write {shown_name(table)} cannot be told: {counted} of them count")
        return {} if depth else dict.fromkeys(operators)

    def _trouble(self, runs: Sequence[Run], *, is_upstream: bool) -> dict[str, Any]:
        """What is wrong with an operator: nothing, or a trouble with the run that shows it and its beginning."""
        due = sorted((run for run in runs if _is_due(run, self._now)), key=_planned_last)
        successes = [index for index, run in enumerate(due) if run.state is RunState.SUCCEEDED]
        since_then = due[successes[-1] + 1 :] if successes else due
        for trouble, is_sign in _SIGNS:
            showing = [run for run in since_then if is_sign(run)]
            if showing:
                run = showing[-1]
                return {"trouble": trouble, "run": run, "since": _planned(since_then[0]), "until": _planned(run)}
        if not successes or self._max_age is None:
            return {}
        success = due[successes[-1]]
        rhythm = _rhythm(due) if is_upstream else timedelta(0)
        overdue = (success.end_time or _planned(success) or self._now) + max(self._max_age, rhythm)
        if overdue >= self._now:
            return {}
        return {"trouble": Trouble.NOT_PLANNED, "since": _planned(success), "until": overdue}

    def _go_upstream(self, root: _Examined) -> Steps[None]:
        """Look at the inputs of each table in trouble, the nearest first, and note whose trouble explains it."""
        waiting = deque([root])
        followed = {root.table.guid}
        while waiting:
            here = waiting.popleft()
            for table, until in self._inputs(here):
                there = self._examined.get(table.guid)
                if there is None:
                    if not self._may_go_on(here):
                        break
                    there = yield from self._examine(table, depth=here.depth + 1)
                if any(until is None or one.since is None or one.since <= until for one in there.troubled):
                    here.blamed_on[table.guid] = None
                    if table.guid not in followed:
                        followed.add(table.guid)
                        waiting.append(there)

    def _may_go_on(self, here: _Examined) -> bool:
        if here.depth >= self._bounds.depth:
            self._note(f"the search ended after {self._bounds.depth} steps upstream")
            return False
        if len(self._examined) >= self._bounds.tables:
            self._note(f"the search ended after {self._bounds.tables} tables")
            return False
        return True

    def _inputs(self, here: _Examined) -> list[tuple[Table, datetime | None]]:
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

    def _link(self, root: _Examined) -> tuple[list[Link], list[Link]]:
        """Every table in trouble that explains the first, and the causes among them."""
        reached: dict[str, None] = {root.table.guid: None}
        waiting = deque(reached)
        while waiting:
            for guid in self._examined[waiting.popleft()].blamed_on:
                if guid not in reached:
                    reached[guid] = None
                    waiting.append(guid)
        blame = {guid: self._examined[guid].blamed_on for guid in reached}
        causes = {guid for circle in last_circles(blame) for guid in self._first_of(circle)}
        links = [self._make_link(self._examined[guid], is_cause=guid in causes) for guid in reached]
        return links, [link for link in links if link.table.guid in causes]

    def _first_of(self, circle: Sequence[str]) -> list[str]:
        """The tables of a circle whose trouble began first, those that failed before others."""
        begun = {guid: (self._examined[guid].since or _LAST, self._has_failed(guid)) for guid in circle}
        first = min(begun.values())
        return [guid for guid in circle if begun[guid] == first]

    def _has_failed(self, guid: str) -> bool:
        """False, which comes first, if it has."""
        return all(one.trouble is not Trouble.FAILED for one in self._examined[guid].troubled)

    def _make_link(self, examined: _Examined, *, is_cause: bool) -> Link:
        worst = examined.worst
        edges = () if self._lineage is None else self._lineage.inputs(examined.table)
        link = Link(
            table=examined.table,
            trouble=(None if worst is None else worst.trouble) or Trouble.UNKNOWN,
            operator=None if worst is None else worst.operator,
            run=None if worst is None else worst.run,
            since=examined.since,
            blamed_on=() if is_cause else tuple(examined.blamed_on),
            is_upstream_known=any(edge.source is not None for edge in edges),
        )
        blamed_on = [self._examined[guid].table for guid in link.blamed_on]
        sentence = link_sentence(link, blamed_on, is_lineage_known=self._lineage is not None)
        return replace(link, sentence=sentence)


_SIGNS: Final[tuple[tuple[Trouble, Callable[[Run], bool]], ...]] = (
    (Trouble.FAILED, lambda run: run.state is RunState.FAILED),
    (Trouble.RUNNING, lambda run: run.state is RunState.ACTIVE and run.start_time is not None),
    (Trouble.LATE, lambda run: run.state is RunState.ACTIVE),
    (Trouble.SKIPPED, lambda run: run.state is RunState.SKIPPED),
    (Trouble.UNKNOWN, lambda run: run.state is RunState.UNKNOWN),
)


def _rank(trouble: Trouble | None) -> int:
    return len(Trouble) if trouble is None else list(Trouble).index(trouble)


def _planned(run: Run) -> datetime | None:
    """When a run was planned, else the first of its times."""
    return run.plan_time or run.submit_time or run.start_time or run.end_time


def _planned_last(run: Run) -> tuple[datetime, int]:
    return _planned(run) or _LAST, run.run_id or 0


def _is_due(run: Run, now: datetime) -> bool:
    planned = _planned(run)
    return planned is not None and planned <= now


def _rhythm(due: Sequence[Run]) -> timedelta:
    """How long an operator may take from one success to the next, by its own plans; nothing if it has too few."""
    plans = [planned for run in due if (planned := _planned(run)) is not None]
    if len(plans) < _LEAST_PLANS:
        return timedelta(0)
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(plans)]
    return timedelta(seconds=median(steps) * _OVERDUE)


def _troubled_by_verdict(producers: Sequence[_Producer], status: TableStatus) -> list[_Producer]:
    """The producers of a table that is not fresh although no run that was due shows why."""
    if status.verdict is Verdict.FAILED:
        failed = [(run, one) for one in producers for run in one.runs if run.state is RunState.FAILED]
        run, producer = max(failed, key=lambda pair: _planned_last(pair[0]))
        found = replace(producer, trouble=Trouble.FAILED, run=run, since=_planned(run), until=_planned(run))
        return [found if one is producer else one for one in producers]
    trouble = Trouble.UNKNOWN if status.unknown_runs or status.undated_successes else Trouble.NOT_PLANNED
    return [replace(one, trouble=trouble) for one in producers]


def _is_of(node: LineageNode | None, producer: LineageNode | None) -> bool:
    """Whether a step is that of a producer; one that lineage does not tell apart may be of any."""
    return node is None or producer is None or node.key == producer.key
