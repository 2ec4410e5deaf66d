"""What a mock server is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock._web.faults import Fault

TimeColumn = Literal["planTime", "startTime"]
OffsetUnit = Literal["row", "page"]
Order = Literal["newest-first", "oldest-first"]
Progress = Literal["by-hand", "with-time", "immediately"]
Scenario = Literal["upstream-failed", "late", "waiting", "cycle", "unparsed", "varied"]
LogObjects = Literal["exact", "prefix"]
LogRanges = Literal["all", "from-start", "none"]
OverLimit = Literal["lowered", "refused"]
AdminAccess = Literal["loopback", "everywhere", "off"]

_NAMES = (
    *("project_id", "instance_id", "token", "access_key", "secret_key", "security_token"),
    *("user", "password", "account", "region", "workspace_id"),
)


_CHOICES: dict[str, tuple[object, ...]] = {
    "offset_unit": get_args(OffsetUnit),
    "first_page": (0, 1),
    "window_on": get_args(TimeColumn),
    "order": get_args(Order),
    "progress": get_args(Progress),
    "admin": get_args(AdminAccess),
    "scenario": (None, *get_args(Scenario)),
    "lineage_reach": ("all", "one-step"),
    "lineage_through": ("nodes", "tables"),
    "lineage_first_end": ("upstream", "downstream"),
    "unknown_guid": ("omitted", "refused"),
    "asset_times": ("number", "text"),
    "log_objects": get_args(LogObjects),
    "log_ranges": get_args(LogRanges),
    "over_limit": get_args(OverLimit),
}
_MANY = 2**31 - 1
MOST_RUNS = 10_000_000
_BOUNDS: dict[str, tuple[float, float]] = {
    "size": (0, MOST_RUNS),
    "max_limit": (1, _MANY),
    "rate_limit": (1, _MANY),
    "retry_after": (0, _MANY),
    "latency": (0, 3_600),
    "latency_sigma": (0, 10),
    "progress_step": (0.001, _MANY),
}


def _real_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class MockConfig:
    """Whom a mock server knows, which data it invents, and how it behaves where the service is not documented.

    The same ``seed``, ``size`` and ``now`` give the same data, byte for byte. The default ids are those of the
    documentation (the instance id is abridged there; its first and last four digits are the documented ones).

    Attributes:
        project_id: The one project the server knows.
        instance_id: The one DataArts Studio tenancy it knows.
        token: The value of ``X-Auth-Token`` that it accepts at any time.
        access_key: The one access key it knows.
        secret_key: What requests of that access key are signed with.
        security_token: The ``X-Security-Token`` that goes with the access key; None if the key is a permanent one.
        user: The one user that IAM knows.
        password: That user's password.
        account: The account (domain) that the user belongs to.
        region: The region; the name of the one project, as it is of each region's built-in project.
        token_lifetime: How long a token that IAM hands out is good for.
        workspace_id: The only workspace in the list of workspaces; None lists all those of the data.
        seed: Seed of the invented runs.
        now: An aware time, the present of the data; None is the real time when the app is created.
        clock: Gives the present of signatures, tokens and locks, as an aware time.
        size: How many runs each operator has, up to 10,000,000; they are made up when they are asked for and take no
            memory. None for some weeks of runs that are more varied, and the documented one.
        scenario: A story in place of the invented runs: six tables, of which one upstream of the documented one failed
            today, is late, makes it wait, or stands in a circle with it; or a table whose lineage is unparsed.
            ``"varied"`` is no story: it adds to the invented data what a conformance suite can tell servers apart by.
            None for none.
        invited: Whether searches, details and lineage are open to the caller. If not, they are answered with 404 and
            APIGW.0101; how the service says so is not known.
        lineage_reach: Whether ShowDatamapLineage shows ``"all"`` that leads to a table, or ``"one-step"``.
        lineage_through: Whether its relationships lead through ``"nodes"``, or from one of the ``"tables"`` to another.
        lineage_first_end: What stands at end 1 of a relationship, ``"upstream"`` or ``"downstream"``.
        unknown_guid: Whether ListEntityDetails leaves an unknown GUID out (``"omitted"``) or is ``"refused"`` for it.
        asset_times: Whether an asset's times come as a ``"number"`` or as ``"text"``.
        log_objects: Whether a run's log path is that of the ``"exact"`` object, or the ``"prefix"`` of it.
        log_ranges: Which ranges of an object are understood: ``"all"``, those ``"from-start"`` (``bytes=5-``), or
            ``"none"``. For any other the whole object comes, as the documentation says of a malformed one.
        offset_unit: What ``offset`` counts: ``"row"``, or ``"page"``, each of ``limit`` rows. Siblings do either.
        first_page: The number of the first page, 0 or 1, where ``offset`` counts pages. A server that counts from 1
            takes 0 for 1.
        max_limit: The most rows on a page; None for no cap.
        over_limit: Whether a higher ``limit`` is ``"lowered"`` to it, and nothing in the response says so, or
            ``"refused"`` with 400.
        round_offset: Whether an offset in rows is rounded down to a multiple of ``limit``, as a sibling documents.
        window_on: The column that the window filters on and that the runs are ordered by. A run that has not started
            has the start time 0.
        window_includes_start: Whether a run at exactly ``start_time`` is in the window.
        window_includes_end: Whether a run at exactly ``end_time`` is in the window.
        order: The order of runs, ``"newest-first"`` or ``"oldest-first"``; those of the same time follow their ids.
        rate_limit: How many requests of the two operations are let through in any second; the next one is answered
            with 429 and APIGW.0308. None for no limit.
        retry_after: Seconds in the ``Retry-After`` of such a response; None for no such header, as the real gateway is
            not known to send one.
        latency: The median time that a response is held back.
        latency_sigma: How much that time varies: it is log-normal, and this is the standard deviation of its
            logarithm. At 0.5, one response in twenty takes 2.3 times the median.
        faults: How responses go wrong; of those that strike the same response, the first one counts. A request can ask
            for one itself, in the header ``X-Mock-Fault``: ``reset``, or ``slow:seconds=5``.
        progress: How runs that wait or run go on to success: ``"by-hand"``, a step whenever it is asked for;
            ``"with-time"``, a step for each ``progress_step`` on the clock; or ``"immediately"``, so that none waits
            or runs.
        progress_step: What one step takes.
        admin: Who may use ``/__mock__/``: ``"loopback"`` for this machine alone, ``"everywhere"`` for whoever reaches
            the server (no credentials are asked for), or ``"off"``.
        stopwatch: Gives the time in seconds from any start, for the rate limit.

    Raises:
        ValueError: ``now`` is naive; an id, the token, a key, the password or a name is blank; or a field has a value
            outside its bounds.
    """

    project_id: str = "0833a5737480d53b2f25c010dc1a7b88"
    instance_id: str = "6b884d52f8a74d5e9e0f24c5a7a62688"
    token: str = field(default="mock-token", repr=False)
    access_key: str = "MOCKACCESSKEY0000001"
    secret_key: str = field(default="mock-secret-key", repr=False)
    security_token: str | None = field(default=None, repr=False)
    user: str = "mock-user"
    password: str = field(default="mock-password", repr=False)
    account: str = "mock-account"
    region: str = "eu-west-101"
    token_lifetime: timedelta = timedelta(hours=24)
    workspace_id: str | None = None
    seed: int = 0
    now: datetime | None = None
    clock: Callable[[], datetime] = field(default=_real_clock, repr=False)
    size: int | None = None
    scenario: Scenario | None = None
    invited: bool = True
    lineage_reach: Literal["all", "one-step"] = "all"
    lineage_through: Literal["nodes", "tables"] = "nodes"
    lineage_first_end: Literal["upstream", "downstream"] = "upstream"
    unknown_guid: Literal["omitted", "refused"] = "omitted"
    asset_times: Literal["number", "text"] = "number"
    log_objects: LogObjects = "exact"
    log_ranges: LogRanges = "all"
    offset_unit: OffsetUnit = "row"
    first_page: Literal[0, 1] = 0
    max_limit: int | None = None
    over_limit: OverLimit = "lowered"
    round_offset: bool = False
    window_on: TimeColumn = "planTime"
    window_includes_start: bool = True
    window_includes_end: bool = True
    order: Order = "newest-first"
    rate_limit: int | None = None
    retry_after: int | None = None
    latency: timedelta = timedelta(0)
    latency_sigma: float = 0.0
    faults: tuple[Fault, ...] = ()
    progress: Progress = "by-hand"
    progress_step: timedelta = timedelta(seconds=10)
    admin: AdminAccess = "loopback"
    stopwatch: Callable[[], float] = field(default=monotonic, repr=False)

    def __post_init__(self) -> None:
        self._check_names()
        self._check_now()
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        for name in _BOUNDS:
            check_bounds(name, getattr(self, name))

    def _check_names(self) -> None:
        for name in _NAMES:
            value = getattr(self, name)
            if value is not None and not value.strip():
                raise ValueError(f"{name} is blank: no request could name it; leave it out to get the default")

    def _check_now(self) -> None:
        if self.now is not None and self.now.utcoffset() is None:
            raise ValueError(
                f"now has no time zone: {self.now!r}; give it one, as in now.replace(tzinfo=datetime.UTC),"
                " or use datetime.now(UTC)"
            )


def _check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}: it must be one of {', '.join(map(repr, choices))}")


def check_bounds(name: str, value: float | timedelta | None) -> None:
    """Refuse a value of a field that is outside its bounds.

    Raises:
        ValueError: It is.
    """
    least, most = _BOUNDS[name]
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if number is not None and not least <= number <= most:
        raise ValueError(f"{name} is {value!r}: it must be from {least:,} to {most:,}")
