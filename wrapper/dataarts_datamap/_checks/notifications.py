"""The messages about tables: changed verdicts, and reminders of tables that are still not fresh. No I/O."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
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
_EARLY: Final = timedelta(minutes=10)  # tolerance for daily checks, whose durations vary
_LONGEST: Final = 300


class Gravity(StrEnum):
    """The severity of a message.

    Attributes:
        BAD: A table of the message is failed, late or stale.
        DOUBTFUL: No table of the message is failed, late or stale, but one is unknown, slow, or has few rows.
        GOOD: All tables of the message are fresh again.
    """

    BAD = "failure"
    DOUBTFUL = "warning"
    GOOD = "success"


class Notified(Struct, frozen=True, kw_only=True):
    """The last message to an address about each table, by the key of the table's rule.

    Attributes:
        verdicts: The verdict in that message. A table without a message counts as fresh.
        told_at: Time of that message, UTC.
    """

    verdicts: dict[str, Verdict] = {}
    told_at: dict[str, datetime] = {}

    @classmethod
    def from_text(cls, text: str | None) -> Notified:
        """The value from its text; an empty one for None.

        Raises:
            StateFileError: The text is damaged.
        """
        if text is None:
            return cls()
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise StateFileError(f"the state's record of sent messages is damaged: {error}") from error

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    def after(self, checks: Sequence[TableCheck], now: datetime) -> Notified:
        """The value after a message about these checks; other tables stay as they are."""
        told = {rule_key(check.rule): check.verdict for check in checks}
        return Notified(verdicts={**self.verdicts, **told}, told_at={**self.told_at, **dict.fromkeys(told, now)})

    def is_due(self, check: TableCheck, now: datetime, remind: timedelta) -> bool:
        """Whether a reminder is due, with a tolerance for a check that begins a little early."""
        told_at = self.told_at.get(rule_key(check.rule))
        return told_at is None or abs(now - told_at) >= remind - min(remind / 10, _EARLY)


def kept_after(text: str | None, checks: Sequence[TableCheck], *, now: datetime) -> str:
    """The text to keep for an address after a message about these checks, given the previous text.

    Raises:
        StateFileError: The previous text is damaged.
    """
    return Notified.from_text(text).after(checks, now).text()


class Message(NamedTuple):
    """A message, made printable: a summary in one line, the tables with their reasons, its severity, and the checks."""

    title: str
    text: str
    gravity: Gravity
    checks: Sequence[TableCheck] = ()


def message_of(
    checks: Sequence[TableCheck], notified: Notified, *, now: datetime, remind: timedelta | None
) -> Message | None:
    """The message to an address about changed verdicts, and tables that need a reminder; None if there are neither.

    A table that is still not fresh needs a reminder when the last message about it is ``remind`` old; never, if
    ``remind`` is None.
    """
    was = {id(check): notified.verdicts.get(rule_key(check.rule), Verdict.FRESH) for check in checks}
    changed = worst_first(check for check in checks if check.verdict is not was[id(check)])
    still = worst_first(
        check
        for check in checks
        if check.verdict is was[id(check)] is not Verdict.FRESH
        and remind is not None
        and notified.is_due(check, now, remind)
    )
    if not changed and not still:
        return None
    lines = [*(_line(check, was[id(check)]) for check in changed), *(_line(check, None) for check in still)]
    more = len(lines) - _MOST_TABLES
    shown = [*lines[:_MOST_TABLES], *([f"and {more} more"] if more > 0 else [])]
    fresh = sum(check.verdict is Verdict.FRESH for check in checks)
    are = "table is" if len(checks) == 1 else "tables are"
    text = "\n".join([*shown, f"{fresh} of {len(checks)} {are} fresh."])
    about = [*changed, *still]
    title = ", ".join([*_counted("", changed), *_counted("still ", still)])
    return Message(f"Tables: {title}", text, _gravity({check.verdict for check in about}), about)


def _counted(still: str, checks: Sequence[TableCheck]) -> list[str]:
    counts = Counter(check.verdict for check in checks)
    return [f"{counts[verdict]} {still}{_word(verdict)}" for verdict in WORST_FIRST if counts[verdict]]


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
