"""Runs for tests, and the values that are expected of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from dataarts_datamap import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

PLANNED = 1704934907000
NASTY_TEXT = (
    "",
    " ",
    "=1+1",
    '"',
    'a,"b"\r\nc',
    "\r",
    "'",
    "\\N",
    "null",
    "NaN",
    "\u2028",
    "订单汇总_日报📊",
    "👩\u200d👩",
)


def make_run(run_id: int | None, **fields: Any) -> Run:
    """A run that succeeded, with some fields replaced, under their names on the wire."""
    row = {
        "taskRunningLogId": run_id,
        "taskId": 937987,
        "jobName": "ETL_Job_dli2dws",
        "type": "ETLJob",
        "status": "success",
        "planTime": PLANNED,
        "startTime": PLANNED + 5_000,
        "endTime": PLANNED + 65_000,
        "runningData": '{"type":"DLI"}',
    }
    return Run.from_raw({**row, **fields})


def many_runs(number: int, *, first: int = 1) -> Iterator[Run]:
    """Runs with rising ids, a minute apart."""
    for run_id in range(first, first + number):
        planned = PLANNED + run_id * 60_000
        yield make_run(run_id, planTime=planned, startTime=planned + 5_000, endTime=planned + 65_000)


def unread() -> Iterator[Run]:
    """Runs that must not be read."""
    yield from (_fail() for _ in range(1))


def _fail() -> Run:
    raise AssertionError("a run was read")


def known(run: Run) -> dict[str, Any]:
    """The values of a run that an export should have: its fields, nested data as sent, its state and its duration."""
    plain = {name: getattr(run, name) for name in run.to_dict() if name not in {"duration", "problems"}}
    duration = None if run.duration is None else round(run.duration.total_seconds() * 1000)
    nested = {"running_data": run.raw.get("runningData"), "running_param": run.raw.get("runningParam")}
    source = {name: getattr(run.origin, name, None) for name in ("region", "project_id", "instance_id")}
    return {**plain, **nested, "state": run.state.value, "duration_ms": duration, **source}


_text = st.none() | st.sampled_from(NASTY_TEXT) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_identity = st.none() | st.integers(0, 5) | st.sampled_from([-(2**63), 2**63 - 1])
_count = st.none() | st.integers(-1, 2**63 - 1)
_time = st.none() | st.just(0) | st.integers(1, 4_102_444_800_000)

runs = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("taskRunningLogId", "jobId"), _identity),
        "taskId": st.integers(0, 9) | _text,
        **dict.fromkeys(("planTime", "submitTime", "startTime", "endTime"), _time),
        **dict.fromkeys(("runningTime", "retryTimes", "failCount", "inputRowCount", "outputRowCount"), _count),
        "speed": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "forceSuccess": st.none() | st.sampled_from([-1, 0, 1, True, False]),
        "status": st.sampled_from(["success", "fail", "running", "skip"]) | _text,
        **dict.fromkeys(("taskName", "jobName", "type", "owner", "executionLogPath"), _text),
        **dict.fromkeys(("workspaceId", "workspaceName", "runningData", "runningParam"), _text),
    },
).map(Run.from_raw)
"""Runs with any fields, present or missing."""
