"""Probes of the time window: whatever its convention is, windows must add up."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.paging import window_columns
from dataarts_datamap_contract.suite._judging.run_lists import cut_points
from dataarts_datamap_contract.suite._judging.world import Asker
from dataarts_datamap_contract.suite._probes.study import FAR_ENDS, total_of
from dataarts_datamap_contract.suite._probes.ways import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study

_OK, _BAD_REQUEST = 200, 400
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
_LEAF: Final = 4 * _HOUR
_FEWEST_LEAVES: Final = 12
_MOST_LEAVES: Final = 72
_SHORTEST_LEAF: Final = 60_000
_KINDS = ("status", "type", "retryTimes", "forceSuccess")
_MOST_KINDS = 14


def probe_tiles(session: Session, _: Study) -> None:
    """Cut the target's whole window into hours, days and halves, and ask for the neighbourhood of each kind of run."""
    target = session.target
    rows = session.ledger.world.rows.get(Asker(target.task_id, target.job_name, target.workspace_id), {})
    for start, end in (*_tiles(session, list(rows.values())), *_around_kinds(session, list(rows.values()))):
        ask_window(session, start, end)
    session.ledger.judge_windows()


def _tiles(session: Session, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Windows that lie side by side and begin where no run is, alone and joined to longer ones."""
    low, high = session.target.window_start, session.target.window_end
    count = min(_MOST_LEAVES, max(_FEWEST_LEAVES, (high - low) // _LEAF))
    if (high - low) // count < _SHORTEST_LEAF:
        return
    moments = set(cut_points(rows, window_columns(session.target)))
    edges = [low, *(_free(low + (high - low) * index // count, moments) for index in range(1, count)), high + 1]
    for group in (1, 3, count // 2):
        if group and (group == 1 or group < count):
            starts = edges[:-1:group]
            for start, end in pairwise([*starts, edges[-1]]):
                yield start, end - 1


def _free(moment: int, taken: set[int]) -> int:
    """The first millisecond, from a moment on, with no run at it or next to it."""
    while taken & {moment - 1, moment, moment + 1}:
        moment += 1
    return moment


def _around_kinds(session: Session, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Windows around a run of each kind: its moment alone, and an hour to each side."""
    seen: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        for name in _KINDS:
            seen.setdefault(f"{name} {row.get(name)}", row)
    low, high = session.target.window_start, session.target.window_end
    chosen = list({id(row): row for row in seen.values()}.values())[:_MOST_KINDS]
    for row in chosen:
        for column in window_columns(session.target):
            time = whole_number(row.get(column))
            if time and low <= time <= high:
                yield time, time
                yield max(low, time - _HOUR), min(high, time + _HOUR)
                break


def ask_window(session: Session, start: int, end: int) -> None:
    """Ask for a page of a window; the world compares it with all other windows."""
    exchange = ask(session, session.runs_request(start_time=start, end_time=end, limit=LEAST_CAP))
    if exchange.response.status == _OK and total_of(exchange) is not None:
        session.judge("C-window-adds-up", exchange)


def probe_wide(session: Session, _: Study) -> None:
    """Of windows that contain each other, each holds at least as many runs as the one before."""
    start, end = session.target.window_start, session.target.window_end
    far = [each for each in FAR_ENDS if each > end]
    for windows in ([(start, each) for each in (end, *far)], [(start, end), *((0, each) for each in (end, *far))]):
        known, inner = 0, windows[0]
        for window in windows:
            exchange = session.runs(start_time=window[0], end_time=window[1], limit=1)
            total = total_of(exchange)
            if total is not None and exchange.response.status == _OK:
                lost = f"the window {window} holds {total} runs, but its part {inner} holds {known}"
                session.judge("C-window-adds-up", exchange, *((lost,) if total < known else ()))
                known, inner = total, window


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
