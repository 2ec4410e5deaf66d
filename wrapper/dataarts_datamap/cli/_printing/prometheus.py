"""How a table stands, as Prometheus reads it: text exposition format 0.0.4."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isnan, nan
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dataarts_datamap._monitoring.freshness import OperatorStatus, RunsStatus, TableStatus, Verdict
from dataarts_datamap._monitoring.producers import OperatorBasis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap._checks.check import TableCheck


class _Gauge(NamedTuple):
    name: str
    attribute: str
    help: str


class _Subject(NamedTuple):
    labels: Mapping[str, str]
    status: RunsStatus


_GAUGES: Final = (
    _Gauge(
        "last_success_timestamp_seconds",
        "last_success",
        "When the last run that succeeded ended; 0 if no such time is known of the window that was looked at.",
    ),
    _Gauge("running_runs", "running", "Runs that have started and not ended."),
    _Gauge("waiting_runs", "waiting", "Runs that have not started, and still may."),
    _Gauge(
        "failed_runs_since_success",
        "failures_since_success",
        "Runs that failed after the last success of their operator.",
    ),
    _Gauge(
        "typical_duration_seconds",
        "typical_duration",
        "Median time from start to end of the runs that succeeded.",
    ),
    _Gauge("typical_lateness_seconds", "typical_lateness", "Median time from plan to start of the runs that started."),
    _Gauge(
        "latest_lateness_seconds",
        "latest_lateness",
        "Time from plan to start of the run planned last of those that started.",
    ),
    _Gauge("observed_runs", "runs", "Runs that were looked at."),
    _Gauge("unknown_runs", "unknown_runs", "Runs whose status is not known."),
    _Gauge("undated_successes", "undated_successes", "Runs that succeeded at a time that cannot be read."),
)


def prometheus_text(status: TableStatus, table_guid: str) -> str:
    """The gauges of a table and of each of its operators."""
    rule = "any" if status.any_operator else "every"
    table = [_Subject({"table_guid": table_guid, "rule": rule}, status)]
    operators = [_Subject(_labels(one, table_guid), one) for one in status.operators]
    lines = [*_lines("datamap_table", table), *_lines("datamap_operator", operators)]
    known = None if status.basis is None else float(status.basis is not OperatorBasis.ASSOCIATED)
    lines += _family(
        "datamap_table_producers_known",
        "1 if it is known which operators write the table, 0 if all count since readers could not be told apart.",
        [(table[0].labels, known)],
    )
    lines += _family(
        "datamap_operator_decides",
        "1 for the operator whose verdict is the table's, 0 for the others.",
        [(_labels(one, table_guid), float(one.decides)) for one in status.operators],
    )
    return "".join(f"{line}\n" for line in lines)


def _labels(one: OperatorStatus, table_guid: str) -> dict[str, str]:
    """What tells an operator from all others.

    A label that is empty is one that is not there, for Prometheus; so the names that are empty text, which is not the
    same as missing, are listed in a label of their own.
    """
    named = {"task_id": one.task_id, "job_name": one.job_name, "workspace_id": one.workspace_id}
    known = {name: text for name, text in named.items() if text}
    empty = ",".join(name for name, text in named.items() if text == "")
    return {"table_guid": table_guid, **known, **({"empty": empty} if empty else {})}


def check_text(checks: Iterable[TableCheck]) -> str:
    """The gauges of many tables in one document, each with the labels ``table`` (its GUID), ``name`` and ``owner``.

    Every table has its verdict, its last success and when it was read, whether or not it could be read this time. Of
    two checks of the same table, the first one counts: a series must not come twice.
    """
    labelled = {_pairs(labels): (labels, one) for one in reversed(list(checks)) if (labels := _check_labels(one))}
    known = list(reversed(labelled.values()))
    subjects = [_Subject(labels, one.status) for labels, one in known if one.status is not None]
    verdicts = [(labels, one.verdict) for labels, one in known]
    always = [
        (f"datamap_table_{name}_timestamp_seconds", text, [(labels, value(one)) for labels, one in known])
        for name, text, value in _ALWAYS
    ]
    due = [(labels, None if one.period is None else one.period.due.timestamp()) for labels, one in known]
    lines = [line for family in always for line in _family(*family)]
    lines += [*_gauge_lines("datamap_table", subjects, _GAUGES[1:]), *_verdict_lines("datamap_table", verdicts)]
    lines += _family("datamap_table_due_timestamp_seconds", "When the table was due last.", due)
    return "".join(f"{line}\n" for line in lines)


def _last_success(one: TableCheck) -> float:
    if one.last_success is not None:
        return one.last_success.timestamp()
    return 0.0 if one.never_succeeded else nan


_ALWAYS: Final[tuple[tuple[str, str, Callable[[TableCheck], float]], ...]] = (
    (
        "last_success",
        "When the last run that succeeded ended; 0 if the service keeps none, NaN if that is not known.",
        _last_success,
    ),
    (
        "read",
        "When the table was read last; 0 if it never was.",
        lambda one: 0.0 if one.read_at is None else one.read_at.timestamp(),
    ),
    (
        "searched_from",
        "From when on runs were searched for the last success; NaN if they never were.",
        lambda one: nan if one.searched_from is None else one.searched_from.timestamp(),
    ),
)


def _check_labels(one: TableCheck) -> dict[str, str]:
    labels = {"table": one.guid, "name": one.name, "owner": one.rule.owner, "severity": one.rule.severity}
    return {name: text for name, text in labels.items() if text}


def _lines(prefix: str, subjects: Sequence[_Subject]) -> Iterator[str]:
    yield from _gauge_lines(prefix, subjects, _GAUGES)
    yield from _verdict_lines(prefix, [(one.labels, one.status.verdict) for one in subjects])


def _gauge_lines(prefix: str, subjects: Sequence[_Subject], gauges: Sequence[_Gauge]) -> Iterator[str]:
    for gauge in gauges:
        values = [(one.labels, _number(_value(one.status, gauge))) for one in subjects]
        yield from _family(f"{prefix}_{gauge.name}", gauge.help, values)


def _verdict_lines(prefix: str, subjects: Sequence[tuple[Mapping[str, str], Verdict]]) -> Iterator[str]:
    verdicts: list[tuple[Mapping[str, str], float | None]] = [
        ({**labels, "verdict": verdict.value}, float(own is verdict)) for labels, own in subjects for verdict in Verdict
    ]
    yield from _family(f"{prefix}_verdict", "1 for the verdict that holds, 0 for the others.", verdicts)


def _value(status: RunsStatus, gauge: _Gauge) -> Any:  # noqa: ANN401  a time, a length of time or a number
    """The value of a gauge. An alert on the age of a success must not end when no success is left to be seen."""
    value = getattr(status, gauge.attribute)
    return 0 if value is None and gauge.attribute == "last_success" else value


def _family(name: str, text: str, values: Sequence[tuple[Mapping[str, str], float | None]]) -> Iterator[str]:
    known = [(labels, value) for labels, value in values if value is not None]
    if known:
        yield f"# HELP {name} {text}"
        yield f"# TYPE {name} gauge"
        yield from (f"{name}{{{_pairs(labels)}}} {_written(value)}" for labels, value in known)


def _written(value: float) -> str:
    return "NaN" if isnan(value) else repr(value)


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    r"""The value as the format asks: ``\``, ``"`` and a line feed are escaped, and nothing else.

    So two values are never written alike. A terminal is spared the other control characters by who writes to it.
    """
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: datetime | timedelta | int | None) -> float | None:
    match value:
        case datetime():
            return value.timestamp()
        case timedelta():
            return value.total_seconds()
        case _:
            return None if value is None else float(value)
