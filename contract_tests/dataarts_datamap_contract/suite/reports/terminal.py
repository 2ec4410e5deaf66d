"""The report for a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS
from dataarts_datamap_contract.suite.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dataarts_datamap_contract.suite.verdicts import Report, Verdict

_INDENT = " " * 12


def render_text(report: Report, *, ci: bool = False) -> str:
    """The report as lines of printable text.

    Args:
        report: The report of the run.
        ci: Whether a single gap or weakness is enough for "Could not be judged".
    """
    return "".join(f"{line}\n" for line in _lines(report, ci=ci))


def summarize(report: Report, *, ci: bool = False) -> str:
    """The outcome in one sentence; ``ci`` as in `render_text`."""
    failed, gaps, errored = len(report.failures), len(report.gaps), len(report.with_outcome("errored"))
    passed, known = len(report.with_outcome("passed")), len(report.with_outcome("failed")) - failed
    excused = len(report.with_outcome("untested")) - gaps
    counts = ((passed, "passed"), (failed, "failed"), (known, "failed as known"), (errored, "errored"))
    more = ((gaps, "untested"), (excused, "not applicable"))
    shown_counts = ", ".join(
        f"{number} {word}" for number, word in (*counts, *more) if number or word in {"passed", "failed"}
    )
    verdict = {0: "Conforms", 1: "Does not conform", 2: "Could not be judged"}[report.exit_code(ci=ci)]
    return f"{verdict}: {shown_counts}; {report.evidence.requests} requests, seed {report.seed}"


def _lines(report: Report, *, ci: bool) -> Iterator[str]:
    yield f"{printable(report.endpoint)}, levels {report.levels}"
    for level, verdicts in groupby(report.verdicts, key=lambda verdict: verdict.level):
        yield ""
        yield f"{level}  {LEVELS[level]}"
        for verdict in verdicts:
            yield from _verdict_lines(verdict, told=report.shortcomings)
    yield ""
    if report.stopped:
        yield "The run was stopped at a failure."
    for shortcoming in report.shortcomings:
        yield f"Proves nothing yet: {printable(shortcoming)}"
    for weakness in report.weaknesses:
        yield f"Poor data (with --ci, exit code 2): {printable(weakness)}"
    for limit in report.limits:
        yield f"Not exercised: {printable(limit)}"
    yield summarize(report, ci=ci)


def _verdict_lines(verdict: Verdict, *, told: Collection[str]) -> Iterator[str]:
    """The lines of a verdict, without what is reported once for the whole run."""
    word = "known" if verdict.baseline else "n/a" if verdict.excused else verdict.outcome
    shown = word.upper() if word in {"failed", "errored"} else word
    yield f"  {shown:<9} {verdict.check:<24} {CATALOGUE[verdict.check].title}"
    for text in (verdict.reason, verdict.baseline):
        if text and text not in told:
            yield _INDENT + printable(text)
    for line in verdict.curl.splitlines() if verdict.curl else ():
        yield _INDENT + printable(line)
