"""The results of the suite on one server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrokenOutcome:
    """The result on a broken server.

    Attributes:
        server: Its name.
        caught_by: The declared checks that failed; if there is one, the server counts as caught.
        also_failed: Other checks that failed.
        unjudged: The declared checks without a verdict.
        stock: Schemathesis's own checks that fail on it; None if they are not known.
        seconds: How long the suite took.
    """

    server: str
    caught_by: tuple[str, ...] = ()
    also_failed: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    stock: tuple[str, ...] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CorrectOutcome:
    """The result on a correct server.

    Attributes:
        server: Its name.
        findings: All checks that failed or could not be finished, and all shortcomings of the run, one line each.
        judged: How many checks passed or failed.
        seconds: How long the suite took.
    """

    server: str
    findings: tuple[str, ...]
    judged: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ComposedOutcome:
    """The result on a composed server.

    Attributes:
        server: Its name.
        rule: When it differs from a correct server, and how.
        caught_by: The checks that had failed when the run ended; empty if the defect was missed.
        met: How many responses the defect had changed by then.
        seconds: How long the suite took.
    """

    server: str
    rule: str
    caught_by: tuple[str, ...]
    met: int
    seconds: float
