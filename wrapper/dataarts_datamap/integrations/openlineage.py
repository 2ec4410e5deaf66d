"""Runs as events of OpenLineage, for catalogs that accept them. It needs the extra ``openlineage``.

::

    from datetime import timedelta

    from dataarts_datamap import DataMapClient, load_dataset_names
    from dataarts_datamap.integrations.openlineage import EventSender, to_openlineage

    sender, names = EventSender(), load_dataset_names()
    with DataMapClient.from_env() as client:
        lineage, table = client.lineage(), client.find_table("sales.orders")
        for run in client.list_table_runs(table.guid, since=timedelta(hours=24)):
            for event in to_openlineage(run, lineage=lineage, table=table, names=names):
                sender.send(event)
    sender.close()

An event says that a run started, completed, failed or was aborted, with its inputs and outputs. Its ids are derived
from the run, so that sending it again overwrites it.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from dataarts_datamap import (
    ConfigurationError,
    DatasetName,
    DatasetNames,
    ExportError,
    MissingExtraError,
    Operator,
    RunState,
    Table,
    __version__,
)
from dataarts_datamap._extras import how_to_install
from dataarts_datamap._models.runs import planned_at
from dataarts_datamap._times import iso_text

try:
    from openlineage.client import OpenLineageClient
    from openlineage.client import event_v2 as events
    from openlineage.client import facet_v2 as facets
    from openlineage.client.serde import Serde
    from openlineage.client.transport import CompositeTransport, DatadogTransport, TransformTransport
    from openlineage.client.uuid import generate_static_uuid
except ModuleNotFoundError as error:
    raise MissingExtraError(f"{error.name} is not installed: {how_to_install('openlineage')}") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from datetime import datetime

    from openlineage.client.transport import Transport

    from dataarts_datamap import Lineage, Run

_FacetT = TypeVar("_FacetT")

PRODUCER: Final = f"urn:dataarts-datamap:{__version__}"
"""The producer of the events and their facets: a URI, as the standard demands."""

_ENGINE: Final = "DataArts Studio"
_INTEGRATION: Final = "DATAARTS"
_UNKNOWN: Final = "unknown"
_LONGEST_SQL: Final = 100_000
_ENDS: Final = {
    RunState.SUCCEEDED: events.RunState.COMPLETE,
    RunState.FAILED: events.RunState.FAIL,
    RunState.SKIPPED: events.RunState.ABORT,
}
_STOPPED_BY_HAND: Final = "manual-stop"
_UNCONFIRMED: Final = frozenset({"async_http", "kafka", "msk-iam"})
_CONSOLE_LOGGER: Final = "openlineage.client.transport.console"


def to_openlineage(
    run: Run,
    *,
    lineage: Lineage | None = None,
    table: Table | Sequence[Table] | None = None,
    names: DatasetNames = DatasetNames(),  # noqa: B008  frozen
    running_data: bool = False,
) -> list[events.RunEvent]:
    """The events of a run: its start, if it has started, and its end, if it has ended. A waiting run has none.

    A success is ``COMPLETE``, a failure ``FAIL``, a run that was skipped or stopped by hand ``ABORT``; for a run of
    unknown status, there is only the start. Times are those of the run; if an ended run has no end time, its start, its
    plan or its submission takes the place of the end. A run without any time has no events. The parent is a run of the
    scheduled job, whose id is derived from the job and the planned time (inferred).

    Args:
        run: The run, as a client read it.
        lineage: Lineage, for the inputs and outputs of the run's operator. If it is left out, or does not know the
            operator, ``table`` is the only output.
        table: The table of the run, or the tables: outputs, unless lineage says that the operator reads them.
        names: The names of tables in the catalog. A table without a rule gets its GUID as its name, which is not the
            name that other senders of events use.
        running_data: Whether to include the SQL and the parameters of the run, which can contain secrets and personal
            data.
    """
    first = planned_at(run)
    if first is None:
        return []
    inputs, outputs = tables_of(run, lineage, table)
    facts = _Facts(run, names, first, running_data=running_data)
    written = [facts.output(one, is_only=len(outputs) == 1) for one in outputs]
    read = [facts.input(one) for one in inputs]
    made: list[events.RunEvent] = []
    end = events.RunState.ABORT if run.status == _STOPPED_BY_HAND else _ENDS.get(run.state)
    if run.start_time is not None:
        made.append(facts.event(events.RunState.START, run.start_time, read, written))
    if end is not None:
        made.append(facts.event(end, run.end_time or run.start_time or first, read, written))
    return made


def default_namespace(run: Run) -> str:
    """The namespace of a run's tables that have no rule for their names."""
    return f"dataarts://{_UNKNOWN if run.origin is None else run.origin.region}"


def event_json(event: events.RunEvent) -> str:
    """An event as JSON, in one line."""
    return Serde.to_json(event)


class EventSender:
    """Sends events by the transport that OpenLineage's own client is configured for.

    That is ``OPENLINEAGE_URL`` with ``OPENLINEAGE_API_KEY``, or the transport in ``OPENLINEAGE_CONFIG``,
    ``openlineage.yml`` or ``OPENLINEAGE__TRANSPORT__TYPE`` and the like. A transport class of your own must raise an
    error if it cannot send an event, or return False from ``close`` if it queues events and could not send them all.

    Args:
        unconfirmed: Whether to accept a transport that does not report events that it could not send, such as ``kafka``
            and ``async_http``: OpenLineage's client only logs these events, and they count as sent.

    Raises:
        ConfigurationError: No transport is configured, so that events would only be printed; or the configured one
            cannot be used, or does not report events that it could not send; or OpenLineage is disabled. The text has
            only the kind of the transport's error, whose own text can contain secrets.
    """

    def __init__(self, *, unconfirmed: bool = False) -> None:
        losses: list[str] = []
        said = None
        try:
            with _unannounced():
                self._client = OpenLineageClient()
            losses += _losses(self._client.transport)
        except Exception as error:  # noqa: BLE001  each transport has its own errors
            said = type(error).__name__
        if said is not None:  # outside of the handler: the transport's error can contain secrets
            raise ConfigurationError(f"OpenLineage's client cannot be set up: {said}")
        kind = self._client.transport.kind
        transport = self._client.config.transport or {}
        if kind == "noop":
            raise ConfigurationError("OpenLineage is disabled (OPENLINEAGE_DISABLED), so that no event would be sent")
        if kind == "console" and transport.get("type") != "console":
            raise ConfigurationError(
                "no transport of OpenLineage is configured, so that no event would be sent: set OPENLINEAGE_URL, or "
                "OPENLINEAGE_CONFIG to a file openlineage.yml"
            )
        if losses and not unconfirmed:
            self._client.close()
            raise ConfigurationError(
                f"OpenLineage's transport could lose events without an error: {'; '.join(losses)}; or accept such "
                "losses with --unconfirmed, in Python EventSender(unconfirmed=True)"
            )

    def send(self, event: events.RunEvent) -> None:
        """Send an event.

        Raises:
            ExportError: It could not be sent. The text has only the HTTP status or the kind of the transport's error,
                whose own text can contain secrets.
        """
        try:
            self._client.emit(event)
        except Exception as error:  # noqa: BLE001  each transport has its own errors
            status = getattr(getattr(error, "response", None), "status_code", None)
            said = f"HTTP {status}" if isinstance(status, int) else type(error).__name__
        else:
            return
        raise ExportError(f"an event of {event.job.name!r} could not be sent by OpenLineage: {said}")

    def close(self) -> None:
        """Send what is queued, and close the transport.

        Raises:
            ExportError: The transport queues events, and could not send them all.
        """
        said = ""
        try:
            is_sent = self._client.close()
        except Exception as error:  # noqa: BLE001  each transport has its own errors
            is_sent, said = False, f": {type(error).__name__}"
        if is_sent is False:  # a transport of the user may return None
            raise ExportError(f"not all queued events could be sent by OpenLineage{said}")


def _losses(transport: Transport) -> Iterator[str]:
    """The ways in which a transport, or one inside of it, loses events without an error, and what to do instead."""
    if isinstance(transport, TransformTransport):
        yield from _losses(transport.transport)
    elif isinstance(transport, CompositeTransport):
        config, parts = transport.config, transport.transports
        if config.continue_on_failure and config.continue_on_success and len(parts) > 1:
            yield "composite only logs what one of its transports could not send: set continue_on_failure: false"
        for part in parts:
            yield from _losses(part)
    elif isinstance(transport, DatadogTransport):
        rules = transport.config.async_transport_rules
        if any(name.casefold() in {"*", _INTEGRATION.casefold()} and any(rules[name].values()) for name in rules):
            yield "datadog only logs events that its async transport could not send: set async_transport_rules: {}"
    else:
        yield from _losses_of_one(transport.kind)


def _losses_of_one(kind: str | None) -> Iterator[str]:
    """The same for a kind of transport that has no other inside."""
    if kind in _UNCONFIRMED:
        yield f"{kind} only logs events that it could not send: use http"
    elif kind == "noop":
        yield "noop sends nothing: remove it"
    elif kind == "console":
        logger = logging.getLogger(_CONSOLE_LOGGER)
        if not (logger.isEnabledFor(logging.INFO) and logger.hasHandlers()):
            yield "console logs events at level INFO, which is off: use --dry-run, or turn on that log"


@contextmanager
def _unannounced() -> Generator[None]:
    """Hide the library's warning that it prints events if no transport is configured, which is an error here."""
    logger = logging.getLogger("openlineage.client.client")

    def is_other(record: logging.LogRecord) -> bool:
        return "will print events to console" not in record.getMessage()

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def tables_of(
    run: Run, lineage: Lineage | None, table: Table | Sequence[Table] | None = None
) -> tuple[list[Table], list[Table]]:
    """The inputs and outputs of the events of a run, as in ``to_openlineage``."""
    steps = () if lineage is None else lineage.steps(_operator(run))
    read = {step.source.guid: step.source for step in steps if step.source is not None}
    written = {step.target.guid: step.target for step in steps if step.target is not None}
    for one in (table,) if isinstance(table, Table) else table or ():
        if one.guid not in read:
            written.setdefault(one.guid, one)
    return list(read.values()), list(written.values())


def _operator(run: Run) -> Operator:
    if run.origin is not None:
        return run.origin.operator
    return Operator(task_id=run.task_id or "", job_name=run.job_name or "", workspace_id=run.workspace_id)


class _Facts:
    def __init__(self, run: Run, names: DatasetNames, first: datetime, *, running_data: bool) -> None:
        self._run = run
        self._names = names
        self._first = first
        self._running_data = running_data
        workspace = run.workspace_id or (None if run.origin is None else run.origin.workspace_id)
        self._own_namespace = default_namespace(run)
        self._namespace = names.job_namespace or f"{self._own_namespace}/{workspace or _UNKNOWN}"

    def event(
        self,
        kind: events.RunState,
        at: datetime,
        inputs: list[events.InputDataset],
        outputs: list[events.OutputDataset],
    ) -> events.RunEvent:
        run = self._run
        run_facets: dict[str, Any] = dict(self._run_facets())
        if kind is events.RunState.FAIL:
            log = f"; log: {run.execution_log_path}" if run.execution_log_path else ""
            run_facets["errorMessage"] = _facet(
                facets.error_message_run.ErrorMessageRunFacet,
                message=f"the run ended with the status {run.status}{log}",
                programmingLanguage=_UNKNOWN,
            )
        job = ".".join(part for part in (run.task_name, _operator(run).job_name) if part) or _UNKNOWN
        return events.RunEvent(
            eventType=kind,
            eventTime=iso_text(at),
            run=events.Run(runId=str(generate_static_uuid(self._first, run.key.encode())), facets=run_facets),
            job=events.Job(namespace=self._namespace, name=job, facets=dict(self._job_facets())),
            inputs=inputs,
            outputs=outputs,
            producer=PRODUCER,
        )

    def input(self, table: Table) -> events.InputDataset:
        namespace, name = self._dataset(table)
        return events.InputDataset(namespace=namespace, name=name)

    def output(self, table: Table, *, is_only: bool) -> events.OutputDataset:
        """A written table, with the run's row count only if it is the only output."""
        namespace, name = self._dataset(table)
        rows = self._run.output_row_count
        if not is_only or rows is None:
            return events.OutputDataset(namespace=namespace, name=name)
        counted = _facet(facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet, rowCount=rows)
        return events.OutputDataset(namespace=namespace, name=name, outputFacets={"outputStatistics": counted})

    def _dataset(self, table: Table) -> DatasetName:
        return self._names.dataset(table) or DatasetName(self._own_namespace, table.guid)

    def _run_facets(self) -> Iterator[tuple[str, Any]]:
        run = self._run
        yield (
            "processing_engine",
            _facet(
                facets.processing_engine_run.ProcessingEngineRunFacet,
                version=_UNKNOWN,
                name=_ENGINE,
                openlineageAdapterVersion=__version__,
            ),
        )
        if run.plan_time is not None:
            nominal = _facet(facets.nominal_time_run.NominalTimeRunFacet, nominalStartTime=iso_text(run.plan_time))
            yield "nominalTime", nominal
        if run.task_name and run.plan_time is not None:
            told = f"{self._namespace}\n{run.task_id}\n{run.task_name}".encode()
            yield (
                "parent",
                _facet(
                    facets.parent_run.ParentRunFacet,
                    run=facets.parent_run.Run(runId=str(generate_static_uuid(run.plan_time, told))),
                    job=facets.parent_run.Job(namespace=self._namespace, name=run.task_name),
                ),
            )
        data = _members(run.running_data)
        if isinstance(data.get("jobId"), str) and isinstance(data.get("type"), str):
            yield (
                "externalQuery",
                _facet(
                    facets.external_query_run.ExternalQueryRunFacet, externalQueryId=data["jobId"], source=data["type"]
                ),
            )
        parameters = list(_parameters(run)) if self._running_data else []
        if parameters:
            yield (
                "executionParameters",
                _facet(facets.execution_parameters_run.ExecutionParametersRunFacet, parameters=parameters),
            )

    def _job_facets(self) -> Iterator[tuple[str, Any]]:
        run = self._run
        yield (
            "jobType",
            _facet(
                facets.job_type_job.JobTypeJobFacet, processingType="BATCH", integration=_INTEGRATION, jobType=run.type
            ),
        )
        if run.owner:
            owner = facets.ownership_job.Owner(name=run.owner)
            yield "ownership", _facet(facets.ownership_job.OwnershipJobFacet, owners=[owner])
        sql = _sql(run) if self._running_data else ""
        if sql:
            yield "sql", _facet(facets.sql_job.SQLJobFacet, query=sql[:_LONGEST_SQL])


def _facet(kind: Callable[..., _FacetT], **values: Any) -> _FacetT:  # noqa: ANN401  each kind has its own
    return kind(**values, producer=PRODUCER)


def _members(value: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _sql(run: Run) -> str:
    """The SQL of a run: the texts in ``running_data`` whose names contain ``sql``."""
    found: list[str] = []
    for name, value in _members(run.running_data).items():
        if "sql" in name.casefold():
            texts = cast("list[object]", value) if isinstance(value, list) else [value]
            found += [text for text in texts if isinstance(text, str) and text]
    return "\n".join(found)


def _parameters(run: Run) -> Iterator[facets.execution_parameters_run.ExecutionParameter]:
    rows = _members(run.running_param).get("rows")
    for row in cast("list[object]", rows) if isinstance(rows, list) else []:
        known = _members(row)
        if isinstance(known.get("name"), str):
            value = known.get("value")
            yield facets.execution_parameters_run.ExecutionParameter(
                key=known["name"], value=None if value is None else str(value)
            )
