"""The report of a run: a verdict for each check, and whether the run is enough to judge the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Outcome: TypeAlias = Literal["passed", "failed", "untested", "errored"]

CLASSES: Final = ("valid", "minimum", "maximum", "below", "above", "missing", "wrong type")
"""The classes of a parameter's value, in the order of the columns of the coverage table."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one check.

    Attributes:
        check: The check's id, a key of the catalogue.
        level: The letter of its level.
        outcome: ``passed``: it was tested and held; ``failed``: it did not hold, or it held although the baseline says
            that it fails; ``untested``: nothing in the run tested it; ``errored``: something prevented a verdict.
        reason: The failure, or why there is no verdict; empty if it passed. Without secrets.
        curl: For a failure, the shortest request that shows it, as a command line with variables such as
            ``$DATAMAP_TOKEN`` in place of credentials. If several responses are needed to show the failure, there is
            one line for each, in order.
        judged: How often it judged a response.
        excused: Whether the check is untested for a reason that is not a gap of the run: for example, the target
            names no second tenant, or the server lacks an optional feature.
        baseline: Why this failure is accepted; None if it is not.
    """

    check: str
    level: str
    outcome: Outcome
    reason: str = ""
    curl: str | None = None
    judged: int = 0
    excused: bool = False
    baseline: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts of responses without which a passing run proves nothing.

    Attributes:
        requests: How many responses were recorded. A response that only confirms an earlier one, or that only one
            check judges, is not counted.
        rows: How many of them had status 200 and rows.
        refusals: How many were error responses with a 4xx other than 401 and 429.
        unauthorized: How many had status 401.
    """

    requests: int = 0
    rows: int = 0
    refusals: int = 0
    unauthorized: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One parameter with one class of values.

    Attributes:
        operation: The operation's id.
        parameter: The parameter's name.
        value_class: One of `CLASSES`.
        answers: How many responses it got with each status, in requests that were otherwise valid.
    """

    operation: str
    parameter: str
    value_class: str
    answers: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SchemaType:
    """A type that the specification allows for a value at some level of a response.

    Attributes:
        operation: The operation's id.
        path: Its place, one part for each decoded level: ``$.body → $.rows[].planTime``.
        type: The type.
        seen: How many values had that type, in a sample of the responses.
    """

    operation: str
    path: str
    type: str
    seen: int


@dataclass(frozen=True, slots=True)
class Exercise:
    """How often a relation was tested with a class of data.

    Attributes:
        check: The id of the relation's check.
        data_class: The class: ``equal times``, ``an id beyond 31 bits`` and so on.
        judged: How often it judged a response with such data.
    """

    check: str
    data_class: str
    judged: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The parts of the specification that a run exercised.

    Attributes:
        cells: Each class of values that a parameter can have, with its responses.
        types: Each type that a value in a response can have, and how often it was seen.
        relations: Each relation and class of data, and how often the two were tested together.
    """

    cells: tuple[Cell, ...] = ()
    types: tuple[SchemaType, ...] = ()
    relations: tuple[Exercise, ...] = ()

    @property
    def index(self) -> float:
        """The fraction of cells and types that were exercised, from 0 to 1."""
        hits = [bool(cell.answers) for cell in self.cells] + [bool(each.seen) for each in self.types]
        return sum(hits) / len(hits) if hits else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run.

    Attributes:
        endpoint: The server.
        levels: The levels that were judged.
        seed: The seed of the random choices.
        verdicts: One for each check of those levels, in the catalogue's order.
        evidence: Counts of the responses that the run saw.
        shortcomings: Why the run is not enough to judge the server, one line each; empty if it is.
        coverage: How much of the specification was exercised.
        stopped: Whether the run ended early because a check in ``stop_on`` failed.
        weaknesses: Why the target's data is too poor for most checks; in CI, such a run does not count as conforming.
        limits: What the run did not test, and why: for example, the data lacks it, the time was up, or the server does
            not serve it.
    """

    endpoint: str
    levels: str
    seed: int
    verdicts: tuple[Verdict, ...]
    evidence: Evidence = field(default_factory=Evidence)
    shortcomings: tuple[str, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    stopped: bool = False
    weaknesses: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def with_outcome(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """The verdicts with this outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome == outcome)

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The failures that no baseline accepts."""
        return tuple(verdict for verdict in self.with_outcome("failed") if verdict.baseline is None)

    @property
    def gaps(self) -> tuple[Verdict, ...]:
        """The untested checks that the run should have judged."""
        return tuple(verdict for verdict in self.with_outcome("untested") if not verdict.excused)

    def exit_code(self, *, ci: bool = False) -> int:
        """The exit code of a command: 0 conforms, 1 does not, 2 could not be judged.

        Args:
            ci: Whether a single gap or weakness is enough for exit code 2.
        """
        if self.failures:
            return 1
        if self.shortcomings or self.with_outcome("errored") or (ci and (self.gaps or self.weaknesses)):
            return 2
        return 0
