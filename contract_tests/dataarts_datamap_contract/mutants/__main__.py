"""Run the conformance suite against the fleet, and write the matrix of bugs and the checks that caught them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS
from dataarts_datamap_contract._broken.servers import Cohort
from dataarts_datamap_contract.mutants._matrix import write_matrix
from dataarts_datamap_contract.mutants._outcomes import BrokenOutcome, CorrectOutcome
from dataarts_datamap_contract.mutants._pool import run_composed, run_fleet, run_seeds, run_stock
from dataarts_datamap_contract.mutants._stock_record import StockRecord
from dataarts_datamap_contract.suite.budget import BUDGETS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

COHORTS: Final[tuple[str, ...]] = get_args(Cohort)
# One more than there are cores, as some servers make the suite wait.
_WORKERS: Final = (os.cpu_count() or 1) + 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the options say. After a run over the fleet, write the matrix if they name a file for it.

    Returns:
        0 if every broken server was caught and no correct one failed; 1 otherwise, and if no server was run. Always 0
        with ``--composed`` and with ``--stock only``.
    """
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the matrix to this file, as Markdown")
    parser.add_argument("--workers", type=int, default=_WORKERS, help=f"number of processes (default: {_WORKERS})")
    parser.add_argument("--only", metavar="TEXT", default="", help="servers whose name contains this")
    parser.add_argument("--cohort", action="append", choices=COHORTS, help="servers of this cohort (default: all)")
    parser.add_argument(
        "--stock",
        choices=["missing", "fresh", "only", "none"],
        default="missing",
        help="on which servers to run stock schemathesis, too: those without a known outcome (missing, the default), "
        "all (fresh), or none; only is like missing, but the suite itself is not run",
    )
    parser.add_argument("--no-stock", dest="stock", action="store_const", const="none", help="short for --stock none")
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="look for false alarms instead, with N seeds for each correct server"
    )
    parser.add_argument(
        "--mock-seeds",
        type=int,
        metavar="N",
        default=20,
        help="with --seeds and without --only: number of seeds for the unchanged mock (20)",
    )
    parser.add_argument(
        "--budget", choices=list(BUDGETS), default="default", help="with --seeds: how thorough each run is"
    )
    parser.add_argument(
        "--composed",
        type=int,
        metavar="N",
        help="run on N servers with randomly composed defects instead, and print the outcome of each",
    )
    parser.add_argument("--seed", type=int, default=0, help="with --composed: seed of the defects (0)")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    if options.composed is not None:
        return _measure_power(options)
    if options.seeds is not None:
        return _look_for_false_alarms(options, start)
    broken: list[BrokenOutcome] = []
    correct: list[CorrectOutcome] = []
    cohorts = options.cohort or COHORTS
    stock = _ask_stock(options, cohorts)
    if options.stock == "only":
        return 0
    for outcome in run_fleet(options.only, cohorts=cohorts, workers=options.workers):
        sys.stderr.write(f"{_line(outcome)}\n")
        if isinstance(outcome, BrokenOutcome):
            broken.append(replace(outcome, stock=stock[outcome.server]))
        else:
            correct.append(outcome)
    if options.output is not None:
        options.output.write_text(write_matrix(broken, correct), encoding="utf-8", newline="\n")
    return _print_summary(broken, correct, time.perf_counter() - start)


def _ask_stock(options: argparse.Namespace, cohorts: Collection[str]) -> Mapping[str, tuple[str, ...] | None]:
    """Run stock schemathesis as ``--stock`` says, and return its outcome on each chosen server; None where unknown."""
    names = [each.name for each in BROKEN_SERVERS if each.cohort in cohorts and options.only in each.name]
    record = StockRecord()
    known = {name: record.find(name) for name in names}
    wanted = [name for name, checks in known.items() if options.stock == "fresh" or checks is None]
    plan = "missing and not measured (--stock none)" if options.stock == "none" else "to be measured now"
    sys.stderr.write(f"stock: {len(known) - len(wanted)} outcomes are from the record, {len(wanted)} are {plan}\n")
    for name, checks in run_stock(wanted if options.stock != "none" else (), workers=options.workers):
        sys.stderr.write(f"stock, {name}: {', '.join(checks) or 'nothing'}\n")
        record.add(name, checks)
        known[name] = checks
    return known


def _look_for_false_alarms(options: argparse.Namespace, start: float) -> int:
    outcomes: list[CorrectOutcome] = []
    for outcome in run_seeds(
        options.only,
        seeds=options.seeds,
        reference_seeds=options.mock_seeds,
        budget=options.budget,
        workers=options.workers,
    ):
        sys.stderr.write(f"{_line(outcome)}\n")
        outcomes.append(outcome)
    return _print_summary([], outcomes, time.perf_counter() - start)


def _measure_power(options: argparse.Namespace) -> int:
    """Print the outcome of each composed server, and return 0: no caller could notice the defects of some servers."""
    caught = met = 0
    for outcome in run_composed(options.composed, seed=options.seed, workers=options.workers):
        caught += bool(outcome.caught_by)
        met += bool(outcome.met or outcome.caught_by)
        verdict = ", ".join(outcome.caught_by) or ("MISSED" if outcome.met else "never triggered")
        sys.stderr.write(f"{outcome.server} {outcome.seconds:.1f} s: {verdict}. {outcome.rule}\n")
    sys.stdout.write(
        f"{caught} caught of {met} servers whose defect changed a response; {options.composed} servers in all\n"
    )
    return 0


def _line(outcome: BrokenOutcome | CorrectOutcome) -> str:
    if isinstance(outcome, CorrectOutcome):
        verdict = "; ".join(outcome.findings) or f"conforms, by {outcome.judged} checks"
    else:
        verdict = ", ".join(outcome.caught_by) or f"MISSED (fired: {', '.join(outcome.also_failed) or 'nothing'})"
    return f"{outcome.server} {outcome.seconds:.1f} s: {verdict}"


def _print_summary(broken: Sequence[BrokenOutcome], correct: Sequence[CorrectOutcome], seconds: float) -> int:
    missed = [outcome for outcome in broken if not outcome.caught_by]
    failed = [outcome for outcome in correct if outcome.findings]
    sys.stdout.write("".join(_failures(missed, failed)))
    measured = [outcome.stock for outcome in broken if outcome.stock is not None]
    stock = f"{sum(map(bool, measured))} of {len(measured)} measured"
    sys.stdout.write(
        f"{len(broken) - len(missed)} of {len(broken)} broken servers caught (stock: {stock}), "
        f"{len(correct) - len(failed)} of {len(correct)} correct ones conform, {seconds:.0f} s\n"
    )
    return 1 if missed or failed or not (broken or correct) else 0


def _failures(missed: Iterable[BrokenOutcome], failed: Iterable[CorrectOutcome]) -> Iterable[str]:
    yield from (f"missed: {_line(outcome)}\n" for outcome in missed)
    yield from (f"wrongly failed: {_line(outcome)}\n" for outcome in failed)


if __name__ == "__main__":
    sys.exit(main())
