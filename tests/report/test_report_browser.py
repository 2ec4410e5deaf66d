"""The page of a report in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from dataarts_datamap import Table, Upstream, UpstreamTable
from dataarts_datamap._models.runs import run_identity
from dataarts_datamap._report.contents import report_on
from dataarts_datamap._report.failure_logs import FailureLog
from dataarts_datamap._report.html_page import page
from dataarts_datamap._times import time_text
from dataarts_datamap._window import Window
from support.browser import Visit, becomes
from support.runs import PLANNED, make_run

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from dataarts_datamap import Run

HOUR = 3_600_000
EVIL = "</script><script>document.title='owned';alert(1)</script><img src=x onerror=alert(2)>"
EVERYTHING = (
    ("success", 60, 150),
    ("fail", 30, 3),
    ("running", None, 1),
    ("skip", None, 2),
    ("brand-new", 10, 1),
)
"""A status, how many seconds such a run takes, and how many there are."""


def everything() -> list[Run]:
    """Runs of each state, an hour apart, one of them slow; one of a second job whose name is an attack."""
    kinds = [(status, took) for status, took, number in EVERYTHING for _ in range(number)]
    runs = [varied(number, status, took) for number, (status, took) in enumerate(kinds)]
    slow = varied(len(runs), "success", 600)
    return [*runs, slow, varied(len(runs) + 1, "fail", 5, jobName=EVIL, executionLogPath=EVIL)]


def varied(number: int, status: str, took: float | None, **fields: Any) -> Run:
    """A run of some hour."""
    plan = PLANNED + number * HOUR
    times = {"planTime": plan, "startTime": plan + 5_000, "endTime": 0 if took is None else plan + 5_000 + took * 1000}
    return make_run(number, **{"status": status, "executionLogPath": f"obs://log/{number}", **times, **fields})


def write_page(
    file: Path, runs: list[Run], *, start: int = PLANNED - HOUR, zone: tzinfo = UTC, log: FailureLog | None = None
) -> Path:
    """The page of a report on runs, each of which has that log."""
    window = Window(start, max(int(run.raw["planTime"]) for run in runs) + HOUR)
    now = datetime.fromtimestamp(window.end / 1000, UTC)
    report = report_on(runs, table_guid="t", window=window, now=now, zone=zone)
    if log is not None:
        report = structs.replace(report, logs={run_identity(run): log for run in runs})
    file.write_bytes(page(report).encode())
    return file


def test_what_it_shows(browser: Browser, tmp_path: Path) -> None:
    """The page answers, counts, lists and filters, by keyboard too; it asks for nothing, and no text of a run acts."""
    file = write_page(tmp_path / "report.html", everything())
    visit = Visit(browser, file, color_scheme="light", viewport={"width": 1280, "height": 900})
    shown = visit.page

    answer = f"The table is not fresh: 1 run of {EVIL[:79]}… failed, and none succeeded."
    assert f"t\n{answer}" == shown.locator("h1").inner_text()
    facts = shown.locator(".facts").inner_text().split("\n")
    expected = {"Runs": "159", "Succeeded": "151", "Failed": "4", "Active": "1", "Skipped": "2", "Unknown": "1"}
    assert {**expected, "Outliers": "1"} == {name: facts[facts.index(name) + 1] for name in (*expected, "Outliers")}
    assert ["Succeeded", "Failed", "Active", "Skipped", "Unknown"] == shown.locator("#states span").all_inner_texts()
    assert ["Failures 4", "Outliers 1", "All 159"] == shown.locator("#tabs button").all_inner_texts()
    assert EVIL[:79] + "…" == shown.locator("#strip .names div").nth(0).inner_text()
    assert EVIL == shown.locator("#list tr").first.locator("td code").text_content()
    assert "obs://log/152" in shown.locator("#list").inner_text()

    look_at_charts(visit)
    filter_by_keyboard(visit)
    change_colours(visit)
    shown.set_viewport_size({"width": 390, "height": 844})
    assert 390 == shown.evaluate("document.documentElement.scrollWidth")
    assert f"t: {answer} Data Map report" == shown.title()
    assert ([file.as_uri()], []) == (visit.requests, visit.complaints)


def test_zone(browser: Browser, tmp_path: Path) -> None:
    """The page tells times as the zone has them, before and after its clocks change."""
    zone = ZoneInfo("Europe/Berlin")
    first = int(datetime(2023, 10, 28, 22, 30, tzinfo=UTC).timestamp() * 1000)
    runs = [make_run(number, planTime=first + number * HOUR) for number in range(5)]
    visit = Visit(browser, write_page(tmp_path / "report.html", runs, start=first - HOUR, zone=zone))

    expected = [time_text(run.plan_time, zone) for run in reversed(runs) if run.plan_time]
    assert ["03:30", "02:30", "02:30", "01:30", "00:30"] == [text[11:16] for text in expected]
    assert expected == visit.page.locator("#list td.time").all_inner_texts()
    visit.page.locator("#from").fill("2023-10-29 03:00")
    visit.page.locator("#from").blur()
    assert "1 of 5 runs shown" == visit.page.locator("#result").inner_text()
    assert [] == visit.complaints


def test_what_is_filtered(browser: Browser, tmp_path: Path) -> None:
    """A line says what is filtered, whichever way, and takes each of it away; a time that is none changes nothing."""
    visit = Visit(browser, write_page(tmp_path / "report.html", everything()))
    shown = visit.page
    chosen = shown.locator("#chosen button")
    shown.locator("#states input").first.uncheck(force=True)
    shown.locator("#text").fill("ETL")
    shown.locator("#from").fill("2024-01-17")
    shown.locator("#from").blur()
    expected = ["text ETL", "without state Succeeded", "planned from 2024-01-17 00:00"]

    assert becomes(shown, "document.querySelectorAll('#chosen button').length === 3")
    assert expected == [text.split("\n")[0] for text in chosen.all_inner_texts()]
    before = shown.locator("#result").inner_text()
    for wrong in ("17.1.2024", "2024-02-30", "2024-01-17 25:00"):
        shown.locator("#to").fill(wrong)
        shown.locator("#to").blur()
        assert shown.get_by_role("alert").is_visible()
        assert ("true", before) == (
            shown.locator("#to").get_attribute("aria-invalid"),
            shown.locator("#result").inner_text(),
        )
    shown.get_by_role("button", name="Remove the filter planned from 2024-01-17 00:00").press("Enter")
    assert not shown.get_by_role("alert").is_visible()
    assert 2 == chosen.count()
    shown.get_by_role("button", name="Clear").press("Enter")
    assert ("159 runs", 0) == (shown.locator("#result").inner_text(), chosen.count())
    assert not shown.locator("#clear").is_visible()


def test_reasons_lead_to_runs(browser: Browser, tmp_path: Path) -> None:
    """A reason's link leads to its run in the list, past all that hides it; so does the page's address."""
    file = write_page(tmp_path / "report.html", everything())
    visit = Visit(browser, file)
    shown = visit.page
    shown.locator("#text").fill("nothing like this")
    shown.locator("#runs summary").first.click()
    for number in (153, 156):  # one that is active, one whose status is not known
        shown.locator(".reasons").get_by_role("link", name=f"run {number}").click()
        assert f"run-{number}" == shown.evaluate("document.activeElement.id")
        assert "159 runs" == shown.locator("#result").inner_text()
    shown.goto(f"{file.as_uri()}#run-3")
    shown.reload()
    assert "run-3" == shown.evaluate("document.activeElement.id")
    assert "All 159" == shown.locator("#tabs [aria-pressed=true]").inner_text()
    assert [] == visit.complaints


def test_log_paths_are_copied(browser: Browser, tmp_path: Path) -> None:
    """A log path that is too long loses its middle, never its end, and a button copies all of it."""
    path = f"obs://{'very-long-bucket-name/' * 9}{EVIL}/load_orders.job"
    file = write_page(tmp_path / "report.html", [varied(0, "fail", 5, executionLogPath=path)])
    visit = Visit(browser, file, permissions=["clipboard-read", "clipboard-write"])
    shown = visit.page
    button = shown.get_by_role("button", name="Copy: log path of run 0")
    shown.set_viewport_size({"width": 390, "height": 844})
    end = shown.locator("#list .path-tail")

    assert path == shown.locator("#list code").text_content()
    assert end.inner_text().endswith("/load_orders.job")
    assert end.evaluate("end => end.getBoundingClientRect().right") < 390
    assert 390 == shown.evaluate("document.documentElement.scrollWidth")
    button.press("Enter")
    assert becomes(shown, "document.getElementById('spoken').textContent === 'Copied'")
    assert path == shown.evaluate("navigator.clipboard.readText()")
    shown.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    shown.evaluate("document.addEventListener('copy', () => { window.copied = getSelection().toString(); })")
    button.press("Enter")
    assert becomes(shown, "window.copied !== undefined")
    assert [] == visit.complaints


def test_strip_has_a_square_for_each_run(browser: Browser, tmp_path: Path) -> None:
    """Where they fit, each planned run has a square of its own; else the newest have, on request."""
    visit = Visit(browser, write_page(tmp_path / "report.html", everything()))
    shown = visit.page
    hint, strip = shown.locator("#strip-hint"), shown.get_by_role("application", name="Outcomes by planned time")

    assert "Each cell is 3 h of planned runs (UTC) and shows the worst outcome." == hint.inner_text()
    shown.get_by_role("button", name="The newest runs").press("Enter")
    assert "Each square is a planned run (UTC)." == hint.inner_text()
    shown.get_by_role("button", name="The whole time").press("Enter")
    shown.get_by_role("button", name="24 h").press("Enter")
    assert "Each square is a planned run (UTC)." == hint.inner_text()
    assert not shown.locator("#strip-kind").is_visible()
    strip.press("Home")
    strip.press("Enter")
    assert "run-158" == shown.evaluate("document.activeElement.id")
    assert "outlier" in shown.locator("#strip-key").inner_text()


def test_attempts(browser: Browser, tmp_path: Path) -> None:
    """What was tried again says how often in the list, and the key of the strip what its square looks like."""
    runs = [varied(0, "success", 5, retryTimes=2), varied(1, "success", 5)]
    visit = Visit(browser, write_page(tmp_path / "report.html", runs))

    assert ["3 attempts"] == visit.page.locator("#list .tries").all_inner_texts()
    assert "tried again" in visit.page.locator("#strip-key").inner_text()


@pytest.mark.parametrize(("width", "is_wide"), [(1280, False), (390, True)])
def test_a_drawing_that_goes_on_says_so(browser: Browser, tmp_path: Path, width: int, is_wide: bool) -> None:  # noqa: FBT001
    """Where what feeds the table is wider than the page, a line says so, and the tab key stops at it to scroll it."""
    tables = tuple(UpstreamTable(table=Table(guid=f"t{steps}", name=f"t{steps}"), steps=steps) for steps in range(3))
    window = Window(PLANNED - HOUR, PLANNED + HOUR)
    now = datetime.fromtimestamp(window.end / 1000, UTC)
    report = report_on([], table_guid="t0", window=window, now=now, zone=UTC, upstream=Upstream(tables=tables))
    file = tmp_path / "report.html"
    file.write_text(page(report), encoding="utf-8")
    visit = Visit(browser, file, viewport={"width": width, "height": 800})
    drawing = visit.page.locator("#upstream-scroll")

    assert [] == visit.complaints
    assert is_wide == visit.page.locator("#upstream-wide").is_visible()
    assert ("0" if is_wide else None) == drawing.get_attribute("tabindex")
    drawing.focus()
    visit.page.keyboard.press("ArrowRight")
    assert not is_wide or becomes(visit.page, "document.getElementById('upstream-scroll').scrollLeft > 0")


def test_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    """Runs are cards, filters and the later charts are folded, and open; nothing is wider than the screen."""
    file = write_page(tmp_path / "report.html", everything())
    visit = Visit(browser, file, viewport={"width": 390, "height": 844}, has_touch=True)
    shown = visit.page
    folds = shown.locator("details.fold")

    assert [True, True, False, False] == folds.evaluate_all("all => all.map(one => one.open)")
    assert not shown.locator("#text").is_visible()
    shown.get_by_role("button", name="Filters").tap()
    assert shown.locator("#text").is_visible()
    assert 5 == shown.locator("#list tr").count() + 1
    cards = shown.locator("#list tr").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert all(width <= 390 for width in cards)
    folds.nth(2).locator("summary").first.tap()
    painted = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value)"
    assert becomes(shown, f"({painted})(document.querySelector('#gantt canvas'))")
    assert 390 == shown.evaluate("document.documentElement.scrollWidth")
    assert [] == visit.complaints


def test_logs_are_folded(browser: Browser, tmp_path: Path) -> None:
    """The end of a log is below its run, folded, and is text whatever stands in it."""
    log = FailureLog(text=f"one\n{EVIL}\n", size=100_000)
    visit = Visit(browser, write_page(tmp_path / "report.html", [varied(0, "fail", 5)], log=log))
    folded = visit.page.locator("#list details")

    assert "End of the log (100,000 bytes in all)" == folded.locator("summary").inner_text()
    assert not folded.locator("pre").is_visible()
    folded.locator("summary").click()
    assert f"one\n{EVIL}" == folded.locator("pre").inner_text().rstrip()
    assert [] == visit.complaints


@pytest.mark.parametrize("width", [1280, 800])
def test_wide_rows_fit(browser: Browser, tmp_path: Path, width: int) -> None:
    """No log path runs out of the list, however long path, name, status and spans are: it has the width of its row."""
    long = {"jobName": "ETL_Job_" * 9, "executionLogPath": "obs://dlf-log/" + "0123456789abcdef" * 9}
    late = {"taskRunningLogId": 900_000_000_000, "startTime": PLANNED + 500 * HOUR, "endTime": PLANNED + 915 * HOUR}
    kinds = ["success"] * 20 + ["manual-stop", "a status of more words than any that is known", "success"]
    runs = [varied(number, status, 60, **long, **late if number > 19 else {}) for number, status in enumerate(kinds)]
    visit = Visit(browser, write_page(tmp_path / "report.html", runs), viewport={"width": width, "height": 900})
    visit.page.get_by_role("button", name="All 23").click()

    assert "slow" in visit.page.locator("#list").inner_text()
    room, taken = visit.page.locator(".scroll").evaluate("box => [box.clientWidth, box.scrollWidth]")
    assert room == taken
    assert room == visit.page.locator("td.log").first.evaluate("cell => cell.offsetWidth")


def look_at_charts(visit: Visit) -> None:
    """Each chart is drawn, has a name, and reads its runs out at the arrow keys."""
    shown = visit.page
    charts = shown.locator("canvas")
    assert 6 == charts.count()
    for number in range(charts.count()):
        painted = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value)"
        assert charts.nth(number).evaluate(painted)
    assert shown.get_by_role("application", name="Outcomes by planned time").count()
    assert shown.get_by_role("application", name="Duration of ETL_Job_dli2dws").count()
    shown.get_by_role("application", name="Outcomes by planned time").press("Home")
    assert "fail (failed)" in shown.locator("#spoken").inner_text()
    shown.get_by_role("application", name="Runs on a time line").press("ArrowRight")
    shown.keyboard.press("ArrowDown")
    shown.keyboard.press("ArrowUp")
    assert "planned 2024-01-1" in shown.locator("#spoken").inner_text()


def filter_by_keyboard(visit: Visit) -> None:
    """State, job, text and time are filtered by, from the keyboard alone."""
    shown = visit.page
    shown.locator("#states input").nth(0).focus()
    shown.keyboard.press("Space")
    result = shown.locator("#result")
    assert "8 of 159 runs shown" == result.inner_text()
    shown.locator("#text").focus()
    shown.keyboard.type("brand")
    assert becomes(shown, "document.getElementById('result').textContent === '1 of 159 runs shown'")
    shown.locator("#tabs button").last.press("Enter")
    assert "brand-new" in shown.locator("#list").inner_text()
    shown.get_by_role("button", name="Clear").press("Enter")
    assert "159 runs" == result.inner_text()
    shown.locator("#jobs summary").press("Enter")
    shown.locator("#jobs input").nth(1).press("Space")
    assert "1 of 159 runs shown" == result.inner_text()
    shown.get_by_role("button", name="Clear").press("Enter")
    shown.get_by_role("button", name="24 h").press("Enter")
    assert "24 of 159 runs shown" == result.inner_text()
    shown.get_by_role("button", name="Clear").press("Enter")


def change_colours(visit: Visit) -> None:
    """The page is dark where the system is, or where the switch says so; its charts are drawn again."""
    shown = visit.page
    background = "getComputedStyle(document.body).backgroundColor"
    picture = "document.querySelector('#strip canvas').toDataURL()"
    light, drawn = shown.evaluate(background), shown.evaluate(picture)
    shown.emulate_media(color_scheme="dark")
    dark = shown.evaluate(background)
    assert light != dark
    assert becomes(shown, f"{picture} !== before", before=drawn)
    shown.locator("#theme input").nth(1).check(force=True)
    assert light == shown.evaluate(background)
    shown.emulate_media(color_scheme="light")
    shown.locator("#theme input").nth(2).check(force=True)
    assert dark == shown.evaluate(background)


@pytest.mark.prove
def test_many_runs(browser: Browser, tmp_path: Path) -> None:
    """Fifty thousand runs make a page of at most 15 MB, which shows, and filters, within 3 s."""
    statuses = ("success", "success", "success", "fail", "success", "skip", "success", "odd")
    runs = [
        varied(number, statuses[number * 7 % 8], 60 + number * 31 % 40, jobName=f"job_{number % 12}")
        for number in range(50_000)
    ]
    file = write_page(tmp_path / "report.html", runs)
    visit = Visit(browser, file)
    painted = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
    shown_after = visit.page.evaluate(painted)
    filter_and_wait = f"""async text => {{
        const before = performance.now();
        const box = document.getElementById("text");
        box.value = text;
        box.dispatchEvent(new Event("input"));
        return await {painted} - before;
    }}"""
    filtered_after = {text: visit.page.evaluate(filter_and_wait, text) for text in ("fail", "job_7", "49999")}

    assert 15_000_000 >= file.stat().st_size
    assert 3000 >= shown_after
    assert 3000 >= max(filtered_after.values())
    assert "1 of 50,000 runs shown" == visit.page.locator("#result").inner_text()
    assert ([file.as_uri()], []) == (visit.requests, visit.complaints)
