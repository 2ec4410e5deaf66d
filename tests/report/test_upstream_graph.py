"""What feeds a table, on the page of a report: a drawing and a list that need no script, and hold nothing but text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from dataarts_datamap import (
    LineageEdge,
    LineageKnowledge,
    LineageNode,
    Operator,
    Run,
    Table,
    Trouble,
    Upstream,
    UpstreamTable,
)
from dataarts_datamap._report.chinese import CHINESE
from dataarts_datamap._report.contents import report_on
from dataarts_datamap._report.html_page import page
from dataarts_datamap._report.upstream_graph import standing, upstream_section, upstream_sentence
from dataarts_datamap._window import Window

EVIL = '<script>alert("1")</script>\x1b[2J\u202e&amp;订单'
RUN = Run.from_raw({"taskRunningLogId": 7, "planTime": 1_700_000_000_000, "executionLogPath": f"obs://{EVIL}"})


def table(name: str, steps: int, trouble: Trouble | None = None, **known: Any) -> UpstreamTable:
    """A table some steps upstream."""
    return UpstreamTable(table=Table(guid=f"g-{name}", name=name, schema="s"), steps=steps, trouble=trouble, **known)


def edge(source: UpstreamTable, target: UpstreamTable) -> LineageEdge:
    """A step between two tables."""
    return LineageEdge(source=source.table, target=target.table, node=LineageNode(name="job"))


ROOT, NEAR, FAR = table("root", 0, is_judged=True), table("near", 1), table(EVIL, 2, Trouble.FAILED, run=RUN)
OPERATOR = Operator(task_id="1", job_name=EVIL)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags of a piece of HTML."""
    parser = _Tags()
    parser.feed(html)
    return parser.tags


def test_names_are_text_and_boxes_lead_to_the_list() -> None:
    """No tag comes from a name, no style that the page's policy would refuse; a keyboard reaches each box."""
    upstream = Upstream(
        tables=(ROOT, NEAR, table(EVIL, 2, Trouble.FAILED, run=RUN, operator=OPERATOR)),
        edges=(edge(NEAR, ROOT), edge(FAR, NEAR), edge(ROOT, FAR), edge(ROOT, ROOT)),
        notes=(f"{EVIL} could not be read",),
    )
    html = upstream_section(upstream, UTC)
    found = tags(html)
    allowed = {"section", "h2", "p", "div", "svg", "path", "a", "title", "rect", "text", "ol", "ul", "li", "b", "span"}
    assert {tag for tag, _ in found} == allowed | {"br", "code", "details", "summary"}
    assert not any(name == "style" or name.startswith("on") for _, attributes in found for name in attributes)
    targets = [attributes["href"] for tag, attributes in found if tag == "a"]
    assert targets == [f"#{attributes['id']}" for tag, attributes in found if tag == "li" and "id" in attributes]
    assert 3 == sum(tag == "path" for tag, _ in found)
    assert "\x1b" not in html
    assert "\u202e" not in html


@pytest.mark.parametrize(
    ("upstream", "said"),
    [
        (Upstream(tables=(ROOT,), lineage=LineageKnowledge.REFUSED), "does not let this account read lineage"),
        (Upstream(tables=(ROOT,), lineage=LineageKnowledge.UNKNOWN), "No table upstream is known."),
        (Upstream(tables=(ROOT, NEAR)), "1 table feeds it; none is in trouble."),
        (
            Upstream(tables=(ROOT, *[table(f"t{n}", 1, Trouble.LATE) for n in range(5)])),
            "s.t2 (has not started) and 2 more.",
        ),
    ],
)
def test_one_sentence_says_it(upstream: Upstream, said: str) -> None:
    """What is known, what is not, and what is in trouble."""
    assert upstream_sentence(upstream).endswith(said) or said in upstream_sentence(upstream)
    assert said.split(" and ", maxsplit=1)[0] in upstream_section(upstream, UTC)


def test_only_a_source_is_from_elsewhere() -> None:
    """Any other table without runs is not judged."""
    source, idle, root = table("source", 1, is_source=True), table("idle", 1, operator=OPERATOR), table("root", 0)
    expected = ["well", "from elsewhere", "not judged", "not judged"]
    assert expected == [standing(one) for one in (ROOT, source, idle, root)]


def test_it_is_in_the_language_of_the_page() -> None:
    """Every word of ours for how a table stands has one in Chinese."""
    tables = [
        ROOT,
        NEAR,
        table("source", 1, is_source=True),
        *[table(f"t{number}", 1, trouble) for number, trouble in enumerate(Trouble)],
    ]
    assert not {standing(one) for one in tables} & {standing(one, CHINESE) for one in tables}
    html = upstream_section(Upstream(tables=tuple(tables)), UTC, CHINESE)
    assert "s.t0（失败），s.t1（仍在运行），s.t2（尚未开始）" in html


def test_the_page_and_the_json_have_it() -> None:
    """If it was asked for; the page asks nothing of any network with it, either."""
    what: dict[str, Any] = {
        "table_guid": "t",
        "window": Window(0, 1),
        "now": datetime(2026, 1, 1, tzinfo=UTC),
        "zone": UTC,
    }
    without, having = report_on([], **what), report_on([], upstream=Upstream(tables=(ROOT, FAR)), **what)
    assert (None, "failed") == (without.to_dict()["upstream"], having.summary()["upstream"]["tables"][1]["trouble"])
    assert 'id="upstream"' not in page(without)
    html = page(having)
    assert 'id="upstream"' in html
    assert f'<span class="whose">{ROOT.table.full_name}</span>' in html
    assert '<span class="whose">t</span>' in page(without)
    assert not re.search(r'(?:href|src)="(?!#|data:)', html)
