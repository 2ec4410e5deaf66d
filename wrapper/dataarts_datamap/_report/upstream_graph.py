"""The tables upstream of a table, as a drawing and a list: HTML without a script, for the page of a report."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from dataarts_datamap._monitoring.explanation import LineageKnowledge, Trouble
from dataarts_datamap._report.page_parts import unbroken
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._text import printable
from dataarts_datamap._times import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._monitoring.upstream import Upstream, UpstreamTable
    from dataarts_datamap._report.texts import Texts

_WIDTH, _HEIGHT = 220, 46
_GAP_X, _GAP_Y = 64, 16
_MARGIN: Final = 4
_LONGEST_LABEL: Final = 28
_LONGEST_NAME: Final = 200
_MOST_NAMED: Final = 3
_STATES: Final = {
    Trouble.FAILED: "failed",
    Trouble.RUNNING: "active",
    Trouble.LATE: "active",
    Trouble.SKIPPED: "skipped",
    Trouble.NOT_PLANNED: "unknown",
    Trouble.UNKNOWN: "unknown",
}
TROUBLE_WORDS: Final = {
    Trouble.FAILED: "failed",
    Trouble.RUNNING: "still running",
    Trouble.LATE: "has not started",
    Trouble.SKIPPED: "skipped",
    Trouble.NOT_PLANNED: "no run planned",
    Trouble.UNKNOWN: "unknown",
}


def upstream_section(upstream: Upstream | None, zone: tzinfo, say: Texts = ENGLISH) -> str:
    """The section of the page; empty if the tables upstream were not requested."""
    if upstream is None:
        return ""
    said = "".join(f"<li{say.mark(note)}>{escape(printable(say.remark(note)))}</li>" for note in upstream.notes)
    parts = [
        '<section aria-labelledby="upstream-title" id="upstream"><details class="fold" open>\n',
        f'<summary><h2 id="upstream-title">{escape(say("Upstream"))}</h2></summary>\n',
        f'<p class="hint">{escape(upstream_sentence(upstream, say))}</p>\n',
    ]
    if len(upstream.tables) > 1:
        parts += [_drawing(upstream, say), _list(upstream, zone, say)]
    return "".join([*parts, f'<ul class="reasons">{said}</ul>\n' if said else "", "</details></section>\n"])


def upstream_sentence(upstream: Upstream, say: Texts = ENGLISH) -> str:
    """The state of the tables upstream in words, made printable."""
    count, troubled = len(upstream.tables) - 1, upstream.troubled
    if upstream.lineage is LineageKnowledge.REFUSED:
        return say("The tables upstream are not known: the service does not let this account read lineage.")
    if not count:
        return say("No table upstream is known.")
    tables = say.count("1 table feeds it", "{n} tables feed it", count)
    if not troubled:
        return say("{tables}; none is in trouble.", tables=tables)
    named = troubled[:_MOST_NAMED]
    names = say(", ").join(say("{table} ({how})", table=table_name(one), how=standing(one, say)) for one in named)
    if len(troubled) > len(named):
        more = len(troubled) - len(named)
        return say("{tables}; in trouble: {names} and {n} more.", tables=tables, names=names, n=more)
    return say("{tables}; in trouble: {names}.", tables=tables, names=names)


def table_name(one: UpstreamTable) -> str:
    return printable(one.table.full_name, limit=_LONGEST_NAME)


def standing(one: UpstreamTable, say: Texts = ENGLISH) -> str:
    if one.trouble is not None:
        return say(TROUBLE_WORDS[one.trouble])
    if one.is_judged:
        return say("well")
    return say("from elsewhere" if one.is_source else "not judged")


def run_words(operator: Operator | None, run: Run | None, zone: tzinfo, say: Texts) -> list[str]:
    """An operator, and the id and planned time of its run, in words, as far as they are known."""
    job = None if operator is None else printable(operator.job_name, limit=_LONGEST_NAME)
    run_id, plan = (None, None) if run is None else (run.run_id, run.plan_time)
    words = [
        None if job is None else say("by {job}", job=job),
        None if run_id is None else say("run {id}", id=run_id),
        None if plan is None else say("planned {time}", time=time_text(plan, zone)),
    ]
    return [word for word in words if word]


def _state(one: UpstreamTable) -> str:
    return ("succeeded" if one.is_judged else "none") if one.trouble is None else _STATES[one.trouble]


def _places(upstream: Upstream) -> dict[str, tuple[int, int]]:
    """The position of each table's box, by GUID: the table itself is at the right."""
    farthest = max(one.steps for one in upstream.tables)
    taken: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for one in upstream.tables:
        row = taken.get(one.steps, 0)
        taken[one.steps] = row + 1
        column = farthest - one.steps
        places[one.table.guid] = _MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y)
    return places


def _drawing(upstream: Upstream, say: Texts) -> str:
    places = _places(upstream)
    width = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    lines = "".join(_line(places[source], places[target]) for source, target in sorted(_pairs(upstream)))
    boxes = "".join(_box(one, number, places[one.table.guid], say) for number, one in enumerate(upstream.tables))
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    label = escape(say("Drawing of the tables that feed the table"))
    hint = escape(say("The drawing is wider than the page: scroll it sideways."))
    return (
        f'<p class="hint" id="upstream-wide" hidden><span aria-hidden="true">↔</span> {hint}</p>\n'
        f'<div class="upstream-scroll" id="upstream-scroll" tabindex="0" role="group" aria-label="{label}">\n'
        f'<svg class="upstream-graph" {size}>{lines}{boxes}</svg></div>\n'
    )


def _pairs(upstream: Upstream) -> set[tuple[str, str]]:
    found = {(edge.source.guid, edge.target.guid) for edge in upstream.edges if edge.source and edge.target}
    return {pair for pair in found if pair[0] != pair[1]}


def _line(source: tuple[int, int], target: tuple[int, int]) -> str:
    begin_x, begin_y = source[0] + _WIDTH, source[1] + _HEIGHT // 2
    end_x, end_y = target[0], target[1] + _HEIGHT // 2
    bend = max(_GAP_X // 2, abs(end_x - begin_x) // 2)
    return (
        f'<path class="upstream-edge" d="M{begin_x} {begin_y}C{begin_x + bend} {begin_y} {end_x - bend} {end_y} '
        f'{end_x} {end_y}"/>'
    )


def _box(one: UpstreamTable, number: int, place: tuple[int, int], say: Texts) -> str:
    x, y = place
    name, how = table_name(one), standing(one, say)
    short = escape(printable(one.table.name or one.table.full_name, limit=_LONGEST_LABEL))
    state = _state(one)
    return (
        f'<a class="upstream-box" href="#upstream-{number}" data-state="{state}">'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="8">'
        f"<title>{escape(f'{name}: {how}')}</title></rect>"
        f'<text class="upstream-name" x="{x + 12}" y="{y + 19}">{short}</text> '
        f'<text class="upstream-how" x="{x + 12}" y="{y + 36}">{escape(how)}</text></a>'
    )


def _list(upstream: Upstream, zone: tzinfo, say: Texts) -> str:
    items = "".join(
        f'<li id="upstream-{number}" data-state="{_state(one)}"><b>{escape(table_name(one))}</b> '
        f"<span>{escape(standing(one, say))}</span>{''.join(_facts(one, zone, say))}</li>\n"
        for number, one in enumerate(upstream.tables)
    )
    return f'<ol class="upstream-list">\n{items}</ol>\n'


def _facts(one: UpstreamTable, zone: tzinfo, say: Texts) -> Iterator[str]:
    run, facts = one.run, run_words(one.operator, one.run, zone, say)
    if one.since is not None:
        facts.append(say("in trouble since {time}", time=time_text(one.since, zone)))
    if facts:
        yield f' <span class="upstream-facts">{unbroken(escape(say(", ").join(facts)))}</span>'
    if one.trouble is not None and run is not None and run.execution_log_path:
        what = say("log path of {table}", table=table_name(one))
        yield f'<br><code data-what="{escape(what)}">{escape(printable(run.execution_log_path))}</code>'
