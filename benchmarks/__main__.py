"""Runs the benchmarks, and writes their table: ``python -m benchmarks``, in an environment with the peers."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.certificate import self_signed
from benchmarks.processes import Environments
from benchmarks.table import Figure, machine, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_NOTES: Final = Path(__file__).with_name("notes.md")
_HEAD: Final = """\
# Benchmarks

Written by `make bench`, not by hand. A figure in × is a ratio to what it is compared with, measured in the same run, in
turns: the official SDK's figure is 1, and more is faster. The times are processor time of the client's process, the
least of many rounds; but walks under a throttle, checks of tables and scrapes are measured in elapsed time, and the
mock server by the processor time of its own process. Rows have the form of the documented example: 24 fields, 1.7 KB
each.

"""


def _lines(where: Environments) -> Mapping[str, Callable[[], Iterable[Figure]]]:
    """The benchmarks by the names for ``--only``."""
    from benchmarks import checking, decoding, importing, mocking, requesting, walking  # noqa: PLC0415  peers look for a home folder

    return {
        "decode": decoding.decoding,
        "request": requesting.requesting,
        "async": requesting.requesting_in_event_loops,
        "tls": requesting.requesting_encrypted,
        "import": lambda: importing.importing(where),
        "size": lambda: importing.sizing(where),
        "mock": lambda: mocking.mocking(where),
        "throttle": walking.throttled,
        "pages": lambda: walking.paging(where),
        "check": lambda: checking.checking(where),
        "report": lambda: checking.reporting(where),
        "grow": walking.growing,
    }


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, required=True, help="folder with the installations to compare")
    parser.add_argument("--only", default="", help="names of lines, separated by commas; writes no file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HOME"] = scratch  # the official SDK writes there when it is imported
        # Read once per process: the first one by this client and httpx, the other one by the official SDK.
        os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = str(self_signed(Path(scratch)))
        lines = _lines(Environments(given.environments.resolve(), Path(scratch)))
        chosen = [name.strip() for name in given.only.split(",") if name.strip()] or list(lines)
        if unknown := set(chosen) - set(lines):
            parser.error(f"no line is named {', '.join(sorted(unknown))}; there are {', '.join(lines)}")
        figures = [figure for name in chosen for figure in _shown(lines[name]())]
    if not given.only:
        _RESULTS.write_text(
            f"{_HEAD}{machine()}\n\n{table(figures)}\n{_NOTES.read_text(encoding='utf-8')}", encoding="utf-8"
        )


def _shown(figures: Iterable[Figure]) -> Iterable[Figure]:
    for figure in figures:
        sys.stderr.write(f"{figure.row()}\n")
        yield figure


if __name__ == "__main__":
    _main()
