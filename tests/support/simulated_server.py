"""A server whose list of runs changes while it is read, and that reads offsets, limits and windows in its own way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from dataarts_datamap import BadRequestError, Run, RunPage

if TYPE_CHECKING:
    from random import Random

    from dataarts_datamap._paging.walk_options import PageRead
    from dataarts_datamap._window import Window

Takes = Literal["rows", "pages", "pages from one", "whole pages", "nothing"]
Tells = Literal["all", "nothing", "zero", "this page", "one less", "two more", "about"]
Bounds = Literal["closed", "open", "without start", "without end"]
Ids = Literal["all", "none", "some", "shared"]

TAKES: Final[tuple[Takes, ...]] = ("rows", "pages", "pages from one", "whole pages", "nothing")
TELLS: Final[tuple[Tells, ...]] = ("all", "nothing", "zero", "this page", "one less", "two more", "about")
BOUNDS: Final[tuple[Bounds, ...]] = ("closed", "open", "without start", "without end")
IDS: Final[tuple[Ids, ...]] = ("all", "none", "some", "shared")


@dataclass
class Row:
    """A run of the simulated server.

    Attributes:
        number: Identifies the run, whatever its id; it is sent as ``owner``.
        run_id: The id that is sent.
        plan_time: When it was planned.
        start_time: When it started.
        version: The number of its changes; it is sent as ``status``.
    """

    number: int
    run_id: int | None
    plan_time: int
    start_time: int
    version: int = 0


@dataclass
class SimulatedServer:
    """The server, with its rules.

    Attributes:
        random: The source of random choices.
        takes: What an offset counts.
        tells: What the total counts.
        cap: The most rows of a page, whatever the limit; None for no cap.
        refuses_above: The largest accepted limit; None if every limit is accepted.
        newest_first: Whether the newest runs come first.
        is_unstable: Whether runs of equal times change places from one page to the next.
        filters_on: The time that a window filters on.
        bounds: Which ends of a window belong to it.
        ids: Which runs have an id of their own.
        last: The largest time.
        stayed: The runs that existed all the time.
    """

    random: Random
    takes: Takes = "rows"
    tells: Tells = "all"
    cap: int | None = None
    refuses_above: int | None = None
    newest_first: bool = False
    is_unstable: bool = False
    filters_on: Literal["plan_time", "start_time"] = "plan_time"
    bounds: Bounds = "closed"
    ids: Ids = "all"
    last: int = 1000
    rows: list[Row] = field(default_factory=list[Row])
    stayed: set[int] = field(default_factory=set[int])
    _count: int = 0
    _shared: set[int] = field(default_factory=set[int])

    def begin(self, rows: int) -> None:
        """Start with a number of runs."""
        for _ in range(rows):
            self.rows.append(self._twin() if self.ids == "shared" and self.random.random() < 0.2 else self._new())
        self.stayed = {row.number for row in self.rows}

    def insert(self) -> None:
        """Add a run."""
        self.rows.append(self._new())

    def delete(self) -> None:
        """Delete a run, unless it shares its id, so that it could not be identified."""
        if self.rows:
            row = self.random.choice(self.rows)
            if row.run_id not in self._shared:
                self.rows.remove(row)
                self.stayed.discard(row.number)

    def change(self) -> None:
        """Change a run that its id identifies."""
        if self.rows:
            row = self.random.choice(self.rows)
            row.version += row.run_id is not None and row.run_id not in self._shared

    def page(self, read: PageRead) -> RunPage:
        """The response.

        Raises:
            BadRequestError: The limit is too large.
        """
        if self.refuses_above is not None and read.limit > self.refuses_above:
            raise BadRequestError(f"limit must be at most {self.refuses_above}", status=400)
        inside = [row for row in self.rows if self._is_inside(getattr(row, self.filters_on), read.window)]
        if self.is_unstable:
            self.random.shuffle(inside)
        else:
            inside.sort(key=lambda row: row.number)
        inside.sort(key=lambda row: getattr(row, self.filters_on), reverse=self.newest_first)
        limit = read.limit if self.cap is None else min(read.limit, self.cap)
        begin = self._begin(read.offset, limit)
        rows = inside[begin : begin + limit]
        return RunPage(
            runs=tuple(map(_sent, rows)),
            total=self._total(len(inside), len(rows)),
            message="success",
            offset=read.offset,
        )

    def _new(self) -> Row:
        self._count += 1
        plan_time = self.random.randint(1, self.last)
        has_id = self.ids in {"all", "shared"} or (self.ids == "some" and self.random.random() < 0.7)
        start_time = max(1, plan_time - self.random.randint(0, 3))
        return Row(self._count, self._count if has_id else None, plan_time, start_time)

    def _twin(self) -> Row:
        """A run with the id and the times of another."""
        if not self.rows:
            return self._new()
        self._count += 1
        other = self.random.choice(self.rows)
        self._shared.add(other.run_id or 0)
        return Row(self._count, other.run_id, other.plan_time, other.start_time)

    def _is_inside(self, time: int, window: Window) -> bool:
        after = window.start < time if self.bounds in {"open", "without start"} else window.start <= time
        return after and (time < window.end if self.bounds in {"open", "without end"} else time <= window.end)

    def _begin(self, offset: int, limit: int) -> int:
        match self.takes:
            case "rows":
                return offset
            case "pages":
                return offset * limit
            case "pages from one":
                return max(0, offset - 1) * limit
            case "whole pages":
                return offset // limit * limit
            case "nothing":
                return 0

    def _total(self, rows: int, on_page: int) -> int | None:
        about = rows + self.random.randint(-2, 2)
        told = {
            "all": rows,
            "zero": 0,
            "this page": on_page,
            "one less": rows - 1,
            "two more": rows + 2,
            "about": about,
        }
        return None if self.tells == "nothing" else max(0, told[self.tells])


def _sent(row: Row) -> Run:
    return Run.from_raw(
        {
            "taskRunningLogId": row.run_id,
            "planTime": row.plan_time,
            "startTime": row.start_time,
            "status": str(row.version),
            "owner": str(row.number),
        }
    )
