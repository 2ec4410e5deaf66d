"""Probes of many parameters at once: a server may handle each one alone, and fail on two of them together."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import RUNS
from dataarts_datamap_contract.suite._judging.invariants.paging import window_columns
from dataarts_datamap_contract.suite._judging.run_lists import cut_points
from dataarts_datamap_contract.suite._judging.world import Asker
from dataarts_datamap_contract.suite._probes.contexts import varied_question
from dataarts_datamap_contract.suite._probes.paging import judge_walk
from dataarts_datamap_contract.suite._probes.study import MOST_WALKED, total_of, walk

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study

T = TypeVar("T")

_OK = 200
_MOST_ASKED: Final = 105
_MOST_OF_OTHERS: Final = 10
_DRAWS: Final = 12
_MOST_TIES: Final = 4
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
_LAST: Final = 31
_SUNDAY: Final = 6
_CHANGES: Final = (3, 10)
_MOST_DATED: Final = 2
_LONG_AGO: Final = (0, 1, 2**31 - 1, 2**31, 2**32, 10**9, 1_700_000_000, 10**10, 10**11)

_LIMITS: Final = (1, 2, 3, 5, 7, 9, 10, 11, 16, 20, 21, 26, 35, 50, 51, 60, 99, LEAST_CAP, 101, 128, 150, 200, 256, 500)
_LARGE_LIMITS: Final = (999, 1_000, 1_001, 2**15, 2**16, 10**6)
"""Page sizes around those at which servers are known to behave differently."""

_ALIKE: Final = ((1, 11), (11, 1))
"""An offset and a limit each: pages that a cache mixes up if it writes both together."""

_OFFSETS: Final[tuple[Callable[[int, int, int], int], ...]] = (
    lambda _, __, ___: 0,
    lambda _, __, ___: 1,
    lambda _, limit, ___: limit,
    lambda total, _, chance: chance % max(total, 1),
    lambda total, _, __: total // 2,
    lambda total, limit, __: max(total - limit, 0),
    lambda total, limit, __: max((total - 1) // limit * limit, 0),
    lambda total, _, __: max(total - 1, 0),
    lambda total, _, __: total,
    lambda total, _, chance: total + 1 + chance % 70_000,
)
"""Ways to choose where a page begins, by the total, its limit and a random number."""


class _Base(NamedTuple):
    """The widest window of an operator that was read whole: it determines each page of each window inside it."""

    asker: Asker
    start: int
    end: int
    moments: list[int]


def probe_grid(session: Session, study: Study) -> None:
    """Pages of the target's operator, with and without its workspace, in windows of many kinds."""
    target = session.target
    for workspace_id in dict.fromkeys((target.workspace_id, None)):
        asker = Asker(target.task_id, target.job_name, workspace_id)
        ask_around(session, asker, _MOST_ASKED, more=((study.start, study.end),))
    session.ledger.judge_windows()


def ask_around(
    session: Session, asker: Asker, most: int = _MOST_OF_OTHERS, more: tuple[tuple[int, int], ...] = ()
) -> None:
    """Read the widest possible window of an operator whole, and ask for pages of windows inside it."""
    end = session.target.window_end
    # At 0 there may be runs that have not started.
    base = _read_whole(session, asker, ((1, end), (session.target.window_start, end), *more))
    if base is None:
        return
    for start, end, offset, limit in _questions(session, base, most):
        changes = {**asker._asdict(), "start_time": start, "end_time": end, "offset": offset, "limit": limit}
        session.send(varied_question(session, RUNS, session.random.randrange(4), **changes))


def _read_whole(session: Session, asker: Asker, windows: Iterable[tuple[int, int]]) -> _Base | None:
    for start, end in windows:
        window = {"start_time": start, "end_time": end}
        first = session.runs(**asker._asdict(), **window, limit=LEAST_CAP)
        total = total_of(first)
        if first.response.status == _OK and total is not None and total <= MOST_WALKED:
            walked = walk(session, LEAST_CAP, first=first, **asker._asdict(), **window)
            judge_walk(session, walked)
            moments = cut_points(walked.rows, window_columns(session.target))
            if walked.rows and len(walked.rows) == total and moments:
                return _Base(asker, start, end, moments)
            if walked.rows and not moments:
                columns = " or ".join(window_columns(session.target))
                session.ledger.leave_untested(f"no row has {columns}", "C-window-adds-up")
    return None


def _questions(session: Session, base: _Base, most: int) -> Iterator[tuple[int, int, int, int]]:
    world, in_pages = session.ledger.world, session.target.offset_unit == "pages"
    generator = session.random
    whole = world.find(base.asker, base.start, base.end)
    if whole is not None and not in_pages:
        yield from ((base.start, base.end, place, 5) for place in _ties(session, base))
    yield from ((start, min(end, base.end), 0, LEAST_CAP) for start, end in _dated(base, generator))
    if most >= _MOST_ASKED:
        yield from ((base.start, base.end, 0, limit) for limit in _LIMITS[6:-2])
        yield from ((base.start, base.end, *page) for page in _ALIKE)
        for moment in generator.sample(base.moments, min(_MOST_TIES, len(base.moments))):
            yield from ((each, each, 0, 5) for each in (moment, moment + 1, moment - 1) if each >= base.start)
    limits = (*_LIMITS, *_LIMITS, *_LIMITS, *_LARGE_LIMITS)
    for kind, place, limit in pairwise_of(generator, most, _WINDOWS, _OFFSETS, limits):
        start, end = kind(base, generator)
        start, end = max(start, base.start), min(end, base.end)
        if start > end:
            continue
        total = bisect_right(base.moments, end) - bisect_right(base.moments, start - 1)
        row = place(total, limit, generator.randrange(2**31))
        yield start, end, row // limit if in_pages else row, limit


def _dated(base: _Base, generator: random.Random) -> list[tuple[int, int]]:
    """Windows from the 31st of a month, and from when clocks are put forward or back in Europe, if runs are near."""
    ends: list[tuple[int, int]] = []
    changes: list[tuple[int, int]] = []
    for midnight in range(-(-base.moments[0] // _DAY) * _DAY, base.moments[-1], _DAY):
        date = datetime.fromtimestamp(midnight / 1_000, UTC)
        one = midnight + _HOUR
        if date.day == _LAST:
            ends.append((midnight, midnight + 46 * _DAY))
        if (date.month in _CHANGES and date.weekday() == _SUNDAY and date.day + 7 > _LAST) and (
            bisect_right(base.moments, one - 1) > bisect_right(base.moments, midnight - 1)
        ):
            changes.append((one, one + 2 * _HOUR))
    return [each for kind in (ends, changes) for each in generator.sample(kind, min(_MOST_DATED, len(kind)))]


def _ties(session: Session, base: _Base) -> list[int]:
    """Positions between two runs of the same time."""
    rows = session.ledger.world.rows[base.asker]
    window = session.ledger.world.find(base.asker, base.start, base.end)
    column = window_columns(session.target)[0]
    times = {position: rows[run].get(column) for position, (run, _) in window.places.items()} if window else {}
    ties = [position for position, time in times.items() if time and times.get(position - 1) == time]
    return session.random.sample(ties, min(_MOST_TIES, len(ties)))


def pairwise_of(generator: random.Random, most: int, *columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """A number of combinations of one value from each column, drawn so that many pairs of values meet in them."""
    met: set[tuple[int, int, int, int]] = set()
    for _ in range(most):
        drawn = [tuple(generator.randrange(len(column)) for column in columns) for _ in range(_DRAWS)]
        pairs = {each: {(*first, *second) for first, second in combinations(enumerate(each), 2)} for each in drawn}
        best = max(drawn, key=lambda each: len(pairs[each] - met))
        met |= pairs[best]
        yield tuple(column[index] for column, index in zip(columns, best, strict=True))


def _span(base: _Base, generator: random.Random) -> tuple[int, int]:
    first, last = sorted(generator.choices(base.moments, k=2))
    return first, last


def _from_run(length: int) -> Callable[[_Base, random.Random], tuple[int, int]]:
    def window(base: _Base, generator: random.Random) -> tuple[int, int]:
        moment = generator.choice(base.moments)
        return moment, moment + length

    return window


def _until_run(length: int) -> Callable[[_Base, random.Random], tuple[int, int]]:
    def window(base: _Base, generator: random.Random) -> tuple[int, int]:
        moment = generator.choice(base.moments)
        return moment - length, moment

    return window


def _calendar(length: int, zone: int) -> Callable[[_Base, random.Random], tuple[int, int]]:
    """A window that begins at a midnight of a zone so many hours east of UTC."""

    def window(base: _Base, generator: random.Random) -> tuple[int, int]:
        begin = (generator.choice(base.moments) + zone * _HOUR) // _DAY * _DAY - zone * _HOUR
        return begin, begin + length

    return window


def _gap(base: _Base, generator: random.Random) -> tuple[int, int]:
    index = generator.randrange(len(base.moments))
    following = base.moments[index + 1] if index + 1 < len(base.moments) else base.end + 1
    return base.moments[index] + 1, following - 1


_WINDOWS: Final[tuple[Callable[[_Base, random.Random], tuple[int, int]], ...]] = (
    lambda base, _: (base.start, base.end),
    _span,
    lambda base, generator: (_span(base, generator)[0] + 1, base.end),
    lambda base, generator: (base.start, _span(base, generator)[1] - 1),
    lambda base, generator: (generator.choice(_LONG_AGO), _span(base, generator)[1]),
    lambda base, generator: (_span(base, generator)[0], base.end),
    lambda base, generator: (base.start, generator.choice(_LONG_AGO)),
    lambda base, generator: (base.start, generator.choice(base.moments) // 1_000),
    _gap,
    _from_run(0),
    _from_run(1),
    _until_run(1),
    _from_run(_HOUR),
    _from_run(_DAY),
    _until_run(_DAY - 1),
    _from_run(3 * _DAY + 1),
    _until_run(7 * _DAY),
    _from_run(8 * _DAY),
    _from_run(32 * _DAY),
    _until_run(93 * _DAY),
    _calendar(_DAY, 0),
    _calendar(_DAY - 1, 8),
    _calendar(2 * _DAY, -5),
    _calendar(7 * _DAY - 1, 0),
)
"""Ways to choose a window at random; in most, it begins or ends at a run or next to one."""
