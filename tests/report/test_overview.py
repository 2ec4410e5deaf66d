"""The page for many tables: what it says of each, that nothing breaks it, and what a browser makes of it."""

from __future__ import annotations

import re
import time
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from dataarts_datamap import Operator, Run, RunState, Table, TableCheck, TableRule, Verdict
from dataarts_datamap._monitoring.explanation import Explanation, Link, Trouble
from dataarts_datamap._monitoring.freshness import table_status
from dataarts_datamap._report.chinese import CHINESE
from dataarts_datamap._report.overview.overview_page import headline, overview_page
from dataarts_datamap._report.overview.shared_causes import shared_causes
from dataarts_datamap._report.overview.table_days import DayStrip, OverviewRow, days_until, overview_row
from dataarts_datamap._sentences import Length, sentence
from support.browser import Visit, becomes, chromium, find_chromium
from support.catalog_server import Factory, lineage_row
from support.command import called, point_at
from support.lineage_worlds import run_of
from support.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = 3_600_000
EVIL = "<img src=x onerror=alert(1)>\"'&\x1b[2J\u202e订单"
LOAD = Operator(task_id="1", job_name="load")


def check_of(name: str, verdict: str, **more: Any) -> TableCheck:
    """A check with a verdict."""
    rule = TableRule(name=name, owner=more.pop("owner", "ana"))
    return TableCheck(rule=rule, verdict=Verdict(verdict), reason=more.pop("reason", "why"), now=NOW, **more)


def row_of(name: str, verdict: str, days: int = 30, **more: Any) -> OverviewRow:
    """A row whose days all succeeded but the last, which failed."""
    good = {RunState.SUCCEEDED: 2}
    return OverviewRow(
        check=check_of(name, verdict, **more),
        strip=DayStrip(label="", days=(*[good] * (days - 1), {RunState.FAILED: 1, RunState.SUCCEEDED: 1})),
    )


def test_days_are_those_of_the_zone() -> None:
    """The present one is the last, and a run counts for the day that it was planned for there."""
    zone = ZoneInfo("Asia/Shanghai")
    late = datetime(2026, 11, 29, 17, 0, tzinfo=UTC)  # the 30th in Shanghai
    days = days_until(late, zone, 3)
    assert [date(2026, 11, 28), date(2026, 11, 29), date(2026, 11, 30)] == days
    runs: list[Run] = [run_of(LOAD, late - timedelta(minutes=5), "success", 1), run_of(LOAD, late - DAY, "fail", 2)]
    runs += [run_of(LOAD, late - 9 * DAY, "fail", 3), Run.from_raw({"status": "fail"})]
    row = overview_row(check_of("t", "fresh"), [("load", runs), ("other", [])], days, zone)
    assert ({}, {RunState.FAILED: 1}, {RunState.SUCCEEDED: 1}) == row.strip.days
    assert ["load", "other"] == [strip.label for strip in row.operators]
    assert runs[1] is row.last_failure


def test_the_headline_says_how_many_are_fine() -> None:
    """And how the others stand, the worst first."""
    rows = [row_of("a", "failed"), row_of("b", "late"), row_of("c", "few_rows"), row_of("d", "fresh")]
    assert "1 of 4 tables are fine; 1 failed, 1 late, 1 few rows" == headline(rows)
    assert "1 of 1 table is fine" == headline(rows[3:])


def test_without_a_limit_of_age_nothing_is_called_fresh() -> None:
    """A table of which only a success is asked has no failure; one that keeps its limit is fresh. Both are fine."""
    limited = row_of("limited", "fresh")
    rule = TableRule(name="limited", max_age=timedelta(hours=26))
    limited = structs.replace(limited, check=structs.replace(limited.check, rule=rule))
    text = overview_page([limited, row_of("open", "fresh")], days_until(NOW, UTC, 30), now=NOW, zone=UTC)
    shown = re.findall(
        r'<summary><span class="([^"]+)"><span class="verdict-mark" aria-hidden="true"></span>([^<]+)', text
    )

    assert [("verdict", "fresh"), ("verdict unlimited", "no failure")] == shown
    assert "<span>fine 2</span>" in text


def test_a_day_has_the_outcome_that_an_hour_with_the_same_runs_has() -> None:
    """In the page of one table, a success outweighs a run that was skipped; so it does here."""
    counts = {RunState.SKIPPED: 1, RunState.SUCCEEDED: 2}
    row = OverviewRow(check=check_of("t", "fresh"), strip=DayStrip(label="", days=(counts,)))
    text = overview_page([row], days_until(NOW, UTC, 1), now=NOW, zone=UTC)

    assert ["succeeded"] == re.findall(r'<i class="(\w+)" title="2026-11-30', text)


def test_in_chinese() -> None:
    """The page's own words are Chinese, and its tag says so; reasons stay as the check gives them."""
    rows = [row_of("a", "failed", owner=None), row_of("b", "fresh")]
    text = overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC, say=CHINESE)
    body = re.sub(r"<(script|style)\b.*?</\1>", "", text.partition("<body")[2], flags=re.DOTALL)
    words = {word for part in re.findall(r">([^<>]+)<", body) for word in re.findall(r"[A-Za-z]{4,}", part)}

    assert '<html lang="zh-CN">' in text
    assert "2 张表中 1 张正常；1 张失败" == headline(rows, CHINESE)
    assert 'data-text="显示 {all} 张表中的 {n} 张"' in text
    assert {"dataarts", "datamap", "report"} == words


def test_nothing_that_the_service_sends_breaks_the_page() -> None:
    """It is text, with what cannot be seen as escapes; and nothing is loaded."""
    rows = [row_of(EVIL, "failed", owner=EVIL, reason=EVIL, cause=EVIL, table=Table(guid="g", database=EVIL))]
    text = overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC)
    assert "<img" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert not re.search(r"(src|href)=\"(?!data:|#)", text)
    assert "default-src 'none'" in text


def test_a_page_of_three_hundred_tables_is_small() -> None:
    """At most 5 MB for thirty days."""
    rows = [row_of(f"lake.dwd.orders_by_region_and_channel_{number}", "fresh") for number in range(300)]
    assert len(overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC).encode()) < 2_000_000


def test_reasons_are_in_the_language() -> None:
    """Why a table stands as it does is said in Chinese, with its lengths of time; what a server said stays as it is."""
    said = sentence(
        "{what}, {limit} allowed",
        what=sentence("{who} succeeded {age} ago", who="load", age=Length("1 h 2 min")),
        limit=Length("26 h"),
    )
    refused = sentence("it could not be read: {error}", error="no table is named 'x'")
    rows = [row_of("a", "stale", said=said), row_of("b", "unknown", said=refused), row_of("c", "late")]
    text = overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC, say=CHINESE)

    assert "load succeeded 1 h 2 min ago, 26 h allowed" == str(said)
    assert [
        "load 在 1 小时 2 分钟前成功，期限为 26 小时",
        "读不到：no table is named &#x27;x&#x27;",
        "why",
    ] == re.findall(r'<span class="why">([^<]+)', text)


def cause_of(name: str, run_id: int, **more: Any) -> Link:
    """A failed run of a table that has no trouble upstream."""
    run = make_run(run_id, status="fail", executionLogPath=f"obs://log/{name}")
    return Link(table=Table(guid=name, name=name), trouble=Trouble.FAILED, run=run, operator=LOAD, **more)


def test_causes_that_several_tables_share_come_first() -> None:
    """The run that explains most is named once, with the tables that it explains, and its log to be copied."""
    status = table_status([], now=NOW)
    causes = {
        "a": [cause_of("x", 1)],
        "b": [cause_of("y", 2)],
        "c": [cause_of("y", 2), cause_of("x", 1)],
        "d": [cause_of("y", 2)],
    }
    rows = [
        row_of(
            name,
            "stale",
            explanation=Explanation(table=Table(guid=name, name=name), status=status, causes=tuple(links)),
        )
        for name, links in causes.items()
    ]
    found = shared_causes([*rows, row_of("e", "fresh")])
    text = overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC)
    first = text.partition("<ol>")[2].partition("</li>")[0]
    chinese = overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC, say=CHINESE)
    shown = re.sub(r"<[^>]+>", "", chinese.partition("<ol>")[2].partition("</li>")[0])

    assert [("y", (1, 2, 3)), ("x", (0, 2))] == [(one.link.table.name, one.rows) for one in found]
    assert "<b>y</b> failed, by load, run 2, planned " in first
    assert ["b", "c", "d"] == re.findall(r'<a href="#table-\d">([^<]+)', first)
    assert '<code data-what="log path of y">obs://log/y</code>' in first
    assert "why; because of y, x</span>" in text
    assert re.fullmatch(r"y 失败，作业 load，运行 2，计划时间 [0-9: -]+。影响 3 张表：b，c，d obs://log/y", shown)


@pytest.mark.parametrize(("number", "told"), [(6, "1 more cause: in"), (7, "2 more causes: in")])
def test_further_causes_are_counted(number: int, told: str) -> None:
    """Five are shown."""
    links = tuple(cause_of(f"x{one}", one) for one in range(1, number + 1))
    why = Explanation(table=Table(guid="a", name="a"), status=table_status([], now=NOW), causes=links)
    rows = [row_of("a", "stale", explanation=why), row_of("b", "stale", explanation=why)]

    assert f"<p>{told} the tables below.</p>" in overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC)


@pytest.mark.parametrize(
    ("rule", "verdict", "expected"),
    [
        (TableRule(name="s.a", max_age=26 * timedelta(hours=1)), "stale", "datamap why s.a --max-age 26h"),
        (TableRule(name="s.a b", max_age=timedelta(seconds=90)), "stale", "datamap why 's.a b' --max-age 2m"),
        (TableRule(guid="g1"), "fresh", "datamap report g1"),
        (TableRule(name="a" * 32), "stale", f"datamap why name:{'a' * 32}"),
        (TableRule(name=f"name:{'a' * 32}"), "stale", f"datamap why name:{'a' * 32}"),
    ],
)
def test_a_row_has_the_command_that_says_more(rule: TableRule, verdict: str, expected: str) -> None:
    """Ready to be pasted into a shell."""
    check = TableCheck(rule=rule, verdict=Verdict(verdict), reason="why", now=NOW)
    row = OverviewRow(check=check, strip=DayStrip(label="", days=({},)))
    text = overview_page([row], days_until(NOW, UTC, 1), now=NOW, zone=UTC)

    assert f'<code data-what="command">{escape(expected)}</code>' in text


def world() -> Factory:
    """A table that is fresh, and one that failed today."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    latest = max(int(time.time() * 1000) - HOUR, int(midnight.timestamp() * 1000))
    runs = {
        "good": [(latest - day * 24 * HOUR, "success") for day in range(8)],
        "bad": [(latest, "fail"), (latest - 48 * HOUR, "success")],
    }
    return Factory(nodes={name: [lineage_row("db.o.raw", name, f"db.s.{name}")] for name in runs}, runs=runs)


def test_the_command_writes_the_page(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    """With each table, its days, its last failure and its cause."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.toml").write_text(
        '[defaults]\nmax_age = "26h"\n'
        + "".join(f'[[tables]]\nname = "s.{name}"\n' for name in ("good", "bad", "gone")),
        encoding="utf-8",
    )
    with world().server() as server:
        point_at(server, monkeypatch)
        code, out, err = called(capfdbinary, "report", "--tables", "t.toml", "--html", "o.html", "--since", "7d")
        assert (0, "") == (code, out)
        assert "1 of 3 tables are fine; 1 stale, 1 unknown: the page has " in err
        assert re.search(r"the page has \d+\.\d kB$", err)
        text = (tmp_path / "o.html").read_text(encoding="utf-8")
        for options, expected in (
            (["x", "--tables", "t.toml", "--html", "o.html"], "give either a TABLE or --tables, not both"),
            (["--tables", "t.toml"], "--tables needs --html FILE"),
            (["--tables", "t.toml", "--html", "o.html", "--max-age", "1h"], "--max-age does not go with --tables"),
            (["--tables", "t.toml", "--html", "o.html", "--any"], "--any does not go with --tables"),
            (["--tables", "t.toml", "--html", "o.html", "--logs"], "--logs does not go with --tables"),
            (["--tables", "t.toml", "--html", "o.html", "--since", "100d"], "--since may be at most 92d"),
            ([], "give a TABLE, or --tables FILE for all tables of a file"),
        ):
            code, _, err = called(capfdbinary, "report", *options)
            assert 3 == code
            assert expected in err
    assert ["s.bad", "s.gone", "s.good"] == re.findall(r'<span class="name">([^<]+)', text)
    assert "7 days: 7 succeeded" in text
    assert "7 days: 1 succeeded, 1 failed" in text
    assert "Last failure: bad, " in text
    assert '<code data-what="log path of s.bad">obs://logs/bad.job</code>' in text
    assert "Cause: <b>db.s.bad</b> failed, by bad, run " in text
    assert "it could not be read: no table is named" in text


def test_a_page_for_which_nothing_could_be_read_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    """It is written, says why of each table, and so does the command, even if it is to be quiet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.toml").write_text('[[tables]]\nname = "s.good"\n[[tables]]\nname = "s.bad"\n', encoding="utf-8")
    refusing = world()
    refusing.refused = {"bulk": 401}
    with refusing.server() as server:
        point_at(server, monkeypatch)
        code, out, err = called(capfdbinary, "report", "--tables", "t.toml", "--html", "o.html", "--quiet")
    text = (tmp_path / "o.html").read_text(encoding="utf-8")

    assert (2, "") == (code, out)
    assert re.fullmatch(r"datamap: HTTP 401: .*: datamap doctor finds out why\n", err)
    assert "0 of 2 tables are fine; 2 unknown" in text
    assert "it could not be read: HTTP 401" in text


@pytest.mark.prove
def test_a_browser_shows_and_filters_three_hundred_tables(tmp_path: Path) -> None:
    """In two seconds, and in a fifth of one; by keyboard, on a phone, without a request or a complaint."""
    executable = find_chromium()
    assert executable is not None, "Chromium is not on the PATH: install it, or name it in CHROMIUM"
    verdicts = ["failed", "late", "unknown", *["fresh"] * 297]
    rows = [row_of(f"db.t{number}", verdict, owner=f"o{number % 4}") for number, verdict in enumerate(verdicts)]
    explained = Explanation(table=Table(guid="g"), status=table_status([], now=NOW), causes=(cause_of("x", 1),))
    rows[0] = row_of("db.t0", "failed", owner="o0", explanation=explained, table=Table(guid="g"))
    file = tmp_path / "overview.html"
    file.write_text(overview_page(rows, days_until(NOW, UTC, 30), now=NOW, zone=UTC), encoding="utf-8")
    with chromium(executable) as browser:
        for width in (1280, 800, 390):
            visit = Visit(browser, file, viewport={"width": width, "height": 900})
            page = visit.page
            assert width >= page.evaluate("document.documentElement.scrollWidth")
            assert 2000 > page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            took = page.evaluate(
                """() => {
                  const begun = performance.now(), text = document.getElementById("text");
                  text.value = "t29"; text.dispatchEvent(new Event("input"));
                  document.body.getBoundingClientRect();
                  return performance.now() - begun;
                }"""
            )
            assert 200 > took
            assert "11 of 300 tables shown" == page.inner_text("#result")
            page.fill("#text", "nothing like this")
            assert page.is_visible("#nothing")
            page.fill("#text", "")
            page.select_option("#group", "owner")
            assert ["o0: 74 of 75 fine", "o1: 74 of 75 fine", "o2: 74 of 75 fine", "o3: 75 of 75 fine"] == sorted(
                page.locator("#tables h2").all_inner_texts()
            )
            page.select_option("#group", "")
            page.locator("#tables summary").first.focus()
            page.keyboard.press("Enter")
            assert page.locator("#tables details").first.evaluate("one => one.open")
            page.uncheck("input[value=fresh]", force=True)
            assert "3 of 300 tables shown" == page.inner_text("#result")
            page.get_by_role("button", name="Clear").click()
            assert becomes(page, "document.getElementById('result').textContent === '300 of 300 tables shown'")
            page.uncheck("input[value=failed]", force=True)
            page.locator(".causes a").first.click()
            assert becomes(page, "document.activeElement === document.querySelector('#table-0 summary')")
            assert page.locator("#table-0").evaluate("one => one.open")
            page.locator("#table-0 button.copy").last.click()
            assert becomes(page, "document.getElementById('spoken').textContent === 'Copied'")
            assert ([file.as_uri()], []) == (visit.requests, visit.complaints)


def test_a_page_is_made_in_little_memory() -> None:
    """The runs of all tables are not held at once: a table takes what its squares take."""
    now = datetime(2026, 11, 30, 8, tzinfo=UTC)
    days = days_until(now, UTC, 30)
    one = Operator(task_id="1", job_name="load")
    rows: list[OverviewRow] = []
    tracemalloc.start()
    try:
        for number in range(75):
            runs = [run_of(one, now - hour * timedelta(hours=6), "success", hour + 1) for hour in range(120)]
            check = TableCheck(rule=TableRule(name=f"t{number}"), verdict=Verdict.FRESH, reason="why", now=now)
            rows.append(overview_row(check, [("load", runs)], days, UTC))
        overview_page(rows, days, now=now, zone=UTC)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * 1024 * 1024
