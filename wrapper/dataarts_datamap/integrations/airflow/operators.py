"""An operator that exports runs to a data lake."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Final, cast

from dataarts_datamap import AuthenticationError, ExportError, InvalidArgumentError, export_runs
from dataarts_datamap._models.runs import planned_at
from dataarts_datamap._times import time_before
from dataarts_datamap.integrations.airflow._conditions import counting, instant
from dataarts_datamap.integrations.airflow._host import (
    AirflowFailException,
    BaseOperator,
    ObjectStoragePath,
    get_hook_lineage_collector,
)
from dataarts_datamap.integrations.airflow.hook import DEFAULT_CONNECTION, DataMapHook

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import Context

    from dataarts_datamap import ExportSummary

_SLACK: Final = timedelta(days=1)


class ExportRunsOperator(BaseOperator):
    """Writes runs of a table to a Parquet file on any storage of Airflow: those that were planned in an interval.

    ::

        ExportRunsOperator(task_id="export", table="sales.orders", path="s3://aws_default@lake/runs/{{ ds }}.parquet")

    A run is only in the file of the interval in which it was planned (without a plan: submitted, else started, else
    ended). It is not documented which time of a run the service's windows filter on, so a wider window is read, and
    the planned time decides. The file has the state of each run at the time of the task; running the task again
    replaces the file. The extra ``arrow`` is needed.

    The file is made on the worker and sent when it is complete; on remote storage, its size is checked. Airflow notes
    the write, so that the provider for OpenLineage reports it. The task returns ``path``, ``written`` (runs),
    ``without_id`` and ``bytes``.

    Args:
        table: GUID or name of the table. A template.
        path: Path of the file: any address of ``ObjectStoragePath``, with its connection before the ``@``. A template.
        start: The earliest planned time: an aware datetime, or ISO 8601 text with an offset; by default the beginning
            of the DAG run's interval. A template.
        end: The time before which runs must be planned, given likewise; by default the end of the DAG run's interval. A
            template.
        slack: Time that is also read before and after the interval, so that a run is found even if it starts up to that
            much later than planned.
        columns: Names of the columns to write, in order; all if left out.
        with_documents: Whether to write the columns of nested documents, about half of the bytes; they can contain SQL.
        only: Names of the operators whose runs to write: a job name, a ``workspace/job_name`` or a task id; if left
            out, those that write the table, by ``find_producers``.
        ignore: Names of operators whose runs to leave out.
        datamap_conn_id: Id of the connection. A template.
        kwargs: The common keywords of operators in Airflow.
    """

    template_fields: Collection[str] = ("table", "path", "start", "end", "datamap_conn_id")

    def __init__(  # noqa: PLR0913  one keyword for each choice
        self,
        *,
        table: str,
        path: str,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        slack: timedelta = _SLACK,
        columns: Sequence[str] | None = None,
        with_documents: bool = True,
        only: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        datamap_conn_id: str = DEFAULT_CONNECTION,
        **kwargs: Any,  # noqa: ANN401  Airflow's own
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.path = path
        self.start = start
        self.end = end
        self.slack = slack
        self.columns = columns
        self.with_documents = with_documents
        self.only = only
        self.ignore = ignore
        self.datamap_conn_id = datamap_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Export the runs; returns a summary.

        Raises:
            AirflowFailException: The credentials were refused.
            InvalidArgumentError: There is no interval, or it is empty or has not begun.
            DataMapError: The runs could not be read, or the file on remote storage is incomplete.
        """
        start = _bound("start", self.start, context.get("data_interval_start"))
        end = _bound("end", self.end, context.get("data_interval_end"))
        if start >= end:
            raise InvalidArgumentError(
                f"the interval from {start.isoformat()} to {end.isoformat()} is empty: a schedule such as '@daily' has "
                "none in Airflow 3; give the DAG a CronDataIntervalTimetable, or give start and end"
            )
        if start >= datetime.now(UTC):
            raise InvalidArgumentError(f"the interval begins in the future, at {start.isoformat()}: it has no runs yet")
        with TemporaryDirectory() as folder:
            made = Path(folder) / "runs.parquet"
            try:
                summary = self._export(made, start, end)
            except AuthenticationError as error:  # not retried: wrong signatures lock an access key
                raise AirflowFailException(f"{type(error).__name__}: {error}") from None
            size = _send(made, ObjectStoragePath(self.path))
        self.log.info("%s: %s runs, %s bytes", self.path, summary.written, size)
        return {"path": self.path, "written": summary.written, "without_id": summary.without_id, "bytes": size}

    def _export(self, path: Path, start: datetime, end: datetime) -> ExportSummary:
        last = end + min(self.slack, datetime.now(UTC) - end)
        with DataMapHook(self.datamap_conn_id).get_conn() as client:
            guid = client.find_table(self.table).guid
            operators = counting(self.table, client.find_producers(guid, only=self.only, ignore=self.ignore).operators)
            runs = client.list_table_runs(guid, start=time_before(start, self.slack), end=last, operators=operators)
            return export_runs(
                (run for run in runs if (plan := planned_at(run)) is not None and start <= plan < end),
                path,
                columns=self.columns,
                nested="json" if self.with_documents else "skip",
            )


def _bound(name: str, given: datetime | str | None, of_the_run: datetime | None) -> datetime:
    if (value := of_the_run if given is None else given) is None:
        raise InvalidArgumentError(
            "this DAG run has no interval, since a person or an asset started it: give start and end"
        )
    return instant(name, value)


def _send(made: Path, target: ObjectStoragePath) -> int:
    """Put a file in its place, atomically on a local file system; returns its size in bytes."""
    size = made.stat().st_size
    if target.protocol in {"file", "local", ""}:
        place = Path(target.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.part")
        try:
            shutil.copyfile(made, beside)
            beside.replace(place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        get_hook_lineage_collector().add_output_asset(context=target, uri=str(target))
        return size
    with made.open("rb") as source, target.open("wb") as sink:
        shutil.copyfileobj(source, cast("IO[bytes]", sink))
    if target.stat().st_size != size:
        raise ExportError(f"{target} has {target.stat().st_size} bytes, but {size} were sent")
    return size
