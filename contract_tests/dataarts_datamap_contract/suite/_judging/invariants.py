"""What must hold of every single exchange, whoever made the request: one function for each check. No HTTP here.

Each returns the problems that it sees; none at all if the exchange is fine; None if the exchange is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.specification.levels import LevelCheck, StrictJsonError, loads_strict
from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.oracle import DEFECTS, Exchange
from dataarts_datamap_contract.suite.target import Target

if TYPE_CHECKING:
    from dataarts_datamap_contract.specification.levels import Schema, Violation
    from dataarts_datamap_contract.suite._judging.oracle import Kind

Problems: TypeAlias = "tuple[str, ...] | None"
Invariant: TypeAlias = Callable[[Exchange, Target], Problems]

OK: Final = 200
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_NOT_ALLOWED: Final = 405
THROTTLED: Final = 429
_SERVER_ERROR: Final = 500

WINDOW_COLUMNS: Final = ("planTime", "startTime")
"""What a window may filter on where the target does not say: the scheduler's own lists take either."""

_RUNS, _NODES = "ShowInstanceInfos", "ShowNodes"
_MEDIA_TYPE = "application/json"
_MOST_SHOWN = 5
_TIMES = ("planTime", "submitTime", "startTime", "endTime")
_COUNTS = ("inputRowCount", "outputRowCount", "failCount", "retryTimes", "runningTime", "speed")
_EARLIEST, _LATEST = 10**11, 10**14
_INNER = " → $"
_SHORTEST_SECRET = 8
_MODEST_LIMIT, _MODEST_OFFSET, _DAY = 10, 1_000, 86_400_000
_E_CHECKS: Mapping[Kind, str] = {
    "missing": "E-missing-parameter",
    "below": "E-below-minimum",
    "above": "E-above-maximum",
    "type": "E-wrong-type",
    "fraction": "E-fraction",
}


def asks_really(exchange: Exchange, target: Target) -> bool:
    """Whether every id of the request that was sent is the target's own, and its credentials are good."""
    values, real = exchange.judgement.values, target.real_values
    ids = ("project_id", "instance", "guid", "task_id", "job_name", "workspace_id")
    return exchange.request.credential.standing == "good" and all(
        values[name] == real.get(name)
        for name in ids
        if name in values and exchange.judgement.kinds[name] not in DEFECTS
    )


def is_modest(exchange: Exchange, target: Target) -> bool:
    """Whether limit, offset and window of a valid request are such that no cap of a server's own can forbid them."""
    numbers = [exchange.judgement.number(name) for name in ("limit", "offset", "start_time", "end_time")]
    if None in numbers:
        return exchange.operation_id == _NODES
    limit, offset, start, end = cast("list[int]", numbers)
    short = end - start <= _DAY and end < _LATEST
    inside = target.window_start <= start and end <= target.window_end
    return limit <= _MODEST_LIMIT and offset <= _MODEST_OFFSET and start <= end and (short or inside)


def _must_be_served(exchange: Exchange, target: Target) -> bool:
    """Whether nothing about a request can keep a server from serving it."""
    return exchange.judgement.standing == "valid" and asks_really(exchange, target) and is_modest(exchange, target)


def _status_documented(exchange: Exchange, _: Target) -> Problems:
    operation, status = exchange.judgement.operation, exchange.answer.status
    if operation is None or status >= _SERVER_ERROR:
        return None
    known = ", ".join(operation.responses)
    return () if str(status) in operation.responses else (f"{operation.id} answers {status}; documented are {known}",)


def _server_error(exchange: Exchange, _: Target) -> Problems:
    status = exchange.answer.status
    return (f"answers {status}",) if status >= _SERVER_ERROR and not _is_unimplemented(exchange) else ()


def _is_unimplemented(exchange: Exchange) -> bool:
    """Whether a 501 says that the method is not known, which it is for."""
    return exchange.answer.status == 501 and exchange.request.method != "GET"  # noqa: PLR2004  Not Implemented


def _content_type(exchange: Exchange, _: Target) -> Problems:
    if _schema_of(exchange) is None:
        return None
    sent = exchange.answer.header("Content-Type")
    if len(sent) != 1:
        return (f"Content-Type was sent {len(sent)} times with {exchange.answer.status}",)
    message = Message()
    message["Content-Type"] = sent[0]
    charset = message.get_content_charset("utf-8")
    if message.get_content_type() != _MEDIA_TYPE:
        return (f"Content-Type is {sent[0]!r} with {exchange.answer.status}, not {_MEDIA_TYPE}",)
    return () if charset in {"utf-8", "utf8"} else (f"the character set is {charset!r}: JSON is UTF-8",)


def _json(exchange: Exchange, _: Target) -> Problems:
    if _schema_of(exchange) is None:
        return None
    problem = exchange.answer.json_problem
    return () if problem is None else (f"{exchange.answer.status} with a body that is no strict JSON: {problem}",)


def _envelope_shape(exchange: Exchange, _: Target) -> Problems:
    return _violations(exchange, _RUNS, lambda path: path == "$" or path.startswith("$.status_code"))


def _header_map(exchange: Exchange, _: Target) -> Problems:
    document = exchange.answer.document
    if not isinstance(document, dict) or "header_map" not in document:
        return None
    return _violations(exchange, _RUNS, lambda path: path.startswith("$.header_map"))


def _envelope_status(exchange: Exchange, target: Target) -> Problems:
    envelope = _envelope(exchange)
    status = whole_number(envelope.get("status_code")) if envelope else None
    if status is None:
        return None
    if not 100 <= status <= 599:  # noqa: PLR2004  the range of HTTP statuses
        return (f"status_code is {status}, which is no HTTP status",)
    if status == OK:
        return ()
    page = exchange.answer.page
    if page is not None and (page.rows or page.document.get("success") is True):
        return (f"status_code is {status} beside a page that counts as a success",)
    return (f"status_code is {status} for a valid request of real ids",) if _must_be_served(exchange, target) else ()


def _nodes_shape(exchange: Exchange, _: Target) -> Problems:
    return _violations(exchange, _NODES, lambda _path: True)


def _error_shape(exchange: Exchange, _: Target) -> Problems:
    operation = exchange.judgement.operation
    if exchange.answer.status < BAD_REQUEST or operation is None:
        return None
    return _violations(exchange, operation.id, lambda _path: True, success=False)


def _request_id(exchange: Exchange, _: Target) -> Problems:
    document, sent = exchange.answer.document, exchange.answer.header("X-Request-Id")
    named: object = cast("dict[str, object]", document).get("request_id") if isinstance(document, dict) else None
    if exchange.answer.status < BAD_REQUEST or not isinstance(named, str) or not sent:
        return None
    return () if named == sent[0] else (f"the body says request_id {named!r}, the header X-Request-Id {sent[0]!r}",)


def _allow_header(exchange: Exchange, _: Target) -> Problems:
    if exchange.answer.status != _NOT_ALLOWED:
        return None
    allowed = {name.strip().upper() for value in exchange.answer.header("Allow") for name in value.split(",")} - {""}
    if not allowed:
        return ("405 without an Allow header",)
    if exchange.request.method in allowed:
        return (f"405 to {exchange.request.method}, which its Allow header names",)
    return () if "GET" in allowed else (f"405 whose Allow header leaves out GET: {', '.join(sorted(allowed))}",)


def _body_json(exchange: Exchange, _: Target) -> Problems:
    envelope = _envelope(exchange)
    if not envelope or _says_failure(envelope) or not isinstance(envelope.get("body"), str):
        return None
    return _violations(exchange, _RUNS, lambda path: path == "$.body")


def _page_shape(exchange: Exchange, _: Target) -> Problems:
    return _inner_violations(exchange, lambda path: not path.startswith("$.rows["))


def _row_shape(exchange: Exchange, _: Target) -> Problems:
    if not _page_rows(exchange):
        return None
    return _inner_violations(
        exchange, lambda path: path.startswith("$.rows[") and not path.endswith((".runningData", ".runningParam"))
    )


def _running_data(exchange: Exchange, _: Target) -> Problems:
    return _running(exchange, "runningData")


def _running_param(exchange: Exchange, _: Target) -> Problems:
    return _running(exchange, "runningParam")


def _success_agrees(exchange: Exchange, target: Target) -> Problems:
    page = exchange.answer.page
    success = page.document.get("success") if page else None
    if page is None or not isinstance(success, bool):
        return None
    if success:
        return ()
    if page.rows:
        return (f"success is false beside {len(page.rows)} rows",)
    return ("success is false for a valid request of real ids",) if _must_be_served(exchange, target) else ()


def _message_agrees(exchange: Exchange, _: Target) -> Problems:
    page = exchange.answer.page
    if page is None or page.document.get("success") is not True:
        return None
    message = page.document.get("msg")
    fine = message is None or (isinstance(message, str) and message.lower() == "success")
    return () if fine else (f"msg is {message!r} where success is true",)


def _total_covers_rows(exchange: Exchange, _: Target) -> Problems:
    page = exchange.answer.page
    if page is None or page.total is None:
        return None
    return () if page.total >= len(page.rows) else (f"total is {page.total} beside {len(page.rows)} rows",)


def _time_unit(exchange: Exchange, _: Target) -> Problems:
    return _each_row(
        exchange,
        lambda row: (
            f"{name} is {row[name]}, no milliseconds since the epoch"
            for name in _TIMES
            if (time := whole_number(row.get(name))) is not None and time != 0 and not _EARLIEST <= time < _LATEST
        ),
    )


def _time_order(exchange: Exchange, _: Target) -> Problems:
    def late(row: Mapping[str, Any]) -> Iterable[str]:
        start, end = whole_number(row.get("startTime")), whole_number(row.get("endTime"))
        if start and end and end < start:
            yield f"endTime {end} is before startTime {start}"

    return _each_row(exchange, late)


def _count_range(exchange: Exchange, _: Target) -> Problems:
    return _each_row(
        exchange,
        lambda row: (
            f"{name} is {row[name]}"
            for name in _COUNTS
            if isinstance(row.get(name), (int, float)) and row[name] < 0 and row[name] != -1
        ),
    )


def _force_success(exchange: Exchange, _: Target) -> Problems:
    return _each_row(
        exchange,
        lambda row: [f"forceSuccess is {row['forceSuccess']!r}"] if row.get("forceSuccess") not in (None, 0, 1) else [],
    )


def _param_total(exchange: Exchange, _: Target) -> Problems:
    def miscounted(row: Mapping[str, Any]) -> Iterable[str]:
        try:
            param = loads_strict(row["runningParam"])
            total, rows = whole_number(param["total"]), param["rows"]
        except (StrictJsonError, LookupError, TypeError, AttributeError):
            return
        if total is not None and isinstance(rows, list) and total != len(cast("list[object]", rows)):
            yield f"runningParam has total {total} and {len(cast('list[object]', rows))} rows"

    return _each_row(exchange, miscounted)


def _limit_exceeded(exchange: Exchange, _: Target) -> Problems:
    limit, page = exchange.judgement.number("limit"), exchange.answer.page
    if page is None or limit is None:
        return None
    return () if len(page.rows) <= limit else (f"{len(page.rows)} rows on a page with limit {limit}",)


def _window_start(exchange: Exchange, target: Target) -> Problems:
    return _outside(exchange, target, "start_time", lambda time, start: time < start, "before")


def _window_end(exchange: Exchange, target: Target) -> Problems:
    return _outside(exchange, target, "end_time", lambda time, end: time > end, "after")


def window_columns(target: Target) -> tuple[str, ...]:
    """What the target's window may filter on."""
    return WINDOW_COLUMNS if target.window_column == "auto" else (target.window_column,)


def _outside(exchange: Exchange, target: Target, bound: str, wrong: Callable[[int, int], bool], where: str) -> Problems:
    """A row outside by every column that the window may filter on."""
    limit = exchange.judgement.number(bound)
    if limit is None or not exchange.answer.rows:
        return None
    # The time of a run that has not started is 0: that lies before every end, and says nothing about the start.
    least = 0 if bound == "end_time" else 1
    found: list[str] = []
    for column in window_columns(target):
        known = [time for row in exchange.answer.rows if (time := whole_number(row.get(column))) is not None]
        times = [time for time in known if time >= least]
        strays = [time for time in times if wrong(time, limit)]
        if times and not strays:
            return ()
        found += [f"{column} {time} is {where} {bound} {limit}" for time in strays[:1]]
    return (f"a row whose {' and whose '.join(found)}",) if found else None


def _rows_of_task(exchange: Exchange, _: Target) -> Problems:
    return _rows_of(exchange, "task_id", "taskId")


def _rows_of_job(exchange: Exchange, _: Target) -> Problems:
    return _rows_of(exchange, "job_name", "jobName")


def _rows_of_workspace(exchange: Exchange, _: Target) -> Problems:
    return _rows_of(exchange, "workspace_id", "workspaceId")


def _rows_of(exchange: Exchange, parameter: str, field: str) -> Problems:
    asked = exchange.judgement.values.get(parameter)
    if asked is None or exchange.judgement.doubtful or not str(asked).strip():
        return None
    return _each_row(
        exchange,
        lambda row: (
            [f"{field} is {row[field]!r} where {parameter} is {asked!r}"]
            if row.get(field) is not None and not _is_same(str(row[field]), str(asked))
            else []
        ),
    )


def _is_same(shown: str, asked: str) -> bool:
    """Whether two texts name the same; an id that a server keeps as a number has no zeros at its beginning."""
    return shown == asked or (shown.isdecimal() and shown == asked.lstrip("0"))


def _refusal_of_bad_credentials(exchange: Exchange, _: Target) -> Problems:
    status = exchange.answer.status
    asked_well = exchange.judgement.operation is not None and exchange.judgement.standing == "valid"
    if exchange.request.credential.standing != "bad" or not asked_well or not BAD_REQUEST <= status < _SERVER_ERROR:
        return None
    if status == THROTTLED:
        return None
    return () if status == UNAUTHORIZED else (f"bad credentials are refused with {status} instead of 401",)


def _secret_echo(exchange: Exchange, target: Target) -> Problems:
    credential = exchange.request.credential
    secrets = [secret for secret in target.secrets if len(secret) >= _SHORTEST_SECRET]
    if not secrets or credential.query:
        return None
    told = exchange.answer.content + "\n".join(value for _, value in exchange.answer.fields).encode(errors="replace")
    if any(secret.encode() in told for secret in secrets):
        return ("a secret of the target is in the answer",)
    if any(right.encode() in told for right in credential.untold):
        return ("the answer to a wrong signature tells the right one",)
    return ()


def _bad_input(kind: Kind) -> Invariant:
    def judge(exchange: Exchange, _: Target) -> Problems:
        names = [name for name, found in exchange.judgement.defects.items() if found == kind]
        if not names or exchange.judgement.standing != "invalid" or exchange.request.credential.standing != "good":
            return None
        if exchange.answer.status == THROTTLED:
            return None
        accepted = exchange.answer.status < BAD_REQUEST
        return tuple(
            f"{_told(exchange, name, kind)} is answered {exchange.answer.status}" for name in names if accepted
        )

    return judge


def _told(exchange: Exchange, name: str, kind: Kind) -> str:
    if kind == "missing":
        return f"a request without {name}"
    return f"{name}={exchange.judgement.values.get(name)!s:.60}"


def _refusal_of_bad_input(exchange: Exchange, target: Target) -> Problems:
    status = exchange.answer.status
    if exchange.judgement.standing != "invalid" or not asks_really(exchange, target):
        return None
    if not BAD_REQUEST <= status < _SERVER_ERROR or status == THROTTLED:
        return None
    allowed = {BAD_REQUEST}
    if exchange.judgement.kinds.get("instance") in {*DEFECTS, "doubtful"}:
        allowed |= {_FORBIDDEN, _NOT_FOUND}
    defects = ", ".join(f"{name} {kind}" for name, kind in exchange.judgement.defects.items())
    return () if status in allowed else (f"bad input ({defects}) is refused with {status} instead of 400",)


def _valid_refused(exchange: Exchange, target: Target) -> Problems:
    if not _must_be_served(exchange, target) or exchange.answer.status == THROTTLED:
        return None
    if _leaves_out_workspace(exchange, target):
        return None
    refused = BAD_REQUEST <= exchange.answer.status < _SERVER_ERROR
    return (f"a valid request of real ids is refused with {exchange.answer.status}",) if refused else ()


def _optional_refused(exchange: Exchange, target: Target) -> Problems:
    if not _must_be_served(exchange, target):
        return None
    if exchange.operation_id != _RUNS or "workspace_id" in exchange.judgement.values:
        return None
    refused = exchange.answer.status == BAD_REQUEST
    return ("a request without workspace_id is refused with 400",) if refused else ()


def _leaves_out_workspace(exchange: Exchange, target: Target) -> bool:
    return (
        exchange.operation_id == _RUNS
        and target.workspace_id is not None
        and "workspace_id" not in exchange.judgement.values
    )


INVARIANTS: Final[Mapping[str, Invariant]] = {
    "A-status-documented": _status_documented,
    "A-server-error": _server_error,
    "A-content-type": _content_type,
    "A-json": _json,
    "A-envelope-shape": _envelope_shape,
    "A-envelope-status": _envelope_status,
    "A-header-map": _header_map,
    "A-nodes-shape": _nodes_shape,
    "A-error-shape": _error_shape,
    "A-request-id": _request_id,
    "A-allow-header": _allow_header,
    "B-body-json": _body_json,
    "B-page-shape": _page_shape,
    "B-row-shape": _row_shape,
    "B-running-data": _running_data,
    "B-running-param": _running_param,
    "B-success-agrees": _success_agrees,
    "B-message-agrees": _message_agrees,
    "B-total-covers-rows": _total_covers_rows,
    "B-time-unit": _time_unit,
    "B-time-order": _time_order,
    "B-count-range": _count_range,
    "B-force-success": _force_success,
    "B-param-total": _param_total,
    "C-limit-exceeded": _limit_exceeded,
    "C-window-start": _window_start,
    "C-window-end": _window_end,
    "C-rows-of-task": _rows_of_task,
    "C-rows-of-job": _rows_of_job,
    "C-rows-of-workspace": _rows_of_workspace,
    "D-refusal-status": _refusal_of_bad_credentials,
    "D-secret-echo": _secret_echo,
    **{check: _bad_input(kind) for kind, check in _E_CHECKS.items()},
    "E-refusal-status": _refusal_of_bad_input,
    "E-valid-refused": _valid_refused,
    "E-optional-refused": _optional_refused,
}
"""The invariants by the ids of their checks."""


def _envelope(exchange: Exchange) -> Mapping[str, Any] | None:
    document = exchange.answer.document
    if exchange.operation_id != _RUNS or exchange.answer.status != OK or not isinstance(document, dict):
        return None
    return cast("dict[str, Any]", document)


def _says_failure(envelope: Mapping[str, Any]) -> bool:
    """Whether an envelope says that the answer inside it is none of a success: it may be any text then."""
    return whole_number(envelope.get("status_code")) not in {None, OK}


def _page_rows(exchange: Exchange) -> list[object]:
    rows = exchange.answer.page.document.get("rows") if exchange.answer.page else None
    return cast("list[object]", rows) if isinstance(rows, list) else []


def _running(exchange: Exchange, field: str) -> Problems:
    if all(row.get(field) is None for row in exchange.answer.rows):
        return None
    return _inner_violations(exchange, lambda path: path.endswith(f".{field}"))


def _each_row(exchange: Exchange, judge: Callable[[Mapping[str, Any]], Iterable[str]]) -> Problems:
    rows = exchange.answer.rows
    if not rows:
        return None
    found = [f"rows[{index}]: {problem}" for index, row in enumerate(rows) for problem in judge(row)]
    return tuple(found[:_MOST_SHOWN])


def _inner_violations(exchange: Exchange, wanted: Callable[[str], bool]) -> Problems:
    """Violations inside the body string, by their path there; those of a third level by the path of their string."""
    envelope = _envelope(exchange)
    if envelope is None or _says_failure(envelope):
        return None

    def is_wanted(path: str) -> bool:
        outer, *inner = path.split(_INNER)
        return bool(inner) and outer == "$.body" and wanted("$" + inner[0])

    return _violations(exchange, _RUNS, is_wanted)


def _violations(
    exchange: Exchange, operation_id: str, wanted: Callable[[str], bool], *, success: bool = True
) -> Problems:
    """What the levels of an answer break of its schema, if it is an answer of that operation."""
    schema = _schema_of(exchange)
    if schema is None or exchange.operation_id != operation_id or exchange.answer.json_problem is not None:
        return None
    if success != (exchange.answer.status == OK):
        return None
    found = [violation for violation in _judge_levels(exchange, schema) if wanted(_place(violation))]
    return tuple(map(str, found[:_MOST_SHOWN]))


def _place(violation: Violation) -> str:
    """Where a violation belongs: that a body is no JSON belongs to the body, that it is no text to the envelope."""
    is_type = violation.path == "$.body" and "is not of type" in violation.message
    return "$" if is_type else violation.path


def _schema_of(exchange: Exchange) -> Schema | None:
    """The schema of a documented answer below 500; None if there is none to be held to."""
    operation = exchange.judgement.operation
    if operation is None or exchange.answer.status >= _SERVER_ERROR:
        return None
    response = operation.responses.get(str(exchange.answer.status), {})
    return cast("Schema | None", response.get("content", {}).get(_MEDIA_TYPE, {}).get("schema"))


def _judge_levels(exchange: Exchange, schema: Schema) -> tuple[Violation, ...]:
    kept = _kept_violations()
    key = (id(schema), exchange.answer.content)
    if key not in kept:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = _levels().judge(exchange.answer.document, schema)
    return kept[key]


_MOST_KEPT = 64


@cache
def _levels() -> LevelCheck:
    return LevelCheck(load_specification())


@cache
def _kept_violations() -> dict[tuple[int, bytes], tuple[Violation, ...]]:
    """Violations of the latest answers: several checks ask for those of each."""
    return {}
