"""The pages, looked at by axe-core: nothing serious or critical keeps anyone from reading them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from dataarts_datamap import RunState, Table, TableCheck, TableRule, Verdict
from dataarts_datamap._monitoring.explanation import Explanation, Link, Trouble
from dataarts_datamap._monitoring.freshness import table_status
from dataarts_datamap._monitoring.upstream import Upstream, UpstreamTable
from dataarts_datamap._report.chinese import CHINESE
from dataarts_datamap._report.contents import report_on
from dataarts_datamap._report.html_page import page
from dataarts_datamap._report.overview.overview_page import overview_page
from dataarts_datamap._report.overview.table_days import DayStrip, OverviewRow, days_until
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._window import Window
from dataarts_datamap_contract.mock import TABLE_GUID, MockServer
from docs_build.documents import ROOT, site_pages
from docs_build.live_pages import LIVE_PAGES
from support.runs import PLANNED, make_run

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from dataarts_datamap._report.texts import Texts

pytestmark = pytest.mark.prove

AXE: Final = ROOT / ".axe" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE: Final = ("serious", "critical")
WIDE, NARROW = 1280, 390
VIEWS: Final = [("light", WIDE), ("light", NARROW), ("dark", WIDE), ("dark", NARROW)]


def found(browser: Browser, path: Path, view: tuple[str, int]) -> list[str]:
    """What keeps people from reading a page, in a scheme and a width."""
    if not AXE.exists():
        pytest.fail("axe-core is not there: run make prove")
    scheme, width = view
    settings: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    context = browser.new_context(offline=True, bypass_csp=True, **settings)
    try:
        shown = context.new_page()
        shown.goto(path.as_uri())
        shown.wait_for_load_state("load")
        shown.evaluate(AXE.read_text(encoding="utf-8"))
        judged: dict[str, Any] = shown.evaluate("axe.run()")
    finally:
        context.close()
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in judged["violations"] if one["impact"] in GRAVE]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder: Path = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "docs_build", str(folder)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert 0 == done.returncode, done.stdout + done.stderr
    return folder / "site"


@pytest.mark.parametrize("name", sorted(set(site_pages().values())))
def test_site(name: str, site: Path, browser: Browser) -> None:
    """Each page of the site, in the light."""
    assert [] == found(browser, site / name.replace(".md", ".html"), VIEWS[0])


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("name", LIVE_PAGES)
def test_live_pages(name: str, view: tuple[str, int], site: Path, browser: Browser) -> None:
    """The pages in the site that the command wrote."""
    assert [] == found(browser, site / "live" / name, view)


@pytest.mark.parametrize("view", VIEWS[1:], ids=str)
@pytest.mark.parametrize(
    "name", ["index.html", "how-to/troubleshooting.html", "reference/clients.html", "zh/tutorial.html"]
)
def test_site_in_other_views(name: str, view: tuple[str, int], site: Path, browser: Browser) -> None:
    """Pages of each kind, in the dark and on a phone."""
    assert [] == found(browser, site / name, view)


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("say", [ENGLISH, CHINESE], ids=lambda one: one.tag)
def test_report(say: Texts, view: tuple[str, int], browser: Browser, tmp_path: Path) -> None:
    """The report of a table, in both languages."""
    hour = 3_600_000
    statuses = ("success", "success", "fail", "running", "skip", "brand-new")
    runs = [
        make_run(number, status=status, planTime=PLANNED + number * hour, executionLogPath=f"obs://log/{number}")
        for number, status in enumerate(statuses)
    ]
    window = Window(PLANNED - hour, PLANNED + 7 * hour)
    now = datetime.fromtimestamp(window.end / 1000, UTC)
    near = UpstreamTable(table=Table(guid="u", name="near"), steps=1, trouble=Trouble.FAILED, run=runs[2])
    upstream = Upstream(tables=(UpstreamTable(table=Table(guid="t", name="orders"), steps=0), near))
    report = report_on(runs, table_guid="t", window=window, now=now, zone=UTC, upstream=upstream)
    file = tmp_path / "report.html"
    file.write_text(page(report, say=say), encoding="utf-8")

    assert [] == found(browser, file, view)


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("say", [ENGLISH, CHINESE], ids=lambda one: one.tag)
def test_overview(say: Texts, view: tuple[str, int], browser: Browser, tmp_path: Path) -> None:
    """The page of all tables, in both languages."""
    now = datetime(2026, 11, 30, tzinfo=UTC)
    days = days_until(now, UTC, 3)
    strip = DayStrip(label="a", days=({RunState.SUCCEEDED: 1}, {RunState.FAILED: 1}, {}))
    link = Link(table=Table(guid="x", name="x"), trouble=Trouble.FAILED, run=make_run(1, executionLogPath="obs://log"))
    why = Explanation(table=Table(guid="t"), status=table_status([], now=now), causes=(link,))
    checks = [
        TableCheck(
            rule=TableRule(name=verdict.value, owner="ana"), verdict=verdict, reason="why", now=now, explanation=why
        )
        for verdict in Verdict
    ]
    rows = [OverviewRow(check=check, strip=strip, operators=(strip,)) for check in checks]
    file = tmp_path / "overview.html"
    file.write_text(overview_page(rows, days, now=now, zone=UTC, say=say), encoding="utf-8")

    assert [] == found(browser, file, view)


@pytest.fixture(scope="module")
def conformance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a conformance run."""
    folder: Path = tmp_path_factory.mktemp("conformance")
    options = [
        "--mock",
        "--discover",
        "--table",
        TABLE_GUID,
        "--levels",
        "A",
        "--max-examples",
        "1",
        "--html",
        "page.html",
    ]
    with MockServer() as server:
        known = server.config
        ids = ["--endpoint", server.url]
        environment = {
            "DATAMAP_TOKEN": known.token,
            "DATAMAP_PROJECT_ID": known.project_id,
            "DATAMAP_INSTANCE_ID": known.instance_id,
        }
        command = [sys.executable, "-m", "dataarts_datamap", "conform", *ids, *options]
        subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True)
    return folder / "page.html"


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_conformance(view: tuple[str, int], conformance: Path, browser: Browser) -> None:
    """The page of the conformance suite."""
    assert [] == found(browser, conformance, view)
