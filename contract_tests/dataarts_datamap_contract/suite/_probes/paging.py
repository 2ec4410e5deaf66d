"""Probes of paging, over a closed window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap_contract.suite._judging.run_lists import first_difference, identities, repeated, shared_ids
from dataarts_datamap_contract.suite._probes.study import LIMIT, MOST_WALKED, total_of, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study, Walk

_OK = 200
_BEYOND = 1_000
_MAX_INT32 = 2**31 - 1
_LARGE_LIMIT = 100


def probe_walk(session: Session, study: Study) -> None:
    """A walk by tens finds every run once, and says so on each page."""
    _judge_walk(session, study.walk)


def _judge_walk(session: Session, walked: Walk) -> None:
    _judge_pages(session, walked.pages, LIMIT)
    first, rows, total = walked.pages[0], walked.rows, walked.total
    if total is None:
        return
    lost = () if len(rows) == total else (f"total is {total}, and a walk by tens finds {len(rows)} runs",)
    session.judge("C-walk-complete", first, *lost)
    twice = repeated(rows)
    session.judge("C-walk-duplicate", first, *(f"a walk by tens finds {run} more than once" for run in twice[:1]))
    shared = shared_ids(rows)
    session.judge("C-run-id-unique", first, *(f"several runs have the taskRunningLogId {each}" for each in shared[:1]))


def probe_page_sizes(session: Session, study: Study) -> None:
    """Walks with other limits find the same."""
    whole = identities(study.walk.rows)
    for limit in (3, 7):
        other = walk(session, limit, **study.window)
        _judge_pages(session, other.pages, limit)
        position = first_difference(whole, identities(other.rows))
        differs = () if position is None else (f"walks by {LIMIT} and by {limit} differ from run {position} on",)
        session.judge("C-walk-limits-agree", other.pages[0], *differs)


def probe_slices(session: Session, study: Study) -> None:
    """Single pages, at positions that no walk by tens begins at, are slices of the whole."""
    whole = identities(study.walk.rows)
    count = len(whole)
    pages = [(1, 1), (1, 10), (2, 5), (3, 2), (0, 1), (count - 1, 10), (max(count - 3, 0), 2)]
    pages += [(session.random.randrange(count), session.random.randint(1, 10)) for _ in range(4)]
    in_pages = session.target.offset_unit == "pages"
    for offset, limit in pages:
        exchange = session.runs(offset=offset, limit=limit, **study.window)
        begin = offset * limit if in_pages else offset
        _judge_slice(session, exchange, whole[begin : begin + limit], f"offset {offset} and limit {limit}")
        _judge_total(session, exchange, study)
    large = session.runs(offset=0, limit=_LARGE_LIMIT, **study.window)
    if large.response.status == _OK:
        shown = identities(large.response.rows)
        # A cap on the limit may cut the page short, but not below what every server serves.
        expected = whole[: max(len(shown), min(LIMIT, count))]
        _judge_slice(session, large, expected, f"offset 0 and limit {_LARGE_LIMIT}")


def probe_end(session: Session, study: Study) -> None:
    """At the end and beyond it there is nothing, and total does not change."""
    total = study.walk.total or len(study.walk.rows)
    end = -(-total // LIMIT) if session.target.offset_unit == "pages" else total
    for offset in (end, end + 1, end + _BEYOND):
        exchange = session.runs(offset=offset, **study.window)
        _judge_beyond(session, exchange, offset, total)
        _judge_total(session, exchange, study)


def probe_deep(session: Session, study: Study) -> None:
    """The largest offset finds nothing."""
    exchange = session.runs(offset=_MAX_INT32, **study.window)
    shown, status = len(exchange.response.rows), exchange.response.status
    problems = [f"{shown} rows at offset {_MAX_INT32}"] if shown else []
    if status not in {_OK, 400}:
        problems.append(f"offset {_MAX_INT32} is answered {status}")
    session.judge("C-offset-deep", exchange, *problems)


def probe_whole_window(session: Session, _: Study) -> None:
    """In the target's whole window, positions far from the first page are right, too; a modest one is walked whole."""
    first = session.runs(limit=LIMIT)
    total = total_of(first)
    if total is None or total <= LIMIT + 1:
        return
    if total <= MOST_WALKED:
        _judge_walk(session, walk(session))
    if session.target.offset_unit == "pages":
        _probe_last_page(session, first, total)
    else:
        _probe_far_rows(session, first, total)


def probe_repeats(session: Session, study: Study) -> None:
    """The same question has the same response."""
    for changes in ({"limit": LIMIT}, {"limit": 4, "offset": 1}):
        expected, found = (session.runs(**changes, **study.window) for _ in range(2))
        position = first_difference(identities(expected.response.rows), identities(found.response.rows))
        differs = () if position is None else (f"the same request, sent again, differs from row {position} on",)
        session.judge("C-repeatable", found, *differs)


def _probe_last_page(session: Session, first: Exchange, total: int) -> None:
    last = (total - 1) // LIMIT
    exchange = session.runs(offset=last, limit=LIMIT)
    _judge_rest(session, exchange, total - last * LIMIT)
    _judge_elsewhere(session, first, exchange, last)
    _judge_beyond(session, session.runs(offset=last + 1, limit=LIMIT), last + 1, total)


def _probe_far_rows(session: Session, first: Exchange, total: int) -> None:
    rest = min(3, total - LIMIT)
    last = session.runs(offset=total - rest, limit=LIMIT)
    _judge_rest(session, last, rest)
    _judge_elsewhere(session, first, last, total - rest)
    for offset in sorted({LIMIT, total // 3, total // 2, total * 9 // 10, total - 3}):
        one, two = (session.runs(offset=offset + step, limit=2) for step in (0, 1))
        expected, found = identities(one.response.rows)[1:2], identities(two.response.rows)[:1]
        differs = () if expected == found else (f"row {offset + 1} is another one when the page starts with it",)
        session.judge("C-offset-slice", two, *differs)
        session.judge("C-total-constant", two, *_other_total(two, total))
        if offset >= LIMIT:
            _judge_elsewhere(session, first, one, offset)
    session.judge("C-total-constant", last, *_other_total(last, total))
    for offset in (total, total + 1):
        _judge_beyond(session, session.runs(offset=offset, limit=LIMIT), offset, total)


def _judge_pages(session: Session, pages: Sequence[Exchange], limit: int) -> None:
    """Each page is full but for the last, and has the same total."""
    total, begin = total_of(pages[0]), 0
    if total is None:
        return
    for page in pages:
        shown = len(page.response.rows)
        expected = max(0, min(limit, total - begin))
        if page.response.status == _OK and shown <= limit:
            short = () if shown == expected else (f"{shown} rows at row {begin} of {total} with limit {limit}",)
            session.judge("C-limit-underfilled", page, *short)
            session.judge("C-total-constant", page, *_other_total(page, total))
        begin += shown


def _judge_slice(session: Session, exchange: Exchange, expected: Sequence[str], where: str) -> None:
    position = first_difference(expected, identities(exchange.response.rows))
    shown = len(exchange.response.rows)
    wrong = f"the page at {where} is not that part of the walk: it has {shown} rows, {len(expected)} are due"
    session.judge("C-offset-slice", exchange, *(() if position is None else (f"{wrong}, and row {position} differs",)))


def _judge_total(session: Session, exchange: Exchange, study: Study) -> None:
    if study.walk.total is not None and exchange.response.status == _OK:
        session.judge("C-total-constant", exchange, *_other_total(exchange, study.walk.total))


def _other_total(exchange: Exchange, total: int) -> tuple[str, ...]:
    found = total_of(exchange)
    return () if found in {total, None} else (f"total is {found} here and {total} on the first page",)


def _judge_beyond(session: Session, exchange: Exchange, offset: int, total: int) -> None:
    shown, status = len(exchange.response.rows), exchange.response.status
    problems = [f"{shown} rows at offset {offset}, beyond the end at {total}"] if shown else []
    if status != _OK:
        problems.append(f"offset {offset}, beyond the end at {total}, is answered {status}")
    session.judge("C-offset-beyond-end", exchange, *problems)


def _judge_rest(session: Session, exchange: Exchange, rest: int) -> None:
    shown = len(exchange.response.rows)
    wrong = () if shown == rest else (f"{shown} rows on the last page, where {rest} are left",)
    session.judge("C-limit-underfilled", exchange, *wrong)


def _judge_elsewhere(session: Session, first: Exchange, exchange: Exchange, offset: int) -> None:
    """A page far from the first shows none of its rows."""
    again = set(identities(first.response.rows)) & set(identities(exchange.response.rows))
    session.judge(
        "C-offset-slice", exchange, *([f"offset {offset} shows rows of the first page again"] if again else [])
    )
