"""How thorough a run is, what it cuts, and by which data its relations were put to the test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dataarts_datamap_contract._broken.seams import Seam
from dataarts_datamap_contract.mutants._aim import running
from dataarts_datamap_contract.suite import Report, run_suite
from dataarts_datamap_contract.suite.budget import BUDGETS, Budget


def judged(changes: dict[str, Any] | None = None, **how: Any) -> Report:
    """The report on the reference, without random requests."""
    with running(Seam().build) as target:
        return run_suite(replace(target, **(changes or {})), max_examples=0, **how)


def test_what_there_was_no_time_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the time is up nothing new is begun: what was cut is named, its checks are untested, and CI is not green."""
    spent = {**BUDGETS, "quick": Budget(seconds=0.0, max_examples=0)}
    monkeypatch.setattr("dataarts_datamap_contract.suite.run.BUDGETS", spent)

    report = judged(levels="ABC", budget="quick")

    assert report.limits[0].startswith("the quick budget left no time for paths, ")
    assert "C-walk-complete" in {verdict.check for verdict in report.with_outcome("untested")}
    assert 2 == report.exit_code(ci=True)
    assert report.evidence.requests < 100


def test_a_budget_has_a_name() -> None:
    """Another name is refused before anything is sent."""
    with pytest.raises(ValueError, match="budget 'cheap': name one of quick, default, deep"):
        judged(budget="cheap")


@pytest.mark.prove
def test_a_deep_run_sends_more_and_says_the_same() -> None:
    """Its probes of runs choose three times, and the reference conforms as before."""
    usual, deep = judged(levels="C"), judged(levels="C", budget="deep")

    assert usual.evidence.requests < deep.evidence.requests
    assert () == usual.failures + deep.failures


@pytest.mark.prove
def test_a_server_without_show_nodes_is_aimed_at_without_a_table() -> None:
    """No request asks for ShowNodes, its checks do not apply, and the table of details comes from a search."""
    report = judged({"table_guid": None})

    assert () == report.failures
    assert 0 == report.exit_code(ci=True)
    assert "ShowNodes: the target names no table to call it with" in report.limits
    excused = {verdict.check for verdict in report.verdicts if verdict.excused}
    assert {"A-nodes-shape", "C-nodes-operator", "C-nodes-unique", "C-table-other"} <= excused
    assert "C-asset-agrees" in {verdict.check for verdict in report.with_outcome("passed")}


@pytest.fixture(scope="module")
def report() -> Report:
    """What a run says of the reference's data."""
    return judged(levels="BC")


def test_the_reference_is_one_world(report: Report) -> None:
    """The documented server keeps every relation, and each was judged."""
    assert [] == list(report.failures)
    relations = {"B-fields-agree", "C-run-content", "C-replay", "C-workspace-same"}
    assert relations <= {verdict.check for verdict in report.with_outcome("passed")}


def test_relations_are_counted_by_class_of_data(report: Report) -> None:
    """Ids beyond 31 and beyond 53 bits, equal times and ends of months: each relation says what it was tested by."""
    counted = {(each.check, each.data_class): each.judged for each in report.coverage.relations}
    assert counted["C-window-adds-up", "over a midnight"] > 0
    assert counted["C-run-content", "an id beyond 53 bits"] > 0
    assert counted["C-offset-slice", "equal times"] > 0
    assert counted["C-run-content", "over a change of clocks"] > 0
    assert 0 == counted["C-run-content", "two workspaces"]
    assert any("no relation was tested with" in each and "two workspaces" in each for each in report.limits)
