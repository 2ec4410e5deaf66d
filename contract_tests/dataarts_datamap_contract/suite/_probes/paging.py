"""Probes of paging, over a closed window: most of them only ask, and the world behind all responses judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.paging import window_columns
from dataarts_datamap_contract.suite._judging.run_lists import first_difference, identities, repeated, shared_ids
from dataarts_datamap_contract.suite._judging.world import Asker
from dataarts_datamap_contract.suite._probes.study import LIMIT, MOST_WALKED, total_of, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study, Walk

_OK = 200
_BEYOND = 1_000
_MAX_INT32 = 2**31 - 1
_LIMITS: Final = (1, 2, 5, 11, 21, 26, 35, 50, 60, 99, LEAST_CAP)
"""Page sizes around those at which servers are known to change their ways."""

_MOST_TIES: Final = 4
_VERY_LARGE: Final = (150, 250, 500, 1_000)


def probe_walk(session: Session, study: Study) -> None:
    """A walk by tens finds every run once, and says so on each page."""
    judge_walk(session, study.walk)


def judge_walk(session: Session, walked: Walk) -> None:
    """Hold a walk against its own total."""
    first, rows, total = walked.pages[0], walked.rows, walked.total
    if total is None:
        return
    lost = () if len(rows) == total else (f"total is {total}, and a walk finds {len(rows)} runs",)
    session.judge("C-walk-complete", first, *lost)
    twice = repeated(rows)
    session.judge("C-walk-duplicate", first, *(f"a walk finds {run} more than once" for run in twice[:1]))
    shared = shared_ids(rows)
    session.judge("C-run-id-unique", first, *(f"several runs have the taskRunningLogId {each}" for each in shared[:1]))


def probe_page_sizes(session: Session, study: Study) -> None:
    """Walks with other limits find the same."""
    whole = identities(study.walk.rows)
    for limit in (3, 7):
        other = walk(session, limit, **study.window)
        position = first_difference(whole, identities(other.rows))
        differs = () if position is None else (f"walks by {LIMIT} and by {limit} differ from run {position} on",)
        session.judge("C-walk-limits-agree", other.pages[0], *differs)


def probe_slices(session: Session, study: Study) -> None:
    """Single pages, at positions that no walk by tens begins at."""
    count = len(study.walk.rows)
    pages = [(1, 1), (1, 10), (2, 5), (3, 2), (0, 1), (count - 1, 10), (max(count - 3, 0), 2), (0, LEAST_CAP)]
    pages += [(session.random.randrange(count), session.random.randint(1, 10)) for _ in range(4)]
    _ask(session, pages, **study.window)


def probe_base_points(session: Session, study: Study) -> None:
    """Pages of many sizes, at several positions of the target's whole window, with and without its workspace."""
    first = session.runs(limit=LIMIT)
    total = total_of(first) or 0
    if total <= MOST_WALKED:
        judge_walk(session, walk(session))
    for workspace in dict.fromkeys((session.target.workspace_id, None)):
        if session.runs(limit=1, workspace_id=workspace).response.status != _OK:
            continue
        if total <= MOST_WALKED:
            judge_walk(session, walk(session, LEAST_CAP, workspace_id=workspace))
        _ask(session, _base_points(session, total), workspace_id=workspace)
    _probe_neighbours(session)
    session.ledger.judge_windows()
    if total <= len(study.walk.rows):
        return
    for offset in (total - 1, total, total + 1):
        _judge_end(session, session.runs(offset=_page_of(session, offset, LIMIT), limit=LIMIT), offset, total)


def _base_points(session: Session, total: int) -> Iterator[tuple[int, int]]:
    starts = sorted({0, 3, LIMIT, total // 3, total // 2, max(total - 3, 0)})
    for index, limit in enumerate(_LIMITS):
        yield _page_of(session, starts[index % len(starts)], limit), limit
        yield _page_of(session, starts[(index + 3) % len(starts)], limit), limit
    for limit in _VERY_LARGE:
        yield 0, limit
    if session.target.offset_unit == "rows":
        for offset in range(LEAST_CAP // 2 + 1, min(total, MOST_WALKED), LEAST_CAP):
            yield offset, LEAST_CAP


def _probe_neighbours(session: Session) -> None:
    """Pages that begin between two runs of the same time."""
    target = session.target
    asker = Asker(target.task_id, target.job_name, target.workspace_id)
    window = session.ledger.world.find(asker, target.window_start, target.window_end)
    if window is None or target.offset_unit == "pages":
        return
    rows = session.ledger.world.rows[asker]
    times = {position: rows[run].get(window_columns(target)[0]) for position, (run, _) in window.places.items()}
    ties = [position for position, time in times.items() if time and times.get(position - 1) == time]
    _ask(session, [(position, 5) for position in sorted(ties)[:_MOST_TIES]])


def _page_of(session: Session, row: int, limit: int) -> int:
    return row // limit if session.target.offset_unit == "pages" else row


def _ask(session: Session, pages: Iterable[tuple[int, int]], **changes: Any) -> None:  # noqa: ANN401  each has its own type
    for offset, limit in dict.fromkeys(pages):
        session.runs(offset=offset, limit=limit, **changes)


def probe_end(session: Session, study: Study) -> None:
    """At the end and beyond it there is a page, and nothing on it."""
    total = study.walk.total or len(study.walk.rows)
    end = -(-total // LIMIT) if session.target.offset_unit == "pages" else total
    for offset in (end, end + 1, end + _BEYOND):
        _judge_end(session, session.runs(offset=offset, **study.window), total, total)


def _judge_end(session: Session, exchange: Exchange, row: int, total: int) -> None:
    status = exchange.response.status
    if row >= total and status != _OK:
        session.judge("C-offset-beyond-end", exchange, f"an offset beyond the end at {total} is answered {status}")


def probe_deep(session: Session, study: Study) -> None:
    """The largest offset finds nothing."""
    exchange = session.runs(offset=_MAX_INT32, **study.window)
    shown, status = len(exchange.response.rows), exchange.response.status
    problems = [f"{shown} rows at offset {_MAX_INT32}"] if shown else []
    if status not in {_OK, 400}:
        problems.append(f"offset {_MAX_INT32} is answered {status}")
    session.judge("C-offset-deep", exchange, *problems)


def probe_repeats(session: Session, study: Study) -> None:
    """The same question, asked again."""
    _ask(session, ((0, LIMIT),), **study.window)
    _ask(session, ((1, 4),), **study.window)
    _ask(session, ((1, 4),), **study.window)
