"""How much the target's data lets the suite test: few runs, or runs of a single operator, leave gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.world import World

_FEWEST_RUNS: Final = 11
"""One page of ten, and one more run."""


class Strength(NamedTuple):
    """How much the target's data lets the suite test.

    Attributes:
        weaknesses: Why the data is too poor for most checks.
        limits: What could not be tested, and why; `run_suite` itself names the classes of data that no page had.
    """

    weaknesses: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def measure_strength(world: World) -> Strength:
    """Judge the runs that were shown in windows that end no later than the target's."""
    runs: dict[tuple[str, str], set[str]] = {}
    for asker, known in world.rows.items():
        runs.setdefault((asker.task_id, asker.job_name), set()).update(known)
    most = max(map(len, runs.values()), default=0)
    weak = f"no operator has more than {most} runs in its window: too few to test pages and windows well"
    single = "the data has runs of only one operator: whether a server mixes up two was not tested"
    return Strength((weak,) if 0 < most < _FEWEST_RUNS else (), (single,) if len(runs) == 1 else ())
