"""How much the target's data could show: a run cannot vouch for what it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.world import World

_FEWEST_RUNS: Final = 11
"""One page of ten, and one more run."""


class Strength(NamedTuple):
    """What a run's data could show.

    Attributes:
        weaknesses: Why it could show next to nothing.
        limits: Which relations it could not exercise, and why, apart from classes of data that its pages lack.
    """

    weaknesses: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def measure_strength(world: World) -> Strength:
    """How much the runs in windows that no longer change could show."""
    runs: dict[tuple[str, str], set[str]] = {}
    for asker, known in world.rows.items():
        runs.setdefault((asker.task_id, asker.job_name), set()).update(known)
    most = max(map(len, runs.values()), default=0)
    weak = f"no operator has more than {most} runs in its window: too few to test pages and windows well"
    single = "the data has runs of only one operator: whether a server mixes up two was not tested"
    return Strength((weak,) if 0 < most < _FEWEST_RUNS else (), (single,) if len(runs) == 1 else ())
