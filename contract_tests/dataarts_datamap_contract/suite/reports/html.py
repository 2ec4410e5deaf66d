"""The report as one self-contained HTML page, built from elements, so that every text is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS
from dataarts_datamap_contract.suite.reports.terminal import summarize
from dataarts_datamap_contract.suite.text import printable
from dataarts_datamap_contract.suite.verdicts import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dataarts_datamap_contract.suite.verdicts import Coverage, Report, Verdict

_BANNERS: Final = {0: "conforms", 1: "differs", 2: "unjudged"}
_WORDS: Final = {
    "failed": "failed",
    "errored": "errored",
    "untested": "untested",
    "known": "known",
    "excused": "not applicable",
    "passed": "passed",
}
"""How the page names each outcome, the worst first."""


def write_html(report: Report, path: Path, *, ci: bool = False) -> None:
    """Write the report as a page that loads nothing: outcome, counts, failures, each level, and coverage.

    It shows everything without its script, which only filters, copies commands, and opens the check that the URL names.

    Args:
        report: The report of the run.
        path: The file to write.
        ci: Whether a single gap or weakness is enough for "Could not be judged".
    """
    style, script = _part("page.css"), _part("page.js")
    page = ET.Element("html", lang="en")
    head = _add(page, "head")
    _add(head, "meta", charset="utf-8")
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'"
    ET.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    _add(head, "meta", name="viewport", content="width=device-width")
    _add(head, "title", f"Conformance of {report.endpoint}")
    ET.SubElement(head, "style").text = style
    body = _add(page, "body")
    main = _add(body, "main")
    _add_banner(main, report, ci=ci)
    _add_counts(main, report)
    _add_filter(main, report)
    if report.failures:
        _add_section(main, "failures", "Failures", report.failures)
    for level, verdicts in groupby(report.verdicts, key=lambda verdict: verdict.level):
        rest = [verdict for verdict in verdicts if verdict not in report.failures]
        _add_section(main, f"level-{level}", f"{level}  {LEVELS[level]}", rest)
    _add_coverage(main, report.coverage)
    ET.SubElement(body, "script").text = script
    path.write_text(
        f"<!doctype html>\n{ET.tostring(page, encoding='unicode', method='html')}\n", encoding="utf-8", newline="\n"
    )


def _add_banner(main: ET.Element, report: Report, *, ci: bool) -> None:
    verdict, _, counts = summarize(report, ci=ci).partition(": ")
    banner = _add(main, "header", **{"class": f"banner {_BANNERS[report.exit_code(ci=ci)]}"})
    _add(banner, "h1", verdict)
    _add(banner, "p", f"{report.endpoint}, levels {report.levels}")
    _add(banner, "p", counts, **{"class": "soft"})
    if report.stopped:
        _add(banner, "p", "The run was stopped at a failure.", **{"class": "untested"})
    for shortcoming in report.shortcomings:
        _add(banner, "p", f"Proves nothing yet: {shortcoming}", **{"class": "failed"})
    for text in (*report.weaknesses, *report.limits):
        _add(banner, "p", text, **{"class": "untested"})


def _add_counts(main: ET.Element, report: Report) -> None:
    counts = Counter((verdict.level, _outcome(verdict)) for verdict in report.verdicts)
    outcomes = [outcome for outcome in _WORDS if any(counts[level, outcome] for level in LEVELS)]
    table = _add_table(main, "Checks by level", ("Level", *(_WORDS[outcome].capitalize() for outcome in outcomes)))
    for level in dict.fromkeys(verdict.level for verdict in report.verdicts):
        row = _add(table, "tr")
        title = f"{level}  {LEVELS[level]}"
        are_all_failures = all(verdict in report.failures for verdict in report.verdicts if verdict.level == level)
        _add(_add(row, "td"), "a", title, href="#failures" if are_all_failures else f"#level-{level}")
        for outcome in outcomes:
            number = counts[level, outcome]
            _add(row, "td", str(number or ""), **{"class": f"number {outcome}"})


def _add_filter(main: ET.Element, report: Report) -> None:
    """Add the form that filters checks, which stays hidden without the script."""
    form = _add(main, "form", hidden="", **{"class": "filter", "aria-label": "Which checks are shown"})
    _add(form, "input", type="search", placeholder="Text of a check", **{"aria-label": "Text of a check"})
    present = {_outcome(verdict) for verdict in report.verdicts}
    for outcome, word in _WORDS.items():
        if outcome in present:
            label = _add(form, "label")
            _add(label, "input", type="checkbox", value=outcome, checked="").tail = f" {word}"
    _add(form, "output", **{"aria-live": "polite"})


def _add_section(main: ET.Element, name: str, title: str, verdicts: Iterable[Verdict]) -> None:
    ordered = sorted(verdicts, key=lambda verdict: list(_WORDS).index(_outcome(verdict)))
    if not ordered:
        return
    section = _add(main, "section", id=name, **{"class": "checks"})
    _add(section, "h2", title)
    for verdict in ordered:
        _add_verdict(section, verdict)


def _add_verdict(section: ET.Element, verdict: Verdict) -> None:
    check, outcome = CATALOGUE[verdict.check], _outcome(verdict)
    details = _add(section, "details", id=check.id, **{"class": "check", "data-outcome": outcome})
    if outcome in {"failed", "errored"}:
        details.set("open", "")
    summary = _add(details, "summary")
    _add(summary, "span", _WORDS[outcome], **{"class": f"word {outcome}"})
    _add(summary, "span", check.title, **{"class": "title"})
    _add(summary, "code", check.id, **{"class": "soft"})
    found = _add(details, "div", **{"class": "found"})
    for text in (verdict.reason, verdict.baseline):
        if text:
            _add(found, "p", text)
    for line in verdict.curl.splitlines() if verdict.curl else ():
        command = _add(found, "div", **{"class": "command"})
        _add(command, "code", line)
        _add(command, "button", "Copy", type="button", hidden="")
    _add(found, "p", f"{check.rule} ({check.basis})", **{"class": "soft"})


def _add_coverage(main: ET.Element, coverage: Coverage) -> None:
    section = _add(main, "section", id="coverage")
    _add(section, "h2", f"{coverage.index:.0%} of the specification was exercised")
    details = _add(section, "details")
    _add(details, "summary", "Parameters: statuses, and how often each came back")
    _add_cells(details, coverage)
    details = _add(section, "details")
    _add(details, "summary", "Responses: types at every decoded level")
    _add_types(details, coverage)
    if coverage.relations:
        details = _add(section, "details")
        _add(details, "summary", "Relations: how often each was put to the test, by class of data")
        _add_relations(details, coverage)


def _add_relations(parent: ET.Element, coverage: Coverage) -> None:
    classes = list(dict.fromkeys(each.data_class for each in coverage.relations))
    table = _add_table(parent, "Relations by class of data", ("Relation", *classes))
    for check, exercises in groupby(coverage.relations, key=lambda each: each.check):
        row = _add(table, "tr")
        _add(_add(row, "td"), "code", check)
        for each in exercises:
            _add(row, "td", str(each.judged or ""), **{"class": "number"})


def _add_cells(parent: ET.Element, coverage: Coverage) -> None:
    table = _add_table(parent, "Statuses by class of value", ("Parameter", *CLASSES))
    for (operation, parameter), cells in groupby(coverage.cells, key=lambda cell: (cell.operation, cell.parameter)):
        answers = {cell.value_class: cell.answers for cell in cells}
        row = _add(table, "tr")
        _add(row, "td", f"{operation} {parameter}")
        for value_class in CLASSES:
            seen = answers.get(value_class)
            text = "" if seen is None else ", ".join(f"{status}: {count}" for status, count in seen.items())
            shown = text or ("" if seen is None else "not asked")
            _add(row, "td", shown, **({} if text else {"class": "none"}))


def _add_types(parent: ET.Element, coverage: Coverage) -> None:
    table = _add_table(parent, "Types in responses", ("Where", "Type", "Values seen"))
    for each in coverage.types:
        row = _add(table, "tr")
        _add(_add(row, "td"), "code", f"{each.operation} {each.path}")
        _add(row, "td", each.type)
        _add(row, "td", str(each.seen) if each.seen else "not seen", **({} if each.seen else {"class": "none"}))


def _add_table(parent: ET.Element, title: str, heads: Iterable[str]) -> ET.Element:
    """A table that scrolls by itself if it is wider than the page."""
    around = _add(parent, "div", role="region", tabindex="0", **{"class": "scroll", "aria-label": title})
    table = _add(around, "table")
    _add(table, "caption", title)
    row = _add(table, "tr")
    for head in heads:
        _add(row, "th", head, scope="col")
    return table


def _outcome(verdict: Verdict) -> str:
    return "known" if verdict.baseline else "excused" if verdict.excused else verdict.outcome


def _add(parent: ET.Element, tag: str, text: str | None = None, /, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = None if text is None else printable(text)
    return element


def _part(name: str) -> str:
    return files("dataarts_datamap_contract.suite.reports").joinpath(name).read_text(encoding="utf-8")


def _hash(part: str) -> str:
    return f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'"
