"""The rolling median of durations, and the outliers among them."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WINDOW: Final = 15
LEAST: Final = 5
_SPREADS: Final = 3.0
_NORMAL: Final = 1.4826  # the standard deviation of normal values, divided by their median absolute deviation
_SHARE: Final = 0.25

OUTLIER_RULE: Final = (
    "A successful run is an outlier if its duration is at least a quarter longer or shorter than the median of this "
    "run and up to {before} successes before it, and differs from that median by more than three standard deviations, "
    "estimated as {normal} times the median absolute deviation. The first {unjudged} of a job are not judged."
)
"""The rule for outliers, for the reader of a report, with names in braces for ``OUTLIER_VALUES``."""

OUTLIER_VALUES: Final = {"before": WINDOW - 1, "normal": _NORMAL, "unjudged": LEAST - 1}


class Rolled(NamedTuple):
    """A value's rolling median, and whether it is an outlier by ``OUTLIER_RULE``.

    Attributes:
        median: The median of this value and up to 14 values before it; None for the first four values.
    """

    median: float | None
    is_outlier: bool


def rolled(values: Iterable[float]) -> Iterator[Rolled]:
    last: deque[float] = deque(maxlen=WINDOW)
    for value in values:
        last.append(value)
        if len(last) < LEAST:
            yield Rolled(median=None, is_outlier=False)
        else:
            middle = median(last)
            yield Rolled(middle, _stands_out(value, middle, last))


def _stands_out(value: float, middle: float, among: Iterable[float]) -> bool:
    distance = abs(value - middle)
    spread = _NORMAL * median(abs(one - middle) for one in among)
    return distance >= _SHARE * middle and distance > _SPREADS * spread
