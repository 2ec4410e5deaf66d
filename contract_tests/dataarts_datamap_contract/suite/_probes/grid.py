"""Reads all runs of each operator, and asks for random pages, whose rows follow from these runs."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from dataarts_datamap_contract.suite._http.credentials import NOBODY
from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.paging import window_columns
from dataarts_datamap_contract.suite._judging.run_lists import cut_points
from dataarts_datamap_contract.suite._judging.world import Asker
from dataarts_datamap_contract.suite._probes.contexts import operators_of
from dataarts_datamap_contract.suite._probes.study import LIMIT, MOST_WALKED, judge_walk, total_of, walk
from dataarts_datamap_contract.suite._probes.ways import ask

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study

T = TypeVar("T")

_OK = 200
_NAMES: Final = ("task_id", "job_name", "workspace_id")
_MOST_NAMED: Final = 8
_MOST_DRAWN: Final = 125
_DISTURBED: Final = 0.09
_UNSERVED: Final[tuple[dict[str, Any], ...]] = (
    {"limit": 0},
    {"credential": NOBODY},
    {"job_name": "no-such-operator-5f1c09"},
    {"workspace_id": "0" * 32},
    {"start_time": "yesterday"},
)
"""Changes after which a request finds no runs."""

_TOGETHER: Final = (
    ("task_id", "job_name", "workspace_id"),
    *(("workspace_id",), ("start_time",), ("end_time",), ("offset",), ("limit",)),
)
"""Groups of parameters: a variant of a question takes one whole group from another question."""

_DRAWS: Final = 12
_MOST_TIES: Final = 4
_KINDS: Final = ("status", "type", "retryTimes", "forceSuccess")
_MOST_KINDS: Final = 14
_FEWEST_TILES: Final = 12
_MOST_TILES: Final = 72
_FAR: Final = (2**15, 2**16, 10**6, 2**24, 2**31 - 1)
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
_LAST: Final = 31
_DECEMBER: Final = 12
_ZONES: Final = (ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"))
_MOST_DATED: Final = 2
_FAR_ENDS: Final = (2**31 * 1_000, 2**32 * 1_000, 2**63 // 10**6 + 1, 253_402_300_800_000, 2**53, 2**63 - 1)
"""Ends at the limits of seconds in 31 and 32 bits, nanoseconds in 63, four-digit years, exact doubles, and int64."""

_LONG_AGO: Final = (0, 1, 2**31 - 1, 2**31, 2**32, 10**9, 1_700_000_000, 10**10, 10**11)

_LIMITS: Final = (1, 2, 3, 5, 7, 9, 10, 11, 16, 20, 21, 26, 35, 50, 51, 60, 99, LEAST_CAP, 101, 128, 150, 200, 256, 500)
_LARGE_LIMITS: Final = (999, 1_000, 1_001, 2**15, 2**16, 10**6)
"""Page sizes around those at which servers are known to behave differently."""

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
"""Ways to choose where a page begins, from the window's total, the page's limit and a random number."""


class _Base(NamedTuple):
    """An operator's widest window that was read whole, and the times of its runs, each once.

    Its runs determine each page of each window inside it.
    """

    asker: Asker
    start: int
    end: int
    moments: list[int]

    def number_in(self, start: int, end: int) -> int:
        """How many of the times lie in a window."""
        return bisect_right(self.moments, end) - bisect_right(self.moments, start - 1)


def probe_grid(session: Session, study: Study) -> None:
    """Ask for pages of operators that have runs, with and without their workspace, in windows of many kinds."""
    generator, in_pages = session.random, session.target.offset_unit == "pages"
    judge_walk(session, study.walk)
    target = session.target
    read = [_read_whole(session, each, study, target.window_end) for each in _askers(session)]
    questions = [_question(each, *page) for each in read if each for page in _fixed(session, each)]
    # Windows that end after the target's are read, too, but their walk is not judged: runs may be added meanwhile.
    far = max(generator.choice(_FAR_ENDS), target.window_end)
    read += [_read_whole(session, Asker(**each), study, far) for each in operators_of(session)]
    bases = [each for each in read if each is not None]
    own = [each for each in bases if each.asker[:2] == (target.task_id, target.job_name)]
    columns = (own * (len(bases) // max(len(own), 1)) + bases, _WINDOWS, _OFFSETS, (*_LIMITS * 3, *_LARGE_LIMITS))
    for base, kind, place, limit in pairwise_of(generator, _MOST_DRAWN if bases else 0, *columns):
        start, end = kind(base, generator)
        start, end = max(start, base.start), end if end in _FAR_ENDS else min(end, base.end)
        if start <= end:
            row = place(base.number_in(start, end), limit, generator.randrange(2**31))
            questions.append(_question(base, start, end, row // limit if in_pages else row, limit))
    generator.shuffle(questions)
    for question, other in pairwise((*questions, *questions[:1])):
        for each in _in_company(generator, question, other):
            ask(session, session.runs_request(**each))
    session.ledger.judge_windows()
    session.confirm()


def _question(base: _Base, start: int, end: int, offset: int, limit: int) -> dict[str, Any]:
    return {**base.asker._asdict(), "start_time": start, "end_time": end, "offset": offset, "limit": limit}


def _in_company(
    generator: random.Random, question: dict[str, Any], other: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """A question and, at times, another before or after it, which a cache or a connection may confuse with it."""
    company = generator.random()
    if company < _DISTURBED:
        yield question | generator.choice(_UNSERVED)
    yield dict(question)
    if company > 1 - _DISTURBED:
        names = generator.choice(_TOGETHER)
        yield question | {name: other[name] for name in names}
    elif company > 1 - 2 * _DISTURBED:
        offset, limit = generator.choice(_mixed_up(question["offset"], question["limit"]))
        yield question | {"offset": offset, "limit": limit}


def _mixed_up(offset: int, limit: int) -> list[tuple[int, int]]:
    """Pages with offset and limit swapped, with the same sum of both, or with the same digits if they are joined."""
    digits = f"{offset}{limit}"
    cuts = [(digits[:place], digits[place:]) for place in range(1, len(digits))]
    read = [(int(first), int(second)) for first, second in cuts if f"{int(first)}" == first and second[0] != "0"]
    return [(limit, max(offset, 1)), (offset + limit - 1, 1), *read]


def _askers(session: Session) -> Iterable[Asker]:
    """The target's operators, then up to eight that ShowNodes names, each with its workspace and without one."""
    named = ({name: each.get(name) for name in _NAMES} for each in session.operators()[:_MOST_NAMED])
    return dict.fromkeys(
        Asker(str(each["task_id"]), str(each["job_name"]), workspace_id)
        for each in (*operators_of(session), *named)
        if all(isinstance(each[name], str) and each[name] for name in _NAMES[:2])
        for workspace_id in (each["workspace_id"], None)
    )


def _read_whole(session: Session, asker: Asker, study: Study, end: int) -> _Base | None:
    """Read the widest of an operator's windows, up to ``end``, that can be read whole; None if none with runs can."""
    # The widest begins at 1: at 0, there may be runs that have not started.
    windows = ((1, end), (session.target.window_start, end), (study.start, study.end))
    for window in windows if end == session.target.window_end else windows[:1]:
        changes = {**asker._asdict(), "start_time": window[0], "end_time": window[1]}
        first = session.runs(**changes, limit=LEAST_CAP)
        total = total_of(first)
        if first.response.status == _OK and total is not None and total <= MOST_WALKED:
            walked = walk(session, LEAST_CAP, first=first, **changes)
            if end == session.target.window_end:
                judge_walk(session, walked)
            moments = cut_points(walked.rows, window_columns(session.target))
            if walked.rows and len(walked.rows) == total and moments:
                return _Base(asker, *window, moments)
            if walked.rows and not moments:
                columns = " or ".join(window_columns(session.target))
                session.ledger.leave_untested(f"no row has {columns}", "C-window-adds-up")
    return None


def _fixed(session: Session, base: _Base) -> Iterator[tuple[int, int, int, int]]:
    """Pages that begin between two runs of the same time, and windows at special dates.

    For the target's operator, also pages of 10 to 200 runs and pages at the end or beyond it; and windows that end
    after the target's, end before they start, lie at a run or beside it, or are parts of the target's window.
    """
    generator, target = session.random, session.target
    places = _places(session, base)
    if target.offset_unit == "rows":
        yield from ((base.start, base.end, place, 5) for place in _ties(session, places))
    yield from ((start, min(end, base.end), 0, LEAST_CAP) for start, end in _dated(base, generator))
    if base.asker[:2] == (target.task_id, target.job_name):
        yield from ((base.start, base.end, 0, limit) for limit in _LIMITS[6:-2])
        end = len(places) if target.offset_unit == "rows" else -(-len(places) // LIMIT)
        yield from ((base.start, base.end, offset, LIMIT) for offset in (end, end + 1, end + 1_000, *_FAR))
        yield from ((end, start, 0, LIMIT) for start, end in ((base.start, base.end), (0, 1)))
        for moment in generator.sample(base.moments, min(_MOST_TIES, len(base.moments))):
            yield from ((each, each, 0, 5) for each in (moment, moment + 1, moment - 1) if each >= base.start)
            yield moment, moment - 1, 0, LIMIT
        if base.asker.workspace_id == target.workspace_id:
            ends = (*(base.end + each * _HOUR for each in (1, 6, 24, 48)), *_FAR_ENDS)
            yield from ((generator.choice((0, base.start)), end, 0, 1) for end in ends if end >= base.end)
            parts = (*_tiles(target.window_start, target.window_end), *_around_kinds(session, places))
            yield from ((max(start, base.start), min(end, base.end), 0, LEAST_CAP) for start, end in parts)


def _tiles(low: int, high: int) -> Iterator[tuple[int, int]]:
    """12 to 72 parts of a window that lie side by side, and longer parts, each made up of several of these."""
    count = min(_MOST_TILES, max(_FEWEST_TILES, (high - low) // (4 * _HOUR)))
    edges = [low + (high - low) * index // count for index in range(count)]
    for group in (1, 3, count // 2):
        yield from ((start, end - 1) for start, end in pairwise((*edges[::group], high + 1)) if start < end)


def _around_kinds(session: Session, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Windows around a run of each kind, such as each status: its moment alone, and an hour to each side."""
    seen: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        for name in _KINDS:
            seen.setdefault(f"{name} {row.get(name)}", row)
    low, high = session.target.window_start, session.target.window_end
    for row in list({id(row): row for row in seen.values()}.values())[:_MOST_KINDS]:
        times = (whole_number(row.get(column)) or 0 for column in window_columns(session.target))
        for time in [each for each in times if low <= each <= high][:1]:
            yield from ((time, time), (max(low, time - _HOUR), min(high, time + _HOUR)))


def _dated(base: _Base, generator: random.Random) -> list[tuple[int, int]]:
    """Windows from the 31st of a month, over a year's end, and from a change of clocks, if runs are near."""
    found: dict[object, list[tuple[int, int]]] = {}
    for midnight in range(-(-base.moments[0] // _DAY) * _DAY, base.moments[-1], _DAY):
        date = datetime.fromtimestamp(midnight / 1_000, UTC)
        if date.day == _LAST:
            length = 2 * _DAY if date.month == _DECEMBER else 46 * _DAY
            found.setdefault(date.month == _DECEMBER, []).append((midnight, midnight + length - 1))
        for zone in _ZONES:
            hours = [date + timedelta(hours=each) for each in range(25)]
            offsets = [each.astimezone(zone).utcoffset() for each in hours]
            change = midnight + _HOUR * offsets.count(offsets[0])
            if offsets[0] != offsets[-1] and base.number_in(change - _HOUR, change):
                found.setdefault(zone, []).append((change, change + 2 * _HOUR))
    return [each for kind in found.values() for each in generator.sample(kind, min(_MOST_DATED, len(kind)))]


def _places(session: Session, base: _Base) -> list[Mapping[str, Any]]:
    """The rows of a window that was read whole, in their order."""
    window, rows = session.ledger.world.find(base.asker, base.start, base.end), session.ledger.world.rows[base.asker]
    return [rows[run] for run in window.runs] if window else []


def _ties(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Positions between two runs of the same time."""
    times = [row.get(window_columns(session.target)[0]) for row in rows]
    ties = [place for place in range(1, len(times)) if times[place] and times[place] == times[place - 1]]
    return session.random.sample(ties, min(_MOST_TIES, len(ties)))


def pairwise_of(generator: random.Random, most: int, *columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """``most`` combinations of one value from each column, drawn so that many pairs of values meet in them."""
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
    """A window that begins at a midnight of the zone that is ``zone`` hours east of UTC."""

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
    lambda base, generator: (_span(base, generator)[0], generator.choice(_FAR_ENDS)),
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
