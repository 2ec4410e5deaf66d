"""Random hostile lists by their class of fault, and a walk over each through the public client."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import warnings
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from dataarts_datamap import AsyncDataMapClient, DataMapClient, DataMapError, Retry, TokenCredentials
from support.hostile_lists import (
    BEGIN,
    HOUR,
    SECOND,
    HostileList,
    HostileRow,
    HostileServer,
    Judgement,
    Service,
    judged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.hostile_lists import Event

DAY = 24 * HOUR
MS = timedelta(milliseconds=1)

# No related API has a smaller default or largest page size: with wrong totals, such a cap could not be noticed.
LEAST_CAP = 10


@dataclasses.dataclass
class Draft:
    """A case while it is drawn: each fault adds its part."""

    chance: random.Random
    service: Service
    rows: list[HostileRow]
    window: tuple[int, int]
    page_size: int
    slice_span: timedelta
    concurrency: int
    face: Literal["sync", "async"]
    offset_unit: Literal["auto", "row", "page"] = "auto"
    events: list[Event] = dataclasses.field(default_factory=list)
    resumed_after: int | None = None
    is_auto: bool = False

    def serve(self, **habits: Any) -> None:
        """Make the service read requests in another way."""
        self.service = dataclasses.replace(self.service, **habits)

    def some(self, most: int) -> list[HostileRow]:
        """A few of the rows."""
        return self.chance.sample(self.rows, min(len(self.rows), self.chance.randint(1, most)))

    def happen(self, what: Callable[[HostileList], None]) -> None:
        """Make something happen before one of the requests that the walk probably sends."""
        pages = len(self.rows) // self.page_size
        self.events.append((self.chance.randint(2, pages + 5), what))


def draw(chance: random.Random) -> Draft:
    """A service and a list without faults."""
    span = chance.choice([1, 3, 20]) * DAY
    number = chance.choice([0, 1, 12, 40, 90, 90, 200, 200, 350])
    grain = chance.choice([SECOND, SECOND, 60 * SECOND, HOUR])
    plans = sorted(BEGIN + chance.randrange(HOUR, span - 2 * HOUR) // grain * grain for _ in range(number))
    rows: list[HostileRow] = []
    for serial, plan in enumerate(plans):
        start = plan + chance.randrange(1, 300) * SECOND
        end = start + chance.randrange(1, 3000) * SECOND
        rows.append(HostileRow(serial, 5000 + serial, plan, start, end, end, "success"))
    window = (BEGIN, BEGIN + span + 2 * HOUR)
    slices = chance.choice([1, 1, 1, 2, 4])
    return Draft(
        chance,
        Service(
            sort=chance.choice(["plan", "plan", "start", "update", "end"]),
            newest_first=chance.random() < 0.5,
            zero_last=chance.choice([None, True, False]),
        ),
        rows,
        window,
        page_size=chance.choice([5, 10, 10, 20, 50]),
        slice_span=timedelta(milliseconds=(window[1] - window[0]) // slices + 1),
        concurrency=chance.choice([1, 1, 4, 8]),
        face="async" if chance.random() < 0.25 else "sync",
        offset_unit=chance.choice(["auto", "auto", "row"]),
    )


def _still(_: Draft) -> None:
    pass


def _waiting(draft: Draft, most: int = 6) -> list[HostileRow]:
    rows = draft.some(most)
    for row in rows:
        row.start, row.end, row.update, row.status = 0, 0, row.plan, "waiting"
    return rows


def _starting(draft: Draft) -> None:
    def start(row: HostileRow) -> Callable[[HostileList], None]:
        def happen(listed: HostileList) -> None:
            if row in listed.rows:
                now = listed.later()
                listed.change(row, start=now, update=now, status="running")

        return happen

    if draft.chance.random() < 0.5:
        draft.serve(sort="start")
    for row in _waiting(draft):
        draft.happen(start(row))


def _ending(draft: Draft) -> None:
    def end(row: HostileRow) -> Callable[[HostileList], None]:
        def happen(listed: HostileList) -> None:
            if row in listed.rows:
                now = listed.later()
                listed.change(row, end=now, update=now, status="success")

        return happen

    draft.serve(sort=draft.chance.choice(["end", "update", "plan"]))
    for row in draft.some(6):
        row.end, row.update, row.status = 0, row.start, "running"
        draft.happen(end(row))


def _appearing(draft: Draft) -> None:
    def appear(plan: int, serial: int) -> Callable[[HostileList], None]:
        def happen(listed: HostileList) -> None:
            now = listed.later()
            listed.rows.append(HostileRow(serial, 5000 + serial, plan, now, 0, now, "running"))

        return happen

    first, last = draft.window
    serial = 100_000 + 100 * len(draft.events)
    for index in range(draft.chance.randint(1, 8)):
        newest = draft.chance.random() < 0.5
        plan = last - (9 - index) * SECOND if newest else draft.chance.randrange(first + 1, last - HOUR)
        draft.happen(appear(plan, serial + index))


def _vanishing(draft: Draft) -> None:
    def vanish(row: HostileRow) -> Callable[[HostileList], None]:
        def happen(listed: HostileList) -> None:
            listed.rows = [kept for kept in listed.rows if kept is not row]

        return happen

    for row in draft.some(8):
        draft.happen(vanish(row))


def _updating(draft: Draft) -> None:
    def update(row: HostileRow, *, again: bool) -> Callable[[HostileList], None]:
        def happen(listed: HostileList) -> None:
            now = listed.later()
            if again:
                listed.change(row, start=now, end=0, update=now, status="running")
            else:
                listed.change(row, update=now)

        return happen

    draft.serve(sort=draft.chance.choice(["update", "update", "start", "end"]))
    for row in draft.some(5):
        draft.happen(update(row, again=draft.chance.random() < 0.5))


def _cancelling(draft: Draft) -> None:
    """Runs that were read disappear, as many move to the front, and as many are added at the end: no count shows it."""

    def happen(listed: HostileList, number: int, serial: int) -> None:
        draft.chance.shuffle(listed.rows)
        waiting = [row for row in listed.rows if not row.start][:number]
        ended = [row for row in listed.rows if row.start][: len(waiting)]
        listed.rows = [row for row in listed.rows if row not in ended]
        for row in waiting:
            now = listed.later()
            listed.change(row, start=now, end=now, update=now, status="success")
        for index in range(len(ended)):
            listed.rows.append(HostileRow(serial + index, serial + index, draft.window[0] + SECOND, 0, 0, 0, "waiting"))

    _more_rows(draft, 150)
    draft.page_size, draft.slice_span = draft.chance.choice([5, 10, 12]), 2 * (draft.window[1] - draft.window[0]) * MS
    draft.serve(sort=draft.chance.choice(["start", "update", "end"]), newest_first=True, zero_last=True)
    for row in _waiting(draft, 9):
        row.update = 0
    for number in range(draft.chance.randint(1, 3)):
        draft.happen(partial(happen, number=draft.chance.randint(1, 3), serial=100_000 + 10 * number))


def _ties(draft: Draft) -> None:
    grain = draft.chance.choice([HOUR] if draft.is_auto else [HOUR, 6 * HOUR, 24 * HOUR])  # a page of one moment
    for row in draft.rows:
        row.plan -= (row.plan - BEGIN) % grain
        row.start = row.plan + 5 * SECOND
        row.end = row.update = row.plan + 60 * SECOND
    draft.serve(shuffled_ties=draft.chance.random() < 0.7)


def _page_caps(draft: Draft) -> None:
    if draft.is_auto:
        draft.serve(most_rows=draft.chance.choice([LEAST_CAP, 37, 100, 137, 500]))
        if (draft.service.most_rows or 0) >= 100:
            draft.serve(beyond=draft.chance.choice(["cut", "refused", "failed", "garbled"]))
        return
    match draft.chance.randrange(3):
        case 0:
            draft.serve(most_rows=max(draft.page_size // draft.chance.randint(2, 4), LEAST_CAP))
        case 1:
            draft.serve(most_rows=draft.page_size + draft.chance.choice([0, 1, 2]), beyond="refused")
        case _:
            draft.serve(always_rows=draft.chance.choice([LEAST_CAP, 30, 100_000]))


def _more_rows(draft: Draft, number: int) -> None:
    """Fill the list up to a number of rows, one a minute."""
    for serial in range(len(draft.rows), number):
        plan = draft.window[0] + HOUR + (serial * 7919 * SECOND) % (draft.window[1] - draft.window[0] - 4 * HOUR)
        start = plan + draft.chance.randrange(1, 300) * SECOND
        draft.rows.append(
            HostileRow(serial, 5000 + serial, plan, start, start + 60 * SECOND, start + 60 * SECOND, "success")
        )


def _both_caps(draft: Draft) -> None:
    cap = draft.chance.choice([100, 100, 100, 500, 500, 1000])
    _more_rows(draft, int(cap * draft.chance.choice([1, 1.1, 1.2, 2.5])) + draft.chance.choice([0, 1]))
    draft.page_size = draft.chance.choice([20, 50, 50, 100])
    draft.serve(reach=cap, capped_total=True)


def _deep_offsets(draft: Draft) -> None:
    cap = draft.chance.choice([100, 100, 500])
    _more_rows(draft, int(cap * draft.chance.choice([1, 1.3, 2.5])))
    draft.page_size = draft.chance.choice([20, 50])
    draft.serve(reach=cap, deep=draft.chance.choice(["empty", "refused", "refused"]))


def _units(draft: Draft) -> None:
    unit: Literal["row", "page"] = draft.chance.choice(["row", "page", "page"])
    draft.serve(unit=unit, base=draft.chance.choice([0, 1]), rounded=draft.chance.random() < 0.3)
    draft.offset_unit = unit if draft.chance.random() < 0.5 else "auto"


def _window_ignored(draft: Draft) -> None:
    draft.serve(window_ignored=True)
    if draft.chance.random() < 0.5:
        first, last = draft.window
        draft.window = (first + (last - first) // 4, last - (last - first) // 4)


def _window_ends(draft: Draft) -> None:
    draft.serve(
        window_on=draft.chance.choice(["plan", "start"]),
        open_start=draft.chance.random() < 0.5,
        open_end=draft.chance.random() < 0.5,
        waiting_in_window=draft.chance.random() < 0.5,
    )
    _waiting(draft)
    edges = [draft.window[0] + index * int(draft.slice_span / timedelta(milliseconds=1)) for index in range(1, 4)]
    for row, edge in zip(draft.some(3), edges, strict=False):
        row.plan = edge + draft.chance.choice([-1, 0, 1])
        if row.start:
            row.start = row.plan


def _totals(draft: Draft) -> None:
    draft.serve(
        totals=draft.chance.choice(
            ["lagging", "short", "long", "page", "zero", "missing", "text", "huge", "whole list"]
        )
    )
    if draft.service.totals == "lagging":
        _appearing(draft)


def _ids_doubled(draft: Draft) -> None:
    for row in draft.some(max(len(draft.rows) // 2, 1)):
        row.run_id = draft.chance.choice([5000, 5001, 5002, 5000 + row.serial // 2])


def _ids_missing(draft: Draft) -> None:
    for row in draft.rows if draft.chance.random() < 0.5 else draft.some(9):
        row.run_id = None


def _resumed(draft: Draft) -> None:
    draft.resumed_after = draft.chance.randint(1, max(len(draft.rows), 1))
    if draft.chance.random() < 0.6:
        _ties(draft)
    for fault in draft.chance.sample([_starting, _appearing, _ending, _still, _still], 2):
        fault(draft)


FAULTS: dict[str, Callable[[Draft], None]] = {
    "nothing": _still,
    "runs start": _starting,
    "runs end": _ending,
    "runs appear": _appearing,
    "runs vanish": _vanishing,
    "sort keys change": _updating,
    "changes cancel out": _cancelling,
    "sort keys tie": _ties,
    "pages are capped": _page_caps,
    "rows and total are capped": _both_caps,
    "deep offsets are refused": _deep_offsets,
    "offset counts otherwise": _units,
    "window is ignored": _window_ignored,
    "window ends otherwise": _window_ends,
    "totals are wrong": _totals,
    "ids repeat": _ids_doubled,
    "ids are missing": _ids_missing,
    "walk is resumed": _resumed,
}

# Faults with which everything can be read: a walk over them ends without an error.
HARMLESS = ("nothing", "offset counts otherwise", "runs appear", "runs end", "sort keys tie")

_MIXABLE = [
    fault
    for fault in FAULTS
    if fault not in {"nothing", "changes cancel out", "rows and total are capped", "deep offsets are refused"}
]


def case(kind: str, seed: int, *, is_auto: bool = False) -> Draft:
    """The case that a seed gives for a class of fault, or for several at once.

    If the client chooses the page size, lists are so long that it usually requests larger pages.
    """
    chance = random.Random(f"{kind} {seed}")
    draft = draw(chance)
    if is_auto:
        draft.is_auto = True
        draft.page_size = 500  # few pages, so that events happen between them
        _more_rows(draft, chance.choice([90, 101, 150, 400, 400, 1300, 2300]))
    for name in chance.sample(_MIXABLE, chance.randint(2, 4)) if kind == "several at once" else [kind]:
        FAULTS[name](draft)
    return draft


def walk(server: HostileServer, kind: str, seed: int, *, is_auto: bool = False) -> Judgement:
    """Walk over a case like a caller, and judge the result."""
    draft = case(kind, seed, is_auto=is_auto)
    listed = HostileList(draft.service, draft.rows, draft.window, events=draft.events, chance=draft.chance)
    task = f"{kind}-{seed}-{is_auto}".replace(" ", "-")
    server.lists[task] = listed
    owners: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if draft.face == "sync":
                _read(draft, server.url, task, owners)
            else:
                asyncio.run(_read_async(draft, server.url, task, owners))
        except DataMapError as error:
            return judged(listed, owners, error)
        finally:
            del server.lists[task]
    return judged(listed, owners, None)


def _settings(draft: Draft, url: str) -> dict[str, Any]:
    return {
        "endpoint": url,
        "project_id": "p",
        "instance_id": "i",
        "credentials": TokenCredentials("made-up"),
        "requests_per_second": None,
        "concurrency": draft.concurrency,
        "retry": Retry(first_wait=0),
    }


def _first_call(draft: Draft, task: str) -> dict[str, Any]:
    return {
        "task_id": task,
        "job_name": "job",
        "page_size": "auto" if draft.is_auto else draft.page_size,
        "offset_unit": draft.offset_unit,
        "slice_span": draft.slice_span,
        "start": draft.window[0],
        "end": draft.window[1],
    }


def _next_call(draft: Draft, task: str, token: str | None) -> dict[str, Any]:
    call = {name: value for name, value in _first_call(draft, task).items() if name not in {"start", "end"}}
    return {**call, "resume_token": token}


def _read(draft: Draft, url: str, task: str, owners: Counter[str]) -> None:
    call = _first_call(draft, task)
    if draft.resumed_after is not None:
        with DataMapClient(**_settings(draft, url)) as client:
            pager = client.list_runs(**call)
            for number, run in enumerate(pager, 1):
                owners[str(run.owner)] += 1
                if number >= draft.resumed_after:
                    break
            else:
                return
            if pager.resume_token is None:
                return
            call = _next_call(draft, task, pager.resume_token)
    with DataMapClient(**_settings(draft, url)) as client:
        for run in client.list_runs(**call):
            owners[str(run.owner)] += 1


async def _read_async(draft: Draft, url: str, task: str, owners: Counter[str]) -> None:
    call = _first_call(draft, task)
    if draft.resumed_after is not None:
        async with AsyncDataMapClient(**_settings(draft, url)) as client:
            pager = client.list_runs(**call)
            number = 0
            async for run in pager:
                number += 1
                owners[str(run.owner)] += 1
                if number >= draft.resumed_after:
                    break
            else:
                return
            if pager.resume_token is None:
                return
            call = _next_call(draft, task, pager.resume_token)
    async with AsyncDataMapClient(**_settings(draft, url)) as client:
        async for run in client.list_runs(**call):
            owners[str(run.owner)] += 1
