"""ShowInstanceInfos: requests for the runs of an operator, and the decoding of their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, cast

from msgspec import Meta, Struct, ValidationError, json

from dataarts_datamap._api.envelope import json_kind, open_page
from dataarts_datamap._api.error_responses import (
    UNREADABLE,
    ErrorDetails,
    build_error,
    parse_error,
    text_or_none,
)
from dataarts_datamap._api.generated_requests import SHOW_INSTANCE_INFOS, UNSET, build_request
from dataarts_datamap._api.lenient_json import decode_any, sound
from dataarts_datamap._api.page_text import attach_page, sound_row
from dataarts_datamap._arguments import identifier, path_segment, query_integer, query_text
from dataarts_datamap._errors import ErrorBodyError, InvalidBodyError, InvalidRowError, UnsuccessfulError
from dataarts_datamap._models.runs import Run, RunPage, convert_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap._messages import Request, Response
    from dataarts_datamap._models.runs import Operator
    from dataarts_datamap._window import Window


def runs_request(  # noqa: PLR0913  the operation has that many parameters
    operator: Operator, window: Window, *, endpoint: str, project_id: str, instance_id: str, offset: int, limit: int
) -> Request:
    check_runs_arguments(operator, limit=limit)
    return build_request(
        SHOW_INSTANCE_INFOS,
        endpoint,
        project_id=path_segment("project_id", project_id),
        task_id=operator.task_id,
        instance=identifier("instance_id", instance_id),
        workspace_id=UNSET if operator.workspace_id is None else operator.workspace_id,
        job_name=operator.job_name,
        start_time=window.start,
        end_time=window.end,
        offset=query_integer("offset", offset, minimum=0),
        limit=limit,
    )


def check_runs_arguments(operator: Operator, *, limit: int) -> None:
    """Refuse arguments that ``runs_request`` would refuse, before project and instance are known."""
    path_segment("task_id", operator.task_id)
    query_text("job_name", operator.job_name)
    if operator.workspace_id is not None:
        identifier("workspace_id", operator.workspace_id)
    query_integer("page_size", limit, minimum=1)


_Total: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Body(Struct):
    rows: list[Run]
    total: _Total | None = None
    success: bool | None = None
    msg: str | None = None
    error_code: Any = None
    error_msg: Any = None
    error: Any = None


_ERRORS: Final = ("error_code", "error_msg", "error")  # each means a failure, even in a body with rows
_BODY_DECODER: Final = json.Decoder(_Body)


def decode_page(response: Response, *, offset: int, strict: bool = False) -> RunPage:
    """The page of runs in a ShowInstanceInfos response, checked at each level.

    Raises:
        StatusError: The HTTP status is 400 or more.
        ErrorBodyError: HTTP 200 carries an error body.
        UpstreamError: The envelope's own status is not 200.
        UnsuccessfulError: The body says ``success: false``; or it has no rows, no ``success``, and a message other than
            ``success``.
        InvalidEnvelopeError: The HTTP status is below 400, but not 200, or the outer document is not an envelope.
        InvalidBodyError: The document inside is missing, or not a page of rows.
        InvalidRowError: With ``strict``, the total, the message or a field of a row has an unexpected type or an
            invalid value.
    """
    text = open_page(response)
    try:
        body = _BODY_DECODER.decode(text)
    except UNREADABLE:
        return _decode_body_tolerantly(response, text, offset=offset, strict=strict)
    if body.error_code or body.error_msg or body.error:
        return _decode_body_tolerantly(response, text, offset=offset, strict=strict)
    if body.success is False:
        raise _unsuccessful(response, text, body.msg)
    if body.success is None and not body.rows:
        _refuse_failure_message(response, text, body.msg)
    attach_page(body.rows, response.content)
    return RunPage(runs=tuple(body.rows), total=body.total, message=body.msg, offset=offset)


def _decode_body_tolerantly(response: Response, text: str, *, offset: int, strict: bool) -> RunPage:
    body = _decode_body(response, text)
    rows = _rows_of(response, text, body)
    if body.get("success") is None and not rows:
        _refuse_failure_message(response, text, text_or_none(sound(body.get("msg"))[0]))
    runs = tuple(map(_tolerant_run, rows))
    problems = [f"row {index}: {problem}" for index, run in enumerate(runs) for problem in run.problems]
    total = _lenient(body, "total", _Total, problems)
    message = _lenient(body, "msg", str, problems)
    if strict and problems:
        problem = f"values of unexpected types: {len(problems)}; {problems[0]}"
        raise build_error(InvalidRowError, problem, response, raw=text)
    return RunPage(runs=runs, total=total, message=message, offset=offset, problems=tuple(problems))


def _tolerant_run(sent: Mapping[str, Any]) -> Run:
    row, unsound = sound_row(sent)
    run = Run.from_raw(row)
    vars(run)["problems"] = (*unsound, *run.problems)
    return run


def _decode_body(response: Response, text: str) -> dict[str, object]:
    """The body, which must be an object whose ``success`` is true, null or missing."""
    try:
        document = decode_any(text)
    except UNREADABLE as error:
        problem = f"the body is not JSON: {error}" if text else "the body is empty"
        if isinstance(error, RecursionError):
            problem = "the body is nested too deeply"
        raise build_error(InvalidBodyError, problem, response, raw=text or None) from None
    if not isinstance(document, dict):
        raise build_error(InvalidBodyError, f"the body is {json_kind(document)}, not an object", response, raw=text)
    body = cast("dict[str, object]", document)
    success = body.get("success")
    if success is False:
        message, _ = sound(body.get("msg"))
        raise _unsuccessful(response, text, message if isinstance(message, str) else None)
    if success is not None and not isinstance(success, bool):
        raise build_error(
            InvalidBodyError, f"the body's success is {json_kind(success)}, not a boolean", response, raw=text
        )
    return body


def _rows_of(response: Response, text: str, body: Mapping[str, object]) -> list[dict[str, Any]]:
    rows = body.get("rows")
    details = parse_error({name: sound(value)[0] for name, value in body.items() if name != "rows"})
    if details is not None and (any(map(body.get, _ERRORS)) or not isinstance(rows, list)):
        raise build_error(ErrorBodyError, "HTTP 200 carries an error in its body", response, details, raw=text)
    if not isinstance(rows, list):
        problem = f"the body's rows are {json_kind(rows)}, not a list" if "rows" in body else "the body has no rows"
        raise build_error(InvalidBodyError, problem, response, raw=text)
    for index, row in enumerate(cast("list[object]", rows)):
        if not isinstance(row, dict):
            raise build_error(InvalidBodyError, f"row {index} is {json_kind(row)}, not an object", response, raw=text)
    return cast("list[dict[str, Any]]", rows)


def _lenient(body: Mapping[str, object], name: str, type_: Any, problems: list[str]) -> Any:  # noqa: ANN401
    value, reason = sound(body.get(name))
    if reason is not None:
        problems.append(f"{name}: {reason}")
    try:
        return convert_json(value, type_ | None)
    except ValidationError as error:
        problems.append(f"{name}: {error}")
        return None


def _refuse_failure_message(response: Response, text: str, message: str | None) -> None:
    if message not in (None, "", "success"):
        problem = "the body has no rows and does not say success"
        raise build_error(UnsuccessfulError, problem, response, ErrorDetails(message=message), raw=text)


def _unsuccessful(response: Response, text: str, message: str | None) -> UnsuccessfulError:
    return build_error(
        UnsuccessfulError, "the body says success: false", response, ErrorDetails(message=message), raw=text
    )
