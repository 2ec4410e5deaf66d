"""Probes of the time window: whatever its convention is, windows must add up."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dataarts_datamap_contract.suite._judging.invariants.paging import window_columns
from dataarts_datamap_contract.suite._judging.run_lists import conventions, cut_points, cuts, identities
from dataarts_datamap_contract.suite._probes.study import total_of, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._judging.run_lists import Convention
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study

_OK, _BAD_REQUEST = 200, 400
_MOST_CUTS = 4
_LONG_PARTS = 3
_SHORTEST_PART = 1_000
_MAX_INT64 = 2**63 - 1


def probe_cuts(session: Session, study: Study) -> None:
    """Cut a window in many places: one column and one convention of bounds must explain every part."""
    rows, columns = study.walk.rows, window_columns(session.target)
    left = [each for each in conventions(columns) if each.expect(rows, study.start, study.end) == _runs(rows)]
    first = study.walk.pages[0]
    if not cut_points(rows, columns):
        session.ledger.leave_untested(f"no row has {' or '.join(columns)}", "C-window-adds-up", "C-window-total")
        return
    if not left:
        # Its own runs lie outside of it, or have no time: that is for C-window-start and C-window-end to say.
        left = conventions(columns)
    for start, end in _windows(session, study):
        part = walk(session, start_time=start, end_time=end)
        if part.pages[0].response.status != _OK:
            continue
        _judge_total(session, part.pages[0], len(part.rows))
        found = _runs(part.rows)
        still = [each for each in left if each.expect(rows, start, end) == found]
        if not still:
            problem = _unexplained(left, rows, (start, end), len(found))
            session.judge("C-window-adds-up", part.pages[0], problem)
            return
        left = still
        session.judge("C-window-adds-up", first)


def probe_wide(session: Session, _: Study) -> None:
    """A window around the target's holds at least as many runs."""
    target = session.target
    total = total_of(session.runs(limit=1))
    for window in ((0, target.window_end), (target.window_start, _MAX_INT64), (0, _MAX_INT64)):
        exchange = session.runs(start_time=window[0], end_time=window[1], limit=1)
        wider = total_of(exchange)
        if total is not None and wider is not None and exchange.response.status == _OK:
            lost = f"the window {window} holds {wider} runs, and {total} of them are in a part of it"
            session.judge("C-window-adds-up", exchange, *((lost,) if wider < total else ()))


def probe_long_parts(session: Session, _: Study) -> None:
    """The target's window, cut in two where no run is: the totals of long windows add up by any convention."""
    low, high = session.target.window_start, session.target.window_end
    total = total_of(session.runs(limit=1))
    length = (high - low) // _LONG_PARTS
    for index in range(_LONG_PARTS) if total and length > _SHORTEST_PART else ():
        moment = session.random.randrange(low + index * length + 2, low + (index + 1) * length - 2)
        around = total_of(session.runs(start_time=moment - 1, end_time=moment + 2, limit=1))
        before, after = (
            session.runs(start_time=start, end_time=end, limit=1) for start, end in ((low, moment), (moment + 1, high))
        )
        parts = total_of(before), total_of(after)
        if around == 0 and None not in parts:
            found = f"the windows {low} to {moment} and {moment + 1} to {high} hold {parts[0]} and {parts[1]} runs"
            wrong = sum(filter(None, parts)) != total
            session.judge("C-window-adds-up", after, *([f"{found}, and both in one hold {total}"] if wrong else []))


def probe_reversed(session: Session, study: Study) -> None:
    """A window that ends before it starts holds nothing."""
    target = session.target
    for start, end in (
        (target.window_end, target.window_start),
        (study.end + 1, study.start),
        (study.end, study.end - 1),
    ):
        if start <= end:
            continue
        exchange = session.runs(start_time=start, end_time=end)
        shown, status = len(exchange.response.rows), exchange.response.status
        problems = [f"{shown} rows where start_time is {start - end} ms after end_time"] if shown else []
        if status not in {_OK, _BAD_REQUEST}:
            problems.append(f"a window that ends before it starts is answered {status}")
        session.judge("C-window-reversed", exchange, *problems)


def _windows(session: Session, study: Study) -> Iterator[tuple[int, int]]:
    """Windows cut at the times of some rows, and some that lie between two rows."""
    moments = cut_points(study.walk.rows, window_columns(session.target))
    inner = moments[1:-1]
    chosen = {moments[0], moments[-1], *session.random.sample(inner, min(len(inner), _MOST_CUTS - 2))}
    yield from cuts(study.start, study.end, sorted(chosen))
    gaps = [(low + 1, high - 1) for low, high in pairwise(moments) if high - low > 1]
    yield from session.random.sample(gaps, min(len(gaps), 2))


def _judge_total(session: Session, exchange: Exchange, found: int) -> None:
    total = total_of(exchange)
    if total is not None:
        wrong = () if total == found else (f"total is {total}, and a walk through the window finds {found} runs",)
        session.judge("C-window-total", exchange, *wrong)


def _runs(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(identities(rows))


def _unexplained(
    left: Sequence[Convention], rows: Sequence[Mapping[str, Any]], window: tuple[int, int], found: int
) -> str:
    due = " or ".join(f"{len(each.expect(rows, *window))} by {each}" for each in left[:2])
    return (
        f"the window {window[0]} to {window[1]} holds {found} runs or other ones than it should: {due}. "
        "If it filters on another time, name that as window_column"
    )
