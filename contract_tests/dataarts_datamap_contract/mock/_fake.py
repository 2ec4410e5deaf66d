"""A fake service, to which a test adds its data as plain values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.mock._config import MockConfig
from dataarts_datamap_contract.mock._data.dataset import TABLE_GUID, Operator, milliseconds
from dataarts_datamap_contract.mock._data.documented import documented_operator
from dataarts_datamap_contract.mock._data.lineage import described
from dataarts_datamap_contract.mock._data.logs import Log
from dataarts_datamap_contract.mock._serving.server import MockServer
from dataarts_datamap_contract.mock._web.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from dataarts_datamap_contract.mock._data.logs import LogState

_TIMES = frozenset({"plan_time", "submit_time", "start_time", "end_time"})
_IDENTITY = frozenset({"task_id", "job_name", "workspace_id"})


class FakeService:
    """A mock server that starts without operators and runs until its ``with`` block ends.

    The fixture ``datamap_mock`` is one. All values are plain: texts, integers, dictionaries and aware datetimes.

    Attributes:
        url: Its address, ``http://host:port``, without a trailing slash.
        project_id: The one project it knows.
        instance_id: The one DataArts Studio tenancy it knows.
        token: The value of ``X-Auth-Token`` that it accepts.
        access_key: The one access key it knows.
        secret_key: The secret key that goes with it, to sign requests.
        table_guid: The table that operators are added to unless another is named.
    """

    table_guid = TABLE_GUID

    def __init__(self, config: MockConfig = MockConfig()) -> None:  # noqa: B008  frozen
        self._server = MockServer(config)
        self.project_id = config.project_id
        self.instance_id = config.instance_id
        self.token = config.token
        self.access_key = config.access_key
        self.secret_key = config.secret_key

    def __repr__(self) -> str:
        try:
            where = f"url={self.url!r}"
        except RuntimeError:
            where = "not running"
        return f"{type(self).__name__}({where})"

    def __enter__(self) -> Self:
        self._server.__enter__()
        self.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, traceback)

    @property
    def url(self) -> str:
        """Its address.

        Raises:
            RuntimeError: The server is not running.
        """
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the client and the command line read, to reach this service with its token."""
        return {
            "DATAMAP_ENDPOINT": self.url,
            "DATAMAP_PROJECT_ID": self.project_id,
            "DATAMAP_INSTANCE_ID": self.instance_id,
            "DATAMAP_TOKEN": self.token,
            "DATAMAP_OBS_ENDPOINT": self.url,
            "HUAWEICLOUD_SDK_IAM_ENDPOINT": self.url,
        }

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The latest 10,000 requests since the start or the last ``clear``, oldest first.

        Each has ``method``, ``target``, ``headers``, ``status``, ``request_id`` and ``fault``.
        """
        return self._server.record.requests

    def clear(self) -> None:
        """Start again with one table and no operators, runs, requests, locks or issued tokens.

        The faults are those of the configuration, none by default. The table is ``postgres.sales.dws_orders``, with the
        documented GUID.
        """
        self._server.controls.clear()

    def invent(self, seed: int = 0, *, size: int | None = None) -> None:
        """Replace all data by made-up data: four tables, five operators, some weeks of runs.

        Args:
            seed: The same seed gives the same runs.
            size: How many runs each operator has; None for some weeks of more varied runs.

        Raises:
            ValueError: The size is negative or beyond ten million.
        """
        self._server.controls.world.invent(seed, size)

    def add_operator(
        self,
        job_name: str | None = None,
        *,
        task_id: str | None = None,
        workspace_id: str | None = None,
        table_guid: str = TABLE_GUID,
    ) -> dict[str, str]:
        """Add an operator to a table. Either may be new.

        Args:
            job_name: Its name; by default the documented one, like the ids.
            task_id: Its id.
            workspace_id: Id of its workspace.
            table_guid: The table for which ShowNodes lists it.

        Returns:
            ``task_id``, ``job_name`` and ``workspace_id``, as ShowNodes lists them.

        Raises:
            ValueError: The name or an id is blank or not a text, so that no request could name it.
        """
        documented = documented_operator()
        operator = Operator(
            documented.task_id if task_id is None else task_id,
            documented.job_name if job_name is None else job_name,
            documented.workspace_id if workspace_id is None else workspace_id,
        )
        self._server.controls.world.add_operator(operator, table_guid)
        return {"task_id": operator.task_id, "job_name": operator.job_name, "workspace_id": operator.workspace_id}

    def add_table(
        self,
        name: str,
        *,
        guid: str | None = None,
        source_type: str = "dws",
        workspace_id: str | None = None,
    ) -> str:
        """Add a table with a name that a search finds.

        Args:
            name: ``name``, ``database.name`` or ``database.schema.name``.
            guid: Its GUID; derived from the name, if left out.
            source_type: Kind of source.
            workspace_id: Id of its workspace.

        Returns:
            Its GUID.

        Raises:
            ValueError: The name is blank, or has a blank part.
        """
        table = described(
            name,
            workspace_id=documented_operator().workspace_id if workspace_id is None else workspace_id,
            source_type=source_type,
            guid=guid,
        )
        self._server.controls.world.describe_table(table)
        return table.guid

    def add_lineage(
        self, operator: Mapping[str, str] | None = None, *, reads: Sequence[str] = (), writes: Sequence[str] = ()
    ) -> None:
        """Add lineage: an operator reads and writes tables. ShowNodes lists the operator for each of these tables.

        An operator without lineage counts as one that the service could not parse.

        Args:
            operator: The operator, as ``add_operator`` returned it; None for the one that was added last, or the
                documented one if none was added.
            reads: GUIDs of the tables that it reads.
            writes: GUIDs of the tables that it writes.

        Raises:
            LookupError: There is no such operator, or no named table with one of the GUIDs.
        """
        self._server.controls.world.add_lineage(self._operator(operator), reads=reads, writes=writes)

    def add_run(
        self,
        operator: Mapping[str, str] | None = None,
        *,
        status: str = "success",
        log: str | None = None,
        **values: Any,  # noqa: ANN401
    ) -> int:
        """Add a run.

        Args:
            operator: Its operator, as ``add_operator`` returned it; None for the one that was added last, or the
                documented one if none was added.
            status: Its status, as the service writes it: success, fail, running, waiting, ... Any other text is
                accepted, too; the client reads it as an unknown state.
            log: The text of its log. If left out, the run has no log, unless it has an ``execution_log_path``.
            **values: ``plan_time``, ``submit_time``, ``start_time``, ``end_time``, as aware datetimes or None for
                never; and any documented field of a run, under its name on the wire or in the client
                (``outputRowCount=7``, ``output_row_count=7``). By default, the first run was planned an hour ago, and
                each further run a minute after the newest one, but not after the present. A run is submitted 1 s after
                its plan time, starts 5 s after its plan time and takes a minute, unless its status says that it has not
                started or not ended.

        Returns:
            Its id, ``taskRunningLogId``.

        Raises:
            LookupError: There is no such operator.
            ValueError: A run cannot have such a value, or there is a run with the given ``run_id`` already:
                ``change_run`` changes it.
        """
        fields = _fields(values)
        given = fields.get("taskRunningLogId")
        if self._server.controls.world.find_run(given) is not None:
            raise ValueError(f"there is a run with the id {given} already: change_run changes it")
        (row,) = self._server.controls.world.put_runs([(self._operator(operator), {"status": status, **fields})])
        run_id = int(str(row["taskRunningLogId"]))
        if log is not None:
            self.set_log(run_id, log)
        return run_id

    def set_log(self, run_id: int, text: str | None = None, *, state: LogState = "readable") -> None:
        """Set the log of a run, or make it unreadable.

        Args:
            run_id: The run. If it has no log, it gets one, which is served once the run has started.
            text: The text of the log; if left out, some lines that fit the run's status.
            state: ``"readable"``, or why it cannot be read: ``"missing"``, ``"forbidden"`` or ``"archived"``.

        Raises:
            LookupError: There is no run of this id.
            ValueError: There is no such state, or the text is not one that a response can contain.
        """
        self._server.controls.world.set_log(run_id, Log(text, state))

    def change_run(self, run_id: int, **values: Any) -> None:  # noqa: ANN401
        """Change a run. The values are the ``**values`` of ``add_run``, and ``status``.

        Raises:
            LookupError: There is no run of this id.
            ValueError: A run cannot have such a value.
        """
        found = self._server.controls.world.find_run(run_id)
        if found is None:
            raise LookupError(f"there is no run with the id {run_id}")
        self._server.controls.world.put_runs([(found[0], {**_fields(values), "taskRunningLogId": run_id})])

    def delete_run(self, run_id: int) -> None:
        """Delete a run.

        Raises:
            LookupError: There is no run of this id.
        """
        self._server.controls.world.delete_run(run_id)

    def advance(self) -> int:
        """Advance each run that waits or is under way by one step: from waiting to running, from running to success.

        Returns:
            How many runs advanced.
        """
        return self._server.controls.world.advance()

    def fail(self, *faults: str) -> None:
        """Make responses go wrong from now on: ``"reset:every=3"``, ``"503"``, ``"slow:seconds=1"``.

        Without a text, no further response goes wrong.

        Raises:
            ValueError: A text does not describe a fault.
        """
        self._server.controls.faults.replace([Fault.parse(fault) for fault in faults])

    def _operator(self, named: Mapping[str, str] | None) -> Operator:
        if named is not None:
            return Operator(named["task_id"], named["job_name"], named["workspace_id"])
        operators = list(self._server.controls.world.dataset.histories)
        return operators[-1] if operators else Operator(**self.add_operator())


def _fields(values: Mapping[str, object]) -> dict[str, object]:
    """The values by the service's names of the fields; times in milliseconds since the epoch."""
    identity = sorted(_IDENTITY & values.keys())
    if identity:
        raise ValueError(f"{', '.join(identity)} belongs to the operator: pass operator=…, as add_operator returned it")
    return {_wire_name(name): _wire(name, value) if name in _TIMES else value for name, value in values.items()}


def _wire_name(name: str) -> str:
    """A field as the service writes it: ``planTime`` for ``plan_time``."""
    first, *others = name.split("_")
    return "taskRunningLogId" if name == "run_id" else first + "".join(map(str.capitalize, others))


def _wire(name: str, value: object) -> int:
    if value is None:
        return 0
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValueError(f"{name} is {value!r}: it must be an aware datetime, as datetime.now(UTC) is, or None")
    return milliseconds(value)
