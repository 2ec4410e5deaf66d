"""The words of a report in Chinese: one table, which leaves no text out, and a page that holds to it."""

from __future__ import annotations

import ast
import pickle
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Final

import pytest
from msgspec import structs

import dataarts_datamap
from dataarts_datamap import LineageEdge, LineageNode, Operator, RunState, Table, Verdict
from dataarts_datamap._monitoring.freshness import with_basis
from dataarts_datamap._monitoring.lineage import Lineage
from dataarts_datamap._monitoring.producers import choose_producers
from dataarts_datamap._report.chinese import CHINESE
from dataarts_datamap._report.contents import report_on
from dataarts_datamap._report.headline import headline
from dataarts_datamap._report.html_page import page
from dataarts_datamap._report.languages import texts_in
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._window import Window
from docs_build import demo_table
from support.browser import Visit
from support.command import called
from support.runs import PLANNED, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from dataarts_datamap._report.contents import Report
    from dataarts_datamap_contract.mock import FakeService

FOLDER: Final = Path(dataarts_datamap.__file__).parent / "_report"
LATIN: Final = re.compile(r"[A-Za-z]{3,}")
NAMES: Final = {"Asia", "Shanghai", "UTC", "JavaScript", "GUID", "since", "max", "age", "dataarts", "datamap"}


def said_in(tree: ast.AST) -> Iterator[str]:
    """The texts that a module says: those of calls of ``say``, and of what they choose between."""
    assigned: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, set()).update(constants(node.value))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            assigned.setdefault(node.target.id, set()).update(constants(node.value))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Dict):
            assigned.setdefault(node.target.id, set()).update(
                text for one in node.value.values for text in constants(one)
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_say(node.func):
            for argument in node.args:
                name = argument.value if isinstance(argument, ast.Subscript) else argument
                yield from assigned.get(name.id, ()) if isinstance(name, ast.Name) else ()
                yield from constants(argument)


def is_say(called_: ast.expr) -> bool:
    """Whether a call says something."""
    name = called_.value if isinstance(called_, ast.Attribute) and called_.attr == "count" else called_
    return isinstance(name, ast.Name) and name.id in {"say", "sentence", "remark"}


def constants(node: ast.expr) -> Iterator[str]:
    """A text, or both of two."""
    if isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def said() -> set[str]:
    """All that a report says of its own, and why a table stands as it does."""
    others = (FOLDER.parent / name for name in ("_checks", "_monitoring", "_client"))
    paths = [path for folder in (FOLDER, *others) for path in folder.rglob("*.py")]
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    script = "".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.js")))
    calls = re.findall(r"\bsay\((?:[^()]|\([^()]*\))*\)", script)
    quoted = {text for call in calls for text in re.findall(r'"((?:[^"\\]|\\.)*)"', call.partition(", {")[0])}
    pages = [path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.html")]
    template = [words for one in pages for words in re.findall(r"\{\{(.+?)\}\}", one)]
    states = {state.value for state in RunState}
    known = {*states, *(state.capitalize() for state in states), *(verdict.value for verdict in Verdict)}
    return {*(text for tree in modules for text in said_in(tree)), *quoted, *template, *known}


def test_every_text_is_in_the_table() -> None:
    """Whatever the page, its script and the headline say has a text in Chinese."""
    found = said()

    assert len(found) > 100
    assert set() == found - set(CHINESE.table)


@pytest.mark.parametrize("text", sorted(CHINESE.table))
def test_values_are_the_same(text: str) -> None:
    """A text in Chinese names no value that the English one does not have."""
    ours, theirs = ({name for _, name, _, _ in Formatter().parse(one) if name} for one in (CHINESE.table[text], text))

    assert theirs == ours


def test_languages() -> None:
    """English is what the code says, Chinese a table, each with its tag."""
    assert ("en", "zh-CN") == (texts_in("en").tag, texts_in("zh").tag)
    assert "3 times" == texts_in("en").count("once", "{n} times", 3)
    assert "1 次" == texts_in("zh").count("once", "{n} times", 1)
    assert "2 天 3 小时" == texts_in("zh").span(timedelta(days=2, hours=3))
    assert "-5 分钟" == texts_in("zh").span(timedelta(minutes=-5))


def make_report() -> Report:
    """A report on one job whose last run failed."""
    hour = 3_600_000
    statuses = ("success", "success", "fail")
    runs = [
        make_run(number, status=status, planTime=PLANNED + number * hour, endTime=PLANNED + number * hour + 60_000)
        for number, status in enumerate(statuses)
    ]
    window = Window(PLANNED - hour, PLANNED + 4 * hour)
    now = datetime.fromtimestamp(window.end / 1000, UTC)
    return report_on(runs, table_guid="t", window=window, now=now, zone=UTC)


def test_headline() -> None:
    """The headline says in Chinese what it says in English."""
    report = make_report()
    chinese, english = headline(report, CHINESE), headline(report, ENGLISH)

    assert "The table is not fresh: 1 run failed after the last success." == english.title
    assert "表不新鲜：最近一次成功之后有 1 次运行失败。" == chinese.title
    assert len(english.reasons) == len(chinese.reasons)
    assert "在最近一次成功之后失败 1 次，最近一次在 " in chinese.reasons[0].text


def test_page() -> None:
    """The page names its language, and none of its own words is English; what the server sent stays as it is."""
    text = page(make_report(), say=CHINESE)
    body = re.sub(r"<(script|style)\b.*?</\1>", "", text.partition("<body")[2], flags=re.DOTALL)
    shown = [*re.findall(r">([^<>]+)<", body), *re.findall(r'(?:aria-label|placeholder)="([^"]+)"', body)]
    words = {word for part in shown for word in LATIN.findall(part)}

    assert '<html lang="zh-CN">' in text
    assert "{{" not in body
    assert set() == words - NAMES - {"etl", "dli", "dws", "Job", "ETL"}


def test_what_stays_english_says_so() -> None:
    """What reads a page aloud is told of a reason that is there in English alone."""
    doubtful = make_report()
    doubtful = structs.replace(doubtful, status=structs.replace(doubtful.status, notes=("its lineage is not known",)))

    assert '<li lang="en">Its lineage is not known. </li>' in page(doubtful, say=CHINESE)
    assert "<li>Its lineage is not known. </li>" in page(doubtful)


def test_doubts_are_said_in_the_language_of_the_page() -> None:
    """What is in doubt about producers is English text for whoever reads notes, and Chinese on a Chinese page."""
    table, operator = Table(guid="g", schema="s", name="orders"), Operator(task_id="1", job_name="load")
    writer = LineageNode(name="old_load")
    lineage = Lineage([LineageEdge(source=None, target=table, node=writer)])
    found = choose_producers(table, [operator], lineage)
    report = make_report()
    doubtful = structs.replace(report, status=with_basis(report.status, found))
    text = page(doubtful, say=CHINESE)

    assert "lineage says that old_load writes s.orders, but the service does not list it" == found.notes[0]
    assert "<li>血缘说明 old_load 写 s.orders，但服务没有列出它。 </li>" in text
    assert "<li>无法区分读这张表的和写这张表的作业算子：血缘中的作业算子不在服务列出的之中。 </li>" in text
    assert list(found.notes) == doubtful.status.to_dict()["notes"]
    assert {str} == {type(note) for note in doubtful.status.to_dict()["notes"]}
    assert found == pickle.loads(pickle.dumps(found))  # noqa: S301  what this test has pickled itself
    assert CHINESE.remark(found.notes[1]) == CHINESE.remark(pickle.loads(pickle.dumps(found)).notes[1])  # noqa: S301  as above


@pytest.mark.parametrize(
    ("arguments", "variable", "tag"), [(["--lang", "zh"], "", "zh-CN"), ([], "zh", "zh-CN"), ([], "", "en")]
)
def test_command(  # noqa: PLR0913  what pytest gives
    *,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    datamap_mock: FakeService,
    arguments: list[str],
    variable: str,
    tag: str,
) -> None:
    """The option chooses the language, else the variable; the command's own words stay English."""
    demo_table.fill(datamap_mock)
    for name, value in {**datamap_mock.environment, "DATAMAP_LANG": variable}.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "report.html"
    code, _, err = called(
        capfdbinary, "report", datamap_mock.table_guid, "--html", str(file), *demo_table.WINDOW, *arguments
    )

    assert 0 == code
    assert f'<html lang="{tag}">' in file.read_text(encoding="utf-8")
    assert "runs reported" in err


def test_a_language_without_a_page(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, datamap_mock: FakeService
) -> None:
    """The option is wrong usage where no page is written; the variable, which holds for each call, is not."""
    demo_table.fill(datamap_mock)
    for name, value in {**datamap_mock.environment, "DATAMAP_LANG": "zh"}.items():
        monkeypatch.setenv(name, value)
    how = ("report", datamap_mock.table_guid, *demo_table.WINDOW)
    refused, _, err = called(capfdbinary, *how, "--lang", "zh")
    code, _, _ = called(capfdbinary, *how)

    assert 3 == refused
    assert "Error: --lang is the language of the page: add --html FILE" in err
    assert 0 == code


@pytest.mark.prove
def test_browser(tmp_path: Path, browser: Browser) -> None:
    """What the script writes is Chinese, too: hints, tabs, units."""
    file = tmp_path / "report.html"
    file.write_text(page(make_report(), say=CHINESE), encoding="utf-8")
    visit = Visit(browser, file)
    words = set(LATIN.findall(visit.page.inner_text("main")))

    assert [] == visit.complaints
    assert "3 次运行" == visit.page.inner_text("#result")
    assert "失败 1" == visit.page.inner_text("#tabs [data-list=failed]")
    assert "每格为一次计划的运行（UTC）。" == visit.page.inner_text("#strip-hint")
    assert set() == words - NAMES - {"etl", "dli", "dws", "Job", "ETL", "fail", "obs", "log"}
