"""Compares all responses about runs and operators with each other: they must fit one set of data. No HTTP here."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.asset_world import AssetWorld
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP, Finding
from dataarts_datamap_contract.suite._judging.invariants.common import (
    BAD_REQUEST,
    NODES,
    OK,
    RUNS,
    SERVER_ERROR,
    THROTTLED,
    asks_really,
)
from dataarts_datamap_contract.suite._judging.invariants.paging import window_columns
from dataarts_datamap_contract.suite._judging.run_lists import RUN_ID, Convention, conventions, identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import Target


_DEEP: Final = 2**15
"""The least offset that a server may refuse, however many runs there are."""

_Size: TypeAlias = "tuple[int, int, int, int]"
"""Limit, offset, and start and end of the window."""


class Asker(NamedTuple):
    """The operator whose runs are asked for, and the workspace that the request names, if any."""

    task_id: str
    job_name: str
    workspace_id: str | None


@dataclass(slots=True)
class Window:
    """What is known of the runs of one operator in one window.

    Attributes:
        start: Its start, in milliseconds since the epoch.
        end: Its end.
        total: How many runs it has.
        first: The first exchange that showed the window, with this total.
        places: For each position, the run there and the exchange that showed it.
        pages: For each offset and limit, the first exchange that showed that page, if its position is known.
    """

    start: int
    end: int
    total: int
    first: Exchange
    places: dict[int, tuple[str, Exchange]] = field(default_factory=dict[int, "tuple[str, Exchange]"])
    pages: dict[tuple[int, int], Exchange] = field(default_factory=dict[tuple[int, int], "Exchange"])

    @property
    def is_whole(self) -> bool:
        """Whether each of its runs was shown."""
        return len(self.places) == self.total

    @property
    def runs(self) -> list[str]:
        """The runs that were shown, in their order."""
        return [self.places[position][0] for position in sorted(self.places)]


class World:
    """What all responses say about runs and operators, to find where they contradict each other."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.windows: dict[Asker, dict[tuple[int, int], Window]] = {}
        self.rows: dict[Asker, dict[str, Mapping[str, Any]]] = {}
        self._contents: dict[tuple[object, ...], tuple[Mapping[str, Any], Exchange]] = {}
        self._request_ids: dict[str, Exchange] = {}
        self._open: dict[Asker, dict[tuple[int, int], Window]] = {}
        self._open_rows: dict[Asker, dict[str, Mapping[str, Any]]] = {}
        self._served: dict[Asker, dict[_Size, Exchange]] = {}
        self._refused: dict[Asker, dict[_Size, Exchange]] = {}
        self._operators: dict[str, tuple[list[str], Exchange]] = {}
        self.assets = AssetWorld(target)

    def note(self, exchange: Exchange) -> Iterator[Finding]:
        """Compare an exchange with all earlier ones."""
        yield from self._note_request_id(exchange)
        if exchange.request.credential.standing != "good" or exchange.judgement.standing != "valid":
            return
        values, real = exchange.judgement.values, self._target.real_values
        if any(values.get(each) != real[each] for each in ("project_id", "instance")):
            return
        if exchange.operation_id == RUNS:
            yield from self._note_size(exchange)
        if exchange.response.status != OK:
            return
        if exchange.operation_id == NODES:
            yield from self._note_operators(exchange)
        elif exchange.operation_id == RUNS:
            yield from self._note_page(exchange)

    def asker(self, exchange: Exchange) -> Asker:
        """The operator whose runs a valid request asks for."""
        values = exchange.judgement.values
        workspace = values.get("workspace_id")
        return Asker(str(values["task_id"]), str(values["job_name"]), None if workspace is None else str(workspace))

    def find(self, asker: Asker, start: int, end: int) -> Window | None:
        """What is known of a window; None if it was not shown, or ends after the target's."""
        return self.windows.get(asker, {}).get((start, end))

    def _note_request_id(self, exchange: Exchange) -> Iterator[Finding]:
        for sent in exchange.response.header("X-Request-Id")[:1]:
            earlier = self._request_ids.setdefault(sent, exchange)
            if earlier is not exchange:
                yield Finding("A-request-id", f"X-Request-Id {sent!r} was that of an earlier response, too", earlier)

    def _note_size(self, exchange: Exchange) -> Iterator[Finding]:
        """If a page is served, so must be all that are no larger (`_holds`); others may be refused, but with 400."""
        size, page, status = _size(exchange), exchange.response.page, exchange.response.status
        asker = self.asker(exchange)
        served, refused = self._served.setdefault(asker, {}), self._refused.setdefault(asker, {})
        if size is None:
            return
        if page is not None and status == OK and (page.total or asks_really(exchange, self._target)):
            served.setdefault(size, exchange)
            found = next((each for less, each in refused.items() if _holds(size, less)), None)
        elif exchange.judgement.undeclared:
            return
        elif BAD_REQUEST <= status < SERVER_ERROR and status != THROTTLED and self._is_inside(size):
            refused.setdefault(size, exchange)
            found = next((each for more, each in served.items() if _holds(more, size)), None)
        else:
            return
        window, own = self.find(asker, size[2], size[3]), self._target.workspace_id
        begin = size[1] * (size[0] if self._target.offset_unit == "pages" else 1)
        check = "E-valid-refused" if window is None or begin < window.total else "C-offset-beyond-end"
        status = status if found is None else max(status, found.response.status)
        if found is not None:
            yield Finding(check, f"a page is answered {status}, although a larger one is served", found)
        elif served and status not in {OK, BAD_REQUEST} and asker.workspace_id == own:
            problem = f"a valid request is answered {status}; if its page is too large, 400 is due"
            yield Finding(check, problem if asks_really(exchange, self._target) else None)

    def _is_inside(self, size: _Size) -> bool:
        """Whether a window is inside the target's: a server may refuse others as too old, or too far ahead."""
        return self._target.window_start <= size[2] and size[3] <= self._target.window_end

    def _note_operators(self, exchange: Exchange) -> Iterator[Finding]:
        names = ("task_id", "job_name", "workspace_id")
        named = Counter(tuple(str(each.get(name)) for name in names) for each in exchange.response.operators)
        twice = [each for each, times in named.items() if times > 1]
        yield Finding("C-nodes-unique", f"operator {twice[0]} is named more than once" if twice else None)
        shown = sorted(json.dumps(each, sort_keys=True) for each in exchange.response.operators)
        known, earlier = self._operators.setdefault(str(exchange.judgement.values["guid"]), (shown, exchange))
        if earlier is not exchange:
            changed = f"{len(shown)} operators, which are not the {len(known)} shown before" if shown != known else None
            yield Finding("C-nodes-unique", changed, earlier)

    def _note_page(self, exchange: Exchange) -> Iterator[Finding]:
        page, judgement = exchange.response.page, exchange.judgement
        names = ("start_time", "end_time", "offset", "limit")
        numbers = [number for name in names if (number := judgement.number(name)) is not None]
        if page is None or page.total is None or len(numbers) < len(names):
            return
        start, end, offset, limit = numbers
        yield from self._note_contents(exchange)
        asker = self.asker(exchange)
        if not start <= end:
            return
        in_pages = self._target.offset_unit == "pages"
        begin = offset * limit if in_pages else offset
        is_placed = not (in_pages and offset and limit > LEAST_CAP)  # a cap may shorten pages, which moves them
        is_open = end > self._target.window_end
        windows = (self._open if is_open else self.windows).setdefault(asker, {})
        window = windows.setdefault((start, end), Window(start, end, page.total, exchange))
        if window.first is not exchange:
            other = f"total is {page.total} here and {window.total} before" if page.total != window.total else None
            yield Finding("C-total-constant", other, window.first, may_change=is_open)
        again = window.pages.get((offset, limit))
        if again is not None and (other := _differs(exchange, again)):
            yield Finding("C-replay", other, again, may_change=is_open)
        if not is_placed:
            return
        yield _count(exchange, page.total if is_open else window.total, begin, limit)
        if page.rows:
            rows = self._open_rows if is_open else self.rows
            rows.setdefault(asker, {}).update((identity(row), row) for row in page.rows)
        for finding in _place(exchange, window, begin, (offset, limit)):
            yield finding._replace(may_change=is_open)

    def _note_contents(self, exchange: Exchange) -> Iterator[Finding]:
        """A run is the same wherever it is shown; one that goes on may have changed meanwhile."""
        for row in exchange.response.rows:
            key = tuple(row.get(name) for name in (RUN_ID, "taskId", "jobName", "planTime"))
            is_known = whole_number(row.get(RUN_ID)) is not None
            if not is_known or not all(isinstance(part, (int, float, str, type(None))) for part in key):
                continue
            known, earlier = self._contents.setdefault(key, (row, exchange))
            if earlier is exchange or known == row:
                continue
            names = [name for name in {**known, **row} if known.get(name, "") != row.get(name, "")]
            if names:
                name = names[0]
                problem = f"run {key[0]}: {name} is {_brief(row.get(name))} here and {_brief(known.get(name))} before"
                goes_on = not (whole_number(known.get("endTime")) and whole_number(row.get("endTime")))
                if goes_on:
                    self._contents[key] = row, exchange
                yield Finding("C-run-content", problem, earlier, may_change=goes_on)
                return
        if exchange.response.rows:
            yield Finding("C-run-content")

    def judge_windows(self) -> Iterator[tuple[Exchange, Finding]]:
        """Judge all windows by the convention that explains them best; judge the workspaces and ids of their runs, too.

        Of the windows of an operator that were shown whole, the one with the most runs determines each page of each
        window inside it.
        """
        readings = conventions(window_columns(self._target))
        unexplained = {reading: list(self._unexplained(reading)) for reading in readings}
        best = min(readings, key=lambda reading: len(unexplained[reading]))
        first = {(found.check, found.may_change): (exchange, found) for exchange, found in unexplained[best][::-1]}
        for exchange, found in first.values():
            text = f"{found.problem}, read as {best}. If the server filters on another time, name that as window_column"
            yield exchange, found._replace(problem=text)
        if not unexplained[best]:
            widest = _widest(self.windows).values()
            yield from ((window.first, Finding("C-window-adds-up")) for window in widest if window.total)
        yield from self._judge_workspaces()
        yield from self._judge_ids()

    def forget_open(self) -> None:
        """Forget the windows that end after the target's: a response about runs has changed."""
        self._open.clear()

    def _unexplained(self, reading: Convention) -> Iterator[tuple[Exchange, Finding]]:
        for windows, rows, is_open in ((self.windows, self.rows, False), (self._open, self._open_rows, True)):
            for asker, widest in _widest(windows).items():
                due = _due(widest, rows.get(asker, {}), reading)
                for window in windows[asker].values():
                    if window.start < widest.start:
                        yield from _held(window, due(1, window.end - 1))
                    elif window.end <= widest.end:
                        begin, end = reading.bounds(window.start, window.end)
                        found = _contradicted(window, due(begin, end))
                        if found is not None:
                            text = f"the window {window.start} to {window.end} {found[1]}"
                            yield found[2], Finding(found[0], text, widest.first, may_change=is_open)
                known = set(widest.runs)
                for window in () if is_open else self._open.get(asker, {}).values():
                    later = due(max(reading.bounds(window.start, window.end)[0], 1), widest.end)
                    yield from _held(window, later)
                    for exchange in window.pages.values() if window.start >= widest.start else ():
                        shown = [run for row in exchange.response.rows if (run := identity(row)) in known]
                        begin = later.index(shown[0]) if shown and shown[0] in later else 0
                        if shown != later[begin : begin + len(shown)]:
                            text = (
                                f"a window from {window.start} on lacks a run between two others, or has one too many"
                            )
                            yield exchange, Finding("C-window-adds-up", text, widest.first)

    def _judge_ids(self) -> Iterator[tuple[Exchange, Finding]]:
        """Runs share an id only if they share task and plan time: the nodes of a task may share the id of its run."""
        owners: dict[object, tuple[tuple[str, object], Exchange]] = {}
        for (run_id, task_id, _, planned), (_, exchange) in self._contents.items():
            if (exchange.judgement.number("end_time") or 0) > self._target.window_end:
                continue
            owner, earlier = owners.setdefault(run_id, ((str(task_id), planned), exchange))
            if owner != (str(task_id), planned):
                yield exchange, Finding("C-run-id-unique", f"several runs have the {RUN_ID} {run_id}", earlier)
                return
        yield from ((exchange, Finding("C-run-id-unique")) for _, exchange in list(owners.values())[:1])

    def _judge_workspaces(self) -> Iterator[tuple[Exchange, Finding]]:
        """If a window without a workspace shows runs of one, the window with that workspace has exactly these runs."""
        for asker, windows in self.windows.items():
            everywhere = self.windows.get(asker._replace(workspace_id=None), {})
            is_real = asker.workspace_id == self._target.workspace_id or asker in self.rows
            for span, window in windows.items() if asker.workspace_id and is_real else ():
                other = everywhere.get(span)
                if other is None or not (window.is_whole and other.is_whole):
                    continue
                rows = self.rows[asker._replace(workspace_id=None)] if other.places else {}
                own = {
                    run for run in other.runs if rows[run].get("workspaceId", asker.workspace_id) == asker.workspace_id
                }
                lost, more = len(own - set(window.runs)), len(set(window.runs) - own)
                problem = f"with the workspace, {lost} runs of it are missing, and {more} others are listed"
                is_same = not own or not (lost or more)
                yield window.first, Finding("C-workspace-same", None if is_same else problem, other.first)
                if not is_same:
                    return


def _size(exchange: Exchange) -> _Size | None:
    """The size of the page that is asked for; None if a number is unknown, or the window ends before it starts."""
    numbers = [exchange.judgement.number(name) for name in ("limit", "offset", "start_time", "end_time")]
    limit, offset, start, end = ((-1 if number is None else number) for number in numbers)
    return (limit, offset, start, end) if None not in numbers and start <= end else None


def _holds(more: _Size, less: _Size) -> bool:
    """Whether ``less`` is no larger than ``more`` in limit, offset and window, and not deep enough to be refused."""
    return less[1] < _DEEP and more[0] >= less[0] and more[1] >= less[1] and more[2] <= less[2] and more[3] >= less[3]


def _held(window: Window, due: Sequence[str]) -> Iterator[tuple[Exchange, Finding]]:
    """A window has at least as many runs as a part of it."""
    if window.total < len(due):
        problem = f"a window has {window.total} runs, and a part of it has {len(due)}"
        yield window.first, Finding("C-window-adds-up", problem)


def _contradicted(window: Window, due: Sequence[str]) -> tuple[str, str, Exchange] | None:
    """If a window has other runs than are due, or another order: the check, what is wrong, the exchange; else None."""
    known = set(due)
    for position, (run, exchange) in sorted(window.places.items()):
        if run not in known:
            return "C-window-adds-up", f"has in row {position} a run that other windows say is not in it", exchange
    if window.total != len(due):
        return "C-window-adds-up", f"has {window.total} runs, and {len(due)} by what other windows show", window.first
    for position, (run, exchange) in sorted(window.places.items()):
        if position >= len(due) or due[position] != run:
            return "C-offset-slice", f"has in row {position} a run that the widest window has elsewhere", exchange
    return None


def _widest(windows: Mapping[Asker, Mapping[tuple[int, int], Window]]) -> dict[Asker, Window]:
    """For each operator: of the windows that were shown whole, if any, the one with the most runs."""
    whole = {asker: [each for each in known.values() if each.is_whole] for asker, known in windows.items()}
    return {
        asker: max(found, key=lambda window: (window.total, window.end - window.start))
        for asker, found in whole.items()
        if found
    }


def _due(widest: Window, rows: Mapping[str, Mapping[str, Any]], reading: Convention) -> Callable[[int, int], list[str]]:
    """A function that returns the runs from one time to another, both included, in the order of the window."""
    runs = widest.runs
    times = [whole_number(rows[run].get(reading.column)) or -1 for run in runs]
    by_time = sorted(range(len(runs)), key=times.__getitem__)
    times.sort()
    return lambda first, last: [
        runs[place] for place in sorted(by_time[bisect_left(times, first) : bisect_right(times, last)])
    ]


def _count(exchange: Exchange, total: int, begin: int, limit: int) -> Finding:
    """A page has as many rows as limit and total say, or at least 100 if a cap shortens it."""
    shown, due = len(exchange.response.rows), max(0, min(limit, total - begin))
    if begin >= total:
        stray = f"{shown} rows at row {begin}, beyond the end at {total}" if shown else None
        return Finding("C-offset-beyond-end", stray)
    is_right = shown == due or LEAST_CAP <= shown < due
    problem = f"{shown} rows at row {begin} of {total} with limit {limit}, where {due} are due"
    return Finding("C-limit-underfilled", None if is_right else problem)


def _differs(exchange: Exchange, earlier: Exchange) -> str | None:
    """How a page differs from the same page before in its number of rows or its total; None if it does not."""
    (shown, total), (known, before) = (
        (len(each.response.rows), each.response.page and each.response.page.total) for each in (exchange, earlier)
    )
    return (
        f"{shown} rows of {total} here, and {known} of {before} before" if (shown, total) != (known, before) else None
    )


def _place(exchange: Exchange, window: Window, begin: int, page: tuple[int, int]) -> Iterator[Finding]:
    """Each position of a window has one run, and each run one position."""
    same = window.pages.setdefault(page, exchange)
    check = "C-offset-slice" if same is exchange else "C-replay"
    positions = {run: position for position, (run, _) in window.places.items()}
    judged = False
    for position, row in enumerate(exchange.response.rows, start=begin):
        run = identity(row)
        known, earlier = window.places.setdefault(position, (run, exchange))
        judged |= earlier is not exchange
        if known != run:
            yield Finding(check, f"row {position} is another run than it was before", earlier)
            return
        if positions.get(run, position) != position:
            problem = f"row {position} is a run that is at row {positions[run]}, too"
            yield Finding("C-walk-duplicate", problem, window.places[positions[run]][1])
            return
        positions[run] = position
    if judged or same is not exchange:
        yield Finding(check)


def _brief(value: object) -> str:
    return f"{value!r:.60}"
