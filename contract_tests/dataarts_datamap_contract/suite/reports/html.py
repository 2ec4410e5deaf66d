"""The report as one HTML page that needs nothing else. Elements are built, not pasted: every text is escaped."""

from __future__ import annotations

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

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430 }
p { overflow-wrap: break-word }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem } caption { text-align: left; font-weight: 600 }
th, td { border: 1px solid #d5dae1; padding: .3rem .5rem; text-align: left; vertical-align: top }
th { background: #f2f4f7 } code { font-size: .85em; overflow-wrap: anywhere } small { color: #5a6472 }
.passed { color: #12653a } .failed, .errored { color: #a3161e; font-weight: 600 } .untested, .none { color: #7a5200 }
@media (prefers-color-scheme: dark) {
  body { background: #14181f; color: #e3e7ee } th { background: #202733 } th, td { border-color: #3a4352 }
  small { color: #a3adbb } .passed { color: #67c891 } .failed, .errored { color: #ff8d8d }
  .untested, .none { color: #e5b967 }
}
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def write_html(report: Report, path: Path) -> None:
    """Write the report as one page without scripts, and without anything that it would have to load."""
    page = ET.Element("html", lang="en")
    head = ET.SubElement(page, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    ET.SubElement(head, "meta", name="viewport", content="width=device-width")
    _add(head, "title", f"Conformance of {report.endpoint}")
    ET.SubElement(head, "style").text = _STYLE
    body = ET.SubElement(page, "body")
    _add(body, "h1", "Conformance")
    _add(body, "p", f"{report.endpoint}, levels {report.levels}")
    _add(body, "p", summarize(report))
    for shortcoming in report.shortcomings:
        _add(body, "p", f"Proves nothing yet: {shortcoming}", "failed")
    for text in (*report.weaknesses, *report.limits):
        _add(body, "p", text, "untested")
    _add(body, "p", f"{report.coverage.index:.0%} of the specification was exercised.")
    for level, verdicts in groupby(report.verdicts, key=lambda verdict: verdict.level):
        _add_verdicts(body, f"{level}  {LEVELS[level]}", verdicts)
    _add_cells(body, report.coverage)
    _add_types(body, report.coverage)
    path.write_text(
        f"<!doctype html>\n{ET.tostring(page, encoding='unicode', method='html')}\n", encoding="utf-8", newline="\n"
    )


def _add_verdicts(body: ET.Element, title: str, verdicts: Iterable[Verdict]) -> None:
    table = _add_table(body, title, ("Check", "Verdict", "What was found"))
    for verdict in verdicts:
        check = CATALOGUE[verdict.check]
        row = ET.SubElement(table, "tr")
        name = ET.SubElement(row, "td")
        _add(name, "code", check.id)
        _add(name, "div", check.title)
        word = "known" if verdict.baseline else "not applicable" if verdict.excused else verdict.outcome
        _add(row, "td", word, "untested" if verdict.baseline else verdict.outcome)
        found = ET.SubElement(row, "td")
        _add(found, "small", f"{check.rule} ({check.basis})")
        for text in (verdict.reason, verdict.baseline):
            if text:
                _add(found, "div", text)
        for line in verdict.curl.splitlines() if verdict.curl else ():
            _add(ET.SubElement(found, "div"), "code", line)


def _add_cells(body: ET.Element, coverage: Coverage) -> None:
    table = _add_table(body, "Parameters: statuses and how often each was answered", ("Parameter", *CLASSES))
    for (operation, parameter), cells in groupby(coverage.cells, key=lambda cell: (cell.operation, cell.parameter)):
        answers = {cell.value_class: cell.answers for cell in cells}
        row = ET.SubElement(table, "tr")
        _add(row, "td", f"{operation} {parameter}")
        for value_class in CLASSES:
            seen = answers.get(value_class)
            text = "" if seen is None else ", ".join(f"{status}: {count}" for status, count in seen.items())
            _add(row, "td", text or ("" if seen is None else "not asked"), None if text else "none")


def _add_types(body: ET.Element, coverage: Coverage) -> None:
    table = _add_table(body, "Responses: types at every decoded level", ("Where", "Type", "Values seen"))
    for each in coverage.types:
        row = ET.SubElement(table, "tr")
        _add(ET.SubElement(row, "td"), "code", f"{each.operation} {each.path}")
        _add(row, "td", each.type)
        _add(row, "td", str(each.seen) if each.seen else "not seen", None if each.seen else "none")


def _add_table(body: ET.Element, title: str, heads: Iterable[str]) -> ET.Element:
    table = ET.SubElement(body, "table")
    _add(table, "caption", title)
    row = ET.SubElement(table, "tr")
    for head in heads:
        _add(row, "th", head)
    return table


def _add(parent: ET.Element, tag: str, text: str, style: str | None = None) -> None:
    element = ET.SubElement(parent, tag)
    element.text = printable(text)
    if style:
        element.set("class", style)
