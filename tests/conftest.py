"""Settings of all tests."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from support.faces import AsyncFace, Face, SyncFace

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser

# The first draw in a fresh checkout builds Unicode tables, which takes longer than a health check allows.
settings.register_profile(
    "project",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")
os.environ["DATAMAP_CACHE_DIR"] = ""  # no test writes table names to the user's disk, except where it chooses the path

TESTS = Path(__file__).parent


if "PYTEST_XDIST_WORKER" in os.environ:
    PROCESSES = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    PROCESS = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        collector: pytest.Collector,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Let each process begin with other folders: it finds the rest compiled by its siblings."""
        report = yield
        if isinstance(collector, pytest.Directory) and collector.path == TESTS:
            starts = [(PROCESS + turn) % PROCESSES for turn in range(PROCESSES)]
            report.result = [entry for start in starts for entry in report.result[start::PROCESSES]]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        """Each process has the tests in the same order, in whichever it collected them."""
        items.sort(key=place)


def place(item: pytest.Item) -> tuple[bool, str]:
    """Where a test stands among those of other folders."""
    folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
    return item.get_closest_marker("begins_first") is None, folder


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end: no garbage collection walks through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(params=[SyncFace(), AsyncFace()], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    """Each face of the client in turn."""
    chosen: Face = request.param
    return chosen


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The machine's Chromium. Without one, a test is skipped, but a proof fails."""
    from support.browser import chromium, find_chromium  # noqa: PLC0415  the driver takes long to load

    executable = find_chromium()
    if executable is None:
        tell = pytest.fail if "not prove" not in str(request.config.getoption("-m")) else pytest.skip
        tell("NO BROWSER: install Chromium, or name one in CHROMIUM, to prove what a page shows")
    with chromium(executable) as started:
        yield started


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT interrupts, even if the tests run in the background of a shell that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how many blocks of the documents were run, and why the others were not."""
    reports = terminalreporter.getreports("passed")
    told = [pair for report in reports if report.when == "call" for pair in report.user_properties]
    skipped = sorted(str(value) for name, value in told if name == "block not run")
    if run := [value for name, value in told if name == "blocks run"]:
        terminalreporter.section("blocks of the documents")
        terminalreporter.line(f"{sum(run)} blocks run, {len(skipped)} not run{':' if skipped else ''}")
        for line in skipped:
            terminalreporter.line(f"  {line}")
