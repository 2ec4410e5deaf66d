"""Examines one table: reads the runs of the operators that write it, and judges them. Logic without I/O.

A table is in trouble if one of its producers is. A producer is in trouble if a run was due after its
last success, or if that success is too old.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from dataarts_datamap._errors import ClientClosedError, DataMapError, NotFoundError
from dataarts_datamap._models.runs import Operator, Run, RunState, planned_at
from dataarts_datamap._monitoring.explanation import Trouble, time_text
from dataarts_datamap._monitoring.freshness import ended_at
from dataarts_datamap._monitoring.producers import join_operators
from dataarts_datamap._monitoring.table_names import shown_name, shown_text
from dataarts_datamap._sentences import remark
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.tables import LineageNode, Table
    from dataarts_datamap._monitoring.lineage import Lineage

_LEAST_PLANS: Final = 3
_OVERDUE: Final = 1.5
_LONGEST_REASON: Final = 300
_MOST_FAILURES: Final = 3

LAST: Final = datetime.max.replace(tzinfo=UTC)
"""Stands for a time that is not known, and sorts behind all others."""


class Sources(Struct, frozen=True):
    """The steps that list the operators associated with a table, and those that read recent runs of an operator."""

    operators: Callable[[str], Steps[list[Operator]]]
    runs: Callable[[Operator], Steps[list[Run]]]


class Producer(Struct, frozen=True, kw_only=True):
    """An operator that writes a table, with its runs and its trouble.

    ``run`` shows the trouble, ``until`` is its planned time, and ``since`` the planned time of the first run after the
    last success. If no run was due after that success, ``run`` is None, ``since`` is the planned time of the success,
    and ``until`` the time at which it became too old. All are None without trouble, and can be None if only the verdict
    on the table shows the trouble.
    """

    operator: Operator
    runs: Sequence[Run]
    node: LineageNode | None = None
    trouble: Trouble | None = None
    run: Run | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def newer_run(self) -> Run | None:
        """Of the running runs that were planned after the failed one, the one planned last; None if there is none."""
        if self.trouble is not Trouble.FAILED or self.run is None:
            return None
        failed = planned_last(self.run)
        active = [run for run in self.runs if run.state is RunState.ACTIVE and run.start_time is not None]
        return max((run for run in active if planned_last(run) > failed), key=planned_last, default=None)

    @property
    def last_success(self) -> Run | None:
        """The successful run that was planned last; None if there is none."""
        return max((run for run in self.runs if run.state is RunState.SUCCEEDED), key=planned_last, default=None)


class Examined(Struct, kw_only=True):
    """A table that was examined.

    ``is_unread`` says that its operators or their runs could not be read completely.
    """

    table: Table
    depth: int
    producers: list[Producer]
    is_unread: bool = False
    others: list[Operator] = field(default_factory=list[Operator])

    @property
    def troubled(self) -> list[Producer]:
        return [producer for producer in self.producers if producer.trouble is not None]

    @property
    def worst(self) -> Producer | None:
        """The producer with the worst trouble; None if none is in trouble."""
        return worst_of(self.troubled)


def worst_of(producers: Iterable[Producer]) -> Producer | None:
    """The producer whose trouble comes first in ``Trouble``; of several, the one whose trouble is oldest."""
    return min(producers, key=lambda one: (_rank(one.trouble), one.since or LAST), default=None)


def beginning_of(producers: Iterable[Producer]) -> datetime | None:
    """The time at which the first of their troubles began; None if it is not known for any."""
    return min((one.since for one in producers if one.since is not None), default=None)


class Examiner:
    """Examines tables. The runs of an operator are read once for all tables that it writes.

    The last success of an operator may be ``max_age`` old; upstream, older if its own schedule is slower.

    Attributes:
        examined: The tables examined so far, by GUID.
    """

    def __init__(self, lineage: Lineage, sources: Sources, *, now: datetime, max_age: timedelta | None) -> None:
        self.examined: dict[str, Examined] = {}
        self._lineage = lineage
        self._sources = sources
        self._now = now
        self._max_age = max_age
        self._runs: dict[Operator, list[Run]] = {}
        self._notes: dict[str, None] = {}
        self._failures = 0
        self._unread: set[Operator] = set()

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be found out, and conflicts that were found, each once. Names are made printable."""
        return tuple(self._notes)

    def note(self, text: str) -> None:
        self._notes[text] = None

    @property
    def has_given_up(self) -> bool:
        """Whether the search has ended because too many reads in a row failed; a note says so."""
        if self._failures < _MOST_FAILURES:
            return False
        self.note(remark("the search ended after {n} failed reads in a row", n=_MOST_FAILURES))
        return True

    def examine(self, table: Table, *, depth: int) -> Steps[Examined]:
        nodes = self._lineage.producers(table)
        self.examined[table.guid] = examined = Examined(table=table, depth=depth, producers=[])
        if depth and not nodes:
            return examined  # without a known writer, it comes from elsewhere
        try:
            operators = list(dict.fromkeys((yield from self._sources.operators(table.guid))))
        except DataMapError as error:
            if not depth or isinstance(error, ClientClosedError):
                raise
            examined.is_unread = not isinstance(error, NotFoundError)  # not found: only its lineage remains
            self._note_unread(table, error)
            return examined
        self._failures = 0
        joined = self._joined(table, nodes, operators, depth=depth)
        examined.others = [one for one in operators if one not in joined]
        for operator, node in joined.items():
            runs = yield from self._read_runs(operator, is_upstream=depth > 0)
            examined.is_unread |= operator in self._unread
            if depth and not runs and operator not in self._unread:
                words = "{job}, which writes {table}, has no run in the time range: this job is not judged"
                self.note(remark(words, job=shown_text(operator.job_name), table=shown_name(table)))
            due = sorted((run for run in runs if _is_due(run, self._now)), key=planned_last)
            found = _run_trouble(due) or self._age_trouble(table, operator, due, is_upstream=depth > 0)
            examined.producers.append(Producer(operator=operator, runs=runs, node=node, **found))
        return examined

    def _read_runs(self, operator: Operator, *, is_upstream: bool) -> Steps[list[Run]]:
        if operator not in self._runs:
            try:
                self._runs[operator] = yield from self._sources.runs(operator)
            except DataMapError as error:
                if not is_upstream or isinstance(error, ClientClosedError):
                    raise
                self._failures += 1
                reason = printable(str(error), limit=_LONGEST_REASON)
                job = shown_text(operator.job_name)
                self.note(remark("the runs of {job} could not be read: {reason}", job=job, reason=reason))
                self._runs[operator] = []
                self._unread.add(operator)
            else:
                self._failures = 0
        return self._runs[operator]

    def _note_unread(self, table: Table, error: DataMapError) -> None:
        """Note that the operators of a table upstream could not be read."""
        if isinstance(error, NotFoundError):
            words = "{table} is no longer known to the service: its state is unknown"
        else:
            self._failures += 1
            words = "the operators of {table} could not be read, so its state is unknown: {reason}"
        reason = printable(str(error), limit=_LONGEST_REASON)
        self.note(remark(words, table=shown_name(table), reason=reason))

    def _joined(
        self, table: Table, nodes: Sequence[LineageNode], operators: Sequence[Operator], *, depth: int
    ) -> dict[Operator, LineageNode | None]:
        """The operators that write a table, each with its node in lineage.

        If lineage names none of them, all count for the first table, and none for a table upstream.
        """
        join = join_operators(table, operators, self._lineage, may_be_renamed=not depth)
        for said in join.notes:
            self.note(said)
        if join.pairs:
            return join.pairs
        if nodes and operators:
            words = (
                "it is unknown which operators write {table}: none of them count"
                if depth
                else "it is unknown which operators write {table}: all of them count"
            )
            self.note(remark(words, table=shown_name(table)))
        return {} if depth else dict.fromkeys(operators)

    def _age_trouble(
        self, table: Table, operator: Operator, due: Sequence[Run], *, is_upstream: bool
    ) -> dict[str, Any]:
        """The trouble of an operator whose last success is too old; empty if this is not so, or is unknown.

        Without ``max_age``, no success is too old. Upstream, the operator's own schedule may allow more time.
        """
        count = _count_up_to_success(due)
        if not count or self._max_age is None:
            return {}
        success = due[count - 1]
        ended = ended_at(success, self._now) or self._now
        rhythm = _rhythm(due) if is_upstream else timedelta(0)
        allowed = max(self._max_age, rhythm or timedelta(0))
        if self._now - ended <= allowed:
            return {}
        if rhythm is None:
            words = (
                "{table} was last written at {time}; whether that is late is unknown, as {job} has too few runs to "
                "infer its schedule. To read more runs, set an earlier beginning (--since 30d)"
            )
            job, name = shown_text(operator.job_name), shown_name(table)
            self.note(remark(words, table=name, time=time_text(ended), job=job))
            return {}
        return {"trouble": Trouble.NOT_PLANNED, "since": planned_at(success), "until": ended + allowed}


_SIGNS: Final[tuple[tuple[Trouble, Callable[[Run], bool]], ...]] = (
    (Trouble.FAILED, lambda run: run.state is RunState.FAILED),
    (Trouble.RUNNING, lambda run: run.state is RunState.ACTIVE and run.start_time is not None),
    (Trouble.LATE, lambda run: run.state is RunState.ACTIVE),
    (Trouble.SKIPPED, lambda run: run.state is RunState.SKIPPED),
    (Trouble.UNKNOWN, lambda run: run.state is RunState.UNKNOWN),
)


def _run_trouble(due: Sequence[Run]) -> dict[str, Any]:
    """The trouble that the due runs of an operator show, as the fields of a ``Producer``.

    Empty if no run was due since the last success; ``_age_trouble`` judges whether that success is too old.
    """
    since_then = due[_count_up_to_success(due) :]
    for trouble, is_sign in _SIGNS:
        showing = [run for run in since_then if is_sign(run)]
        if showing:
            run = showing[-1]
            return {"trouble": trouble, "run": run, "since": planned_at(since_then[0]), "until": planned_at(run)}
    return {}


def _rank(trouble: Trouble | None) -> int:
    return len(Trouble) if trouble is None else list(Trouble).index(trouble)


def planned_last(run: Run) -> tuple[datetime, int]:
    return planned_at(run) or LAST, run.run_id or 0


def _is_due(run: Run, now: datetime) -> bool:
    planned = planned_at(run)
    return planned is not None and planned <= now


def _count_up_to_success(due: Sequence[Run]) -> int:
    """The number of runs up to and including the last that succeeded; 0 if none did."""
    return max((index for index, run in enumerate(due, start=1) if run.state is RunState.SUCCEEDED), default=0)


def _rhythm(due: Sequence[Run]) -> timedelta | None:
    """The time that an operator may take from one success to the next: 1.5 times the median time between its plans.

    None if it has fewer than three plans. A plan counts once, even if its run was run again.
    """
    plans = list(dict.fromkeys(planned for run in due if (planned := planned_at(run)) is not None))
    if len(plans) < _LEAST_PLANS:
        return None
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(plans)]
    return timedelta(seconds=median(steps) * _OVERDUE)
