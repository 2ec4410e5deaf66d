"""The state of many tables as one page, which loads nothing from any network."""

from __future__ import annotations

import shlex
from collections import Counter
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Final

from dataarts_datamap._models.runs import RunState, operator_of, planned_at
from dataarts_datamap._monitoring.explanation import Trouble
from dataarts_datamap._monitoring.freshness import WORST_FIRST, Verdict
from dataarts_datamap._monitoring.table_names import marked_name
from dataarts_datamap._report.hourly import worst
from dataarts_datamap._report.overview.shared_causes import shared_causes
from dataarts_datamap._report.page_parts import whole_page
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._report.upstream_graph import TROUBLE_WORDS, run_words
from dataarts_datamap._text import printable
from dataarts_datamap._times import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime, tzinfo

    from dataarts_datamap._checks.check import TableCheck
    from dataarts_datamap._monitoring.explanation import Link
    from dataarts_datamap._report.overview.table_days import DayStrip, OverviewRow
    from dataarts_datamap._report.texts import Texts

_LONGEST: Final = 300
_MOST_CAUSES: Final = 5
_MOST_NAMED: Final = 10
_MARKS: Final = {
    RunState.SUCCEEDED: "",
    RunState.FAILED: "×",
    RunState.ACTIVE: "▸",
    RunState.SKIPPED: "~",
    RunState.UNKNOWN: "?",
}
_NO_OWNER: Final = "(no owner)"
_NO_DATABASE: Final = "(no database)"


def overview_page(
    rows: Sequence[OverviewRow], days: Sequence[date], *, now: datetime, zone: tzinfo, say: Texts = ENGLISH
) -> str:
    """The complete page, in a language: HTML with its style and script inside, and the tables in the given order.

    It contains data of the server only as text, with control and bidirectional characters escaped. Texts of errors stay
    English. Without JavaScript, only the filters, the order and the buttons for copying are missing.
    """
    verdicts = Counter(row.check.verdict for row in rows)
    worst_verdict = next((verdict for verdict in WORST_FIRST if verdicts[verdict]), Verdict.FRESH)
    title = escape(headline(rows, say))
    return whole_page(
        "overview/overview.html",
        say,
        style="overview/overview.css",
        scripts=["overview/overview.js"],
        heading=title,
        verdict=worst_verdict.value,
        title=title,
        causes=_causes(rows, zone, say),
        checked=escape(
            say("Checked {time} ({zone}), {n} days up to then", time=time_text(now, zone), zone=zone, n=len(days))
        ),
        shown=escape(say("{n} of {all} tables shown", n="{n}", all="{all}")),
        fine=escape(say("{key}: {fine} of {all} fine", key="{key}", fine="{fine}", all="{all}")),
        chips="".join(_chip(verdict, verdicts[verdict], say) for verdict in WORST_FIRST if verdicts[verdict]),
        first=days[0].isoformat(),
        last=days[-1].isoformat(),
        rows="\n".join(_row(row, number, days, zone, say) for number, row in enumerate(rows)),
    )


def headline(rows: Sequence[OverviewRow], say: Texts = ENGLISH) -> str:
    """The number of fine tables, and the verdicts of the others: ``294 of 300 tables are fine; 2 failed, 4 late``."""
    counts = Counter(row.check.verdict for row in rows)
    others = [
        say("{n} {verdict}", n=counts[verdict], verdict=_word(verdict, say))
        for verdict in WORST_FIRST
        if counts[verdict] and verdict is not Verdict.FRESH
    ]
    text = "{n} of {all} table is fine" if len(rows) == 1 else "{n} of {all} tables are fine"
    fine = say(text, n=counts[Verdict.FRESH], all=len(rows))
    return f"{fine}{say('; ') if others else ''}{say(', ').join(others)}"


def _word(verdict: Verdict, say: Texts) -> str:
    return say(verdict.value).replace("_", " ")


def _is_unlimited(check: TableCheck) -> bool:
    """Whether a table is fresh by its outcomes alone, since its rule sets no limit on the age of its last success."""
    return check.verdict is Verdict.FRESH and check.rule.max_age is None and check.rule.due is None


def _verdict_text(check: TableCheck, say: Texts) -> str:
    return say("no failure") if _is_unlimited(check) else _word(check.verdict, say)


def _chip(verdict: Verdict, number: int, say: Texts) -> str:
    return (
        f'<label><input type="checkbox" name="verdict" value="{verdict.value}" checked>'
        f"<span>{say('fine') if verdict is Verdict.FRESH else _word(verdict, say)} {number}</span></label>"
    )


def _row(row: OverviewRow, number: int, days: Sequence[date], zone: tzinfo, say: Texts) -> str:
    check = row.check
    name, owner = _shown(check.name), check.rule.owner
    database = None if check.table is None else check.table.database
    if database is None and check.rule.name is not None and "." in check.rule.name:
        database = check.rule.name.partition(".")[0]
    last = check.last_success
    nothing = say("never" if check.never_succeeded else "not known")
    since = nothing if last is None else time_text(last, zone)
    rank = WORST_FIRST.index(check.verdict)
    why = _why(check, say)
    said = f"{name} {owner or ''} {check.verdict.value} {_verdict_text(check, say)} {why}".casefold()
    ago = "" if last is None else say("{span} ago", span=say.span(max(check.now - last, timedelta(0))))
    return (
        f'<details class="table" id="table-{number}" data-verdict="{check.verdict.value}"'
        f' data-rank="{rank}" data-order="{number}"'
        f' data-name="{escape(name.casefold())}" data-owner="{escape(_shown(owner or say(_NO_OWNER)))}"'
        f' data-database="{escape(_shown(database or say(_NO_DATABASE)))}"'
        f' data-success="{0 if last is None else int(last.timestamp())}" data-text="{escape(_shown(said))}">'
        f'<summary><span class="verdict{" unlimited" * _is_unlimited(check)}">'
        f'<span class="verdict-mark" aria-hidden="true"></span>'
        f'{_verdict_text(check, say)}</span><span class="name">{escape(name)}</span>'
        f'<span class="owner">{escape(_shown(owner or ""))}</span>'
        f'<span class="since">{escape(since)} <span>{escape(ago)}</span></span>'
        f"{_strip(row.strip, days, say)}{_short_why(check, why, say)}</summary>"
        f'<div class="about">{"".join(_about(row, days, zone, say))}</div></details>'
    )


def _about(row: OverviewRow, days: Sequence[date], zone: tzinfo, say: Texts) -> Iterable[str]:
    check, failure = row.check, row.last_failure
    yield f"<p>{escape(_why(check, say))}</p>"
    if check.explanation is not None:
        for link in check.explanation.causes[:_MOST_CAUSES]:
            yield f"<p>{say('Cause:')} {_cause(link, zone, say)}{_cause_log(link, say)}</p>"
    elif check.cause is not None:
        yield f"<p>{say('Cause:')} {escape(_shown(check.cause))}</p>"
    if row.error is not None:
        yield f"<p>{say('Its days could not be read:')} {escape(_shown(row.error))}</p>"
    if failure is not None:
        when = "" if (time := planned_at(failure)) is None else time_text(time, zone)
        said = f"{_shown(operator_of(failure).job_name or '')}, {when}, {_shown(failure.status or '')}"
        yield f"<p>{say('Last failure:')} {escape(said)}{_log_path(failure.execution_log_path, check.name, say)}</p>"
    for strip in row.operators:
        yield f'<p class="job"><span>{escape(_shown(strip.label))}</span>{_strip(strip, days, say)}</p>'
    command, what = escape(_command(check)), escape(say("command"))
    yield f'<p class="guid">{say("Look closer:")} <code data-what="{what}">{command}</code></p>'
    if check.guid is not None:
        yield f'<p class="guid">GUID <code data-what="GUID">{escape(_shown(check.guid))}</code></p>'


def _why(check: TableCheck, say: Texts) -> str:
    return _shown(check.reason if check.said is None else say.sentence(check.said))


def _short_why(check: TableCheck, why: str, say: Texts) -> str:
    if check.verdict is Verdict.FRESH:
        return ""
    causes = () if check.explanation is None else check.explanation.causes
    names = [_shown(one.table.full_name) for one in causes if one.table.guid != check.guid]
    if names:
        why = say("{why}; because of {names}", why=why, names=say(", ").join(names[:_MOST_CAUSES]))
    return f'<span class="why">{escape(why)}</span>'


def _causes(rows: Sequence[OverviewRow], zone: tzinfo, say: Texts) -> str:
    found = shared_causes(rows)
    if not found:
        return ""
    items = "".join(
        f"<li>{_cause(one.link, zone, say)}{say('. ')}<span>"
        f"{escape(say('Explains {tables}: ', tables=say.count('{n} table', '{n} tables', len(one.rows))))}"
        f"{say(', ').join(_row_link(rows, number) for number in one.rows[:_MOST_NAMED])}"
        f"{' …' if len(one.rows) > _MOST_NAMED else ''}</span>{_cause_log(one.link, say)}</li>"
        for one in found[:_MOST_CAUSES]
    )
    more = len(found) - _MOST_CAUSES
    left = say.count("{n} more cause: in the tables below.", "{n} more causes: in the tables below.", more)
    rest = f"<p>{escape(left)}</p>" if more > 0 else ""
    return (
        f'<section class="causes" aria-labelledby="causes-title"><h2 id="causes-title">'
        f"{escape(say('Where to look first'))}</h2><ol>{items}</ol>{rest}</section>"
    )


def _row_link(rows: Sequence[OverviewRow], number: int) -> str:
    return f'<a href="#table-{number}">{escape(_shown(rows[number].check.name))}</a>'


def _cause(link: Link, zone: tzinfo, say: Texts) -> str:
    facts = [say(TROUBLE_WORDS[link.trouble]), *run_words(link.operator, link.run, zone, say)]
    return f"<b>{escape(_shown(link.table.full_name))}</b> {escape(say(', ').join(facts))}"


def _cause_log(link: Link, say: Texts) -> str:
    run = link.run if link.trouble is Trouble.FAILED else None
    return _log_path(None if run is None else run.execution_log_path, link.table.full_name, say)


def _log_path(path: str | None, table: str, say: Texts) -> str:
    if path is None:
        return ""
    what = escape(say("log path of {table}", table=_shown(table)))
    return f' <code data-what="{what}">{escape(printable(path))}</code>'


def _command(check: TableCheck) -> str:
    verb = "report" if check.verdict is Verdict.FRESH else "why"
    table = check.rule.guid or marked_name(check.rule.name or "")
    words = ["datamap", verb, table] if table.isprintable() else ["datamap", verb, check.guid or ""]
    if check.rule.max_age is not None:
        minutes = -(-check.rule.max_age // timedelta(minutes=1))
        words += ["--max-age", f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"]
    return shlex.join(words)


def _strip(strip: DayStrip, days: Sequence[date], say: Texts) -> str:
    totals: Counter[RunState] = Counter()
    for counts in strip.days:
        totals.update(counts)
    summary = say("{n} days: {what}", n=len(days), what=_counted(totals, say) or say("no runs"))
    cells = "".join(_cell(counts, day, say) for counts, day in zip(strip.days, days, strict=True))
    return f'<span class="days" role="img" aria-label="{escape(summary)}">{cells}</span>'


def _cell(counts: dict[RunState, int], day: date, say: Texts) -> str:
    state = worst(counts)
    if state is None:
        return f'<i title="{day}: {say("no runs")}"></i>'
    return f'<i class="{state.value}" title="{day}: {_counted(counts, say)}">{_MARKS[state]}</i>'


def _counted(counts: Mapping[RunState, int], say: Texts) -> str:
    return say(", ").join(f"{counts[one]} {say(one.value)}" for one in RunState if counts.get(one))


def _shown(text: str) -> str:
    return printable(text, limit=_LONGEST)
