"""What a run says of assets and their lineage: where they are not open, and where they change meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract.mutants._aim import running
from dataarts_datamap_contract.suite import run_suite

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite import Report

SEAMS = {
    **{server.name: server.seam for server in BROKEN_SERVERS},
    **{server.name: server.seam for server in CORRECT_SERVERS},
}


def judged(name: str, levels: str = "ABC", **how: Any) -> Report:
    """The report on a server of the fleet, without random requests."""
    with running(SEAMS[name].build) as target:
        return run_suite(target, levels=levels, max_examples=0, **how)


@pytest.mark.prove
def test_who_is_not_invited_blames_nobody() -> None:
    """What the server does not open is named with its own words, and the checks of it do not apply."""
    report = judged("not-invited")

    assert 0 == report.exit_code(ci=True)
    named = [limit for limit in report.limits if limit.startswith("ShowLineageBulk: ")]
    assert ["ShowLineageBulk: it is answered 404 (APIGW.0101"] == [limit.partition(" The")[0] for limit in named]
    excused = {verdict.check for verdict in report.verdicts if verdict.excused}
    assert {"C-search-pages", "C-lineage-mirror", "C-bulk-pages", "B-asset-shape"} <= excused


@pytest.mark.prove
def test_what_is_open_is_judged() -> None:
    """Where searches alone are open, they are judged, and the checks of the rest do not apply."""
    report = judged("invited-to-searches-alone")

    passed = {verdict.check for verdict in report.with_outcome("passed")}
    assert {"C-search-pages", "C-search-narrows"} <= passed
    assert {"C-lineage-mirror", "C-bulk-pages", "C-details-batch"}.isdisjoint(passed)
    assert () == report.failures


@pytest.mark.parametrize("name", ["lineage-of-a-dropped-table", "tables-without-lineage-not-found"])
def test_what_changes_is_no_contradiction(name: str) -> None:
    """Assets that were dropped, or are without lineage, contradict nothing."""
    assert () == judged(name).failures


@pytest.mark.prove
def test_what_moved_is_named() -> None:
    """A search whose hits grew during the run is not judged by that, and the report says so."""
    report = judged("assets-being-made")

    assert () == report.failures
    assert "ShowDataSets: its data changed during the run" in report.limits


@pytest.mark.parametrize(
    ("name", "check", "words"),
    [
        ("names-in-capitals-in-a-search", "C-asset-agrees", "display_text is "),
        ("bulk-total-of-operators-with-rows", "C-bulk-pages", " operators "),
        ("nothing-is-downstream", "C-lineage-mirror", " that other responses show"),
        ("search-misses-sources", "C-search-finds", "a search by 'ods_orders' does not find"),
    ],
)
def test_a_contradiction_shows_both_requests(name: str, check: str, words: str) -> None:
    """Two responses that contradict each other are shown as two requests, with their bodies, and no secret."""
    report = judged(name, "C", stop_on={check})

    (verdict,) = (each for each in report.failures if each.check == check)
    assert words in verdict.reason
    lines = (verdict.curl or "").splitlines()
    assert 1 <= len(lines) <= 2
    assert all(("--data-binary" in line) == ("-X POST" in line) for line in lines)
    assert "mock-token" not in repr(report)
