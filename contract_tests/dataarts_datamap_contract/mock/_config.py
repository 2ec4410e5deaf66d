"""The configuration of a mock server."""

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
_MOST_TABLES = 5_000
_BOUNDS: dict[str, tuple[float, float]] = {
    "size": (0, MOST_RUNS),
    "tables": (1, _MOST_TABLES),
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
    """The callers that a mock server accepts, its data, and how it behaves where the service is not documented.

    If ``now`` is set, the same fields give the same data, byte for byte. The default ids are those of the documentation
    (the instance id is abridged there; its first four and last four digits are documented).

    Attributes:
        project_id: The one project the server knows.
        instance_id: The one DataArts Studio tenancy it knows.
        token: The value of ``X-Auth-Token`` that never expires.
        access_key: The one access key it knows.
        secret_key: The secret key that goes with it, to sign requests.
        security_token: The ``X-Security-Token`` that goes with the access key; None for a permanent key.
        user: The one user that IAM knows.
        password: That user's password.
        account: The account (domain) that the user belongs to.
        region: The region. The one project has the same name, like the built-in project of each region.
        token_lifetime: How long a token issued by IAM is valid.
        workspace_id: The only workspace in the list of workspaces; None for all workspaces of the data.
        seed: Seed of the invented runs, the faults, the delays and the request ids.
        now: The present of the data, as an aware time; None for the real time when the app is created.
        clock: Returns the current time, as an aware time, for signatures, tokens, keys, locks and the progress of runs.
        size: How many runs each operator has, up to 10,000,000; they are computed when requested and take no memory.
            None for some weeks of more varied runs, and the documented run.
        scenario: A story in place of the invented runs, about the documented table, four tables upstream of it, and one
            downstream. Today, a job upstream failed (``"upstream-failed"``), has not started (``"late"``) or is still
            running (``"waiting"``); or a job upstream that also reads the documented table failed (``"cycle"``); or the
            documented table's own job failed, and its lineage is not known (``"unparsed"``). ``"varied"`` is not a
            story: it adds the variety that a conformance suite needs. None for no story.
        tables: The number of tables of a warehouse in place of the invented data, up to 5,000: three layers, a job for
            each table and a run a day for thirty days. Of 300 jobs, two failed today, two wait and one is running; the
            jobs downstream of these were skipped or wait, and all others succeeded. None for no warehouse.
        invited: Whether searches, details and lineage are open to the caller. If not, the response to them is 404 with
            APIGW.0101; the service's own response is not known.
        lineage_reach: Whether ShowDatamapLineage shows ``"all"`` lineage of a table, or only ``"one-step"``.
        lineage_through: Whether relationships of lineage lead through ``"nodes"``, or directly between ``"tables"``.
        lineage_first_end: Whether end 1 of a relationship is its ``"upstream"`` or its ``"downstream"`` end.
        unknown_guid: Whether ListEntityDetails leaves out an unknown GUID (``"omitted"``) or fails (``"refused"``).
        asset_times: Whether an asset's times come as a ``"number"`` or as ``"text"``.
        log_objects: Whether a run's log path names the ``"exact"`` object, or a ``"prefix"`` of its name.
        log_ranges: Which ranges of an object are supported: ``"all"``; ``"from-start"`` for those that count from the
            start (``bytes=5-``); or ``"none"``. The response to any other range is the whole object, as documented for
            a malformed range.
        offset_unit: What ``offset`` counts: ``"row"``, or ``"page"``, each of ``limit`` rows. Related APIs do either.
        first_page: The number of the first page, 0 or 1, where ``offset`` counts pages. A server that counts from 1
            treats page 0 as page 1.
        max_limit: The most rows on a page of runs; None for no cap.
        over_limit: Whether a ``limit`` above ``max_limit`` is silently ``"lowered"`` to it, or ``"refused"`` with 400.
        round_offset: Whether the offset of a page of runs is rounded down to a multiple of ``limit``, if
            ``offset`` counts rows, as a related API documents.
        window_on: The column that the window filters on and that the runs are ordered by. A run that has not started
            has the start time 0.
        window_includes_start: Whether a run at exactly ``start_time`` is in the window.
        window_includes_end: Whether a run at exactly ``end_time`` is in the window.
        order: The order of runs, ``"newest-first"`` or ``"oldest-first"``; runs of the same time are ordered by id,
            in the same direction.
        rate_limit: How many requests are accepted in any second, for all operations of the specification together; the
            next one gets 429 and APIGW.0308. None for no limit.
        retry_after: Seconds in the header ``Retry-After`` of a 429; None to leave out the header, which the real
            gateway is not known to send.
        latency: The median delay of a response.
        latency_sigma: How much the delay varies: it is log-normal, and this is the standard deviation of its logarithm.
            At 0.5, one response in twenty takes at least 2.3 times the median.
        faults: How responses go wrong. If several match a response, the first one applies. A request can ask for a
            fault in the header ``X-Mock-Fault``, such as ``reset`` or ``slow:seconds=5``.
        progress: How waiting and running runs go on to success: ``"by-hand"``, a step on request; ``"with-time"``, a
            step each ``progress_step`` of the clock; or ``"immediately"``, so that no run waits or runs.
        progress_step: How long one step takes.
        admin: Who may use ``/__mock__/``: ``"loopback"`` for this machine only, ``"everywhere"`` for anyone who reaches
            the server (without credentials), or ``"off"``.
        stopwatch: Returns the seconds since a fixed start, for the rate limit.

    Raises:
        ValueError: ``now`` is naive; an id, a token, a key, the password or a name is blank; a field has a value
            outside its choices or bounds; or two of ``tables``, ``scenario`` and ``size`` are given, unless the
            scenario is ``"varied"`` and the other is ``size``.
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
    tables: int | None = None
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
        if self.tables is not None and (self.scenario is not None or self.size is not None):
            raise ValueError("tables cannot be combined with scenario or size: each of them defines the data")
        if self.size is not None and self.scenario not in {None, "varied"}:
            raise ValueError(f"size cannot be combined with scenario {self.scenario}: each of them defines the data")

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
    """Check that the value of a field is within its bounds.

    Raises:
        ValueError: It is not.
    """
    least, most = _BOUNDS[name]
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if number is not None and not least <= number <= most:
        unit = " seconds" if isinstance(value, timedelta) else ""
        raise ValueError(f"{name} is {number}{unit}: it must be from {least:,} to {most:,}")
