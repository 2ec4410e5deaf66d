"""What people are told of checks: what changed since they were told last, and what is still wrong. No I/O."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta  # noqa: TC003  what is decoded needs it
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec import Struct

from dataarts_datamap._checks.check import rule_key, worst_first
from dataarts_datamap._errors import StateFileError
from dataarts_datamap._monitoring.freshness import WORST_FIRST, Verdict
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._checks.check import TableCheck

_MOST_TABLES: Final = 30
_LONGEST: Final = 300


class Gravity(StrEnum):
    """How bad a message is.

    Attributes:
        BAD: A table is failed, late or stale.
        DOUBTFUL: One is unknown, slow, or has few rows.
        GOOD: All that changed is fresh again.
    """

    BAD = "failure"
    DOUBTFUL = "warning"
    GOOD = "success"


class Notified(Struct, frozen=True, kw_only=True):
    """What one address was told.

    Attributes:
        verdicts: The verdict of each table when it was told last, by the key of its rule. Others count as fresh.
        sent_at: When the last message went there, UTC; None if none did.
    """

    verdicts: dict[str, Verdict] = {}
    sent_at: datetime | None = None

    @classmethod
    def from_text(cls, text: str | None) -> Notified:
        """What was kept as a text; nothing, if nothing was.

        Raises:
            StateFileError: It is damaged.
        """
        if text is None:
            return cls()
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise StateFileError(f"the state does not say who was told what: {error}") from error

    def text(self) -> str:
        """The same as a text to keep."""
        return msgspec.json.encode(self).decode()

    def after(self, checks: Sequence[TableCheck], now: datetime) -> Notified:
        """The same, when these checks were told."""
        told = {rule_key(check.rule): check.verdict for check in checks}
        return Notified(verdicts={**self.verdicts, **told}, sent_at=now)


class Message(NamedTuple):
    """A message, made printable.

    Attributes:
        title: What it is about, in a line.
        text: Which tables, and why.
        gravity: How bad it is.
    """

    title: str
    text: str
    gravity: Gravity


def message_of(
    checks: Sequence[TableCheck], notified: Notified, *, now: datetime, remind: timedelta | None
) -> Message | None:
    """What an address is told of checks: what has changed, else what is still wrong if it was told too long ago.

    Args:
        checks: How tables stand.
        notified: What the address was told.
        now: The present.
        remind: After what time it is told again what has not changed; never, if it is None.
    """
    was = {id(check): notified.verdicts.get(rule_key(check.rule), Verdict.FRESH) for check in checks}
    changed = [check for check in checks if check.verdict is not was[id(check)]]
    if changed:
        lines = [_line(check, was[id(check)]) for check in worst_first(changed)]
        return _message("", changed, lines, checks)
    wrong = [check for check in checks if check.verdict is not Verdict.FRESH]
    if not wrong or remind is None or (notified.sent_at is not None and now - notified.sent_at < remind):
        return None
    return _message("still ", wrong, [_line(check, None) for check in worst_first(wrong)], checks)


def _message(still: str, about: Sequence[TableCheck], lines: Sequence[str], checks: Sequence[TableCheck]) -> Message:
    counts = Counter(check.verdict for check in about)
    said = ", ".join(f"{counts[verdict]} {still}{_word(verdict)}" for verdict in WORST_FIRST if counts[verdict])
    fresh = sum(check.verdict is Verdict.FRESH for check in checks)
    more = len(lines) - _MOST_TABLES
    shown = [*lines[:_MOST_TABLES], *([f"and {more} more"] if more > 0 else [])]
    text = "\n".join([*shown, f"{fresh} of {len(checks)} tables are fresh."])
    return Message(f"Tables: {said}", text, _gravity(set(counts)))


def _line(check: TableCheck, was: Verdict | None) -> str:
    name = printable(check.name, limit=_LONGEST)
    owner = "" if check.rule.owner is None else f" ({printable(check.rule.owner, limit=_LONGEST)})"
    before = "" if was is None or (was is Verdict.FRESH and check.verdict is not was) else f", was {_word(was)}"
    cause = "" if check.cause is None else f" - {check.cause}"
    return f"{name}{owner} is {_word(check.verdict)}{before}: {check.reason}{cause}"


def _word(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")


def _gravity(verdicts: set[Verdict]) -> Gravity:
    if verdicts & {Verdict.FAILED, Verdict.LATE, Verdict.STALE}:
        return Gravity.BAD
    return Gravity.GOOD if verdicts == {Verdict.FRESH} else Gravity.DOUBTFUL
