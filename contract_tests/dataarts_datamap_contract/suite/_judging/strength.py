"""How much the target's data could show: a run cannot vouch for what it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.run_lists import RUN_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dataarts_datamap_contract.suite._judging.world import World

_FEWEST_RUNS: Final = 11
"""One page of ten, and one more run."""

_DAY: Final = 86_400_000
_LARGE: Final = 2**31


class Strength(NamedTuple):
    """What a run's data could show.

    Attributes:
        weaknesses: Why it could show next to nothing.
        limits: Which relations it could not exercise, and why.
    """

    weaknesses: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def measure_strength(world: World) -> Strength:
    """What the data that a run saw, and that no longer changes, could show."""
    by_operator: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for asker, known in world.rows.items():
        if known:
            by_operator.setdefault((asker.task_id, asker.job_name), {}).update(known)
    if not by_operator:
        return Strength()
    rows = [row for known in by_operator.values() for row in known.values()]
    plans = [[whole_number(row.get("planTime")) or 0 for row in known.values()] for known in by_operator.values()]
    most = max(map(len, plans))
    weak = f"no operator has more than {most} runs in its window: no page but the first was seen, and few windows"
    seen = {
        "a second operator with runs: one could not be taken for the other": len(by_operator) > 1,
        "a second workspace: a filter could not let in too much": _differ(rows, "workspaceId"),
        "a second status: what depends on the status was not seen": _differ(rows, "status"),
        "two runs of one planTime: no page ended between them": any(len(set(each)) < len(each) for each in plans),
        "runs on two days: no window over a midnight was seen": any(_days(each) > 1 for each in plans),
        "more than 100 runs: no page was as long as a cap": most > LEAST_CAP,
        "an id beyond 31 bits: none could be cut": any(_is_large(row) for row in rows),
    }
    limits = (f"the data has not {what}" for what, is_seen in seen.items() if not is_seen)
    return Strength((weak,) if most < _FEWEST_RUNS else (), tuple(limits))


def _differ(rows: Iterable[Mapping[str, Any]], name: str) -> bool:
    return len({str(row.get(name)) for row in rows}) > 1


def _days(plans: Iterable[int]) -> int:
    return len({plan // _DAY for plan in plans})


def _is_large(row: Mapping[str, Any]) -> bool:
    return (whole_number(row.get(RUN_ID)) or 0) >= _LARGE
