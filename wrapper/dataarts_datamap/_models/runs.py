"""The service's documents as values: operators, runs, and pages of runs.

The fields of a run are not documented. Their names and types come from the only documented example; their meanings are
inferred from it or from the scheduler's sibling APIs, as each docstring says.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Protocol, TypeAlias

from msgspec import UNSET, DecodeError, Meta, Struct, ValidationError, convert, field, json, to_builtins
from msgspec.structs import fields

from dataarts_datamap._text import printable, shown, whole_text
from dataarts_datamap._times import EPOCH, LAST_MILLISECOND, MILLISECOND, iso_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

HALF_REASON: Final = "Expected whole characters, got half of a surrogate pair; U+FFFD replaces it"

_TOO_LARGE: Final = 10**4300  # Python refuses to convert an int of more digits to or from text

Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=LAST_MILLISECOND)]  # 0 means no time
_Count: TypeAlias = Annotated[int, Meta(ge=-1)]  # -1 means no count
_Flag: TypeAlias = Annotated[int, Meta(ge=-1, le=1)] | bool


class RunState(StrEnum):
    """The meaning of a run's status. Inferred from the scheduler's sibling APIs.

    Attributes:
        ACTIVE: It has not ended, or can still go on.
        SUCCEEDED: It counts as a success.
        FAILED: It ended without a success.
        SKIPPED: It was not run.
        UNKNOWN: The status is unknown or missing: do not treat it as an end.
    """

    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


_STATE_OF_STATUS: Final[Mapping[str | None, RunState]] = {
    **dict.fromkeys(("waiting", "waiting-confirm", "running", "pause", "running-exception"), RunState.ACTIVE),
    **dict.fromkeys(("success", "forceSuccess", "ignoreSuccess"), RunState.SUCCEEDED),
    **dict.fromkeys(("fail", "manual-stop"), RunState.FAILED),
    **dict.fromkeys(("skip", "skip-by-depend", "freeze"), RunState.SKIPPED),
}
KNOWN_STATUSES: Final = frozenset(filter(None, _STATE_OF_STATUS))
"""The statuses whose state is known; the service may have others."""

ENDED_STATES: Final = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED})


def has_ended(state: str | None, *, has_end: bool) -> bool:
    """Whether a run has ended; a run of an unknown state has ended if it has an end time."""
    if state in ENDED_STATES:
        return True
    return has_end and state != RunState.ACTIVE


class FieldProblem(Struct, frozen=True, kw_only=True):
    """A field with an unexpected type, or with an invalid value; the reason says which.

    The run's attribute is None, and ``raw`` has the value. But ``raw`` has None, too, for ``1e999``, for an integer of
    more than 4,300 digits, and for a value that is nested too deeply. If a text was cut inside an emoji, the attribute
    has it with U+FFFD in place of half of a surrogate pair.

    Attributes:
        field: Name of the attribute, such as ``plan_time``; for an unknown field, its name as sent.
        sent_as: Name of the field as sent, such as ``planTime``.
        reason: The expected value, and the value that was sent.
    """

    field: str
    sent_as: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field} (sent as {self.sent_as}): {self.reason}"


class Operator(Struct, frozen=True, kw_only=True):
    """A job operator that is associated with a table: it writes the table, or only reads it (one element of ShowNodes).

    Attributes:
        task_id: Id of the operator's job.
        job_name: Name of the operator.
        workspace_id: Id of its workspace; None if the service did not send it.
    """

    task_id: str
    job_name: str
    workspace_id: str | None = None


class OperatorKey(NamedTuple):
    """The identity of an operator in its instance. Operators that differ only in their workspace are different."""

    task_id: str | None
    job_name: str | None
    workspace_id: str | None


class RunSource(NamedTuple):
    """The region, project and instance of a client.

    Attributes:
        region: The client's region; if none was given, the endpoint's host, any port but the default, and any path
            prefix.
        project_id: Project id.
        instance_id: Id of the DataArts Studio instance.
    """

    region: str
    project_id: str
    instance_id: str


class RunOrigin(Struct, frozen=True, kw_only=True):
    """The origin of a run: the region, project, instance and operator of the request for it.

    Attributes:
        region: The region, as in ``RunSource``.
        project_id: Project id.
        instance_id: Id of the DataArts Studio instance.
        operator: The operator whose runs were requested.
        workspace_id: The workspace id that was sent: the operator's, else the client's. None if none was sent.
    """

    region: str
    project_id: str
    instance_id: str
    operator: Operator
    workspace_id: str | None = None


class RunIdentity(NamedTuple):
    """The identity of a run. Region, project and instance are None for a run that no client read.

    It is only inferred that ids are unique, so the planned time is part of the identity: two planned times prove two
    runs.

    Attributes:
        region: Region, or the endpoint's host, as in ``RunOrigin``.
        run_id: Id of the run; None if it has none, or if its id is 0.
        times: Its planned time; for a run without an id, also its submission and its start. A missing time is None.
    """

    region: str | None
    project_id: str | None
    instance_id: str | None
    workspace_id: str | None
    task_id: str | None
    job_name: str | None
    run_id: int | None
    times: tuple[datetime | None, ...]


class RowsAsSent(Protocol):
    """The rows of a page as sent, and the problems of each row: values that became None or contain U+FFFD."""

    def row(self, index: int) -> dict[str, Any]: ...
    def problems(self, index: int) -> tuple[FieldProblem, ...]: ...


class Run(Struct, frozen=True, kw_only=True, dict=True):
    """One run of a job operator, as it was when the page was read.

    The attribute of any field can be None: no field is documented, and none is required. If a value is invalid or has
    an unexpected type, the attribute is None, too; ``problems`` names the field and ``raw`` has the value. Two runs are
    equal if all their known fields are.

    Attributes:
        run_id: Id of the run, ``taskRunningLogId`` (inferred: the one value that is unique to a run).
        task_name: Name of the scheduled job (inferred from the log path).
        job_id: Ordinal of the operator in its job (inferred); not the scheduler's job id.
        job_name: Name of the operator; equals the requested ``job_name``.
        type: Kind of operator, such as ``ETLJob``. An open set of names.
        status: Status of the run, as sent. An open set of names; ``state`` is its meaning.
        speed: Rows written per second (sibling APIs).
        owner: Owner of the job (inferred).
        execution_log_path: Path of the log in object storage (inferred).
        workspace_id: Workspace id.
        workspace_name: Workspace name.
    """

    run_id: int | None = field(name="taskRunningLogId", default=None)
    _task_id: int | str | None = field(name="taskId", default=None)
    task_name: str | None = field(name="taskName", default=None)
    job_id: int | None = field(name="jobId", default=None)
    job_name: str | None = field(name="jobName", default=None)
    type: str | None = None
    status: str | None = None
    _plan_time: Milliseconds | None = field(name="planTime", default=None)
    _submit_time: Milliseconds | None = field(name="submitTime", default=None)
    _start_time: Milliseconds | None = field(name="startTime", default=None)
    _end_time: Milliseconds | None = field(name="endTime", default=None)
    _running_time: _Count | None = field(name="runningTime", default=None)
    _retry_times: _Count | None = field(name="retryTimes", default=None)
    _fail_count: _Count | None = field(name="failCount", default=None)
    _input_row_count: _Count | None = field(name="inputRowCount", default=None)
    _output_row_count: _Count | None = field(name="outputRowCount", default=None)
    speed: float | None = None
    _force_success: _Flag | None = field(name="forceSuccess", default=None)
    owner: str | None = None
    execution_log_path: str | None = field(name="executionLogPath", default=None)
    workspace_id: str | None = field(name="workspaceId", default=None)
    workspace_name: str | None = field(name="workspaceName", default=None)
    _running_data: str | None = field(name="runningData", default=None)
    _running_param: str | None = field(name="runningParam", default=None)

    @classmethod
    def from_raw(cls, row: Mapping[str, Any]) -> Run:
        """The run from a row with the service's own field names, such as a row that was read from a file.

        A value that is invalid or has an unexpected type becomes a problem, never an error.
        """
        values: dict[str, Any] = {}
        problems: list[FieldProblem] = []
        for known in _RUN_FIELDS:
            sent = row.get(known.encode_name, UNSET)
            if sent is UNSET:
                continue
            try:
                if isinstance(sent, str) and (whole := whole_text(sent)) != sent:
                    problems.append(field_problem(known.encode_name, HALF_REASON))
                    sent = whole
                values[known.name] = convert_json(sent, known.type)
            except (ValidationError, TypeError) as error:
                problems.append(field_problem(known.encode_name, f"{error}, got {_as_sent(sent)}"))
        run = cls(**values)
        vars(run)["raw"] = dict(row)
        vars(run)["problems"] = tuple(problems)
        return run

    @property
    def task_id(self) -> str | None:
        """Id of the job, as text like ``Operator.task_id``; in rows it is a number."""
        return None if self._task_id is None else str(self._task_id)

    @property
    def plan_time(self) -> datetime | None:
        """Time at which the run was planned to start, UTC (sibling APIs)."""
        return _utc(self._plan_time)

    @property
    def submit_time(self) -> datetime | None:
        """Time at which the run was queued, UTC (sibling APIs)."""
        return _utc(self._submit_time)

    @property
    def start_time(self) -> datetime | None:
        """Time at which the run started, UTC (sibling APIs)."""
        return _utc(self._start_time)

    @property
    def end_time(self) -> datetime | None:
        """Time at which the run ended, UTC; None if it has not ended (inferred: 0 in the example of a running run)."""
        return _utc(self._end_time)

    @property
    def duration(self) -> timedelta | None:
        """End minus start; None if either is missing. Negative if the service sent an end before the start."""
        start, end = self.start_time, self.end_time
        return None if start is None or end is None else end - start

    @property
    def running_time(self) -> int | None:
        """Duration of the run, in milliseconds (sibling APIs); not updated while it runs."""
        return _count(self._running_time)

    @property
    def retry_times(self) -> int | None:
        """Number of retries of the run (sibling APIs); None if not known."""
        return _count(self._retry_times)

    @property
    def fail_count(self) -> int | None:
        """Number of failures (inferred from the name); None if not known."""
        return _count(self._fail_count)

    @property
    def input_row_count(self) -> int | None:
        """Rows read (sibling APIs); None if not known."""
        return _count(self._input_row_count)

    @property
    def output_row_count(self) -> int | None:
        """Rows written (inferred from the name); None if not known."""
        return _count(self._output_row_count)

    @property
    def force_success(self) -> bool | None:
        """Whether somebody forced the run to count as a success. It does not change ``state``."""
        return None if self._force_success is None else {0: False, 1: True}.get(self._force_success)

    @property
    def state(self) -> RunState:
        """The meaning of ``status``; ``UNKNOWN`` for an unknown or missing status."""
        return _STATE_OF_STATUS.get(self.status, RunState.UNKNOWN)

    @cached_property
    def running_data(self) -> Any:  # noqa: ANN401  any JSON value
        """The work of the operator: the JSON value, or the text itself if it is not JSON.

        Its members depend on the kind of operator. It can contain SQL and paths.
        """
        return _json_or_text(self._running_data)

    @cached_property
    def running_param(self) -> Any:  # noqa: ANN401  any JSON value
        """The parameters of the operator: the JSON value, or the text itself if it is not JSON."""
        return _json_or_text(self._running_param)

    @cached_property
    def raw(self) -> dict[str, Any]:
        """Every field as sent, including unknown ones; decoded again from the page's text at the first access.

        An invalid value of an unknown field may only be noticed here: it becomes None, or contains U+FFFD, and
        ``problems`` names it from then on.

        Raises:
            InvalidBodyError: An unknown field is nested too deeply.
        """
        attributes = vars(self)
        page: RowsAsSent | None = attributes.get("page")
        if page is None:
            return {name: value for name, value in to_builtins(self).items() if value is not None}
        row = page.row(attributes["index"])
        attributes["problems"] = page.problems(attributes["index"])
        return row

    @cached_property
    def origin(self) -> RunOrigin | None:
        """The origin of the run; None if no client read it. A pickle keeps it."""
        return None

    @property
    def key(self) -> str:
        """A key that identifies the run, as text that is the same at each reading.

        It is a digest of region, project, instance, workspace, task, operator, id and planned time; for a run without
        an id, also of its submission and its start. For a client with an endpoint but no region, the host replaces the
        region: so programs that share keys should all set the region.
        """
        return sha256(json.encode(run_identity(self))).hexdigest()[:32]

    @cached_property
    def problems(self) -> tuple[FieldProblem, ...]:
        """The fields with an unexpected type, or with an invalid value."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """The known fields as plain values, ready for JSON: times as ISO 8601 UTC text, ``duration`` in seconds.

        Besides the 24 fields it has ``state``, ``duration`` and, if there are any, ``problems``. Unknown fields are
        only in ``raw``.
        """
        plain = {name: plain_value(getattr(self, name)) for name in _RUN_ATTRIBUTES}
        return {**plain, "problems": [str(problem) for problem in self.problems]} if self.problems else plain

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={plain_value(getattr(self, name))!r}" for name in _REPR_ATTRIBUTES)
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, plain_value(getattr(self, name))) for name in _REPR_ATTRIBUTES]

    def __copy__(self) -> Run:
        return self

    def __reduce__(self) -> tuple[Callable[[Mapping[str, Any]], Run], tuple[dict[str, Any]], dict[str, Any]]:
        row = self.raw  # read first, since it may add problems
        return type(self).from_raw, (row,), {"origin": self.origin, "problems": self.problems}


_RUN_FIELDS: Final = fields(Run)
_NAMES: Final = {known.encode_name: known.name.removeprefix("_") for known in _RUN_FIELDS}
_RUN_ATTRIBUTES: Final = (*(known.name.removeprefix("_") for known in _RUN_FIELDS), "state", "duration")
_REPR_ATTRIBUTES: Final = ("run_id", "task_id", "job_name", "status", "plan_time", "start_time", "end_time")


def field_problem(sent_as: str, reason: str) -> FieldProblem:
    return FieldProblem(field=_NAMES.get(sent_as, sent_as), sent_as=sent_as, reason=reason)


class RunPage(Struct, frozen=True, kw_only=True):
    """One page of runs, in the server's order.

    Attributes:
        runs: The rows.
        total: The number of rows of the window on all pages, as reported by the server; None if it was not reported.
        message: The server's message, ``success`` if all is well. Untrusted.
        offset: The requested offset.
        problems: The fields with unexpected types or invalid values, a line each. ``Run.problems`` has those of one
            row.
    """

    runs: tuple[Run, ...]
    total: int | None
    message: str | None
    offset: int
    problems: tuple[str, ...] = ()


def attach_origin(runs: Iterable[Run], origin: RunOrigin) -> None:
    for run in runs:
        vars(run)["origin"] = origin


def operator_key(operator: Operator) -> OperatorKey:
    return OperatorKey(operator.task_id, operator.job_name, operator.workspace_id)


def operator_of(run: Run) -> OperatorKey:
    """The operator that a run belongs to: the operator of the request, else the operator that the row names."""
    if run.origin is not None:
        return operator_key(run.origin.operator)
    return OperatorKey(run.task_id, run.job_name, run.workspace_id)


def has_other_name(run: Run) -> bool:
    """Whether a run's row names another task or operator than the requested one."""
    if run.origin is None:
        return False
    asked = run.origin.operator
    return (run.task_id or asked.task_id, run.job_name or asked.job_name) != (asked.task_id, asked.job_name)


def run_times(run: Run) -> list[datetime]:
    """The known times of a run, in the order planned, submitted, started, ended."""
    return [time for time in (run.plan_time, run.submit_time, run.start_time, run.end_time) if time is not None]


def planned_at(run: Run) -> datetime | None:
    """The planned time of a run, else its submission, start or end, the first that is known; None if it has no time."""
    return planned_or_begun(run) or run.end_time


def planned_or_begun(run: Run) -> datetime | None:
    """The planned time of a run, else its submission or its start; None if it has none of these.

    Unlike in ``planned_at``, the end does not count: a run of the day before can end on the next day.
    """
    return run.plan_time or run.submit_time or run.start_time


def run_identity(run: Run) -> RunIdentity:
    origin, (task_id, job_name, workspace_id) = run.origin, operator_of(run)
    run_id = run.run_id or None
    return RunIdentity(
        region=None if origin is None else origin.region,
        project_id=None if origin is None else origin.project_id,
        instance_id=None if origin is None else origin.instance_id,
        workspace_id=workspace_id if origin is None else origin.workspace_id,
        task_id=task_id,
        job_name=job_name,
        run_id=run_id,
        times=(run.plan_time,) if run_id else (run.plan_time, run.submit_time, run.start_time),
    )


def convert_json(value: object, type_: Any) -> Any:  # noqa: ANN401  the type is only known at run time
    """The value as the type, with numbers as in JSON: ``1.705248E12`` is an integer, too.

    Raises:
        msgspec.ValidationError: It is not of the type, not finite, or has more than 4,300 digits.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValidationError("Expected a finite number")
    if isinstance(value, int) and not -_TOO_LARGE < value < _TOO_LARGE:
        raise ValidationError("Expected a number of a reasonable size")
    try:
        return convert(value, type_)
    except ValidationError:
        if isinstance(value, float) and value.is_integer():
            return convert(int(value), type_)
        raise


def _utc(milliseconds: int | None) -> datetime | None:
    return EPOCH + milliseconds * MILLISECOND if milliseconds else None


def _count(number: int | None) -> int | None:
    return None if number == -1 else number


def _json_or_text(text: str | None) -> Any:  # noqa: ANN401  any JSON value
    if text is None:
        return None
    try:
        return json.decode(text)
    except (DecodeError, RecursionError):
        return text


def plain_value(value: object) -> object:
    """A value in its JSON form: a time as text, a duration in seconds."""
    match value:
        case datetime():
            return iso_text(value)
        case timedelta():
            return value.total_seconds()
        case StrEnum():
            return value.value
        case _:
            return value


def _as_sent(value: object) -> str:
    try:
        text = json.encode(value)
        if json.decode(text) == value:  # an infinite number, in a row made by hand, would be null
            return printable(text.decode(), limit=80)
    except (TypeError, ValueError, RecursionError, OverflowError):  # not a JSON value, in a row made by hand
        pass
    return shown(value)
