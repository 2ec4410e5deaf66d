"""Lists of runs with the faults that a service may have, over real sockets, and the oracle that judges walks over them.

It is written only from the service's documentation, independently of the client, and checks what a caller may rely on.
A list changes between two requests, by their number, so that reading ahead meets changes, too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    import random
    from collections import Counter
    from collections.abc import Callable

    from dataarts_datamap import DataMapError

SECOND = 1000
HOUR = 3600 * SECOND
BEGIN = 1_704_900_000_000

# A walk with more requests than this does not end.
MOST_REQUESTS = 6000

Column = Literal["plan", "start", "end", "update"]
Total = Literal["right", "lagging", "short", "long", "page", "zero", "missing", "text", "huge", "whole list"]


@dataclasses.dataclass
class HostileRow:
    """A run. Its serial number identifies it, whatever its id is; the client sees it as its owner."""

    serial: int
    run_id: int | None
    plan: int
    start: int
    end: int
    update: int
    status: str
    text: str | None = None

    def times(self) -> tuple[int, ...]:
        """Every time that the row shows, except 0, which means none."""
        return tuple(time for time in (self.plan, self.start, self.end) if time)

    def encoded(self) -> str:
        """The row as JSON; encoded once for each change."""
        if self.text is None:
            self.text = json.dumps(
                {
                    "taskRunningLogId": self.run_id,
                    "taskId": 937987,
                    "jobName": "job",
                    "status": self.status,
                    "planTime": self.plan,
                    "submitTime": self.start and self.start - SECOND,
                    "startTime": self.start,
                    "endTime": self.end,
                    "owner": f"row-{self.serial}",
                }
            )
        return self.text


@dataclasses.dataclass(frozen=True)
class Service:
    """How the service reads a request."""

    sort: Column = "plan"
    newest_first: bool = False
    zero_last: bool | None = None
    shuffled_ties: bool = False
    unit: Literal["row", "page"] = "row"
    base: Literal[0, 1] = 0
    rounded: bool = False
    most_rows: int | None = None
    beyond: Literal["cut", "refused", "failed", "throttled", "garbled"] = "cut"
    always_rows: int | None = None
    reach: int | None = None
    deep: Literal["empty", "refused"] = "empty"
    capped_total: bool = False
    window_on: Literal["plan", "start"] = "plan"
    waiting_in_window: bool = True
    open_start: bool = False
    open_end: bool = False
    window_ignored: bool = False
    totals: Total = "right"
    huge_total: float = 10**12


_BEYOND = {
    "refused": (400, json.dumps({"error_code": "DLF.0802", "error_msg": "the limit is too large"})),
    "failed": (500, json.dumps({"error_code": "DLF.0001", "error_msg": "the limit is too large for me"})),
    "throttled": (429, json.dumps({"error_code": "APIGW.0308", "error_msg": "too many"})),
    "garbled": (200, '{"status_code": 200, "body": "{\\"rows\\": [{\\"task'),
}

Event = tuple[int, "Callable[[HostileList], None]"]


class HostileList:
    """One operator's runs, the way they are served, and the events before some requests."""

    def __init__(
        self,
        service: Service,
        rows: list[HostileRow],
        window: tuple[int, int],
        *,
        events: list[Event],
        chance: random.Random,
    ) -> None:
        self.service = service
        self.rows = rows
        self.window = window
        self.requests = 0
        self.limits: list[int] = []
        self.now = max((time for row in rows for time in row.times()), default=window[0]) + SECOND
        self._events = sorted(events, key=lambda event: event[0])
        self._chance = chance
        self._lock = threading.Lock()
        self._totals: list[int] = []
        self._order: list[HostileRow] | None = None
        self._steady = self._inside_now()

    def serve(self, query: dict[str, str]) -> tuple[int, str]:
        """Status and body of the response to one request."""
        with self._lock:
            self.requests += 1
            self.limits.append(int(query["limit"]))
            while self._events and self._events[0][0] <= self.requests:
                self._events.pop(0)[1](self)
                self._order = None
                self._steady &= self._inside_now()
            if self.requests > MOST_REQUESTS:
                return 400, "too many requests"
            return self._respond(
                (int(query["start_time"]), int(query["end_time"])), int(query["offset"]), int(query["limit"])
            )

    def change(self, row: HostileRow, **changes: Any) -> None:
        """Change a row that still exists."""
        for name, value in changes.items():
            setattr(row, name, value)
        row.text = None

    def later(self) -> int:
        """A time after everything so far."""
        self.now += 7 * SECOND
        return self.now

    def lost(self, owners: Counter[str]) -> list[str]:
        """The runs that were in the window all the time but were not yielded."""
        return sorted({f"row-{serial}" for serial in self._steady} - set(owners))

    def strangers(self, owners: Counter[str]) -> list[str]:
        """Yielded runs that have started, although none of their times is in the window or within a day after it."""
        first, last = self.window[0], self.window[1] + 24 * HOUR
        outside = {
            f"row-{row.serial}"
            for row in self.rows
            if row.start and not any(first <= time <= last for time in row.times())
        }
        return sorted(outside & set(owners))

    def _inside_now(self) -> set[int]:
        return {row.serial for row in self.rows if self._inside(row, self.window)}

    def _inside(self, row: HostileRow, window: tuple[int, int]) -> bool:
        service = self.service
        time = row.plan if service.window_on == "plan" else row.start
        if not time:
            return service.waiting_in_window
        return window[0] + service.open_start <= time <= window[1] - service.open_end

    def _sort_key(self, row: HostileRow) -> tuple[float, float]:
        service = self.service
        time: float = getattr(row, service.sort)
        if service.newest_first:
            time = -time
        if not getattr(row, service.sort) and service.zero_last is not None:
            time = float("inf") if service.zero_last else float("-inf")
        return time, self._chance.random() if service.shuffled_ties else row.serial

    def _sorted(self) -> list[HostileRow]:
        if self._order is None or self.service.shuffled_ties:
            self._order = sorted(self.rows, key=self._sort_key)
        return self._order

    def _respond(self, window: tuple[int, int], offset: int, limit: int) -> tuple[int, str]:
        service = self.service
        found = [row for row in self._sorted() if service.window_ignored or self._inside(row, window)]
        total = len(found)
        if service.most_rows is not None and limit > service.most_rows:
            if service.beyond != "cut":
                return _BEYOND[service.beyond]
            limit = service.most_rows
        limit = service.always_rows or limit
        first = max(offset - service.base, 0) * (limit if service.unit == "page" else 1)
        if service.rounded:
            first -= first % limit
        if service.reach is not None:
            if service.deep == "refused" and first + limit > service.reach and first > 0:
                return 400, json.dumps({"error_code": "DLF.0800", "error_msg": f"the result window is {service.reach}"})
            found = found[: service.reach]
            total = min(total, service.reach) if service.capped_total else total
        page = found[first : first + limit]
        body = f'"rows":[{",".join(row.encoded() for row in page)}],"msg":"success","success":true'
        return 200, json.dumps(
            {"status_code": 200, "body": f"{{{body}{self._total(total, len(page))}}}", "header_map": {}}
        )

    def _total(self, right: int, rows: int) -> str:
        self._totals.append(right)
        said: dict[Total, object] = {
            "right": right,
            "lagging": self._totals[max(len(self._totals) - 3, 0)],
            "short": max(right - 1, 0),
            "long": right + 1,
            "page": rows,
            "zero": 0,
            "text": str(right),
            "huge": self.service.huge_total,
            "whole list": len(self.rows),
        }
        kind = self.service.totals
        return "" if kind == "missing" else f',"total":{json.dumps(said[kind])}'


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The result of a walk over a hostile list."""

    lost: list[str]
    doubled: list[str]
    strangers: list[str]
    error: DataMapError | None
    requests: int

    @property
    def silent(self) -> bool:
        """Whether the walk looks complete but is not."""
        return self.error is None and bool(self.lost or self.doubled or self.strangers)


def judged(listed: HostileList, owners: Counter[str], error: DataMapError | None) -> Judgement:
    """Compare the yielded runs with those that existed."""
    return Judgement(
        listed.lost(owners),
        sorted(owner for owner, times in owners.items() if times > 1),
        listed.strangers(owners),
        error,
        listed.requests,
    )


class HostileServer:
    """Serves lists by the task id in the path: plain HTTP/1.1 over loopback, a thread for each connection."""

    def __init__(self) -> None:
        self.lists: dict[str, HostileList] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        received = b""
        with connection, contextlib.suppress(OSError):
            while True:
                while b"\r\n\r\n" not in received:
                    if not (chunk := connection.recv(65536)):
                        return
                    received += chunk
                head, received = received.split(b"\r\n\r\n", 1)
                status, body = self._response(head.split(b" ", 2)[1].decode())
                content = body.encode()
                connection.sendall(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(content)) + content)

    def _response(self, target: str) -> tuple[int, str]:
        url = urlsplit(target)
        task = unquote(url.path.split("/")[-2])
        if task not in self.lists:  # requests that were read ahead arrive late
            return 404, "no such list"
        return self.lists[task].serve(dict(parse_qsl(url.query)))
