"""Processor time, so that what else the machine does disturbs as little as can be."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def paired(actions: Mapping[str, Callable[[], object]], *, rounds: int, repeats: int) -> dict[str, float]:
    """Seconds of processor time that each action takes: the least mean of ``repeats`` among ``rounds``.

    The actions take turns in each round, so that what slows one down slows down the others.
    """
    least = dict.fromkeys(actions, float("inf"))
    for action in actions.values():
        action()
    for _ in range(rounds):
        for name, action in actions.items():
            least[name] = min(least[name], _mean(action, repeats))
    return least


def _mean(action: Callable[[], object], repeats: int) -> float:
    gc.collect()
    begun = time.process_time()
    for _ in range(repeats):
        action()
    return (time.process_time() - begun) / repeats
