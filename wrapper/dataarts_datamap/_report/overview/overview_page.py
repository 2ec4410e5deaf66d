"""How many tables stand, as one page that asks nothing of any network."""

from __future__ import annotations

from collections import Counter
from html import escape
from string import Template
from typing import TYPE_CHECKING, Final

from dataarts_datamap._models.runs import RunState
from dataarts_datamap._monitoring.freshness import WORST_FIRST, Verdict
from dataarts_datamap._report.overview.table_days import worst_of
from dataarts_datamap._report.page_parts import part, policy_hash, script_of, style_of
from dataarts_datamap._report.texts import ENGLISH
from dataarts_datamap._text import printable
from dataarts_datamap._times import time_text
from dataarts_datamap._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime, tzinfo

    from dataarts_datamap._report.overview.table_days import DayStrip, OverviewRow
    from dataarts_datamap._report.texts import Texts

_LONGEST: Final = 300
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
    """The page, whole: HTML with its style and script inside, and lines that end in LF.

    What the server sent is in it as text alone, with control and bidirectional characters as escapes. Without
    JavaScript, all is there but the filters.

    Args:
        rows: The tables, the worst first.
        days: The days of each strip.
        now: When they were checked.
        zone: The zone of the days and times.
        say: The language of its words; reasons and causes stay English.
    """
    style = style_of(("style.css", "overview/overview.css"))
    script = script_of(("copying.js", "overview/overview.js"))
    verdicts = Counter(row.check.verdict for row in rows)
    worst = next((verdict for verdict in WORST_FIRST if verdicts[verdict]), Verdict.FRESH)
    return Template(say.page(part("overview/overview.html"))).substitute(
        lang=say.tag,
        style=style,
        script=script,
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
        verdict=worst.value,
        title=escape(headline(rows, say)),
        checked=escape(
            say("Checked {time} ({zone}), {n} days up to then", time=time_text(now, zone), zone=zone, n=len(days))
        ),
        shown=escape(say("{n} of {all} tables", n="{n}", all="{all}")),
        fine=escape(say("{key}: {fine} of {all} fine", key="{key}", fine="{fine}", all="{all}")),
        chips="".join(_chip(verdict, verdicts[verdict], say) for verdict in WORST_FIRST if verdicts[verdict]),
        first=days[0].isoformat(),
        last=days[-1].isoformat(),
        rows="\n".join(_row(row, number, days, zone, say) for number, row in enumerate(rows)),
        version=escape(__version__),
    )


def headline(rows: Sequence[OverviewRow], say: Texts = ENGLISH) -> str:
    """How many tables are fine, and how the others stand: ``294 of 300 tables are fine; 2 failed, 4 late``."""
    counts = Counter(row.check.verdict for row in rows)
    others = [
        f"{counts[verdict]} {_word(verdict, say)}"
        for verdict in WORST_FIRST
        if counts[verdict] and verdict is not Verdict.FRESH
    ]
    text = "{n} of {all} table is fine" if len(rows) == 1 else "{n} of {all} tables are fine"
    fine = say(text, n=counts[Verdict.FRESH], all=len(rows))
    return f"{fine}{say('; ') if others else ''}{say(', ').join(others)}"


def _word(verdict: Verdict, say: Texts) -> str:
    return say(verdict.value).replace("_", " ")


def _chip(verdict: Verdict, number: int, say: Texts) -> str:
    return (
        f'<label><input type="checkbox" name="verdict" value="{verdict.value}" checked>'
        f"<span>{_word(verdict, say)} {number}</span></label>"
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
    said = f"{name} {owner or ''} {check.verdict.value} {_word(check.verdict, say)} {check.reason}".casefold()
    return (
        f'<details class="table" data-verdict="{check.verdict.value}" data-rank="{rank}" data-order="{number}"'
        f' data-name="{escape(name.casefold())}" data-owner="{escape(_shown(owner or say(_NO_OWNER)))}"'
        f' data-database="{escape(_shown(database or say(_NO_DATABASE)))}"'
        f' data-success="{0 if last is None else int(last.timestamp())}" data-text="{escape(_shown(said))}">'
        f'<summary><span class="verdict"><span class="verdict-mark" aria-hidden="true"></span>'
        f'{_word(check.verdict, say)}</span><span class="name">{escape(name)}</span>'
        f'<span class="owner">{escape(_shown(owner or ""))}</span><span class="since">{escape(since)}</span>'
        f"{_strip(row.strip, days, say)}</summary>"
        f'<div class="about">{"".join(_about(row, days, zone, say))}</div></details>'
    )


def _about(row: OverviewRow, days: Sequence[date], zone: tzinfo, say: Texts) -> Iterable[str]:
    check, failure = row.check, row.last_failure
    yield f"<p>{escape(_shown(check.reason))}</p>"
    if check.cause is not None:
        yield f"<p>{say('Cause:')} {escape(_shown(check.cause))}</p>"
    if row.error is not None:
        yield f"<p>{say('Its days could not be read:')} {escape(_shown(row.error))}</p>"
    if failure is not None:
        log = "" if failure.log_path is None else f"{say(', log')} <code>{escape(_shown(failure.log_path))}</code>"
        said = f"{_shown(failure.job_name or '')}, {time_text(failure.time, zone)}, {_shown(failure.status or '')}"
        yield f"<p>{say('Last failure:')} {escape(said)}{log}</p>"
    for strip in row.operators:
        yield f'<p class="job"><span>{escape(_shown(strip.label))}</span>{_strip(strip, days, say)}</p>'
    guid = "" if check.guid is None else f"GUID <code>{escape(_shown(check.guid))}</code>"
    yield f'<p class="guid">{guid}</p>'


def _strip(strip: DayStrip, days: Sequence[date], say: Texts) -> str:
    totals: Counter[RunState] = Counter()
    for counts in strip.days:
        totals.update(counts)
    summary = say("{n} days: {what}", n=len(days), what=_counted(totals, say) or say("no runs"))
    cells = "".join(_cell(counts, day, say) for counts, day in zip(strip.days, days, strict=True))
    return f'<span class="days" role="img" aria-label="{escape(summary)}">{cells}</span>'


def _cell(counts: dict[RunState, int], day: date, say: Texts) -> str:
    state = worst_of(counts)
    if state is None:
        return f'<i title="{day}: {say("no runs")}"></i>'
    return f'<i class="{state.value}" title="{day}: {_counted(counts, say)}">{_MARKS[state]}</i>'


def _counted(counts: Mapping[RunState, int], say: Texts) -> str:
    return say(", ").join(f"{counts[one]} {say(one.value)}" for one in RunState if counts.get(one))


def _shown(text: str) -> str:
    return printable(text, limit=_LONGEST)
