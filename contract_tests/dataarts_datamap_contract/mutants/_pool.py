"""Runs the suite against many servers in parallel, in a pool of processes."""

from __future__ import annotations

import gc
import logging
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract.mutants._judges import REFERENCE, judge, judge_composed, judge_seed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dataarts_datamap_contract._broken.servers import BrokenServer, CorrectServer
    from dataarts_datamap_contract.mutants._outcomes import BrokenOutcome, ComposedOutcome, CorrectOutcome

_MOST_NEW_OBJECTS: Final = 200_000


def run_fleet(
    only: str, *, cohorts: Collection[str], workers: int, with_stock: bool
) -> Iterator[BrokenOutcome | CorrectOutcome]:
    """Yield the outcomes as they arrive.

    Args:
        only: Part of a name; other servers are left out.
        cohorts: Cohorts; servers of other cohorts are left out.
        workers: How many processes.
        with_stock: Whether schemathesis also runs by itself on each broken server.
    """
    # Spawned, not forked: a server runs in a thread of its worker.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        # The slowest first: a correct server is judged in full.
        servers: list[BrokenServer | CorrectServer] = [*CORRECT_SERVERS, *BROKEN_SERVERS]
        names = [server.name for server in servers if server.cohort in cohorts and only in server.name]
        jobs = [pool.submit(judge, name, with_stock=with_stock) for name in names]
        for job in as_completed(jobs):
            yield job.result()


def run_seeds(only: str, *, seeds: int, reference_seeds: int, budget: str, workers: int) -> Iterator[CorrectOutcome]:
    """Yield the outcomes of correct servers with several seeds, as they arrive.

    Args:
        only: Part of a name; other servers are left out, and so is the reference unless it is empty.
        seeds: How many seeds for each correct server.
        reference_seeds: How many for the reference.
        budget: How thorough to be.
        workers: How many processes.
    """
    runs = [(server.name, seed) for server in CORRECT_SERVERS if only in server.name for seed in range(seeds)]
    runs += [(REFERENCE, seed) for seed in range(reference_seeds if not only else 0)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        jobs = [pool.submit(judge_seed, name, seed, budget) for name, seed in runs]
        for job in as_completed(jobs):
            yield job.result()


def run_composed(number: int, *, seed: int, workers: int) -> Iterator[ComposedOutcome]:
    """Yield the outcomes of composed servers as they arrive.

    Args:
        number: How many servers.
        seed: Seed of what they are composed of.
        workers: How many processes.
    """
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        for job in as_completed([pool.submit(judge_composed, seed, each) for each in range(number)]):
            yield job.result()


def _prepare() -> None:
    """Silence the log, as broken servers complain; collect garbage rarely, as a run keeps all that it has seen."""
    logging.disable(logging.CRITICAL)
    gc.set_threshold(_MOST_NEW_OBJECTS)
