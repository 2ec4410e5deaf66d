"""Probes of paging, in a closed window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._judging.run_lists import repeated, shared_ids
from dataarts_datamap_contract.suite._probes.study import LIMIT, total_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study, Walk

_OK, _BAD_REQUEST = 200, 400
_BEYOND: Final = (1, 1_000)
_FAR: Final = (2**15, 2**16, 10**6, 2**24)
_MAX_INT32 = 2**31 - 1


def probe_walk(session: Session, study: Study) -> None:
    """A walk in pages of ten finds every run once, and as many as its total says."""
    judge_walk(session, study.walk)


def judge_walk(session: Session, walked: Walk) -> None:
    """Compare a walk with its own total."""
    first, rows, total = walked.pages[0], walked.rows, walked.total
    if total is None:
        return
    lost = () if len(rows) == total else (f"total is {total}, and a walk finds {len(rows)} runs",)
    session.judge("C-walk-complete", first, *lost)
    twice = repeated(rows)
    session.judge("C-walk-duplicate", first, *(f"a walk finds {run} more than once" for run in twice[:1]))
    shared = shared_ids(rows)
    session.judge("C-run-id-unique", first, *(f"several runs have the taskRunningLogId {each}" for each in shared[:1]))


def probe_end(session: Session, study: Study) -> None:
    """At the end of a window and beyond it, there is an empty page."""
    whole = session.runs(limit=LIMIT)
    windows: list[tuple[dict[str, Any], Exchange]] = [(study.window, study.walk.pages[0]), ({}, whole)]
    for window, first in windows:
        for offset, is_far in _ends(session, total_of(first) or 0):
            exchange = session.runs(offset=offset, limit=LIMIT, **window)
            shown, status = len(exchange.response.rows), exchange.response.status
            problems = [f"{shown} rows at offset {offset}"] if is_far and shown else []
            if status not in ({_OK, _BAD_REQUEST} if offset >= _FAR[0] else {_OK}):
                problems.append(f"offset {offset}, beyond the end, is answered {status}")
            session.judge("C-offset-beyond-end", exchange, *problems)


def _ends(session: Session, total: int) -> Iterator[tuple[int, bool]]:
    """Offsets at the end and beyond it, each with whether it is far beyond."""
    end = -(-total // LIMIT) if session.target.offset_unit == "pages" else total
    yield end, False
    yield from ((end + more, True) for more in _BEYOND)
    yield from ((offset, True) for offset in _FAR if offset > end)
    yield _MAX_INT32, True
