"""The conformance suite as tests of pytest, one for each check; ``pytest_conformance`` has the fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.suite.catalogue import CATALOGUE

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite import Report


def test_conforms(conformance_report: Report, conformance_check: str) -> None:
    """The check was tested and held. A check that does not apply, or whose failure the baseline accepts, is skipped."""
    (verdict,) = (each for each in conformance_report.verdicts if each.check == conformance_check)
    check = CATALOGUE[conformance_check]
    if verdict.excused or verdict.baseline:
        pytest.skip(verdict.baseline or verdict.reason)
    if verdict.outcome != "passed":
        lines = (f"{check.id} {verdict.outcome}: {check.rule}", verdict.reason, verdict.curl or "")
        pytest.fail("\n".join(line for line in lines if line), pytrace=False)


def test_saw_enough(conformance_report: Report) -> None:
    """The run saw everything that a passing run needs."""
    if conformance_report.shortcomings:
        pytest.fail("\n".join(conformance_report.shortcomings), pytrace=False)
