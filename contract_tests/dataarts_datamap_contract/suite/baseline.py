"""Known deviations of a target: the check that fails, why that is accepted, and since when."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from dataarts_datamap_contract.suite.catalogue import current_id
from dataarts_datamap_contract.suite.text import read_toml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dataarts_datamap_contract.suite.verdicts import Report, Verdict


class BaselineError(ValueError):
    """A baseline cannot be read or is not valid; the text says where."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One known deviation.

    Attributes:
        check: The id of the check that fails.
        reason: Why the failure is accepted.
        since: When it was accepted.
    """

    check: str
    reason: str
    since: date


def read_baseline(path: Path) -> tuple[Deviation, ...]:
    """The deviations of a TOML file: ``[[deviation]]`` tables with ``check``, ``reason`` and ``since``, a date.

    Raises:
        BaselineError: The file cannot be read or does not have that form, an entry names an unknown check, or two name
            the same.
    """
    try:
        document = read_toml(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BaselineError(f"cannot read the baseline {path}: {error}") from None
    entries: Any = document.pop("deviation", [])
    if not isinstance(entries, list):
        raise BaselineError(f"the baseline {path}: deviation is not a list of [[deviation]] tables")
    if document:
        raise BaselineError(f"the baseline {path} has more than [[deviation]] tables: {', '.join(document)}")
    listed = cast("list[object]", entries)
    read = tuple(_read_entry(path, number, entry) for number, entry in enumerate(listed, start=1))
    for check, times in Counter(each.check for each in read).items():
        if times > 1:
            raise BaselineError(f"the baseline {path} names {check} {times} times: keep one [[deviation]] for it")
    return read


def apply_baseline(report: Report, deviations: Sequence[Deviation]) -> Report:
    """The report with known failures accepted; a check that has an entry but passed counts as failed."""
    known = {deviation.check: deviation for deviation in deviations}
    return replace(report, verdicts=tuple(_let_pass(verdict, known) for verdict in report.verdicts))


def _let_pass(verdict: Verdict, known: dict[str, Deviation]) -> Verdict:
    deviation = known.get(verdict.check)
    if deviation is None:
        return verdict
    note = f"since {deviation.since}: {deviation.reason}"
    if verdict.outcome == "failed":
        return replace(verdict, baseline=note)
    if verdict.outcome == "passed":
        reason = f"the baseline says that this fails ({note}), but it does not: remove the entry"
        return replace(verdict, outcome="failed", reason=reason)
    return verdict


def _read_entry(path: Path, number: int, table: object) -> Deviation:
    where = f"the baseline {path}, deviation {number}"
    entry = cast("dict[str, Any]", table) if isinstance(table, dict) else {}
    if set(entry) != {"check", "reason", "since"}:
        raise BaselineError(f"{where}: give it check, reason and since, and no other key")
    try:
        check = current_id(str(entry["check"]))
    except ValueError as error:
        raise BaselineError(f"{where}: {error}") from None
    if not (isinstance(entry["reason"], str) and entry["reason"].strip()):
        raise BaselineError(f"{where}: give the reason")
    if type(entry["since"]) is not date:
        raise BaselineError(f"{where}: since is {entry['since']!r}, not a date such as 2026-11-25 without quotes")
    return Deviation(check, entry["reason"], entry["since"])
