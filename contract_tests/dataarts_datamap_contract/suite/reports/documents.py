"""The report for machines: JSON, and JUnit XML with one case for each check."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS
from dataarts_datamap_contract.suite.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from dataarts_datamap_contract.suite.verdicts import Report, Verdict

_FORMAT_VERSION = 1


def write_json(report: Report, path: Path, *, ci: bool = False) -> None:
    """Write the whole report as JSON.

    Args:
        report: The report of the run.
        path: The file to write.
        ci: Whether a single gap or weakness is enough for exit code 2.
    """
    document = {
        "format": _FORMAT_VERSION,
        **asdict(report),
        "exit_code": report.exit_code(ci=ci),
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8", newline="\n")


def write_junit(report: Report, path: Path) -> None:
    """Write the verdicts as JUnit XML: a suite for each level, a case for each check.

    Shortcomings of the run are one error in a suite of their own.
    """
    count = len(report.verdicts) + bool(report.shortcomings)
    root = ET.Element("testsuites", name="datamap conform", tests=str(count))
    for level in report.levels:
        verdicts = [verdict for verdict in report.verdicts if verdict.level == level]
        suite = ET.SubElement(root, "testsuite", name=f"{level} {LEVELS[level]}", tests=str(len(verdicts)))
        suite.set("failures", str(sum(verdict.outcome == "failed" and not verdict.baseline for verdict in verdicts)))
        suite.set("errors", str(sum(verdict.outcome == "errored" for verdict in verdicts)))
        suite.set("skipped", str(sum(verdict.outcome == "untested" or bool(verdict.baseline) for verdict in verdicts)))
        for verdict in verdicts:
            _add_case(suite, verdict)
    if report.shortcomings:
        suite = ET.SubElement(root, "testsuite", name="Evidence", tests="1", errors="1")
        case = ET.SubElement(suite, "testcase", classname="evidence", name="the run saw enough to judge by")
        ET.SubElement(case, "error", message=printable("; ".join(report.shortcomings)))
    path.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _verdict(verdict: Verdict) -> dict[str, object]:
    check = CATALOGUE[verdict.check]
    return {**asdict(verdict), "title": check.title, "rule": check.rule, "basis": check.basis}


def _add_case(suite: ET.Element, verdict: Verdict) -> None:
    check = CATALOGUE[verdict.check]
    case = ET.SubElement(suite, "testcase", classname=f"datamap.{verdict.level}", name=f"{check.id}: {check.title}")
    if verdict.baseline or verdict.outcome == "untested":
        ET.SubElement(case, "skipped", message=printable(verdict.baseline or verdict.reason))
    elif verdict.outcome == "failed":
        failure = ET.SubElement(case, "failure", message=printable(verdict.reason))
        failure.text = printable(f"{check.rule} {verdict.curl or ''}".rstrip())
    elif verdict.outcome == "errored":
        ET.SubElement(case, "error", message=printable(verdict.reason))
