"""The state of tables for Prometheus, in text exposition format 0.0.4."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Final

from dataarts_datamap._checks.metrics import RUN_GAUGES, Gauge, Metric, MetricSample, check_metrics, status_value
from dataarts_datamap._models.runs import OperatorKey
from dataarts_datamap._monitoring.freshness import OperatorStatus, RunsStatus, TableStatus, Verdict
from dataarts_datamap._monitoring.producers import OperatorBasis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap._checks.check import TableCheck

_LAST_SUCCESS: Final = Gauge(
    "last_success_timestamp_seconds",
    "last_success",
    "Time at which the last successful run ended; 0 if no such time is known in the window.",
)

_PRODUCERS_KNOWN: Final = (
    "1 if operators were named, or lineage says which write the table; 0 if all count, even those that only read it."
)


def prometheus_text(status: TableStatus, table_guid: str) -> str:
    """The gauges of a table and of each of its operators."""
    rule = "any" if status.any_operator else "every"
    operators = [(_labels(one, table_guid), one) for one in status.operators]
    decides = tuple(MetricSample(labels, float(one.decides)) for labels, one in operators)
    table = {"table_guid": table_guid, "rule": rule}
    is_known = float(status.basis is not OperatorBasis.ASSOCIATED)
    return _text(
        [
            *_metrics("datamap_table", [(table, status)]),
            *_metrics("datamap_operator", operators),
            Metric(
                "datamap_table_producers_known",
                _PRODUCERS_KNOWN,
                () if status.basis is None else (MetricSample(table, is_known),),
            ),
            Metric(
                "datamap_operator_decides",
                "1 for the operator that gives the table its verdict, 0 for the others.",
                decides,
            ),
        ]
    )


def check_text(checks: Iterable[TableCheck]) -> str:
    return _text(check_metrics(checks))


def _labels(one: OperatorStatus, table_guid: str) -> dict[str, str]:
    """The labels that identify an operator.

    For Prometheus, an empty label is the same as a missing one; so the names of fields with empty text are listed in a
    separate label.
    """
    named = OperatorKey(one.task_id, one.job_name, one.workspace_id)._asdict()
    known = {name: text for name, text in named.items() if text}
    empty = ",".join(name for name, text in named.items() if text == "")
    return {"table_guid": table_guid, **known, **({"empty": empty} if empty else {})}


def _metrics(prefix: str, subjects: Sequence[tuple[Mapping[str, str], RunsStatus]]) -> Iterator[Metric]:
    for gauge in (_LAST_SUCCESS, *RUN_GAUGES):
        values = [(labels, _value(one, gauge)) for labels, one in subjects]
        samples = tuple(MetricSample(labels, value) for labels, value in values if value is not None)
        yield Metric(f"{prefix}_{gauge.name}", gauge.help, samples)
    verdicts = tuple(
        MetricSample({**labels, "verdict": verdict.value}, float(one.verdict is verdict))
        for labels, one in subjects
        for verdict in Verdict
    )
    yield Metric(f"{prefix}_verdict", "1 for the verdict, 0 for the other ones.", verdicts)


def _value(status: RunsStatus, gauge: Gauge) -> float | None:
    """The value of a gauge. A missing last success becomes 0, so that an alert on its age does not end."""
    value = status_value(status, gauge.attribute)
    return 0.0 if value is None and gauge is _LAST_SUCCESS else value


def _text(metrics: Iterable[Metric]) -> str:
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    if metric.samples:
        yield f"# HELP {metric.name} {metric.help}"
        yield f"# TYPE {metric.name} gauge"
        yield from (f"{metric.name}{{{_pairs(labels)}}} {_number(value)}" for labels, value in metric.samples)


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    r"""The value in the format's form: only ``\``, ``"`` and a line feed are escaped.

    So different values are never written alike. Other control characters are escaped when they are written to a
    terminal.
    """
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return "NaN" if isnan(value) else repr(value)
