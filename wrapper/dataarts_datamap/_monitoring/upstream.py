"""The tables upstream of a table, with the state of each: values, and the logic that finds them. No I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dataarts_datamap._monitoring.examination import Examiner
from dataarts_datamap._monitoring.explanation import LineageKnowledge, Trouble, time_text
from dataarts_datamap._sentences import remark

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._models.tables import LineageEdge, Table
    from dataarts_datamap._monitoring.examination import Examined, Sources
    from dataarts_datamap._monitoring.lineage import Lineage


class UpstreamTable(Struct, frozen=True, kw_only=True):
    """A table that another one is made of, with its state.

    Attributes:
        table: The table.
        steps: Number of steps upstream: 1 for an input, 0 for the table itself.
        is_judged: Whether runs of operators that write it were found; if not, its state is not known.
        is_source: Whether it is upstream, and lineage knows no operator that writes it: its data comes from elsewhere.
        trouble: The worst trouble found; None if there is none, or the table was not judged.
        operator: The operator with that trouble, else one that writes the table. None if none is known.
        run: The run that shows the trouble, else the last success of the operator. None if there is none.
        since: Time at which the trouble began, UTC; None if there is none, or the time is not known.
    """

    table: Table
    steps: int
    is_judged: bool = False
    is_source: bool = False
    trouble: Trouble | None = None
    operator: Operator | None = None
    run: Run | None = None
    since: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text."""
        run, operator = self.run, self.operator
        return {
            "guid": self.table.guid,
            "full_name": self.table.full_name,
            "steps": self.steps,
            "is_judged": self.is_judged,
            "is_source": self.is_source,
            "trouble": None if self.trouble is None else self.trouble.value,
            "since": time_text(self.since),
            "job_name": None if operator is None else operator.job_name,
            "run_id": None if run is None else run.run_id,
            "status": None if run is None else run.status,
            "plan_time": None if run is None else time_text(run.plan_time),
            "end_time": None if run is None else time_text(run.end_time),
            "log_path": None if run is None else run.execution_log_path,
        }


class Upstream(Struct, frozen=True, kw_only=True):
    """The tables upstream of a table.

    Attributes:
        tables: The table itself, then those that it is made of, the nearest first.
        edges: The steps between them: source and target of each are among ``tables``.
        lineage: How much is known about the origin of the table.
        notes: Facts that could not be found out, conflicts between the service's operators and lineage, and that the
            search ended at the maximum of tables or of failed reads; not that it ended at the maximum of steps. Names
            in them are made printable.
    """

    tables: tuple[UpstreamTable, ...]
    edges: tuple[LineageEdge, ...] = ()
    lineage: LineageKnowledge = LineageKnowledge.KNOWN
    notes: tuple[str, ...] = ()

    @property
    def troubled(self) -> tuple[UpstreamTable, ...]:
        """The tables upstream that are in trouble, the nearest first, without the table itself."""
        return tuple(one for one in self.tables if one.steps and one.trouble is not None)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        return {
            "lineage": self.lineage.value,
            "tables": [one.to_dict() for one in self.tables],
            "edges": [
                {
                    "source_guid": edge.source and edge.source.guid,
                    "target_guid": edge.target and edge.target.guid,
                    "job_name": edge.node and edge.node.name,
                }
                for edge in self.edges
            ],
            "notes": list(map(str, self.notes)),
        }


def examine_upstream(  # noqa: PLR0913  each is one fact that it rests on
    table: Table,
    lineage: Lineage | None,
    sources: Sources,
    *,
    now: datetime,
    max_age: timedelta | None,
    depth: int,
    tables: int,
) -> Steps[Upstream]:
    """Find the tables upstream of a table, and the state of each. The lineage is None if it is refused.

    The search ends after ``depth`` steps upstream, or after ``tables`` tables, including the table itself.
    """
    if lineage is None:
        return Upstream(tables=(UpstreamTable(table=table, steps=0),), lineage=LineageKnowledge.REFUSED)
    examiner = Examiner(lineage, sources, now=now, max_age=max_age)
    waiting = deque([(yield from examiner.examine(table, depth=0))])
    edges: dict[tuple[object, ...], LineageEdge] = {}
    while waiting:
        here = waiting.popleft()
        for edge in lineage.inputs(here.table):
            if edge.source is None:
                continue
            if edge.source.guid not in examiner.examined:
                if here.depth >= depth or examiner.has_given_up:
                    continue
                if len(examiner.examined) >= tables:
                    words = "not all tables upstream were examined: at most {n}, including the table itself"
                    examiner.note(remark(words, n=tables))
                    continue
                waiting.append((yield from examiner.examine(lineage.find(edge.source), depth=here.depth + 1)))
            edges[edge.key] = edge
    knowledge = LineageKnowledge.KNOWN if lineage.inputs(table) else LineageKnowledge.UNKNOWN
    found = tuple(_standing(one, lineage) for one in examiner.examined.values())
    return Upstream(tables=found, edges=tuple(edges.values()), lineage=knowledge, notes=examiner.notes)


def _standing(examined: Examined, lineage: Lineage) -> UpstreamTable:
    worst = examined.worst
    shown = worst or next((one for one in examined.producers if one.runs), next(iter(examined.producers), None))
    return UpstreamTable(
        table=examined.table,
        steps=examined.depth,
        is_judged=any(one.runs for one in examined.producers),
        is_source=examined.depth > 0 and not lineage.producers(examined.table),
        trouble=None if worst is None else worst.trouble,
        operator=None if shown is None else shown.operator,
        run=None if shown is None else shown.run or shown.last_success,
        since=None if worst is None else worst.since,
    )
