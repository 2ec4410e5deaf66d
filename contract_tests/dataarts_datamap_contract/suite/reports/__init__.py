"""Reports for people and for machines: terminal text, JSON, JUnit XML, SARIF and an HTML page."""

from __future__ import annotations

from dataarts_datamap_contract.suite.reports.documents import write_json, write_junit
from dataarts_datamap_contract.suite.reports.html import write_html
from dataarts_datamap_contract.suite.reports.sarif import write_sarif
from dataarts_datamap_contract.suite.reports.terminal import render_text

__all__ = ["render_text", "write_html", "write_json", "write_junit", "write_sarif"]
