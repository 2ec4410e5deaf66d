"""Checks of many tables: the reads for each table, and the verdict. No I/O."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._arguments import members
from dataarts_datamap._checks.judgement import Judgement, judge
from dataarts_datamap._checks.readings import Reading, read_operator, search_history
from dataarts_datamap._checks.reasons import reason_of
from dataarts_datamap._checks.records import OperatorRecord, TableRecord, same_operators
from dataarts_datamap._checks.table_rules import TableRule
from dataarts_datamap._errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    DataMapError,
    InvalidArgumentError,
)
from dataarts_datamap._models.runs import OperatorKey, operator_key
from dataarts_datamap._models.tables import Table
from dataarts_datamap._monitoring.freshness import WORST_FIRST, TableStatus, Verdict, with_basis
from dataarts_datamap._monitoring.producers import choose_producers
from dataarts_datamap._sentences import Sentence, sentence
from dataarts_datamap._text import printable, shown
from dataarts_datamap._times import iso_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dataarts_datamap._checks.due_times import DuePeriod
    from dataarts_datamap._checks.readings import ReadHistory
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._monitoring.explanation import Explanation
    from dataarts_datamap._monitoring.lineage import Lineage

_LONGEST_REASON: Final = 300
_MOST_IN_A_ROW: Final = 8
_LIST_LIFE: Final = timedelta(days=7)
_MOST_SILENT: Final = 20
_OUTAGES: Final = (AuthenticationError, ConnectionFailedError)


class Outage:
    """Detects that nothing can be read: the credentials or the connection failed for eight tables in a row.

    A table counts as failed only after all attempts.

    Attributes:
        error: The last error once there is an outage; None before.
    """

    def __init__(self) -> None:
        self.error: DataMapError | None = None
        self._in_a_row = 0

    def note(self, error: DataMapError | None) -> None:
        """Note the error of reading a table; None if it succeeded."""
        self._in_a_row = self._in_a_row + 1 if isinstance(error, _OUTAGES) else 0
        if self._in_a_row >= _MOST_IN_A_ROW:
            self.error = error


class Records(NamedTuple):
    """The records of earlier checks: of tables, by the keys of their rules, and of operators."""

    tables: Mapping[str, TableRecord]
    operators: Mapping[OperatorKey, OperatorRecord]


class CheckSources(NamedTuple):
    """The readers that a check uses, and what is known: lineage (None if it is not) and the records of earlier checks.

    ``runs`` reads the runs of an operator from a time until now; ``history`` reads further back.
    """

    find: Callable[[Table | str], Steps[Table]]
    lineage: Lineage | None
    operators: Callable[[str], Steps[list[Operator]]]
    runs: Callable[[Operator, datetime], Steps[list[Run]]]
    history: ReadHistory
    outage: Outage
    records: Records


class TableCheck(Struct, frozen=True, kw_only=True):
    """The result of checking a table against its rule.

    Attributes:
        rule: The rule.
        verdict: The verdict.
        reason: The reason for the verdict, as printable text.
        now: Time of the judgement, UTC.
        table: The table. If it could not be found: the table as known from an earlier check, or None.
        status: Its freshness, judged by the runs that were read; None if they could not be read.
        period: The period for which it was last due; None if its rule has no due time, or none has passed yet.
        last_success: Time at which its last successful run ended, UTC, however long ago. Of several producers, the
            oldest of their last successes; the newest if the rule names no producers and none ran in the time that was
            read. If the table could not be read: the time known from an earlier check. None if it is not known.
        never_succeeded: Whether ``last_success`` is None, and each producer without a known success is known to have
            none in the history that the service keeps.
        searched_from: Beginning of the time that was searched for successes, UTC; None if none was searched.
        read_at: Time of the last successful read, UTC: ``now``, unless this check could not read the table. None if no
            check ever read it.
        producers_known: Whether its rule or lineage names the operators that write it. If neither does, all listed
            operators count, and some of them may only read it. False if it could not be read.
        error: The error if it could not be read; None if it could.
        explanation: The upstream causes; None if they were not requested, do not apply, or could not be found.
        cause: The explanation as a sentence, or the reason why it could not be found; None without either.
        said: The text of ``reason`` and its values as separate parts, for a page in another language.
    """

    rule: TableRule
    verdict: Verdict
    reason: str
    now: datetime
    table: Table | None = None
    status: TableStatus | None = None
    period: DuePeriod | None = None
    last_success: datetime | None = None
    never_succeeded: bool = False
    searched_from: datetime | None = None
    read_at: datetime | None = None
    producers_known: bool = False
    error: DataMapError | None = None
    explanation: Explanation | None = None
    cause: str | None = None
    said: Sentence | None = None

    @property
    def name(self) -> str:
        """The display name: the label or name of its rule, else the full name or GUID of the table. Untrusted."""
        if self.rule.label is None and self.rule.name is None and self.table is not None:
            return self.table.full_name
        return self.rule.title

    @property
    def guid(self) -> str | None:
        """GUID of the table; None if its rule has only its name, and no check has found it."""
        return self.rule.guid if self.table is None else self.table.guid

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, durations in seconds."""
        rule, period = self.rule, self.period
        status: dict[str, Any] = {} if self.status is None else self.status.to_dict()
        return {
            "name": self.name,
            "table_guid": self.guid,
            "owner": rule.owner,
            "severity": rule.severity,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "now": iso_text(self.now),
            "max_age": None if rule.max_age is None else rule.max_age.total_seconds(),
            "due": None if period is None else iso_text(period.due),
            "period_start": None if period is None else iso_text(period.start),
            "last_success": None if self.last_success is None else iso_text(self.last_success),
            "age": None if self.last_success is None else (self.now - self.last_success).total_seconds(),
            **{name: status.get(name) for name in _OF_STATUS},
            "never_succeeded": self.never_succeeded,
            "searched_from": None if self.searched_from is None else iso_text(self.searched_from),
            "read_at": None if self.read_at is None else iso_text(self.read_at),
            "producers_known": self.producers_known,
            "error": None if self.error is None else type(self.error).__name__,
            "cause": self.cause,
            "explanation": None if self.explanation is None else self.explanation.to_dict(),
        }


_OF_STATUS: Final = ("running", "waiting", "failures_since_success", "runs", "decided_by")


def checked_rules(tables: object) -> list[TableRule]:
    """The tables to check.

    Raises:
        InvalidArgumentError: They are not a list of ``TableRule``.
    """
    found = None if isinstance(tables, str) else members(tables)
    if found is None or not all(isinstance(one, TableRule) for one in found):
        raise InvalidArgumentError(
            f"tables must be a list of TableRule, such as load_tables returns, not {shown(tables)}"
        )
    return cast("list[TableRule]", found)


def worst_first(checks: Iterable[TableCheck]) -> list[TableCheck]:
    """The checks, sorted by verdict, the worst first, then by name."""
    return sorted(checks, key=lambda one: (WORST_FIRST.index(one.verdict), one.name.casefold(), one.name))


class Checked(NamedTuple):
    """The check of a table, the new record of the table (None if it could not be read), and those of its operators."""

    check: TableCheck
    record: TableRecord | None
    operators: Mapping[OperatorKey, OperatorRecord]


def is_explainable(check: TableCheck) -> bool:
    """Whether runs upstream can have caused the verdict."""
    explainable = {Verdict.FAILED, Verdict.LATE, Verdict.STALE, Verdict.UNKNOWN}
    return check.status is not None and check.verdict in explainable


def explained_age(check: TableCheck) -> timedelta | None:
    """The maximum age for explaining a check: its rule's, or the time since its due period began; else None."""
    return check.rule.max_age if check.period is None else check.now - check.period.start


def rule_key(rule: TableRule) -> str:
    """The key of a table's record: ``name:`` or ``guid:``, and the name or GUID as written in its rule."""
    return f"guid:{rule.guid}" if rule.guid is not None else f"name:{rule.name}"


def check_table(rule: TableRule, sources: CheckSources, *, now: datetime) -> Steps[Checked]:
    """Judge one table; its verdict is unknown if it cannot be read.

    The operators are listed, unless an earlier check listed them for the same lineage in the last seven days, and the
    table is still fresh by them. For each producer, the runs of a window as long as the verdict needs are read. Without
    a success there, seven days are read, or more if ``max_age`` or the due period is longer; then the whole history
    that the service keeps. In an outage, no request is sent.

    Raises:
        ConfigurationError: The client's configuration is wrong: every table would fail.
        ClientClosedError: The client was closed.
    """
    visit = _Visit(rule, sources, now)
    try:
        checked = yield from visit.run()
    except (ClientClosedError, ConfigurationError):
        raise
    except DataMapError as error:
        sources.outage.note(error)
        return visit.unreadable(error)
    sources.outage.note(None)
    return checked


class _Visit:
    def __init__(self, rule: TableRule, sources: CheckSources, now: datetime) -> None:
        self._rule = rule
        self._sources = sources
        self._now = now
        self._known = sources.records.tables.get(rule_key(rule))
        self._period = None if rule.due is None else rule.due.period(now)
        self._table: Table | None = None

    def run(self) -> Steps[Checked]:
        if self._sources.outage.error is not None:
            raise copy(self._sources.outage.error)
        self._table = table = self._named((yield from self._sources.find(self._rule.subject)))
        nodes, known = _digest(table, self._sources.lineage), self._known
        if (
            known is None
            or nodes is None
            or (known.guid, known.nodes) != (table.guid, nodes)
            or abs(self._now - known.listed_at) > _LIST_LIFE
        ):
            return (yield from self._list_and_judge(table, nodes))
        try:
            checked = yield from self._judge(table, known.operators, nodes, known.listed_at)
        except InvalidArgumentError:  # the recorded list lacks a producer that the rule names
            return (yield from self._list_and_judge(table, nodes))
        if checked.check.verdict is Verdict.FRESH:
            return checked
        # operators may have been recreated under the same names
        listed = yield from self._sources.operators(table.guid)
        if same_operators(listed, known.operators):
            return checked
        return (yield from self._judge(table, listed, nodes, self._now))

    def unreadable(self, error: DataMapError) -> Checked:
        """The check of a table that could not be read, with the facts of an earlier check."""
        known = self._known
        if known is not None and self._table is not None and known.guid != self._table.guid:
            known = None  # the record is about another table, which had the name before
        said = sentence("it could not be read: {error}", error=printable(str(error), limit=_LONGEST_REASON))
        check = TableCheck(
            rule=self._rule,
            verdict=Verdict.UNKNOWN,
            reason=str(said),
            said=said,
            now=self._now,
            table=self._table or (None if known is None else Table(guid=known.guid, name=known.name)),
            period=self._period,
            last_success=None if known is None else known.last_success,
            never_succeeded=known is not None and known.never_succeeded,
            searched_from=None if known is None else known.searched_from,
            read_at=None if known is None else known.read_at,
            error=error,
        )
        return Checked(check, None, {})

    def _named(self, table: Table) -> Table:
        """The table, with its name from an earlier check if lineage does not have it this time.

        Alarms are identified by this name.
        """
        known = self._known
        if table.name or known is None or known.guid != table.guid:
            return table
        return replace(table, name=known.name)

    def _list_and_judge(self, table: Table, nodes: str | None) -> Steps[Checked]:
        listed = yield from self._sources.operators(table.guid)
        return (yield from self._judge(table, listed, nodes, self._now))

    def _judge(
        self, table: Table, listed: Sequence[Operator], nodes: str | None, listed_at: datetime
    ) -> Steps[Checked]:
        producers = choose_producers(table, listed, self._sources.lineage, only=self._rule.producers or None)
        readings = yield from self._read(producers.operators)
        judgement = judge(self._rule, readings, period=self._period, now=self._now)
        missing = _missing_successes(judgement, readings)
        if missing:
            for operator in missing:
                readings[operator] = yield from search_history(
                    operator, readings[operator], self._sources.history, now=self._now
                )
            judgement = judge(self._rule, readings, period=self._period, now=self._now)
        (status, found), operators = judgement, list(readings.values())
        said = reason_of(self._rule, status, operators, self._period)
        check = TableCheck(
            rule=self._rule,
            verdict=status.verdict,
            reason=str(said),
            said=said,
            now=self._now,
            table=table,
            status=with_basis(status, producers),
            period=self._period,
            last_success=found.last_success,
            never_succeeded=found.never_succeeded,
            searched_from=found.searched_from,
            read_at=self._now,
            producers_known=producers.are_known,
        )
        record = TableRecord(
            guid=table.guid,
            name=table.full_name if table.name else None,
            nodes=nodes,
            operators=tuple(listed),
            listed_at=listed_at,
            read_at=self._now,
            last_success=found.last_success,
            never_succeeded=found.never_succeeded,
            searched_from=found.searched_from,
        )
        return Checked(check, record, {operator_key(one): it.record for one, it in readings.items()})

    def _read(self, operators: Iterable[Operator]) -> Steps[dict[Operator, Reading]]:
        readings: dict[Operator, Reading] = {}
        for operator in operators:
            known = self._sources.records.operators.get(operator_key(operator))
            readings[operator] = yield from read_operator(
                self._rule, self._period, operator, self._sources.runs, known, now=self._now
            )
        return readings


def _missing_successes(judgement: Judgement, readings: Mapping[Operator, Reading]) -> list[Operator]:
    """The producers whose whole history is searched: those that count and have no known success.

    If none counts, up to 20 producers. Empty if the table's last success is known, or is known not to exist.
    """
    if judgement.found.last_success is not None or judgement.found.never_succeeded:
        return []
    statuses = judgement.status.operators
    if not any(one.counts for one in statuses):
        return list(readings)[:_MOST_SILENT]
    pairs = zip(readings, statuses, strict=True)
    return [operator for operator, one in pairs if one.counts and one.last_success is None]


def _digest(table: Table, lineage: Lineage | None) -> str | None:
    """A digest of a table's operators in lineage; None if it has none there, or lineage is not known."""
    if lineage is None:
        return None
    nodes = {(kind, one.key) for kind in ("producers", "readers") for one in getattr(lineage, kind)(table)}
    return sha256(repr(sorted(nodes, key=repr)).encode()).hexdigest() if nodes else None
