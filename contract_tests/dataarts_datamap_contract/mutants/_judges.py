"""Runs the suite, or stock schemathesis, against one server."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract._broken.seams import Seam
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract.mutants._aim import running
from dataarts_datamap_contract.mutants._composed import compose
from dataarts_datamap_contract.mutants._outcomes import BrokenOutcome, ComposedOutcome, CorrectOutcome
from dataarts_datamap_contract.mutants._stock import find_with_stock
from dataarts_datamap_contract.suite import run_suite
from dataarts_datamap_contract.suite.catalogue import CATALOGUE, LEVELS, RETIRED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap_contract._broken.servers import BrokenServer
    from dataarts_datamap_contract.suite.verdicts import Outcome, Verdict

_BROKEN = {server.name: server for server in BROKEN_SERVERS}
_CORRECT = {server.name: server for server in CORRECT_SERVERS}
REFERENCE = "the mock"
_REFERENCE = CorrectServer(name=REFERENCE, difference="none", seam=Seam(), shown=lambda _: False)


def judge(name: str) -> BrokenOutcome | CorrectOutcome:
    """Run the suite against the server of that name, as `judge_broken` or `judge_correct` does."""
    return judge_broken(_BROKEN[name]) if name in _BROKEN else judge_correct(_CORRECT[name])


def judge_broken(server: BrokenServer) -> BrokenOutcome:
    """Run until a declared check fails: first the levels of the declared checks; if none fails, all levels."""
    start = time.perf_counter()
    outcome = judge_levels(server, "".join(sorted({check[0] for check in server.checks})))
    if not outcome.caught_by:
        outcome = judge_levels(server, "".join(LEVELS))
    return replace(outcome, seconds=time.perf_counter() - start)


def judge_levels(server: BrokenServer, levels: str) -> BrokenOutcome:
    """Run some levels until a declared check fails."""
    checks = frozenset(RETIRED.get(check, check) for check in server.checks)
    with running(server.seam.build) as target:
        report = run_suite(target, levels=levels, stop_on=checks)
    failed, unjudged = _checks(report.verdicts, "failed"), _checks(report.verdicts, "untested", "errored")
    return BrokenOutcome(
        server=server.name,
        caught_by=tuple(check for check in failed if check in checks),
        also_failed=tuple(check for check in failed if check not in checks),
        unjudged=tuple(check for check in unjudged if check in checks),
    )


def judge_composed(seed: int, number: int) -> ComposedOutcome:
    """Run all levels on the composed server of a seed and a number until a check fails, without random requests."""
    composed = compose(seed, number)
    start = time.perf_counter()
    with running(composed.seam.build) as target:
        report = run_suite(target, stop_on=frozenset(CATALOGUE), max_examples=0)
    failed = _checks(report.verdicts, "failed")
    return ComposedOutcome(composed.name, composed.rule, failed, composed.met, time.perf_counter() - start)


def judge_seed(name: str, seed: int, budget: str) -> CorrectOutcome:
    """Run all levels completely on a correct server, with the random choices of a seed.

    Args:
        name: Its name, or `REFERENCE`.
        seed: Seed of the random choices.
        budget: How thorough to be.
    """
    outcome = judge_correct(_REFERENCE if name == REFERENCE else _CORRECT[name], seed=seed, budget=budget)
    return replace(outcome, server=f"{name}, seed {seed}")


def judge_correct(server: CorrectServer, *, seed: int = 0, budget: str = "default") -> CorrectOutcome:
    """Run all levels completely."""
    with running(server.seam.build, server.target) as target:
        start = time.perf_counter()
        report = run_suite(target, seed=seed, budget=budget)
        seconds = time.perf_counter() - start
    bad = [verdict for verdict in report.verdicts if verdict.outcome in ("failed", "errored")]
    findings = [f"{verdict.check} {verdict.outcome}: {verdict.reason}" for verdict in bad]
    judged = sum(verdict.outcome in ("passed", "failed") for verdict in report.verdicts)
    return CorrectOutcome(server.name, (*findings, *report.shortcomings), judged, seconds)


def _checks(verdicts: Iterable[Verdict], *outcomes: Outcome) -> tuple[str, ...]:
    return tuple(verdict.check for verdict in verdicts if verdict.outcome in outcomes)


def judge_with_stock(name: str) -> tuple[str, tuple[str, ...]]:
    """Run stock schemathesis on a broken server, and return the name and the checks that fail, sorted."""
    with running(_BROKEN[name].seam.build) as target:
        return name, tuple(sorted(find_with_stock(target)))
