"""The page of a conformance run, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.suite import Evidence, Report, Verdict
from dataarts_datamap_contract.suite.catalogue import CATALOGUE
from dataarts_datamap_contract.suite.reports import write_html
from dataarts_datamap_contract.suite.verdicts import Cell, Coverage, SchemaType
from support.browser import Visit

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

EVIL = "</script><script>document.title='owned';alert(1)</script><img src=x onerror=alert(2)>"
COMMANDS = f"curl -sS 'http://h/{'a' * 400}'\ncurl -sS http://h/second"
VERDICTS = (
    Verdict("A-json", "A", "passed", judged=3),
    Verdict("A-content-type", "A", "failed", "rows differ", COMMANDS, 2, baseline="since 2026-11-25: ticket 7"),
    Verdict("B-row-shape", "B", "failed", EVIL, COMMANDS, 2),
    Verdict("C-total-constant", "C", "untested", "no run was found"),
    Verdict("D-tenant-isolated", "D", "untested", "no second tenant", excused=True),
    Verdict("E-fraction", "E", "errored", "timed out"),
)
COVERAGE = Coverage(
    cells=(Cell("ShowInstanceInfos", "a_parameter_with_a_long_name", "valid", {200: 12345}),),
    types=(SchemaType("ShowInstanceInfos", "$.body → $.rows[].runningData → $.a" + ".b" * 60, "string", 3),),
)


def opened(browser: Browser, folder: Path, *verdicts: Verdict, **settings: Any) -> Visit:
    """A visit to the page of a run with some verdicts."""
    report = Report("http://127.0.0.1", "ABCDE", 7, verdicts, evidence=Evidence(9, 3, 3, 3), coverage=COVERAGE)
    write_html(report, folder / "report.html")
    return Visit(browser, folder / "report.html", **{"viewport": {"width": 1280, "height": 900}, **settings})


def shown(page: Page) -> list[str]:
    """The ids of the checks that are shown."""
    checks: list[str] = page.eval_on_selector_all(
        "details.check", "all => all.filter(one => one.checkVisibility()).map(one => one.id)"
    )
    return checks


def test_order(browser: Browser, tmp_path: Path) -> None:
    """The verdict comes first, then failures, open; what passed is folded. No text of the server acts."""
    visit = opened(browser, tmp_path, *VERDICTS)
    page = visit.page

    assert "Does not conform" == page.locator("h1").inner_text()
    assert ["B-row-shape", "A-content-type", "A-json", "C-total-constant", "D-tenant-isolated", "E-fraction"] == shown(
        page
    )
    assert ["B-row-shape", "E-fraction"] == page.eval_on_selector_all(".check[open]", "all => all.map(one => one.id)")
    assert EVIL in page.locator("#B-row-shape").inner_text()
    assert ("Conformance of http://127.0.0.1", [], 1) == (page.title(), visit.complaints, len(visit.requests))


@pytest.mark.parametrize(
    ("verdicts", "title"),
    [(VERDICTS[:1], "Conforms"), (VERDICTS, "Does not conform"), (VERDICTS[-1:], "Could not be judged")],
)
def test_banner(browser: Browser, tmp_path: Path, verdicts: tuple[Verdict, ...], title: str) -> None:
    """The title says how the run ended, as its exit code does."""
    assert title == opened(browser, tmp_path, *verdicts).page.locator("h1").inner_text()


def test_counts(browser: Browser, tmp_path: Path) -> None:
    """Each level has a row of counts, and leads to its checks."""
    page = opened(browser, tmp_path, *VERDICTS).page
    rows = page.locator("table").first.locator("tr").all_inner_texts()

    assert ["Level", "Failed", "Errored", "Untested", "Known", "Not applicable", "Passed"] == rows[0].split("\t")
    assert ["", "", "", "1", "", "1"] == rows[1].split("\t")[1:]
    assert ["1", "", "", "", "", ""] == rows[2].split("\t")[1:]
    links = page.eval_on_selector_all("table a", "all => all.map(one => one.hash)")
    assert ["#level-A", "#failures", "#level-C", "#level-D", "#level-E"] == links
    assert all(page.locator(link).count() == 1 for link in links)


def test_filter(browser: Browser, tmp_path: Path) -> None:
    """Outcomes and text choose what is shown, and the page says how much that is."""
    page = opened(browser, tmp_path, *VERDICTS).page
    page.get_by_label("passed").uncheck()
    page.get_by_label("Text of a check").fill("TIMED")

    assert ["E-fraction"] == shown(page)
    assert "1 of 6 checks are shown." == page.locator("output").inner_text()
    assert not page.locator("#failures").is_visible()


def test_link_to_a_check(browser: Browser, tmp_path: Path) -> None:
    """The address of a check opens it, whatever is filtered."""
    page = opened(browser, tmp_path, *VERDICTS).page
    page.get_by_label("passed").uncheck()
    page.evaluate("location.hash = '#A-json'")
    page.wait_for_selector("#A-json[open]")

    assert CATALOGUE["A-json"].rule in page.locator("#A-json").inner_text()


def test_copies_a_command(browser: Browser, tmp_path: Path) -> None:
    """Each command of a failure has a button that copies it, or selects it where the browser does not allow more."""
    page = opened(browser, tmp_path, VERDICTS[2]).page
    button = page.get_by_role("button", name="Copy").nth(1)
    button.click()
    page.wait_for_function("document.querySelectorAll('button')[1].textContent !== 'Copy'")

    assert page.locator("button").nth(1).inner_text() in {"Copied", "Selected"}
    if "Selected" == page.locator("button").nth(1).inner_text():
        assert "curl -sS http://h/second" == page.evaluate("String(getSelection())")


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_nothing_is_wider_than_the_page(browser: Browser, tmp_path: Path, width: int) -> None:
    """Long commands wrap, and wide tables scroll by themselves, on a phone too."""
    page = opened(browser, tmp_path, *VERDICTS, viewport={"width": width, "height": 844}).page
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")

    assert width == page.evaluate("document.documentElement.scrollWidth")


def test_without_scripts(browser: Browser, tmp_path: Path) -> None:
    """Without its script, the page shows the same, and no control that would do nothing."""
    page = opened(browser, tmp_path, *VERDICTS, java_script_enabled=False).page

    assert 6 == page.locator("details.check").count()
    assert not page.locator("form").is_visible()
    assert "none" == page.locator("button").first.evaluate("one => getComputedStyle(one).display")
