"""Runs the suite against many servers in parallel, in a pool of processes."""

from __future__ import annotations

import gc
import logging
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, TypeVar

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract.mutants._judges import (
    REFERENCE,
    judge,
    judge_composed,
    judge_seed,
    judge_with_stock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from dataarts_datamap_contract._broken.servers import BrokenServer, CorrectServer
    from dataarts_datamap_contract.mutants._outcomes import BrokenOutcome, ComposedOutcome, CorrectOutcome

_MOST_NEW_OBJECTS: Final = 200_000
_Outcome = TypeVar("_Outcome")


def run_fleet(only: str, *, cohorts: Collection[str], workers: int) -> Iterator[BrokenOutcome | CorrectOutcome]:
    """The outcomes of the servers of the fleet, as they arrive.

    Args:
        only: Part of a name; other servers are left out.
        cohorts: Cohorts; servers of other cohorts are left out.
        workers: How many processes.
    """
    # The slowest first: a correct server is judged in full.
    servers: list[BrokenServer | CorrectServer] = [*CORRECT_SERVERS, *BROKEN_SERVERS]
    names = [server.name for server in servers if server.cohort in cohorts and only in server.name]
    return _run_all(judge, [(name,) for name in names], workers)


def run_stock(names: Collection[str], *, workers: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of broken servers and the checks of stock schemathesis that fail on them, as they arrive.

    Args:
        names: Their names.
        workers: How many processes.
    """
    return _run_all(judge_with_stock, [(name,) for name in names], workers)


def run_seeds(only: str, *, seeds: int, reference_seeds: int, budget: str, workers: int) -> Iterator[CorrectOutcome]:
    """The outcomes of correct servers with several seeds, as they arrive.

    Args:
        only: Part of a name; other servers are left out. Unless it is empty, the reference is left out, too.
        seeds: How many seeds for each correct server.
        reference_seeds: How many for the reference.
        budget: How thorough to be.
        workers: How many processes.
    """
    runs = [(server.name, seed) for server in CORRECT_SERVERS if only in server.name for seed in range(seeds)]
    runs += [(REFERENCE, seed) for seed in range(reference_seeds if not only else 0)]
    return _run_all(judge_seed, [(name, seed, budget) for name, seed in runs], workers)


def run_composed(number: int, *, seed: int, workers: int) -> Iterator[ComposedOutcome]:
    """The outcomes of composed servers as they arrive.

    Args:
        number: How many servers.
        seed: Seed of their defects.
        workers: How many processes.
    """
    return _run_all(judge_composed, [(seed, each) for each in range(number)], workers)


def _run_all(
    judge_one: Callable[..., _Outcome], runs: Iterable[tuple[object, ...]], workers: int
) -> Iterator[_Outcome]:
    """Yield what a judge returns for each tuple of arguments, as soon as it returns."""
    # Spawned, not forked: a server runs in a thread of its worker.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        for job in as_completed([pool.submit(_run, judge_one, arguments) for arguments in runs]):
            yield job.result()


def _run(judge_one: Callable[..., _Outcome], arguments: tuple[object, ...]) -> _Outcome:
    outcome = judge_one(*arguments)
    gc.collect()
    return outcome


def _prepare() -> None:
    """Silence the log, where broken servers complain, and collect garbage rarely: a run keeps most of its objects."""
    logging.disable(logging.CRITICAL)
    gc.set_threshold(_MOST_NEW_OBJECTS)
