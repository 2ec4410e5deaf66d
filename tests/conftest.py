"""Settings of all tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

# The first draw of a fresh checkout builds tables of Unicode, which takes longer than a health check allows.
settings.register_profile(
    "project",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many blocks of the documents were run, and why the others were not."""
    reports = terminalreporter.getreports("passed")
    told = [pair for report in reports if report.when == "call" for pair in report.user_properties]
    skipped = sorted(str(value) for name, value in told if name == "block not run")
    if run := [value for name, value in told if name == "blocks run"]:
        terminalreporter.section("blocks of the documents")
        terminalreporter.line(f"{sum(run)} blocks run, {len(skipped)} not run{':' if skipped else ''}")
        for line in skipped:
            terminalreporter.line(f"  {line}")
