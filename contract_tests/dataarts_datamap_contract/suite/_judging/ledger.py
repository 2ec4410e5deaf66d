"""Keeps what a run of the suite sees, and turns it into verdicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataarts_datamap_contract.suite._http.curl import curl_line
from dataarts_datamap_contract.suite._judging.data_classes import RUN_CLASSES, classes_of
from dataarts_datamap_contract.suite._judging.invariants.common import OK, THROTTLED, UNAUTHORIZED
from dataarts_datamap_contract.suite._judging.invariants.registry import INVARIANTS
from dataarts_datamap_contract.suite._judging.patterns import judge_patterns
from dataarts_datamap_contract.suite._judging.world import World
from dataarts_datamap_contract.suite.catalogue import checks_of
from dataarts_datamap_contract.suite.text import shortened
from dataarts_datamap_contract.suite.verdicts import Evidence, Exercise, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.findings import Finding
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.catalogue import Check
    from dataarts_datamap_contract.suite.target import Target

_CLIENT_ERRORS = range(400, 500)
_BAD_INPUT = "E"
_RELATIONS = "C"


class StopRunError(Exception):
    """A check that stops the run failed."""


@dataclass(slots=True)
class _Entry:
    judged: int = 0
    failures: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    error: str | None = None
    untested: str | None = None
    excuse: str | None = None


class Ledger:
    """The notes of one run of the suite.

    Attributes:
        seen: Every exchange that was recorded, in order.
        world: Compares these exchanges with each other.
        doubts: Problems that are not judged yet, since a change of the data could explain them (`Session.confirm`).
        closed: The operations to which the run sends no more requests, and why: mostly, the server does not have them,
            or refuses them to the account.
        cut: What there was no time for.
        moved: The operations, other than ShowInstanceInfos, whose data changed during the run.
        secrets: What no report may show, beside the target's own secrets.
        served: The operations that have answered a valid request with 200. The invariants of level E judge only these:
            for others, the ids or credentials may be wrong.
    """

    def __init__(self, target: Target, levels: str, stop_on: AbstractSet[str]) -> None:
        self._target = target
        self._checks = checks_of(levels)
        self._entries = {check.id: _Entry() for check in self._checks}
        self._stop_on = stop_on
        self.seen: list[Exchange] = []
        self.world = World(target)
        self.doubts: list[tuple[Exchange, Finding]] = []
        self.moved: set[str | None] = set()
        self.closed: dict[str, str] = {}
        self._exercised: Counter[tuple[str, str]] = Counter()
        self._classes: dict[int, tuple[str, ...]] = {}
        self.cut: list[str] = []
        self.secrets: set[str] = set()
        self.served: set[str | None] = set()

    def wants(self, checks: Iterable[str]) -> bool:
        """Whether any of the checks is to be judged."""
        return any(check in self._entries for check in checks)

    def record(self, exchange: Exchange) -> None:
        """Judge an exchange by every invariant whose check is wanted, and compare it with earlier ones.

        Raises:
            StopRunError: A check that stops the run failed.
        """
        self.seen.append(exchange)
        for check, invariant in INVARIANTS.items():
            if check in self._entries and (check[0] != _BAD_INPUT or exchange.operation_id in self.served):
                problems = invariant(exchange, self._target)
                if problems is not None:
                    self.judge(check, exchange, *problems)
        for finding in self.world.note(exchange):
            self._note(exchange, finding, may_change=finding.may_change)
        for finding in self.world.assets.note(exchange):
            self._note(exchange, finding)

    def _note(self, exchange: Exchange, finding: Finding, *, may_change: bool = True) -> None:
        if finding.problem is not None and may_change:
            self.doubts.append((exchange, finding))
        else:
            self.judge_finding(exchange, finding)

    def judge_lineage(self) -> None:
        """Compare lineage around tables, lineage of all operators, and ShowNodes; contradictions become `doubts`."""
        for exchange, finding in self.world.assets.judge_lineage():
            self._note(exchange, finding)

    def judge_windows(self) -> None:
        """Judge all windows, and the workspaces and ids of their runs, as `World.judge_windows` does.

        Raises:
            StopRunError: A check that stops the run failed.
        """
        for exchange, finding in self.world.judge_windows():
            self._note(exchange, finding, may_change=finding.may_change)

    def judge_patterns(self) -> None:
        """Judge whether the fields of the rows that were shown so far agree (B-fields-agree).

        Raises:
            StopRunError: They do not, and the run stops on that check.
        """
        for exchange, problem in judge_patterns(self.seen):
            self.judge("B-fields-agree", exchange, *([problem] if problem else []))

    def judge_finding(self, exchange: Exchange, finding: Finding) -> None:
        """Note a finding about an exchange as a judgement.

        Raises:
            StopRunError: The finding has a problem, and the run stops on its check.
        """
        problems = () if finding.problem is None else (finding.problem,)
        self.judge(finding.check, exchange, *problems, earlier=finding.earlier)

    def judge(self, check: str, exchange: Exchange, *problems: str, earlier: Exchange | None = None) -> None:
        """Note that an exchange was held to a check, and what was wrong with it.

        Args:
            check: The check's id.
            exchange: The exchange.
            problems: What was wrong.
            earlier: An earlier exchange that shows the problem together with this one.

        Raises:
            StopRunError: Something was wrong, and the run stops on that check.
        """
        if check not in self._entries:
            return
        self._entries[check].judged += 1
        self._count_classes(check, exchange)
        if problems:
            before = () if earlier is None or earlier is exchange else (earlier.request,)
            self.fail(check, exchange.request, "; ".join(problems), before=before)

    def _count_classes(self, check: str, exchange: Exchange) -> None:
        """Count the classes of data in a response that a check of level C judges."""
        if check[0] == _RELATIONS:
            if id(exchange) not in self._classes:
                self._classes[id(exchange)] = tuple(classes_of(exchange))
            self._exercised.update((check, each) for each in self._classes[id(exchange)])

    @property
    def exercised(self) -> tuple[Exercise, ...]:
        """How often each check of level C judged a response with each class of data."""
        checks = [check.id for check in self._checks if check.level == _RELATIONS]
        return tuple(Exercise(check, each, self._exercised[check, each]) for check in checks for each in RUN_CLASSES)

    def fail(self, check: str, request: Request, problem: str, *, before: tuple[Request, ...] = ()) -> None:
        """Note what was wrong with the response to a request, and which requests must be sent before it to show that.

        Raises:
            StopRunError: The run stops on that check.
        """
        if check not in self._entries:
            return
        curl = "\n".join(curl_line(self._target.endpoint, each) for each in (*before, request))
        reason = shortened(self.redact(problem))  # a part of a secret would not be recognized
        self._entries[check].failures.append((len(curl), reason, curl))
        if check in self._stop_on:
            raise StopRunError(check)

    def leave_untested(self, reason: str, *checks: str) -> None:
        """Note why checks stay untested, in case they do; the first reason is kept."""
        for check in checks:
            if check in self._entries:
                self._entries[check].untested = self._entries[check].untested or reason

    def excuse(self, reason: str, *checks: str) -> None:
        """Note why it is no gap of the run if checks stay untested: for example, the target lacks what they need."""
        for check in checks:
            if check in self._entries:
                self._entries[check].excuse = reason

    def note_error(self, reason: str, checks: Iterable[str]) -> None:
        """Note what keeps checks from a verdict, unless they fail; the first reason is kept."""
        for check in checks:
            if check in self._entries:
                self._entries[check].error = self._entries[check].error or reason

    @property
    def evidence(self) -> Evidence:
        """What was seen so far."""
        statuses = [exchange.response.status for exchange in self.seen]
        return Evidence(
            requests=len(self.seen),
            rows=sum(exchange.response.status == OK and bool(exchange.response.rows) for exchange in self.seen),
            refusals=sum(each in _CLIENT_ERRORS and each not in {UNAUTHORIZED, THROTTLED} for each in statuses),
            unauthorized=statuses.count(UNAUTHORIZED),
        )

    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict for each check, in the catalogue's order; their texts are not redacted yet."""
        saw_rows = self.evidence.rows > 0
        return tuple(self._verdict(check, self._entries[check.id], saw_rows=saw_rows) for check in self._checks)

    def _verdict(self, check: Check, entry: _Entry, *, saw_rows: bool) -> Verdict:
        if entry.failures:
            _, reason, curl = min(entry.failures)
            more = len(entry.failures) - 1
            text = reason + (f" (and {more} more)" if more else "")
            return Verdict(check.id, check.level, "failed", text, curl, entry.judged)
        if entry.error is not None:
            return Verdict(check.id, check.level, "errored", entry.error, judged=entry.judged)
        if entry.judged:
            return Verdict(check.id, check.level, "passed", judged=entry.judged)
        if entry.excuse is not None:
            return Verdict(check.id, check.level, "untested", entry.excuse, excused=True)
        reason = entry.untested or "no response had what it judges"
        return Verdict(check.id, check.level, "untested", reason, excused=check.conditional and saw_rows)

    def redact(self, text: str) -> str:
        """The text without the target's secrets, and without what else no report may show."""
        return self._target.redact(text, self.secrets)
