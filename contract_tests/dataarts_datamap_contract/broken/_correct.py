"""Servers that differ from the reference in what the documentation leaves open: none of them may fail."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract.broken._caller import MAX_TIME
from dataarts_datamap_contract.broken._seams import (
    MOST,
    Answer,
    Document,
    Pairs,
    Perform,
    Seam,
    Values,
    Wrap,
    before_app,
    compact,
    cut,
    fresh,
    on_arguments,
    on_body,
    on_document,
    on_envelope,
    on_field,
    on_listing,
    on_operators,
    on_page,
    on_parameter,
    on_query,
    on_refusal,
    on_row,
    on_whole,
    on_wire,
    refusal_document,
    refuse_on,
    whole,
    write,
)
from dataarts_datamap_contract.broken._server import CorrectServer
from dataarts_datamap_contract.mock._web.responses import RefusalError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataarts_datamap_contract.broken._caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_CAP = 100
_CHUNK = 700
_QUOTA = 20
_HTML = b"<html><body><h1>405 Not Allowed</h1><hr>gateway</body></html>"


def _by_pages(perform: Perform, values: Values) -> Document:
    """Offset counts pages, the first of which is page 0."""
    return perform({**values, "offset": min(int(values["offset"]) * int(values["limit"]), MOST)})


def _window(column: str, *, open_start: bool = False, open_end: bool = False) -> Seam:
    """A window on another time, or without one of its ends, or both."""

    def answer(perform: Perform, values: Values) -> Document:
        start, end = int(values["start_time"]) + open_start, int(values["end_time"]) - open_end
        everything = whole(perform, values, start_time=0, end_time=MAX_TIME)
        rows = [row for row in everything["rows"] if start <= row[column] <= end]
        return {**everything, "rows": cut(rows, values), "total": len(rows)}

    return on_listing(answer)


def _growing() -> Seam:
    """A run more at each request, planned after the present: a window of the past stays as it is."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        present = int((config.now or config.clock()).timestamp()) * 1_000
        added: list[Document] = []

        def answer(perform: Perform, values: Values) -> Document:
            everything = whole(perform, values)
            if int(values["end_time"]) > present and everything["rows"]:
                newest = everything["rows"][0]
                added.insert(0, {**newest, "planTime": present + len(added), "taskRunningLogId": MOST + len(added)})
            new = [
                {**row, "jobName": values["job_name"]} for row in added if row["planTime"] <= int(values["end_time"])
            ]
            rows = [*(new if everything["rows"] else []), *everything["rows"]]
            return {**everything, "rows": cut(rows, values), "total": len(rows)}

        return on_listing(answer).alter(operation, config)

    return Seam(alter)


def _no_such_operator(perform: Perform, values: Values) -> Document:
    page = whole(perform, values, start_time=0, end_time=MAX_TIME, limit=1)
    if not page["total"]:
        raise RefusalError(404, "DLF.0100", "The job does not exist")
    return perform(values)


def _sibling_refusal(perform: Perform, values: Values) -> Document:
    page = whole(perform, values, start_time=0, end_time=MAX_TIME, limit=1)
    if not page["total"]:
        raise RefusalError(400, "DLF.0100", "The job does not exist")
    return perform(values)


def _lenient(text: str) -> str:
    """Integers as a reader of decimal numbers takes them."""
    whole_part, point, fraction = text.partition(".")
    return whole_part if point and whole_part.isdecimal() and set(fraction) == {"0"} else text


def _last_of_each(pairs: Pairs) -> Pairs:
    """Of a parameter that is sent twice, the last."""
    return list(dict(pairs).items())


def _is_reversed(pairs: Pairs) -> bool:
    values = dict(pairs)
    start, end = values.get("start_time", ""), values.get("end_time", "")
    return start.isdecimal() and end.isdecimal() and MAX_TIME >= int(start) > int(end)


def _method_not_allowed(scope: Scope) -> Answer | None:
    if scope["method"] == "GET":
        return None
    answer = fresh(405, _HTML if scope["method"] != "HEAD" else b"", "text/html")
    return replace(answer, headers={**answer.headers, "allow": "GET"})


def _no_such_method(scope: Scope) -> Answer | None:
    return None if scope["method"] == "GET" else fresh(404, b"404 page not found\n", "text/plain; charset=utf-8")


def _in_chunks(app: ASGIApp) -> ASGIApp:
    async def chunked(scope: Scope, receive: Receive, send: Send) -> None:
        async def split(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                await send({**message, "headers": fields})
                return
            body: bytes = message.get("body", b"")
            for start in range(0, len(body), _CHUNK):
                await send({"type": "http.response.body", "body": body[start : start + _CHUNK], "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        await app(scope, receive, split)

    return chunked


def _zipped(scope: Scope, answer: Answer) -> Answer:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    if b"gzip" not in accepted or scope["method"] == "HEAD":
        return answer
    return write(answer, gzip.compress(answer.body), content_encoding="gzip", vary="Accept-Encoding")


def _closing(_: Scope, answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "connection": "close"})


def _extra(document: Document) -> Document:
    return {**document, "trace_id": "8080d377bffeb6d5", "extension": {"version": 2, "labels": [None]}}


def _ascii(document: bytes) -> bytes:
    return json.dumps(json.loads(document)).encode()


def _spacious(body: str) -> str:
    return "\n " + json.dumps(json.loads(body), ensure_ascii=False, indent=2) + "\n"


def _sparse(row: Document) -> Document:
    """A row without what nobody knows of it."""
    return {name: value for name, value in row.items() if value not in (None, -1, "")}


def _quota() -> Wrap:
    """Twenty requests, then a 429, and again."""

    def wrap(app: ASGIApp) -> ASGIApp:
        count = iter(range(1, MOST))

        async def throttled(scope: Scope, receive: Receive, send: Send) -> None:
            if next(count) % _QUOTA:
                await app(scope, receive, send)
                return
            body = compact({"error_msg": "The throttling threshold has been reached", "error_code": "APIGW.0308"})
            fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 429, "headers": [*fields, (b"retry-after", b"0")]})
            await send({"type": "http.response.body", "body": body.encode()})

        return throttled

    return wrap


def _keys_first(body: str) -> str:
    page = json.loads(body)
    rows = [dict(sorted(row.items(), reverse=True)) for row in page["rows"]]
    return compact({"total": page["total"], "success": True, "rows": rows, "msg": page["msg"]})


def _first(caller: Caller) -> Document:
    row: Document = caller.rows()[0]
    return row


def _plans(caller: Caller, **parameters: int) -> list[int]:
    return [row["planTime"] for row in caller.rows(**parameters)]


CORRECT_SERVERS = (
    CorrectServer(
        name="offset-in-pages",
        difference="offset counts pages, as the scheduler's own list APIs do",
        seam=on_listing(_by_pages),
        target={"offset_unit": "pages"},
        shown=lambda caller: caller.run_ids(offset=1, limit=5) == caller.run_ids(limit=10)[5:],
    ),
    CorrectServer(
        name="oldest-first",
        difference="runs come oldest first: no order is documented",
        seam=on_whole(lambda rows, _: rows[::-1]),
        shown=lambda caller: _plans(caller)[0] < _plans(caller)[-1],
    ),
    CorrectServer(
        name="limit-capped-at-100",
        difference="a page has 100 rows at most, as siblings have",
        seam=on_arguments(lambda values: {**values, "limit": min(int(values["limit"]), _CAP)}),
        shown=lambda caller: len(caller.rows()) == _CAP,
    ),
    CorrectServer(
        name="limit-above-1000-refused",
        difference="a limit above 1,000 is refused with 400, as siblings do",
        seam=refuse_on(
            lambda _, values: any(text.isdecimal() and int(text) > 1_000 for text in values.get("limit", ())),
            RefusalError(400, "DLF.0801", "limit must be in the range of 1 to 1000"),
        ),
        shown=lambda caller: caller.runs(limit=1_001).status == 400,
    ),
    CorrectServer(
        name="window-without-its-end",
        difference="the end does not belong to the window: it is documented nowhere",
        seam=_window("planTime", open_end=True),
        shown=lambda caller: _plans(caller)[3] not in _plans(caller, end_time=_plans(caller)[3]),
    ),
    CorrectServer(
        name="window-without-its-start",
        difference="the start does not belong to the window: it is documented nowhere",
        seam=_window("planTime", open_start=True),
        shown=lambda caller: _plans(caller)[3] not in _plans(caller, start_time=_plans(caller)[3]),
    ),
    CorrectServer(
        name="window-without-both-ends",
        difference="neither end belongs to the window: siblings say greater than and less than",
        seam=_window("planTime", open_start=True, open_end=True),
        shown=lambda caller: not _plans(caller, start_time=_plans(caller)[3], end_time=_plans(caller)[3]),
    ),
    CorrectServer(
        name="window-on-the-start-time",
        difference="the window filters on startTime, as newer siblings say",
        seam=_window("startTime"),
        shown=lambda caller: len(caller.rows(start_time=1)) < len(caller.rows()),
    ),
    CorrectServer(
        name="unknown-operator-not-found",
        difference="an unknown task or job name is answered with 404 instead of an empty page",
        seam=on_listing(_no_such_operator),
        shown=lambda caller: caller.runs(task_id="1").status == 404,
    ),
    CorrectServer(
        name="unknown-operator-refused",
        difference="an unknown task or job name is answered with 400 and a code, as siblings do",
        seam=on_listing(_sibling_refusal),
        shown=lambda caller: caller.runs(job_name="nobody").status == 400,
    ),
    CorrectServer(
        name="unknown-table-empty",
        difference="an unknown table has no operators, and that is no error",
        seam=on_wire(
            lambda scope, answer: (
                write(answer, b"[]", status=200)
                if answer.status == 404 and bytes(scope["raw_path"]).endswith(b"/node") and scope["method"] == "GET"
                else answer
            )
        ),
        shown=lambda caller: caller.nodes("unknown").body == b"[]",
    ),
    CorrectServer(
        name="unknown-project-not-found",
        difference="an unknown project or tenancy is answered with 404 instead of 403",
        seam=on_refusal(lambda answer: replace(answer, status=404), 403),
        shown=lambda caller: caller.runs(project_id="f" * 32).status == 404,
    ),
    CorrectServer(
        name="reversed-window-empty",
        difference="a window that ends before it starts is empty instead of refused",
        seam=on_query(
            lambda pairs: [
                (name, "0" if name == "start_time" else "1")
                if name in ("start_time", "end_time") and _is_reversed(pairs)
                else (name, value)
                for name, value in pairs
            ]
        ),
        shown=lambda caller: caller.runs(start_time=9, end_time=5).status == 200,
    ),
    CorrectServer(
        name="lenient-integers",
        difference="1.0 is taken for 1, as a reader of the documented Number may do",
        seam=on_query(lambda pairs: [(name, _lenient(value)) for name, value in pairs]),
        shown=lambda caller: caller.runs(limit="1.0").status == 200,
    ),
    CorrectServer(
        name="last-of-repeated-parameters",
        difference="of a parameter that is sent twice the last counts: no document says what does",
        seam=on_query(_last_of_each),
        shown=lambda caller: caller.get(caller.runs_target() + "&limit=1").status == 200,
    ),
    CorrectServer(
        name="html-for-undeclared-methods",
        difference="the gateway answers an undeclared method with a page of HTML",
        seam=before_app(_method_not_allowed),
        shown=lambda caller: caller.get(caller.runs_target(), method="POST").body == _HTML,
    ),
    CorrectServer(
        name="undeclared-methods-not-found",
        difference="the gateway answers an undeclared method with a plain 404",
        seam=before_app(_no_such_method),
        shown=lambda caller: caller.get(caller.runs_target(), method="PUT").status == 404,
    ),
    CorrectServer(
        name="unknown-fields-everywhere",
        difference="fields that no document names come with the envelope, the page and each row",
        seam=Seam(
            lambda operation, config: on_envelope(_extra).alter(
                on_page(_extra).alter(on_row(_extra).alter(operation, config), config), config
            )
        ),
        shown=lambda caller: "trace_id" in caller.envelope() and "trace_id" in _first(caller),
    ),
    CorrectServer(
        name="unknown-fields-of-operators",
        difference="fields that no document names come with operators",
        seam=on_operators(lambda operators: [_extra(operator) for operator in operators]),
        shown=lambda caller: "trace_id" in caller.nodes().json()[0],
    ),
    CorrectServer(
        name="errors-with-more-to-say",
        difference="an error has fields beside the documented ones",
        seam=refusal_document(
            lambda error: {**error, "encoded_authorization_message": "QQ==", "data": None}, 400, 401, 403, 404
        ),
        shown=lambda caller: "data" in caller.runs(limit=0).json(),
    ),
    CorrectServer(
        name="header-map-empty",
        difference="header_map is empty: no field of it is documented to come",
        seam=on_envelope(lambda envelope: {**envelope, "header_map": {}}),
        shown=lambda caller: caller.envelope()["header_map"] == {},
    ),
    CorrectServer(
        name="header-map-missing",
        difference="there is no header_map: nothing says that it must come",
        seam=on_envelope(lambda envelope: {"body": envelope["body"], "status_code": envelope["status_code"]}),
        shown=lambda caller: "header_map" not in caller.envelope(),
    ),
    CorrectServer(
        name="body-printed-at-length",
        difference="the body has blanks and newlines in it, as the documented one has",
        seam=on_body(_spacious),
        shown=lambda caller: "\n" in caller.envelope()["body"],
    ),
    CorrectServer(
        name="escaped-unicode",
        difference="text that is not ASCII comes escaped, in the body and around it",
        seam=Seam(
            lambda operation, config: on_document(_ascii, of=operation.operation_id).alter(
                on_body(lambda body: json.dumps(json.loads(body))).alter(operation, config), config
            )
        ),
        shown=lambda caller: b"\\u8ba2" in caller.nodes().body,
    ),
    CorrectServer(
        name="members-in-another-order",
        difference="the members of the page and of its rows come in another order",
        seam=on_body(_keys_first),
        shown=lambda caller: caller.envelope()["body"].startswith('{"total"'),
    ),
    CorrectServer(
        name="sparse-rows",
        difference="a row leaves out what is not known: no field of it is required",
        seam=on_row(_sparse),
        shown=lambda caller: "failCount" not in _first(caller),
    ),
    CorrectServer(
        name="task-id-as-text",
        difference="taskId is text, as ShowNodes has it",
        seam=on_field("taskId", str),
        shown=lambda caller: _first(caller)["taskId"] == "937987",
    ),
    CorrectServer(
        name="forced-success-as-boolean",
        difference="forceSuccess is a boolean, as siblings have it",
        seam=on_field("forceSuccess", bool),
        shown=lambda caller: _first(caller)["forceSuccess"] is False,
    ),
    CorrectServer(
        name="unknown-statuses",
        difference="status has a word that no list names: the set is open",
        seam=on_field("status", lambda status: "archived" if status == "success" else status),
        shown=lambda caller: "archived" in {row["status"] for row in caller.rows()},
    ),
    CorrectServer(
        name="page-without-msg-and-success",
        difference="the page has rows and total only: nothing else of it is required",
        seam=on_page(lambda page: {"rows": page["rows"], "total": page["total"]}),
        shown=lambda caller: set(caller.page()) == {"rows", "total"},
    ),
    CorrectServer(
        name="growing-data",
        difference="runs are added while a walk is under way, outside a window of the past",
        seam=_growing(),
        shown=lambda caller: caller.page()["total"] != caller.page()["total"],
    ),
    CorrectServer(
        name="blank-workspace-finds-nothing",
        difference="a blank workspace_id is taken at its word instead of as absent",
        seam=on_parameter("workspace_id", lambda text: text or "-"),
        shown=lambda caller: caller.rows(workspace_id="") == [],
    ),
    CorrectServer(
        name="chunked",
        difference="answers come in chunks, without a length",
        seam=Seam(wrap=_in_chunks),
        shown=lambda caller: "content-length" not in caller.runs().headers,
    ),
    CorrectServer(
        name="gzip",
        difference="answers are compressed for whoever accepts it",
        seam=on_wire(_zipped),
        shown=lambda caller: "content-encoding" in caller.runs({**caller.headers, "accept-encoding": "gzip"}).headers,
    ),
    CorrectServer(
        name="one-request-a-connection",
        difference="the server closes the connection after each answer",
        seam=on_wire(_closing),
        shown=lambda caller: caller.runs().headers.get("connection") == "close",
    ),
    CorrectServer(
        name="media-type-with-charset",
        difference="the media type names its character set, in capitals",
        seam=on_wire(
            lambda _, answer: replace(
                answer, headers={**answer.headers, "content-type": "application/json;charset=UTF-8"}
            )
        ),
        shown=lambda caller: caller.runs().headers["content-type"].endswith("UTF-8"),
    ),
    CorrectServer(
        name="throttled-now-and-then",
        difference="each twentieth request is answered with 429",
        seam=Seam(wrap=_quota()),
        target={"rate_limit": 100.0},
        shown=lambda caller: 429 in {caller.runs(limit=1).status for _ in range(_QUOTA)},
    ),
)
