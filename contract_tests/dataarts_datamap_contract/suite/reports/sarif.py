"""The failures as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS
from dataarts_datamap_contract.suite.text import printable

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite.verdicts import Report, Verdict

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write_sarif(report: Report, path: Path, *, described_in: Path | None = None, ci: bool = False) -> None:
    """Write the failures as SARIF 2.1.0.

    Each check of the run is a rule, and each failure a result: code scanning makes an alert of every result, so passed
    checks are left out. A failure accepted by a baseline is suppressed with the baseline's reason. A shortcoming of
    the run, and a check that should have a verdict and has none, is a notification.

    Args:
        report: The report of the run.
        path: The file to write.
        described_in: The file that describes the server. If it is below the working directory, results are located in
            it; otherwise they only name the server, which has no files.
        ci: Whether a single gap or weakness is enough for exit code 2.
    """
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report, _locations(report, described_in), ci=ci)]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8", newline="\n")


def _locations(report: Report, described_in: Path | None) -> list[dict[str, Any]]:
    """The one location of every result: the server, and the user's file if it is below the working directory."""
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": printable(report.endpoint), "kind": "resource"}]
    }
    file = described_in.resolve() if described_in is not None else None
    if file is not None and file.is_file() and file.is_relative_to(Path.cwd()):
        uri = quote(file.relative_to(Path.cwd()).as_posix())
        location["physicalLocation"] = {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}
    return [location]


def _run(report: Report, locations: list[dict[str, Any]], *, ci: bool) -> dict[str, Any]:
    return {
        "tool": {"driver": {"name": "datamap conform", "rules": [_rule(verdict) for verdict in report.verdicts]}},
        "results": [
            _result(report, index, verdict, locations)
            for index, verdict in enumerate(report.verdicts)
            if verdict.outcome == "failed"
        ],
        "invocations": [
            {
                "executionSuccessful": not report.shortcomings,
                "exitCode": report.exit_code(ci=ci),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": printable(each)}} for each in _unjudged(report)
                ],
            }
        ],
        "properties": {"endpoint": printable(report.endpoint), "levels": report.levels, "seed": report.seed},
    }


def _unjudged(report: Report) -> list[str]:
    """Why the run is not enough to judge the server, and the checks that should have a verdict and have none."""
    open_checks = [*report.with_outcome("errored"), *report.gaps]
    return [*report.shortcomings, *(f"{each.check} {each.outcome}: {each.reason}" for each in open_checks)]


def _rule(verdict: Verdict) -> dict[str, Any]:
    check = CATALOGUE[verdict.check]
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.rule},
        "help": {"text": f"{check.rule} Basis: {check.basis}."},
        "properties": {"tags": [LEVELS[check.level]]},
    }


def _result(report: Report, index: int, verdict: Verdict, locations: list[dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": verdict.check,
        "ruleIndex": index,
        "kind": "fail",
        "level": "error",
        "message": {"text": printable(_message(verdict))},
        "locations": locations,
        "partialFingerprints": {"check/v1": f"{verdict.check} {printable(report.endpoint)}"},
    }
    if verdict.baseline is not None:
        result["suppressions"] = [{"kind": "external", "justification": printable(verdict.baseline)}]
    return result


def _message(verdict: Verdict) -> str:
    """The failure, and the requests that show it, without secrets."""
    shown_by = " and then ".join(verdict.curl.splitlines()) if verdict.curl else ""
    return f"{verdict.reason} Shown by: {shown_by}" if shown_by else verdict.reason
