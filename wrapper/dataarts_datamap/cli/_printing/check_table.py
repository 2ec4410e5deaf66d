"""Writes the checks of many tables: a table for a person, JSON lines, metrics for Prometheus, or test cases for CI."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from xml.etree import ElementTree as ET

from dataarts_datamap._monitoring.freshness import WORST_FIRST, Verdict
from dataarts_datamap._text import printable
from dataarts_datamap._times import time_text
from dataarts_datamap.cli._printing.output import VERDICT_STYLES, write_json, write_metrics, write_table
from dataarts_datamap.cli._printing.prometheus import check_text
from dataarts_datamap.cli._printing.streams import write

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import tzinfo

    from dataarts_datamap._checks.check import TableCheck
    from dataarts_datamap._errors import DataMapError

CheckOutput: TypeAlias = Literal["table", "ndjson", "junit", "prometheus"]

_TITLES: Final = ("VERDICT", "TABLE", "OWNER", "SUCCEEDED", "REASON")
_SUITE: Final = "datamap check"
_FEW: Final = 2  # up to this many tables, each row shows a shared error itself
_SEE_BELOW: Final = "it could not be read: see below"
_LONGEST_ERROR: Final = 1000


def write_checks(
    checks: Sequence[TableCheck], *, output: CheckOutput, zone: tzinfo, fail_on: Collection[Verdict]
) -> None:
    """Write the checks to stdout, in order. The output ``table`` shows times in the zone, the others in UTC."""
    match output:
        case "ndjson":
            for one in checks:
                if not write_json(one.to_dict()):
                    break
        case "junit":
            write(junit_text(checks, fail_on=fail_on))
        case "prometheus":
            write_metrics(check_text(checks))
        case "table":
            shared = _shared_errors(checks)
            rows = [(_cells(one, zone, shared), VERDICT_STYLES[one.verdict]) for one in checks]
            write_table(_TITLES, rows, below=[None if one.cause is None else f"  {one.cause}" for one in checks])
            for error, count in shared.values():
                write(f"{count} tables could not be read: {printable(str(error), limit=_LONGEST_ERROR)}\n")


def summary(checks: Sequence[TableCheck]) -> str:
    """The number of fresh tables, and the verdicts of the others: ``294 of 300 tables are fresh: 2 failed, 4 late``."""
    counts = Counter(one.verdict for one in checks)
    others = [
        f"{counts[verdict]} {verdict}" for verdict in WORST_FIRST if verdict is not Verdict.FRESH and counts[verdict]
    ]
    are = "table is" if len(checks) == 1 else "tables are"
    return f"{counts[Verdict.FRESH]} of {len(checks)} {are} fresh{': ' if others else ''}{', '.join(others)}"


def junit_text(checks: Sequence[TableCheck], *, fail_on: Collection[Verdict]) -> str:
    """The checks as JUnit XML: each table is a test case, which fails if ``fail_on`` has its verdict.

    A table with the verdict ``unknown`` is an error, unless ``fail_on`` has that verdict.
    """
    failed = sum(one.verdict in fail_on for one in checks)
    unknown = sum(one.verdict is Verdict.UNKNOWN and one.verdict not in fail_on for one in checks)
    counts = {"tests": str(len(checks)), "failures": str(failed), "errors": str(unknown)}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": _SUITE, **counts, "skipped": "0"})
    if checks:
        suite.set("timestamp", checks[0].now.replace(tzinfo=None).isoformat(timespec="seconds"))
    for one in checks:
        case = ET.SubElement(
            suite,
            "testcase",
            {"classname": printable(one.rule.owner or _SUITE), "name": printable(one.name), "time": "0"},
        )
        reason = one.reason if one.cause is None else f"{one.reason}\n{one.cause}"
        said: dict[str, Any] = {"type": one.verdict.value, "message": f"{one.verdict.value}: {one.reason}"}
        if one.verdict in fail_on:
            ET.SubElement(case, "failure", said).text = reason
        elif one.verdict is Verdict.UNKNOWN:
            ET.SubElement(case, "error", said).text = reason
        else:
            ET.SubElement(case, "system-out").text = f"{one.verdict.value}: {one.reason}"
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _shared_errors(checks: Sequence[TableCheck]) -> dict[str, tuple[DataMapError, int]]:
    """The errors that more than two tables share, in the order of the tables.

    The key is the error's text without its request, which differs; the value is the first such error, and the number of
    tables that have it.
    """
    errors = [one.error for one in checks if one.error is not None]
    counts = Counter(map(_words, errors))
    first = {_words(one): one for one in reversed(errors)}
    return {words: (first[words], count) for words, count in counts.items() if count > _FEW}


def _words(error: DataMapError) -> str:
    return f"{type(error).__name__}: {error.args[0] if error.args else ''}"


def _cells(one: TableCheck, zone: tzinfo, shared: Collection[str]) -> tuple[str | None, ...]:
    last = one.last_success
    since = None if last is None else time_text(last, zone)
    is_shared = one.error is not None and _words(one.error) in shared
    return one.verdict.value, one.name, one.rule.owner, since, _SEE_BELOW if is_shared else one.reason
