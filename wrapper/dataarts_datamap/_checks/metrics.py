"""The state of tables as gauges for a monitoring system: no I/O, and no format."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from math import nan
from typing import TYPE_CHECKING, Final, NamedTuple

from dataarts_datamap._monitoring.freshness import RunsStatus, Verdict
from dataarts_datamap._text import whole_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dataarts_datamap._checks.check import TableCheck


class MetricSample(NamedTuple):
    """A value of a metric.

    Attributes:
        labels: The labels of the series. Their values are untrusted text.
        value: The value: a number, a time in seconds since the epoch (UTC), or a duration in seconds.
    """

    labels: Mapping[str, str]
    value: float


class Metric(NamedTuple):
    """A gauge: its name, its meaning in a sentence, and its values."""

    name: str
    help: str
    samples: tuple[MetricSample, ...]


class Gauge(NamedTuple):
    """A gauge for an attribute of a status. The name has no prefix."""

    name: str
    attribute: str
    help: str


RUN_GAUGES: Final = (
    Gauge("running_runs", "running", "Runs that have started but not ended."),
    Gauge("waiting_runs", "waiting", "Runs that have not started yet."),
    Gauge(
        "failed_runs_since_success",
        "failures_since_success",
        "Runs that failed after the last success of their operator, or without one.",
    ),
    Gauge("typical_duration_seconds", "typical_duration", "Median time from start to end of the runs that succeeded."),
    Gauge("typical_lateness_seconds", "typical_lateness", "Median time from plan to start of the runs that started."),
    Gauge(
        "latest_lateness_seconds",
        "latest_lateness",
        "Time from plan to start of the run that was planned last, of those that started.",
    ),
    Gauge("observed_runs", "runs", "Runs that were read."),
    Gauge("unknown_runs", "unknown_runs", "Runs with an unknown status."),
    Gauge("undated_successes", "undated_successes", "Runs that succeeded at a time that cannot be read."),
)
"""The gauges of the runs of a table or an operator."""


def check_metrics(checks: Iterable[TableCheck]) -> list[Metric]:
    """The gauges of many tables, labelled ``table`` (its GUID), ``name``, ``owner`` and ``severity``, if known.

    Every table has its verdict, its last success and the time of its last read, even if this check could not read it.
    The gauges of its runs exist only if the runs could be read. Of several checks with the same labels, only the first
    counts, since a series must be unique. Names begin with ``datamap_table_``.
    """
    labelled = {tuple(labels.items()): (labels, one) for one in reversed(list(checks)) if (labels := _labels(one))}
    known = list(reversed(labelled.values()))
    metrics = [_metric(name, text, known, value) for name, text, value in _ALWAYS]
    metrics += [
        _metric(gauge.name, gauge.help, known, partial(_of_status, attribute=gauge.attribute)) for gauge in RUN_GAUGES
    ]
    verdicts = [
        MetricSample({**labels, "verdict": verdict.value}, float(one.verdict is verdict))
        for labels, one in known
        for verdict in Verdict
    ]
    metrics.append(Metric("datamap_table_verdict", "1 for the table's verdict, 0 for the others.", tuple(verdicts)))
    metrics.append(_metric("due_timestamp_seconds", "Time at which the table was last due.", known, _due))
    return [metric for metric in metrics if metric.samples]


def status_value(status: RunsStatus | None, attribute: str) -> float | None:
    """The value of a gauge of a status; None if it is not known."""
    value: datetime | timedelta | int | None = None if status is None else getattr(status, attribute)
    match value:
        case datetime():
            return value.timestamp()
        case timedelta():
            return value.total_seconds()
        case _:
            return None if value is None else float(value)


def _of_status(one: TableCheck, attribute: str) -> float | None:
    return status_value(one.status, attribute)


def _metric(
    name: str,
    text: str,
    checks: Iterable[tuple[dict[str, str], TableCheck]],
    value: Callable[[TableCheck], float | None],
) -> Metric:
    numbers = ((labels, value(one)) for labels, one in checks)
    samples = tuple(MetricSample(labels, number) for labels, number in numbers if number is not None)
    return Metric(f"datamap_table_{name}", text, samples)


def _labels(one: TableCheck) -> dict[str, str]:
    labels = {"table": one.guid, "name": one.name, "owner": one.rule.owner, "severity": one.rule.severity}
    return {name: whole_text(text) for name, text in labels.items() if text}


def _last_success(one: TableCheck) -> float:
    if one.last_success is not None:
        return one.last_success.timestamp()
    return 0.0 if one.never_succeeded else nan


def _read_at(one: TableCheck) -> float:
    return 0.0 if one.read_at is None else one.read_at.timestamp()


def _searched_from(one: TableCheck) -> float:
    return nan if one.searched_from is None else one.searched_from.timestamp()


def _max_age(one: TableCheck) -> float | None:
    return None if one.rule.max_age is None else one.rule.max_age.total_seconds()


def _due(one: TableCheck) -> float | None:
    return None if one.period is None else one.period.due.timestamp()


_ALWAYS: Final[tuple[tuple[str, str, Callable[[TableCheck], float | None]], ...]] = (
    (
        "last_success_timestamp_seconds",
        "Time at which the last successful run ended; 0 if the service has none, NaN if it is not known.",
        _last_success,
    ),
    ("read_timestamp_seconds", "Time at which the table was last read; 0 if it never was.", _read_at),
    (
        "searched_from_timestamp_seconds",
        "Beginning of the history searched for the last success; NaN if none was searched.",
        _searched_from,
    ),
    ("max_age_seconds", "The maximum age of the last success, by the rule.", _max_age),
)
