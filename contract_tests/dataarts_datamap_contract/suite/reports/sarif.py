"""The verdicts as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS
from dataarts_datamap_contract.suite.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from dataarts_datamap_contract.suite.verdicts import Report, Verdict

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SPECIFICATION: Final = "spec/datamap.openapi.yaml"
_KINDS: Final = {"passed": "pass", "failed": "fail", "errored": "open", "untested": "open"}


def write_sarif(report: Report, path: Path) -> None:
    """Write the verdicts as SARIF 2.1.0.

    A check is a rule and its verdict a result of it: ``fail``, ``pass``, ``notApplicable`` where the target does not
    have what it takes, and ``open`` where nothing could be judged. A failure that a baseline lets pass is suppressed
    with the baseline's reason. Results are placed in the specification, for a server has no files.
    """
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8", newline="\n")


def _run(report: Report) -> dict[str, Any]:
    return {
        "tool": {"driver": {"name": "datamap conform", "rules": [_rule(verdict) for verdict in report.verdicts]}},
        "results": [_result(report, index, verdict) for index, verdict in enumerate(report.verdicts)],
        "invocations": [
            {
                "executionSuccessful": not report.shortcomings,
                "exitCode": report.exit_code(),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": printable(each)}} for each in report.shortcomings
                ],
            }
        ],
        "properties": {"endpoint": printable(report.endpoint), "levels": report.levels, "seed": report.seed},
    }


def _rule(verdict: Verdict) -> dict[str, Any]:
    check = CATALOGUE[verdict.check]
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.rule},
        "help": {"text": f"{check.rule} It rests on: {check.basis}."},
        "properties": {"tags": [LEVELS[check.level]]},
    }


def _result(report: Report, index: int, verdict: Verdict) -> dict[str, Any]:
    failed = verdict.outcome == "failed"
    result: dict[str, Any] = {
        "ruleId": verdict.check,
        "ruleIndex": index,
        "kind": "notApplicable" if verdict.excused else _KINDS[verdict.outcome],
        "level": "error" if failed else "none",
        "message": {"text": printable(_message(verdict))},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _SPECIFICATION}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": printable(report.endpoint), "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"check/v1": f"{verdict.check} {printable(report.endpoint)}"},
    }
    if verdict.baseline is not None:
        result["suppressions"] = [{"kind": "external", "justification": printable(verdict.baseline)}]
    return result


def _message(verdict: Verdict) -> str:
    """What was found, and the request that shows it, without secrets."""
    text = verdict.reason or f"{CATALOGUE[verdict.check].title}: held by {verdict.judged} answers"
    return f"{text} Shown by: {verdict.curl}" if verdict.curl else text
