"""Logs of runs, as objects in object storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Literal, get_args

from dataarts_datamap_contract.mock._data.dataset import EPOCH, milliseconds, plan_time, run_id
from dataarts_datamap_contract.mock._data.statuses import NOT_ENDED, NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap_contract.mock._data.dataset import Dataset, Operator
    from dataarts_datamap_contract.mock._data.statuses import Row

LogState = Literal["readable", "missing", "forbidden", "archived"]
LOG_STATES = get_args(LogState)
SCHEME = "obs://"

_LOGGED_RUNS = 2_000
_FIRST_TIME, _END_OF_TIMES = (milliseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (1, 9999))
_FAILURE = {
    "fail": "DLI.0005: relation {table}_stage does not exist; position: 14",
    "manual-stop": "The run was stopped by its owner",
}


@dataclass(frozen=True, slots=True)
class Log:
    """How the log of a run differs from the usual one.

    Attributes:
        text: Its text; None for the usual log of the run's status.
        state: Whether it can be read, or why not.
    """

    text: str | None = None
    state: LogState = "readable"


@dataclass(frozen=True, slots=True)
class LogObject:
    """An object of object storage.

    Attributes:
        key: Its key.
        content: Its bytes.
        modified: When it was last written, in milliseconds since the epoch.
        state: Whether it can be read, or why not; never ``"missing"``.
    """

    key: str
    content: bytes
    modified: int
    state: LogState


def log_objects(dataset: Dataset, bucket: str, *, below_key: bool) -> Iterator[LogObject]:
    """The logs in a bucket: those of the runs that have started, among the newest 2,000 of each operator.

    Args:
        dataset: The data with the runs.
        bucket: The bucket.
        below_key: Whether the log path of a run names a folder, and the log in it is named after the run.
    """
    for operator, row in _logged_runs(dataset):
        path = str(row["executionLogPath"])
        log = dataset.logs.get(run_id(row), Log())
        if not path.startswith(f"{SCHEME}{bucket}/") or log.state == "missing":
            continue
        key = path.removeprefix(f"{SCHEME}{bucket}/")
        text = written_log(operator, row) if log.text is None else log.text
        times = (_time(row[name]) for name in ("endTime", "startTime", "submitTime", "planTime"))
        modified = next(filter(None, times), 0)
        yield LogObject(f"{key}/{run_id(row)}.log" if below_key else key, text.encode(), modified, log.state)


def buckets(dataset: Dataset) -> set[str]:
    """The buckets in the log paths of the runs that have started, among the newest 2,000 of each operator."""
    return {str(row["executionLogPath"]).removeprefix(SCHEME).partition("/")[0] for _, row in _logged_runs(dataset)}


def default_log_path(project_id: str, operator: Operator, row: Row) -> str:
    """The default log path of a run: it has the form of the documented one, with the plan time as a folder's name."""
    folder = f"{operator.workspace_id}/{row['taskName']}/{plan_time(row)}"
    return f"{SCHEME}dlf-log-{project_id}/{folder}/{operator.job_name}/{operator.job_name}.job"


def written_log(operator: Operator, row: Row) -> str:
    """The usual log of a run: its start, and its failure and its end if its status implies them."""
    status, table = str(row["status"]), f"{operator.job_name}".replace(" ", "_")
    start, end = _time(row["startTime"]), _time(row["endTime"])
    lines = [
        _line(start, "INFO", f"Job {row['taskName']}, operator {operator.job_name}, run {run_id(row)}"),
        _line(start, "INFO", f"Owner {row['owner']}, type {row['type']}, retry {row['retryTimes']}"),
        _line(start + 1_000, "INFO", f"Reading {table}_stage, writing {table}"),
    ]
    if status in _FAILURE:
        lines.append(_line(end, "ERROR", _FAILURE[status].format(table=table)))
    if status not in NOT_ENDED:
        lines.append(_line(end, "INFO", f"Run ended with status {status}"))
    return "".join(f"{line}\n" for line in lines)


def strange_logs(rows: Mapping[Operator, list[Row]]) -> dict[int, Log]:
    """Logs by the id of their run: a missing, a forbidden and an archived one, for the second to the fourth failure.

    Args:
        rows: Runs of each operator, the newest first.
    """
    failed = [row for history in rows.values() for row in history if row["status"] == "fail"][1:]
    states: tuple[LogState, ...] = ("missing", "forbidden", "archived")
    return {run_id(row): Log(state=state) for row, state in zip(failed, states, strict=False)}


def _logged_runs(dataset: Dataset) -> Iterator[tuple[Operator, Row]]:
    for operator, history in dataset.histories.items():
        for row in islice(history, _LOGGED_RUNS):
            if row["status"] not in NOT_STARTED and str(row["executionLogPath"] or "").startswith(SCHEME):
                yield operator, row


def _time(value: object) -> int:
    """A time of a run, in milliseconds since the epoch; 0 if it is not a number, or outside the years 1 to 9998.

    A test may give a run any JSON value as a time.
    """
    try:
        time = int(value) if isinstance(value, int | float | str) else 0
    except ValueError:
        return 0
    return time if _FIRST_TIME <= time < _END_OF_TIMES else 0


def _line(time: int, level: str, text: str) -> str:
    moment = EPOCH + timedelta(milliseconds=time)
    return f"[{moment:%Y-%m-%d %H:%M:%S}] {level:<5} {text}"
