"""Measures processor time, so that other work of the machine disturbs as little as possible."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def paired(actions: Mapping[str, Callable[[], object]], *, rounds: int, repeats: int) -> dict[str, float]:
    """Seconds of processor time of each action: the mean of ``repeats`` calls in the fastest of ``rounds`` rounds.

    The actions take turns in each round, so that a disturbance slows down all of them.
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
