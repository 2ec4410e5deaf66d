"""What the client makes of each kind of answer, over a real socket and through both faces."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from dataarts_datamap import (
    AuthenticationError,
    BadRequestError,
    DataMapError,
    ErrorBodyError,
    InvalidBodyError,
    InvalidEnvelopeError,
    InvalidResponseError,
    InvalidRowError,
    NotFoundError,
    Operator,
    PermissionDeniedError,
    RateLimitError,
    RowProblemWarning,
    Run,
    ServerError,
    StatusError,
    UnsuccessfulError,
    UpstreamError,
)
from dataarts_datamap._api.error_responses import check_status
from dataarts_datamap._api.show_instance_infos import decode_page
from dataarts_datamap._messages import Request, Response
from support.answers import DOCUMENTED_ANSWER, documented_row, envelope, json_answer, page_body, paged, run_page
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from support.faces import Face

HTML = Answer(b"<html><body>Bad gateway</body></html>", 502, {"Content-Type": "text/html"})
OPERATOR = {"task_id": "937987", "job_name": "ETL_Job_dli2dws", "workspace_id": "b88c445407b24283aa949f9833a38fd8"}


def refusal(face: Face, answer: Answer, **options: Any) -> DataMapError:
    """The error that listing runs ends in."""
    with ScriptedServer(answer) as server, pytest.raises(DataMapError) as caught:
        face.list_runs(server, **options)
    return caught.value


def test_documented_answer(face: Face) -> None:
    """The documented answer, byte for byte, is one run with all its fields."""
    with ScriptedServer(Answer(DOCUMENTED_ANSWER.read_bytes())) as server:
        (run,) = face.list_runs(server)

    assert documented_row() == run.raw
    assert Run.from_raw(documented_row()) == run
    assert "DLI" == run.running_data["type"]
    assert () == run.problems


STATUS_ERRORS = [
    (400, BadRequestError),
    (401, AuthenticationError),
    (403, PermissionDeniedError),
    (404, NotFoundError),
    (418, StatusError),
    (429, RateLimitError),
    (499, StatusError),
    (500, ServerError),
    (503, ServerError),
    (520, ServerError),
]


@pytest.mark.parametrize(("status", "kind"), STATUS_ERRORS)
def test_error_status(face: Face, status: int, kind: type[StatusError]) -> None:
    """An HTTP status of 400 or more raises the error of that status, with code, text and request id."""
    document = {"error_code": "DLG.0001", "error_msg": "no", "request_id": "in-body"}
    error = refusal(face, json_answer(document, status=status))

    assert kind is type(error)
    assert (status, "DLG.0001", "no", "in-body") == (
        error.status,
        error.error_code,
        error.error_message,
        error.request_id,
    )
    assert document == json.loads(error.raw or "")
    attempts = {429: 12, 500: 4, 503: 4}.get(status, 1)
    assert ("GET", attempts) == (error.method, error.attempts)
    assert error.path is not None
    assert error.path.endswith("/datamap/node/937987/instances")
    assert error.elapsed is not None
    assert 0 < error.elapsed < 60


ERROR_SHAPES: list[tuple[object, str | None, str | None]] = [
    ({"error_code": "A.1", "error_msg": "no"}, "A.1", "no"),
    ({"errorCode": "A.1", "errorMsg": "no"}, "A.1", "no"),
    ({"errorCode": "A.1", "errorMessage": "no"}, "A.1", "no"),
    ({"errCode": "A.1", "externalMessage": "no"}, "A.1", "no"),
    ({"code": 401, "message": "no"}, "401", "no"),
    ({"error": {"code": 401, "message": "no", "title": "Unauthorized"}}, "401", "no"),
    ({"error_code": "A.1"}, "A.1", None),
    ({"error_msg": "no"}, None, "no"),
    ({"error_code": "A.1", "message": "no"}, "A.1", "no"),
    ({"errorCode": "A.1"}, "A.1", None),
    ({"error": "no"}, None, "no"),
]


@pytest.mark.parametrize(("document", "code", "message"), ERROR_SHAPES)
def test_error_shape(face: Face, document: object, code: str | None, message: str | None) -> None:
    """Code and text are found in each shape in which the service, its siblings, the gateway and IAM tell an error."""
    error = refusal(face, json_answer(document, status=401))

    assert (code, message) == (error.error_code, error.error_message)


@pytest.mark.parametrize("content", [b"", b"<html>no</html>", b"[1]", b"null", b'{"error_code":', b"\xff\xfe"])
def test_error_status_without_error_body(face: Face, content: bytes) -> None:
    """An HTTP error whose content is not an error body is the same error, with the text at hand."""
    error = refusal(face, Answer(content, 500, {"Content-Type": "text/html"}))

    assert ServerError is type(error)
    assert error.error_code is None
    assert content.decode(errors="replace") == error.raw
    assert len(str(error)) < 300


def test_request_id_of_header_goes_first(face: Face) -> None:
    """The request id of the header is the one that support asks for."""
    answer = json_answer(
        {"error_code": "A", "error_msg": "b", "request_id": "in-body"}, status=400, X_Request_Id="in-header"
    )

    assert "in-header" == refusal(face, answer).request_id


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("9" * 400, 3155760000.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("3", 3.0),
        ("Thu, 11 Jan 2024 01:29:32 GMT", 10.0),
        ("Thu, 11 Jan 2024 01:29:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3155760000.0),
        ("soon", None),
    ],
)
def test_retry_after(face: Face, sent: str, seconds: float | None) -> None:
    """Retry-After is told in seconds, a date counted from the answer's own date."""
    answer = Answer(b"{}", 429, {"Retry-After": sent, "Date": "Thu, 11 Jan 2024 01:29:22 GMT"})

    assert seconds == refusal(face, answer).retry_after


@pytest.mark.parametrize("status", [201, 204, 206, 302, 304])
def test_undescribed_status(face: Face, status: int) -> None:
    """An HTTP status below 400 that is not 200 is no success."""
    content = b"" if status in {204, 304} else DOCUMENTED_ANSWER.read_bytes()

    assert InvalidEnvelopeError is type(refusal(face, Answer(content, status, {"Location": "/elsewhere"})))


def test_error_body_inside_200(face: Face) -> None:
    """An error body inside HTTP 200 raises its own error."""
    error = refusal(face, json_answer({"error_code": "DLF.0100", "error_msg": "no such job"}))

    assert (ErrorBodyError, 200, "DLF.0100") == (type(error), error.status, error.error_code)
    assert "no such job" in str(error)


def test_error_body_inside_body(face: Face) -> None:
    """An error body inside the body string raises the same error."""
    error = refusal(face, envelope(json.dumps({"error_code": "DLF.0100", "error_msg": "no such job"})))

    assert (ErrorBodyError, "DLF.0100") == (type(error), error.error_code)


@pytest.mark.parametrize(
    "answer",
    [
        envelope(json.dumps(page_body(error_code="DLF.0100", error_msg="no such job"))),
        envelope(json.dumps(page_body(error={"code": "DLF.0100", "message": "no such job"}))),
        envelope(json.dumps(page_body({}, error={"error_code": "DLF.0100", "error_msg": "no such job"}))),
        json_answer(
            {"status_code": 200, "body": json.dumps(page_body()), "error_code": "DLF.0100", "error_msg": "no such job"}
        ),
        json_answer(
            {
                "status_code": 200,
                "body": json.dumps(page_body()),
                "error_code": "DLF.0100",
                "error_msg": "no such job",
                "trace": "cut inside an emoji: \ud83d",
            }
        ),
    ],
)
def test_error_beside_rows(face: Face, answer: Answer) -> None:
    """An error code beside rows or beside a body is an error all the same."""
    error = refusal(face, answer)

    assert (ErrorBodyError, "DLF.0100", "no such job") == (type(error), error.error_code, error.error_message)


@pytest.mark.parametrize("text", ["no such job", "订单", "0"])
@pytest.mark.parametrize("rows", [(), ({"status": "success"},)])
def test_error_text_beside_rows(face: Face, rows: tuple[dict[str, str], ...], text: str) -> None:
    """An error's text without a code is one, too."""
    error = refusal(face, envelope(json.dumps(page_body(*rows, error_msg=text))))

    assert (ErrorBodyError, text) == (type(error), error.error_message)


@pytest.mark.parametrize("odd", [{"error": None}, {"error": {}}, {"error_msg": ""}, {"error_code": 0}])
def test_no_error_beside_rows(face: Face, odd: dict[str, object]) -> None:
    """What stands for no error beside rows is none."""
    with ScriptedServer(envelope(json.dumps(page_body({"taskRunningLogId": 1}, **odd)))) as server:
        assert [Run(run_id=1)] == face.list_runs(server)


@pytest.mark.parametrize("total", [0, 0.0])
def test_failure_that_only_the_message_tells(face: Face, total: float) -> None:
    """A body without rows, without success and with another message than success is no empty page."""
    error = refusal(face, envelope(json.dumps({"rows": [], "total": total, "msg": "failed: timeout"})))

    assert (UnsuccessfulError, "failed: timeout") == (type(error), error.error_message)


@pytest.mark.parametrize(
    "body", [None, "", "upstream is down", '{"error_code":"DLF.1","error_msg":"down"}', json.dumps(page_body())]
)
def test_envelope_status(face: Face, body: str | None) -> None:
    """An envelope whose status_code is not 200 raises its own error, whatever its body is."""
    error = refusal(face, envelope(body, status_code=500))

    assert isinstance(error, UpstreamError)
    assert (500, 200) == (error.upstream_status, error.status)
    assert ("DLF.1" if body and "DLF.1" in body else None) == error.error_code


def test_unsuccessful(face: Face) -> None:
    """A body that says success: false raises its own error, with rows or without."""
    for body in ({"success": False, "msg": "scheduler is busy"}, page_body(success=False, msg="scheduler is busy")):
        error = refusal(face, envelope(json.dumps(body)))

        assert (UnsuccessfulError, "scheduler is busy") == (type(error), error.error_message)
        assert json.dumps(body) == error.raw


BROKEN_BODIES: list[tuple[object, str]] = [
    (None, "the envelope's body is null"),
    ({"rows": []}, "the envelope's body is an object"),
    ([], "the envelope's body is a list"),
    (5, "the envelope's body is a number"),
    ("", "the body is empty"),
    ("oops", "the body is not JSON"),
    ("{", "the body is not JSON"),
    ('{"rows": NaN}', "the body is not JSON"),
    ("[" * 500_000, "nested too deeply"),  # deeper than 3.14 reads
    ("null", "the body is null"),
    ("[]", "the body is a list"),
    ('"text"', "the body is text"),
    ('{"total": 0}', "the body has no rows"),
    ('{"rows": null, "total": 0}', "the body's rows are null"),
    ('{"rows": {}, "total": 0}', "the body's rows are an object"),
    ('{"rows": [null], "total": 1}', "row 0 is null"),
    ('{"rows": [{}, []], "total": 2}', "row 1 is a list"),
    ('{"rows": [], "success": "false"}', "the body's success is text"),
    ('{"rows": [], "success": 0}', "the body's success is a number"),
]


@pytest.mark.parametrize(("body", "problem"), BROKEN_BODIES)
def test_broken_body(face: Face, body: object, problem: str) -> None:
    """A body that is no page of rows raises, says what it is instead, and has the text at hand."""
    error = refusal(face, envelope(body))

    assert InvalidBodyError is type(error)
    assert problem in str(error)
    assert error.raw


BROKEN_ENVELOPES = [
    b"",
    b"<html>Welcome</html>",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"body": "{}"}',
    b'{"status_code": "200", "body": "{}"}',
    b'{"status_code": null, "body": "{}"}',
    b'{"status_code": true, "body": "{}"}',
    b'{"status_code": 200, "body": "{}"',
    b'{"status_code": 200, "body": "\xff"}',
    b"\xef\xbb\xbf{}",
    b'{"status_code": 1e308, "body": "{}"}',
    b'{"status_code": -1e999, "body": "{}"}',
    b'{"status_code": %s, "body": "{}"}' % (b"9" * 4000),
    b'{"status_code": %s, "body": "{}"}' % (b"9" * 5000),
    b"[" * 10_000,
]


@pytest.mark.parametrize("content", BROKEN_ENVELOPES, ids=range(len(BROKEN_ENVELOPES)))
def test_broken_envelope(face: Face, content: bytes) -> None:
    """HTTP 200 without a readable envelope is no success."""
    error = refusal(face, Answer(content))

    assert InvalidEnvelopeError is type(error)
    assert content.decode(errors="replace") == error.raw


UNREADABLE_ENVELOPES = [
    (b'{"status_code": "x"', "the response is not JSON: "),
    (b'{"body": null, "status_code": 200', "the response is not JSON: "),
    (b'{"body": [' + b"1," * 999, "the response is not JSON: "),
    (b'{"status_code": "x", "body": "\\ud83d"', "the response is not JSON: "),
    (b'{"body": ' * 500_000, "the response is nested too deeply"),  # deeper than 3.14 reads
    (b"[" * 500_000 + b"]" * 500_000, "the response is nested too deeply"),
    (b'{"status_code": 200, "body": "\\ud83d", "new": ' + b"[" * 500_000, "the response is nested too deeply"),
    (b"[]", "the response is JSON, but not an object"),
    (b"null", "the response is JSON, but not an object"),
]


@pytest.mark.parametrize(("content", "problem"), UNREADABLE_ENVELOPES, ids=range(len(UNREADABLE_ENVELOPES)))
def test_unreadable_envelope(face: Face, content: bytes, problem: str) -> None:
    """What is cut off is not JSON, what is nested too deeply is called that, and only what is JSON is called JSON."""
    error = refusal(face, Answer(content))

    assert InvalidEnvelopeError is type(error)
    assert str(error).startswith(problem)
    assert error.raw


def deepest_decoded() -> int:
    """The depth of the deepest list that this Python decodes here: from about a thousand up to tens of thousands."""
    decoded, refused = 1, 500_000
    while refused - decoded > 1:
        depth = (decoded + refused) // 2
        try:
            msgspec.json.decode(b"[" * depth + b"]" * depth)
        except RecursionError:
            refused = depth
        else:
            decoded = depth
    return decoded


def test_message_that_can_be_decoded_but_not_encoded() -> None:
    """An error body has its error, however deep its message is: also at the depths that only decoding can take."""
    request = Request(method="GET", endpoint="https://127.0.0.1", path="/")
    deepest = deepest_decoded()
    for depth in range(deepest - 50, deepest + 1):
        content = b'{"error_code": "DLM.1", "error_msg": %s}' % (b"[" * depth + b"]" * depth)
        with pytest.raises(ServerError) as caught:
            check_status(Response(request=request, status=500, headers={}, content=content))

        assert 500 == caught.value.status


def test_missing_body(face: Face) -> None:
    """An envelope without a body says so."""
    error = refusal(face, json_answer({"status_code": 200}))

    assert InvalidBodyError is type(error)
    assert "the envelope has no body" in str(error)


def test_numbers_as_json_has_them(face: Face) -> None:
    """A number is an integer however it is written, since JSON does not tell 1 from 1.0."""
    row = '{"planTime":1.705248E12,"taskId":937987.0}'
    body = f'{{"rows":[{row}],"total":1.0,"success":true}}'
    with ScriptedServer(envelope(body, status_code=200.0)) as server:
        (run,) = face.list_runs(server)

    assert Run.from_raw({"planTime": 1705248000000, "taskId": 937987}) == run
    assert () == run.problems


@pytest.mark.parametrize("total", ["1", -1, True, 1.5, [], 2**63, 10**4000, 1e308])
def test_odd_total(face: Face, total: object) -> None:
    """A total of an unexpected type does not fail the page: it counts as not told, with a warning."""
    with (
        ScriptedServer(run_page({"taskRunningLogId": 1}, total=total), run_page()) as server,
        pytest.warns(RowProblemWarning, match="total"),
    ):
        runs = face.list_runs(server)

    assert [Run(run_id=1)] == runs


def test_one_warning_per_walk(face: Face) -> None:
    """Rows with fields of unexpected types on several pages are warned of once."""
    rows = [{"taskRunningLogId": number, "planTime": "soon"} for number in range(1, 26)]
    with ScriptedServer(paged(*rows)) as server, pytest.warns(RowProblemWarning) as warned:
        runs = face.list_runs(server, page_size=10)

    assert list(range(1, 26)) == [run.run_id for run in runs]
    assert 1 == len(warned)
    assert "plan_time (sent as planTime)" in str(warned[0].message)
    assert "faces.py" in warned[0].filename


def test_strict(face: Face) -> None:
    """With strict, a field of an unexpected type raises, and the text names row and field."""
    error = refusal(face, run_page({}, {"planTime": "soon"}), strict=True)

    assert InvalidRowError is type(error)
    assert "row 1: plan_time (sent as planTime)" in str(error)


def test_strict_takes_a_healthy_page(face: Face) -> None:
    """With strict, a healthy page is read as ever."""
    with ScriptedServer(run_page(documented_row())) as server:
        assert [Run.from_raw(documented_row())] == face.list_runs(server, strict=True)


def test_operators(face: Face) -> None:
    """Operators come in the order of the answer."""
    with ScriptedServer(json_answer([OPERATOR, {"task_id": "1", "job_name": "订单 📊", "extra": 1}])) as server:
        operators = face.list_operators(server)

    assert [Operator(**OPERATOR), Operator(task_id="1", job_name="订单 📊")] == operators


@pytest.mark.parametrize(
    "document",
    [
        {},
        None,
        "x",
        {"rows": []},
        [None],
        [[]],
        [{}],
        [{"task_id": "1"}],
        [{"task_id": "1", "job_name": None}],
        [{"task_id": "../1", "job_name": "a"}],
    ],
)
def test_broken_operators(face: Face, document: object) -> None:
    """An answer that is no list of operators is no success."""
    with ScriptedServer(json_answer(document)) as server, pytest.raises(InvalidResponseError):
        face.list_operators(server)


def test_operators_are_as_lenient_as_rows(face: Face) -> None:
    """A task id can be a number, as it is in rows, and an empty workspace is none."""
    with ScriptedServer(json_answer([{"task_id": 937987, "job_name": "a", "workspace_id": ""}])) as server:
        assert [Operator(task_id="937987", job_name="a")] == face.list_operators(server)


def test_operators_error_inside_200(face: Face) -> None:
    """An error body inside HTTP 200 raises its own error here, too."""
    with ScriptedServer(json_answer({"error_code": "A", "error_msg": "b"})) as server, pytest.raises(ErrorBodyError):
        face.list_operators(server)


@pytest.mark.parametrize("unknown", ["9" * 5000, "1e999"])
def test_unknown_field_that_cannot_be_decoded(face: Face, unknown: str) -> None:
    """A field that nobody knows can be what it likes; who asks for raw finds None there, and the problem."""
    with ScriptedServer(envelope(f'{{"rows":[{{"status":"success","unknown":{unknown}}}],"total":1}}')) as server:
        (run,) = face.list_runs(server)

    assert "success" == run.status
    assert {"status": "success", "unknown": None} == run.raw
    assert ["unknown"] == [problem.field for problem in run.problems]


def test_gateway_page(face: Face) -> None:
    """HTML from a gateway is told as the status that it has."""
    error = refusal(face, HTML)

    assert (ServerError, 502) == (type(error), error.status)
    assert "<html><body>Bad gateway</body></html>" in str(error)


def test_one_emoji_does_not_make_a_page_four_times_as_large() -> None:
    """Runs keep the response as it came, and no text of it; their rows as sent are the same."""
    rows = [{**documented_row(), "taskRunningLogId": number} for number in range(200)]
    rows[0]["taskName"] = "订单📊"
    body = json.dumps(page_body(*rows), ensure_ascii=False)
    content = json.dumps({"status_code": 200, "body": body}, ensure_ascii=False).encode()
    response = Response(
        request=Request(method="GET", endpoint="https://example.com", path="/"), status=200, headers={}, content=content
    )
    tracemalloc.start()
    page = decode_page(response, offset=0)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 4 * len(content)
    assert rows == [run.raw for run in page.runs]
