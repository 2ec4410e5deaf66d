"""What the suite made of one server of the fleet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrokenOutcome:
    """What was found on a broken server.

    Attributes:
        server: Its name.
        caught_by: The declared checks that failed, which is what counts as caught.
        also_failed: Other checks that failed.
        unjudged: The declared checks that came to no verdict.
        stock: Schemathesis's own checks that fail on it.
        seconds: How long the suite took.
    """

    server: str
    caught_by: tuple[str, ...] = ()
    also_failed: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    stock: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CorrectOutcome:
    """What was found on a correct server.

    Attributes:
        server: Its name.
        findings: Everything that the suite holds against it or against its own run, one line each.
        judged: How many checks came to a verdict.
        seconds: How long the suite took.
    """

    server: str
    findings: tuple[str, ...]
    judged: int
    seconds: float
