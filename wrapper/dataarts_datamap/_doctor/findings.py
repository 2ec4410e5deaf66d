"""The findings of an examination."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dataarts_datamap._text import printable

_LONGEST_TEXT: Final = 400


class Outcome(StrEnum):
    """The outcome of a step."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be judged."""
    SKIPPED = "skipped"
    """It was not tried: a step that it needs failed or was skipped, or the settings are invalid."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found, and its remedy, which is None if nothing needs fixing.

    It holds no secret, and no character that affects a terminal.
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
