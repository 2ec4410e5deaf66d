"""The suite catches a sample of the fleet, and what it caught is told rightly; ``make mutants`` runs the whole."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract._broken.seams import Seam
from dataarts_datamap_contract.mutants.__main__ import main
from dataarts_datamap_contract.mutants._aim import running
from dataarts_datamap_contract.mutants._judges import judge_broken, judge_correct, judge_levels
from dataarts_datamap_contract.mutants._matrix import write_matrix
from dataarts_datamap_contract.mutants._outcomes import BrokenOutcome, CorrectOutcome
from dataarts_datamap_contract.mutants._stock import find_with_stock
from dataarts_datamap_contract.mutants._stock_record import RECORD, StockRecord

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = {server.name: server for server in BROKEN_SERVERS}
CORRECT = {server.name: server for server in CORRECT_SERVERS}
SAMPLE = (
    *("status-code-500-beside-rows", "byte-order-mark", "running-data-cut-to-the-column", "no-success-beside-rows"),
    *("total-of-the-page", "job-name-by-prefix", "token-in-any-case", "limit-with-a-fraction"),
    *("search-or-as-and", "details-lose-the-last", "bulk-limit-counts-rows", "bulk-source-is-target"),
    *(
        "upstream-and-downstream-confused",
        "downstream-edges-turned",
        "both-is-upstream",
        "signature-leaves-out-the-body",
    ),
)


@pytest.mark.parametrize("name", SAMPLE)
def test_the_suite_catches(name: str) -> None:
    """A broken server is caught by a check that names its defect."""
    outcome = judge_broken(BROKEN[name])

    assert outcome.caught_by, outcome


@pytest.mark.prove
def test_the_suite_does_not_cry_wolf() -> None:
    """A server that is correct but different conforms, and enough of the suite came to a verdict to say so."""
    outcome = judge_correct(CORRECT["sparse-rows"])

    assert () == outcome.findings
    assert outcome.judged > 60


@pytest.mark.prove
def test_another_check_does_not_count() -> None:
    """A defect that only a check fires on that was not declared counts as missed, and the check is told."""
    server = replace(BROKEN["total-as-text"], checks=frozenset({"A-header-map", "B-time-order"}))

    outcome = judge_levels(server, "AB")

    assert () == outcome.caught_by
    assert "B-page-shape" in outcome.also_failed


@pytest.mark.prove
def test_stock_finds_nothing_on_the_reference() -> None:
    """What stock schemathesis says of a broken server is not what it says of any."""
    with running(Seam().build) as target:
        assert frozenset() == find_with_stock(target)
    with running(BROKEN["numeric-error-code"].seam.build) as target:
        assert frozenset({"response_schema_conformance"}) == find_with_stock(target)


def test_runs_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command runs servers in processes of their own, prints each outcome, and writes the matrix."""
    path = tmp_path / "matrix.md"

    code = main(["--only", "total-as", "--no-stock", "--workers", "1", "--output", str(path)])

    printed = capsys.readouterr()
    assert 0 == code
    assert printed.out.startswith("1 of 1 broken servers caught (stock: 0 of 1 measured), 0 of 0 correct ones conform")
    assert "total-as-text" in printed.err
    assert " to be measured now" not in printed.err
    assert "| total-as-text | total is a number | `B-page-shape` | - |" in path.read_text(encoding="utf-8")


@pytest.mark.prove
def test_looks_for_false_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    """With seeds, correct servers alone are judged, each with every seed, and a line tells which."""
    code = main(["--only", "header-map-empty", "--seeds", "1", "--budget", "quick", "--workers", "1"])

    printed = capsys.readouterr()
    assert 0 == code
    assert printed.out.startswith("0 of 0 broken servers caught (stock: 0 of 0 measured), 1 of 1 correct ones conform")
    assert printed.err.startswith("header-map-empty, seed 0 ")


def test_nothing_to_run_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that no server has is a failure, not an empty success."""
    assert 1 == main(["--only", "no such server"])
    assert "0 of 0 broken servers" in capsys.readouterr().out


def test_stock_runs_only_where_its_outcome_is_not_known(tmp_path: Path) -> None:
    """A recorded outcome is found again, empty ones too, and none that another version of schemathesis had."""
    path = tmp_path / "stock.json"
    record = StockRecord(path)
    assert record.find("total-as-text") is None

    record.add("total-as-text", ())
    record.add("large-pages-said-to-be-gzip", ("not_a_server_error",))

    again = StockRecord(path)
    assert () == again.find("total-as-text")
    assert ("not_a_server_error",) == again.find("large-pages-said-to-be-gzip")
    path.write_text(path.read_text(encoding="utf-8").replace(version("schemathesis"), "0.0"), encoding="utf-8")
    assert StockRecord(path).find("total-as-text") is None


def test_the_record_is_of_this_fleet() -> None:
    """No outcome stays of a server that is gone."""
    assert set() == json.loads(RECORD.read_text(encoding="utf-8"))["outcomes"].keys() - BROKEN.keys()


def test_the_matrix_tells_all() -> None:
    """Catches, misses with what fired instead, stock's column, early and late apart, and wrong alarms."""
    text = write_matrix(
        [
            BrokenOutcome(server="status-code-as-text", caught_by=("A-envelope-shape",), stock=("one", "two")),
            BrokenOutcome(server="total-as-text", also_failed=("A-json",), unjudged=("B-page-shape",), stock=()),
            BrokenOutcome(server="total-of-the-page", caught_by=("C-total-constant",)),
        ],
        [
            CorrectOutcome(server="gzip", findings=(), judged=80, seconds=1),
            CorrectOutcome(server="chunked", findings=("A-json failed: a | b", "no 401"), judged=80, seconds=1),
        ],
    )

    lines = text.splitlines()
    assert "| level A | 1 | 1 | 1 |" in lines
    assert "| level B | 1 | 0 | 0 |" in lines
    assert "| all | 3 | 2 | 1 of 2 |" in lines
    assert "| status-code-as-text | status_code is a number | `A-envelope-shape` | `one`, `two` |" in lines
    missed = "**missed**; only `A-json` fired; no verdict of `B-page-shape`"
    assert f"| total-as-text | total is a number | {missed} | - |" in lines
    assert any(line.startswith("| total-of-the-page | ") and line.endswith(" | not run |") for line in lines)
    assert any(line.startswith("| gzip | ") and line.endswith(" | conforms |") for line in lines)
    assert any(line.endswith(" | **wrongly failed**: A-json failed: a \\| b; no 401 |") for line in lines)
