"""What a step of the examination found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dataarts_datamap._text import printable

_LONGEST_TEXT: Final = 400


class Outcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be judged."""
    SKIPPED = "skipped"
    """It was not tried, since a step that it depends on did not end well."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found. It holds no secret, and no character that a terminal would act on.

    Attributes:
        outcome: How it ended.
        text: What was seen.
        remedy: What to do about it; None if there is nothing to do.
        step: Name of the step.
    """

    outcome: Outcome
    text: str
    remedy: str | None = None
    step: str = ""


def ok(text: str, remedy: str | None = None) -> Finding:
    return Finding(Outcome.OK, printable(text, limit=_LONGEST_TEXT), remedy)


def failed(seen: object, remedy: str) -> Finding:
    return Finding(Outcome.FAILED, printable(str(seen), limit=_LONGEST_TEXT), remedy)


def unknown(seen: object, remedy: str) -> Finding:
    return Finding(Outcome.UNKNOWN, printable(str(seen), limit=_LONGEST_TEXT), remedy)
