"""From the bytes of an answer to operators and runs, or to the error that says why not.

A healthy answer takes the short way: one strict pass for the envelope, one for the body. Only an answer that fails it
is read again, without types, to find out what it is instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, cast

from msgspec import Meta, Struct, ValidationError, json

from dataarts_datamap._api.page_text import attach_page
from dataarts_datamap._arguments import path_segment, query_text
from dataarts_datamap._errors import (
    ErrorBodyError,
    InvalidBodyError,
    InvalidEnvelopeError,
    InvalidRowError,
    UnsuccessfulError,
    UpstreamError,
)
from dataarts_datamap._models import Operator, Run, RunPage, convert_json
from dataarts_datamap._refusals import (
    UNREADABLE,
    Told,
    check_status,
    error_about,
    find_error,
    reason_of,
    text_or_none,
    try_decode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap._messages import Response

_OK: Final = 200

_Total: TypeAlias = Annotated[int, Meta(ge=0)]


class _Envelope(Struct):
    status_code: int
    body: str
    error_code: Any = None


class _Body(Struct):
    rows: list[Run]
    total: _Total | None = None
    success: bool | None = None
    msg: str | None = None
    error_code: Any = None


class _Operator(Struct):
    task_id: int | str
    job_name: str
    workspace_id: str | None = None


_ENVELOPE_DECODER: Final = json.Decoder(_Envelope)
_BODY_DECODER: Final = json.Decoder(_Body)
_OPERATORS_DECODER: Final = json.Decoder(list[_Operator])


def decode_operators(response: Response) -> list[Operator]:
    """The operators of a ShowNodes answer.

    Raises:
        StatusError: The HTTP status is 400 or more.
        ErrorBodyError: HTTP 200 carries an error body.
        InvalidEnvelopeError: The HTTP status is neither, or the answer is no list of operators.
    """
    check_status(response)
    try:
        return [_checked_operator(sent) for sent in _OPERATORS_DECODER.decode(response.content)]
    except UNREADABLE as error:  # an id that cannot be asked with is a ValueError, too
        reason = reason_of(error)
    told = find_error(try_decode(response.content))
    if told is not None:
        raise error_about(ErrorBodyError, "HTTP 200 carries an error", response, told)
    raise error_about(InvalidEnvelopeError, f"the answer is no list of operators: {reason}", response)


def decode_page(response: Response, *, offset: int, strict: bool = False) -> RunPage:
    """The page of runs of a ShowInstanceInfos answer, checked at each level.

    Args:
        response: The answer.
        offset: The offset that was asked for.
        strict: Whether a field of an unexpected type is an error.

    Raises:
        StatusError: The HTTP status is 400 or more.
        ErrorBodyError: HTTP 200 carries an error body.
        UpstreamError: The envelope's own status is not 200.
        UnsuccessfulError: The body says that it failed.
        InvalidEnvelopeError: The outer document is not an envelope.
        InvalidBodyError: The document inside is no page of rows.
        InvalidRowError: With ``strict``, a field has an unexpected type.
    """
    text = open_page(response)
    try:
        body = _BODY_DECODER.decode(text)
    except UNREADABLE:
        return _decode_body_tolerantly(response, text, offset=offset, strict=strict)
    if body.error_code:
        return _decode_body_tolerantly(response, text, offset=offset, strict=strict)
    if body.success is False:
        raise _unsuccessful(response, text, body.msg)
    if body.success is None and not body.rows:
        _refuse_failure_message(response, text, body.msg)
    attach_page(body.rows, text)
    return RunPage(runs=tuple(body.rows), total=body.total, message=body.msg, offset=offset)


def open_page(response: Response) -> str:
    """The document inside of a ShowInstanceInfos answer, not decoded yet.

    Raises:
        StatusError: The HTTP status is 400 or more.
        ErrorBodyError: HTTP 200 carries an error body.
        UpstreamError: The envelope's own status is not 200.
        InvalidEnvelopeError: The outer document is not an envelope.
        InvalidBodyError: It holds no text.
    """
    check_status(response)
    return _open_envelope(response)


def _open_envelope(response: Response) -> str:
    """The body string of a good envelope."""
    try:
        envelope = _ENVELOPE_DECODER.decode(response.content)
    except ValidationError:
        return _open_odd_envelope(response)
    except UNREADABLE as error:
        raise error_about(InvalidEnvelopeError, f"the answer is not JSON: {reason_of(error)}", response) from None
    if envelope.status_code != _OK:
        raise _upstream_error(response, envelope.status_code, envelope.body)
    if envelope.error_code:
        told = find_error(try_decode(response.content)) or Told()
        raise error_about(ErrorBodyError, "HTTP 200 carries an error", response, told)
    return envelope.body


def _open_odd_envelope(response: Response) -> str:
    """The body string of an envelope that is JSON, but not quite what was expected."""
    document = try_decode(response.content)
    if not isinstance(document, dict):
        raise error_about(InvalidEnvelopeError, "the answer is JSON, but no object", response)
    envelope = cast("dict[str, object]", document)
    status, body, told = envelope.get("status_code"), envelope.get("body"), find_error(envelope)
    try:
        status = convert_json(status, int)
    except ValidationError as error:
        if told is not None:
            raise error_about(ErrorBodyError, "HTTP 200 carries an error", response, told) from None
        raise error_about(InvalidEnvelopeError, f"the envelope's status_code: {error}", response) from None
    if status != _OK:
        raise _upstream_error(response, status, body)
    if not isinstance(body, str):
        problem = (
            f"the envelope's body is {_kind(body)}, not text" if "body" in envelope else "the envelope has no body"
        )
        raise error_about(InvalidBodyError, problem, response)
    return body


def _decode_body_tolerantly(response: Response, text: str, *, offset: int, strict: bool) -> RunPage:
    body = _decode_body(response, text)
    rows = _rows_of(response, text, body)
    if body.get("success") is None and not rows:
        _refuse_failure_message(response, text, text_or_none(body.get("msg")))
    runs = tuple(map(Run.from_raw, rows))
    problems = [f"row {index}: {problem}" for index, run in enumerate(runs) for problem in run.problems]
    total = _lenient(body, "total", _Total, problems)
    message = _lenient(body, "msg", str, problems)
    if strict and problems:
        raise error_about(
            InvalidRowError, f"unexpected types, {len(problems)} in all; {problems[0]}", response, raw=text
        )
    return RunPage(runs=runs, total=total, message=message, offset=offset, problems=tuple(problems))


def _decode_body(response: Response, text: str) -> dict[str, object]:
    """The body as an object that does not say that it failed."""
    try:
        document = json.decode(text)
    except UNREADABLE as error:
        problem = f"the body is not JSON: {reason_of(error)}" if text else "the body is empty"
        raise error_about(InvalidBodyError, problem, response, raw=text or None) from None
    if not isinstance(document, dict):
        raise error_about(InvalidBodyError, f"the body is {_kind(document)}, not an object", response, raw=text)
    body = cast("dict[str, object]", document)
    success = body.get("success")
    if success is False:
        message = body.get("msg")
        raise _unsuccessful(response, text, message if isinstance(message, str) else None)
    if success is not None and not isinstance(success, bool):
        raise error_about(
            InvalidBodyError, f"the body's success is {_kind(success)}, not a boolean", response, raw=text
        )
    return body


def _rows_of(response: Response, text: str, body: Mapping[str, object]) -> list[dict[str, Any]]:
    rows = body.get("rows")
    told = find_error(body)
    if told is not None and (body.get("error_code") or not isinstance(rows, list)):
        raise error_about(ErrorBodyError, "HTTP 200 carries an error in its body", response, told, raw=text)
    if not isinstance(rows, list):
        problem = f"the body's rows are {_kind(rows)}, not a list" if "rows" in body else "the body has no rows"
        raise error_about(InvalidBodyError, problem, response, raw=text)
    for index, row in enumerate(cast("list[object]", rows)):
        if not isinstance(row, dict):
            raise error_about(InvalidBodyError, f"row {index} is {_kind(row)}, not an object", response, raw=text)
    return cast("list[dict[str, Any]]", rows)


def _lenient(body: Mapping[str, object], name: str, type_: Any, problems: list[str]) -> Any:  # noqa: ANN401
    try:
        return convert_json(body.get(name), type_ | None)
    except ValidationError as error:
        problems.append(f"{name}: {error}")
        return None


def _checked_operator(sent: _Operator) -> Operator:
    """The operator, if its runs can be asked for; an empty workspace is none."""
    task_id, job_name = path_segment("task_id", str(sent.task_id)), query_text("job_name", sent.job_name)
    return Operator(task_id=task_id, job_name=job_name, workspace_id=sent.workspace_id or None)


def _refuse_failure_message(response: Response, text: str, message: str | None) -> None:
    if message not in (None, "", "success"):
        problem = "the body has no rows and does not say success"
        raise error_about(UnsuccessfulError, problem, response, Told(message=message), raw=text)


def _upstream_error(response: Response, status: int, body: object) -> UpstreamError:
    text = body if isinstance(body, str) else response.text
    told = find_error(try_decode(text)) or Told(message=text)
    error = error_about(UpstreamError, f"HTTP 200 around status_code {status}", response, told, raw=text)
    error.upstream_status = status
    return error


def _unsuccessful(response: Response, text: str, message: str | None) -> UnsuccessfulError:
    return error_about(UnsuccessfulError, "the body says success: false", response, Told(message=message), raw=text)


def _kind(value: object) -> str:
    """What JSON calls a value of this type."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
