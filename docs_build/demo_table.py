"""A table whose report shows every feature: made-up runs of a fixed month, the same ones each time."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.mock import FakeService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

END: Final = datetime(2024, 1, 31, 16, 0, tzinfo=UTC)
START: Final = END - timedelta(days=30)
WINDOW: Final = ("--start", START.isoformat(), "--end", END.isoformat())
_LOGS: Final = "obs://dlf-log-0833a5737480/{name}/{at:%Y-%m-%d_%H_%M_%S_000}/{name}/{name}.job"


@dataclass(frozen=True, kw_only=True)
class _Job:
    """The pattern of a job's runs; ``takes`` and ``waits`` are in seconds."""

    name: str
    task_id: str
    every: timedelta
    takes: float
    first: timedelta = timedelta(0)
    waits: float = 20
    fails: float = 0.01
    growth: float = 0.0


_JOBS: Final = (
    _Job(name="ods_orders_hourly", task_id="937987", every=timedelta(hours=1), takes=240, fails=0.014),
    _Job(name="dwd_订单汇总_日报📊", task_id="937991", every=timedelta(hours=6), takes=1500, waits=90, growth=0.7),
    _Job(name="dim_customer_snapshot", task_id="938004", every=timedelta(hours=12), takes=780, waits=240, fails=0.03),
    _Job(name="ads_revenue_dashboard", task_id="938020", every=timedelta(hours=3), takes=420, waits=45, fails=0.02),
)


def fill(service: FakeService) -> None:
    """Add operators and their runs to the service's table."""
    chance = random.Random(20240131)
    for job in _JOBS:
        operator = service.add_operator(job.name, task_id=job.task_id)
        for run in _runs(job, chance):
            service.add_run(operator, **run)


def _runs(job: _Job, chance: random.Random) -> Iterator[dict[str, Any]]:
    plan = START + job.first
    while plan < END:
        yield _special(job, plan, _usual(job, plan, chance))
        plan += job.every


def _usual(job: _Job, plan: datetime, chance: random.Random) -> dict[str, Any]:
    progress = (plan - START) / (END - START)
    start = plan + timedelta(seconds=job.waits * chance.lognormvariate(0, 0.5))
    took = job.takes * (1 + job.growth * progress) * chance.lognormvariate(0, 0.08)
    if chance.random() < 0.012:
        took *= chance.uniform(2.2, 3.4)
    run: dict[str, Any] = {"plan_time": plan, "start_time": start, "end_time": start + timedelta(seconds=took)}
    if chance.random() < job.fails:
        run["end_time"] = start + timedelta(seconds=took * chance.uniform(0.1, 0.9))
        run["status"] = "fail"
    return _filled(job, run)


def _special(job: _Job, plan: datetime, run: dict[str, Any]) -> dict[str, Any]:
    """The special events that a report should show."""
    left = END - plan
    rules: Mapping[str, Callable[[], dict[str, Any]]] = {
        "ods_orders_hourly": lambda: _night(run, left),
        "dwd_订单汇总_日报📊": lambda: _broken(run, left),
        "dim_customer_snapshot": lambda: _frozen(run, left),
        "ads_revenue_dashboard": lambda: _strange(run, left),
    }
    return rules[job.name]()


def _night(run: dict[str, Any], left: timedelta) -> dict[str, Any]:
    if timedelta(days=12) < left <= timedelta(days=12, hours=9):
        return {**run, "status": "fail"}
    if left <= timedelta(hours=1):
        return {**run, "status": "running", "end_time": None}
    return run


def _broken(run: dict[str, Any], left: timedelta) -> dict[str, Any]:
    return {**run, "status": "fail"} if left <= timedelta(hours=18) else run


def _frozen(run: dict[str, Any], left: timedelta) -> dict[str, Any]:
    if timedelta(days=5) < left <= timedelta(days=8):
        return {**run, "status": "freeze", "start_time": None, "end_time": None}
    return run


def _strange(run: dict[str, Any], left: timedelta) -> dict[str, Any]:
    if timedelta(days=20) < left <= timedelta(days=20, hours=6):
        return {**run, "status": "blocked-by-quota"}
    if timedelta(hours=3) < left <= timedelta(hours=6):
        return {**run, "status": "waiting", "start_time": None, "end_time": None}
    return run


def _filled(job: _Job, run: dict[str, Any]) -> dict[str, Any]:
    took = run["end_time"] - run["start_time"]
    return {
        **run,
        "executionLogPath": _LOGS.format(name=job.name, at=run["start_time"]),
        "runningTime": round(took.total_seconds() * 1000),
        "taskName": job.name,
    }


def demo() -> FakeService:
    """A service that is not started or filled yet."""
    return FakeService()
