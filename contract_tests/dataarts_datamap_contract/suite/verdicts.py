"""What a run of the suite found: a verdict for each check, and whether that is enough to judge the server by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Outcome: TypeAlias = Literal["passed", "failed", "untested", "errored"]

CLASSES: Final = ("valid", "minimum", "maximum", "below", "above", "missing", "wrong type")
"""What a parameter's value can be, as the columns of the matrix."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run found out about one check.

    Attributes:
        check: The check's id, a key of the catalogue.
        level: The letter of its level.
        outcome: ``passed``: it was put to the test and held; ``failed``; ``untested``: the run had nothing to judge it
            by; ``errored``: something kept the run from judging it.
        reason: What was found, or why nothing was; empty if it passed. Without secrets.
        curl: For a failure, the shortest request that shows it, as a command line that has ``$DATAMAP_TOKEN`` in place
            of the token. Where several responses show it together, a line for each, in order.
        judged: How many responses were held to it.
        excused: Whether it is untested because the target does not have what it takes, such as a second tenant, or
            because the server does without what it judges: no fault of the run.
        baseline: Why this failure is known and let pass; None if it is not.
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
    """What a run must have seen, or its green proves nothing.

    Attributes:
        requests: How many requests were sent.
        rows: How many responses were a 200 with rows.
        refusals: How many were an error response: a 4xx other than 401 and 429.
        unauthorized: How many were a 401.
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
        answers: How many responses of each status it got, with everything else about the request in order.
    """

    operation: str
    parameter: str
    value_class: str
    answers: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SchemaType:
    """One type that the specification lets a value have, at any level of a response.

    Attributes:
        operation: The operation's id.
        path: Where, each decoded level set apart: ``$.body → $.rows[].planTime``.
        type: The type.
        seen: How many values of that type were there.
    """

    operation: str
    path: str
    type: str
    seen: int


@dataclass(frozen=True, slots=True)
class Exercise:
    """One relation and one class of data.

    Attributes:
        check: The id of the relation's check.
        data_class: The class: ``equal times``, ``an id beyond 31 bits`` and so on.
        judged: How many responses with such data were held to it.
    """

    check: str
    data_class: str
    judged: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a run exercised.

    Attributes:
        cells: Each class of values that a parameter can have, and what it got.
        types: Each type that a response's values can have, and whether it was seen.
        relations: Each relation and class of data, and how often it was put to the test by it.
    """

    cells: tuple[Cell, ...] = ()
    types: tuple[SchemaType, ...] = ()
    relations: tuple[Exercise, ...] = ()

    @property
    def index(self) -> float:
        """The share of cells and types that were exercised, from 0 to 1."""
        hits = [bool(cell.answers) for cell in self.cells] + [bool(each.seen) for each in self.types]
        return sum(hits) / len(hits) if hits else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run.

    Attributes:
        endpoint: The server.
        levels: The levels asked for.
        seed: The seed of the random requests.
        verdicts: One for each check of those levels, in the catalogue's order.
        evidence: What the run saw.
        shortcomings: Why the run cannot vouch for the server, one line each; empty if it can.
        coverage: How much of the specification was exercised.
        stopped: Whether the run ended at the first failure that it was to stop on.
        weaknesses: Why the target's data could show next to nothing; a run in CI is not judged by such data.
        limits: Which relations the data could not exercise.
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
        """The verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome == outcome)

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The failures that no baseline lets pass."""
        return tuple(verdict for verdict in self.with_outcome("failed") if verdict.baseline is None)

    @property
    def gaps(self) -> tuple[Verdict, ...]:
        """The checks that the run should have judged and did not."""
        return tuple(verdict for verdict in self.with_outcome("untested") if not verdict.excused)

    def exit_code(self, *, ci: bool = False) -> int:
        """What a command ends with: 0 conforms, 1 does not, 2 could not be judged.

        Args:
            ci: Whether a single gap or weakness is enough for a 2.
        """
        if self.failures:
            return 1
        if self.shortcomings or self.with_outcome("errored") or (ci and (self.gaps or self.weaknesses)):
            return 2
        return 0
