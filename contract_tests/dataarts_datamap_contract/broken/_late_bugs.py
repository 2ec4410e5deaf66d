"""Bugs of every level that were written after the checks were frozen."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
import struct
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from dataarts_datamap_contract.broken._caller import JOB_NAME, MAX_TIME, Caller
from dataarts_datamap_contract.broken._credential_bugs import alike, data, let_in, own_refusal, seen_before, tampered
from dataarts_datamap_contract.broken._input_bugs import has, when
from dataarts_datamap_contract.broken._paging_bugs import day, named, own_rows, own_total, set_arguments
from dataarts_datamap_contract.broken._seams import (
    MOST,
    NODES,
    Answer,
    Document,
    Pairs,
    Perform,
    Seam,
    Values,
    before_app,
    cut,
    fail_on,
    fresh,
    on_arguments,
    on_body,
    on_credentials,
    on_envelope,
    on_field,
    on_listing,
    on_missing,
    on_operators,
    on_page,
    on_parameter,
    on_query,
    on_refusal,
    on_row,
    on_success,
    on_wire,
    refusal_document,
    refuse_on,
    whole,
    write,
)
from dataarts_datamap_contract.broken._server import BrokenServer
from dataarts_datamap_contract.mock._identity.signature import (
    ALGORITHM,
    DATE_HEADER,
    canonical_request,
    claims_signature,
    read_claim,
)
from dataarts_datamap_contract.mock._web.responses import RefusalError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

OTHER_PROJECT_ID = "1c9d5b7e3f2a48c6a0d4e8b2f6c1a3d5"
"""Another tenant's project, which the suite is told of."""

_HTML = b"<html><body>Welcome</body></html>"
_CHINESE = "订单汇总_日报📊"
_EMOJI_TASK = "941206"
_HOUR = 3_600_000
_CAP = 100


def _is_json(text: str | bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _longer_than_sent(answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "content-length": str(len(answer.body) + 64)})


def _posts_as_gets(app: ASGIApp) -> ASGIApp:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "method": "GET"} if scope["method"] == "POST" else scope, receive, send)

    return served


def _front_page(scope: Scope, answer: Answer) -> Answer:
    unknown = answer.status == 404 and b"APIGW.0101" in answer.body and scope["method"] == "GET"
    return fresh(200, _HTML, "text/html") if unknown else answer


def _unescaped(answer: Answer) -> Answer:
    message: str = answer.json()["error_msg"]
    return write(answer, f'{{"error_msg":"{message}","error_code":"APIGW.0106"}}'.encode())


def _without_allow(answer: Answer) -> Answer:
    return replace(answer, headers={name: value for name, value in answer.headers.items() if name != "allow"})


def _ended_first(row: Document) -> Document:
    if not (row["startTime"] and row["endTime"]):
        return row
    return {**row, "startTime": row["endTime"], "endTime": row["startTime"]}


def _misread(name: str) -> str:
    return name.encode().decode("latin-1")


def _one_more(text: str) -> str:
    parameters = json.loads(text)
    return json.dumps({**parameters, "total": parameters["total"] + 1})


def _text_ids_from_the_second_page(page: Document, values: Values, _: Perform) -> list[Document]:
    rows: list[Document] = page["rows"]
    return [{**row, "taskRunningLogId": str(row["taskRunningLogId"])} for row in rows] if values["offset"] else rows


def _firewall(scope: Scope) -> Answer | None:
    return fresh(403, b"<h1>Request blocked</h1>", "text/html") if b"%3C" in scope["query_string"].upper() else None


def _like_percent(name: str, wanted: str) -> bool:
    pattern = ".*".join(map(re.escape, wanted.split("%")))
    return "%" in wanted and re.fullmatch(pattern, name) is not None


def _like_underscore(name: str, wanted: str) -> bool:
    return re.fullmatch(".".join(map(re.escape, wanted.split("_"))), name) is not None


def _nothing_behind_limit(pairs: Pairs) -> Pairs:
    names = [name for name, _ in pairs]
    return pairs[: names.index("limit") + 1] if "limit" in names else pairs


def _one_run_a_plan(perform: Perform, values: Values) -> Document:
    """Reruns are folded into the run that they repeat, and counted all the same."""
    everything = whole(perform, values)
    rows = list({row["planTime"]: row for row in everything["rows"]}.values())
    return {**everything, "rows": cut(rows, values)}


def _full_last_page(perform: Perform, values: Values) -> Document:
    """The last page is filled up with rows of the one before."""
    page = perform(values)
    if not page["rows"]:
        return page
    return perform({**values, "offset": max(min(int(values["offset"]), page["total"] - int(values["limit"])), 0)})


def _half_open_when_short(values: Values) -> Values:
    start, end = int(values["start_time"]), int(values["end_time"])
    return {**values, "start_time": min(start + 1, end)} if end - start < 6 * _HOUR else values


def _single_precision(time: int) -> int:
    return min(int(struct.unpack("f", struct.pack("f", time))[0]), MAX_TIME)


def _drifting() -> Seam:
    """The count of the runs is estimated anew for each answer."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = iter(range(MOST))
        return own_total(lambda page, _, __: page["total"] and page["total"] + next(asked) % 3).alter(operation, config)

    return Seam(alter)


def _cookies(request: RequestParts) -> list[bytes]:
    return [value for cookie in request.header("Cookie") for value in cookie.replace(b";", b"=").split(b"=")]


def _from_cookie(request: RequestParts, config: MockConfig) -> RequestParts | None:
    return None if config.token.encode() in _cookies(request) else request


def _undated() -> Seam:
    """A signature that leaves the date out holds, if the rest of it does."""

    def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
        if not claims_signature(request):
            return request
        try:
            claim = read_claim(request)
            digest = hashlib.sha256(canonical_request(request, claim)).hexdigest().encode()
        except ValueError:
            return request
        text = b"\n".join((ALGORITHM, *request.header(DATE_HEADER)[:1], digest))
        signature = hmac.digest(config.secret_key.encode(), text, "sha256").hex().encode()
        dated = DATE_HEADER.lower() in claim.signed_headers
        return None if not dated and hmac.compare_digest(signature, claim.signature) else request

    return on_credentials(change)


def _signature_and(*parts: str) -> Seam:
    """Signatures that held once are remembered under some parts of their request."""
    return seen_before(lambda request: (*request.header("Authorization"), *(getattr(request, part) for part in parts)))


def _is_no_utf8(request: RequestParts, _: object) -> bool:
    try:
        unquote_to_bytes(request.query).decode()
    except UnicodeDecodeError:
        return True
    return False


def _status(caller: Caller, **parameters: str | int | None) -> int:
    return caller.runs(**parameters).status


def _rows(caller: Caller, **parameters: str | int | None) -> list[Document]:
    rows: list[Document] = caller.rows(**parameters)
    return rows


def _emoji_rows(caller: Caller) -> list[Document]:
    return _rows(caller, task_id=_EMOJI_TASK, job_name=_CHINESE)


def _first_plan(caller: Caller, hours: int) -> int:
    """The earliest plan time of a window that starts with a run."""
    start = day(caller)["start_time"]
    return min(int(row["planTime"]) for row in _rows(caller, start_time=start, end_time=start + hours * _HOUR))


def _undated_answer(caller: Caller) -> Answer:
    target = caller.runs_target()
    return caller.get(target, caller.signed(target, names=("host", "instance")))


def _other_instance(caller: Caller) -> Answer:
    target = caller.runs_target()
    headers = caller.signed(target)
    caller.get(target, headers)
    return caller.get(target, {**headers, "host": "elsewhere.test"})


_LATE_ENVELOPE_BUGS = (
    BrokenServer(
        name="shorter-than-announced",
        level="A",
        rule="an answer is as long as its head says",
        checks=frozenset({"A-answer-whole"}),
        seam=on_success(_longer_than_sent),
        shown=lambda caller: int(caller.runs().headers["content-length"]) > len(caller.runs().body),
        late=True,
    ),
    BrokenServer(
        name="post-answers-like-get",
        level="A",
        rule="a POST is refused, for none is declared",
        checks=frozenset({"A-undeclared-method"}),
        seam=Seam(wrap=_posts_as_gets),
        shown=lambda caller: data(caller.get(caller.runs_target(), method="POST")),
        late=True,
    ),
    BrokenServer(
        name="head-fails",
        level="A",
        rule="a HEAD breaks nothing",
        checks=frozenset({"A-server-error", "A-undeclared-method"}),
        seam=before_app(
            lambda scope: fresh(500, b"", "application/json") if scope["method"] == "HEAD" else None,
        ),
        shown=lambda caller: caller.get(caller.runs_target(), method="HEAD").status == 500,
        late=True,
    ),
    BrokenServer(
        name="405-without-allow",
        level="A",
        rule="a 405 says which methods there are",
        checks=frozenset({"A-allow-header"}),
        seam=on_refusal(_without_allow, 405),
        shown=lambda caller: "allow" not in caller.get(caller.runs_target(), method="PUT").headers,
        late=True,
    ),
    BrokenServer(
        name="front-page-for-unknown-paths",
        level="A",
        rule="a path that is not declared is refused",
        checks=frozenset({"A-undeclared-path"}),
        seam=on_wire(_front_page),
        shown=lambda caller: caller.get("/v1/unknown").status == 200,
        late=True,
    ),
    BrokenServer(
        name="two-request-ids",
        level="A",
        rule="the id of an exchange is the same in the head and in the body",
        checks=frozenset({"A-request-id"}),
        seam=refusal_document(lambda error: {**error, "request_id": "0" * 32}, 400, 401, 403),
        shown=lambda caller: (
            caller.runs(limit=0).json()["request_id"] != caller.runs(limit=0).headers.get("x-request-id")
            and caller.runs(limit=0).json()["request_id"] == "0" * 32
        ),
        late=True,
    ),
    BrokenServer(
        name="message-not-escaped",
        level="A",
        rule="quotes in an error's message are escaped",
        checks=frozenset({"A-json"}),
        seam=on_refusal(_unescaped, 400),
        shown=lambda caller: not _is_json(caller.runs(limit="abc").body),
        late=True,
    ),
    BrokenServer(
        name="header-map-null",
        level="A",
        rule="header_map is an object, where it is sent",
        checks=frozenset({"A-header-map"}),
        seam=on_envelope(lambda envelope: {**envelope, "header_map": None}),
        shown=lambda caller: caller.envelope()["header_map"] is None,
        late=True,
    ),
)
_LATE_BODY_BUGS = (
    BrokenServer(
        name="half-an-emoji",
        level="B",
        rule="text is cut between characters, not inside of one",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: body.replace("📊", "\\ud83d")),
        shown=lambda caller: "\\ud83d" in caller.envelope(task_id=_EMOJI_TASK, job_name=_CHINESE)["body"],
        late=True,
    ),
    BrokenServer(
        name="plan-time-in-seconds",
        level="B",
        rule="planTime counts milliseconds, not seconds",
        checks=frozenset({"B-time-unit"}),
        seam=on_field("planTime", lambda time: time // 1_000),
        shown=lambda caller: len(str(_rows(caller)[0]["planTime"])) == 10,
        late=True,
    ),
    BrokenServer(
        name="end-time-in-microseconds",
        level="B",
        rule="endTime counts milliseconds, not microseconds",
        checks=frozenset({"B-time-unit"}),
        seam=on_field("endTime", lambda time: time * 1_000),
        shown=lambda caller: len(str(_rows(caller)[-1]["endTime"])) == 16,
        late=True,
    ),
    BrokenServer(
        name="ended-before-it-started",
        level="B",
        rule="a run ends after it starts",
        checks=frozenset({"B-time-order"}),
        seam=on_row(_ended_first),
        shown=lambda caller: any(0 < row["endTime"] < row["startTime"] for row in _rows(caller)),
        late=True,
    ),
    BrokenServer(
        name="unknown-counts-as-minus-two",
        level="B",
        rule="a count that is not known is -1",
        checks=frozenset({"B-count-range"}),
        seam=on_field("failCount", lambda count: count - 1 if count < 0 else count),
        shown=lambda caller: -2 in {row["failCount"] for row in _rows(caller)},
        late=True,
    ),
    BrokenServer(
        name="forced-success-counted",
        level="B",
        rule="forceSuccess says yes or no",
        checks=frozenset({"B-force-success"}),
        seam=on_row(lambda row: {**row, "forceSuccess": 2 if row["status"] == "success" else row["forceSuccess"]}),
        shown=lambda caller: 2 in {row["forceSuccess"] for row in _rows(caller)},
        late=True,
    ),
    BrokenServer(
        name="running-parameters-miscounted",
        level="B",
        rule="total inside runningParam counts its rows",
        checks=frozenset({"B-param-total"}),
        seam=on_field("runningParam", _one_more),
        shown=lambda caller: json.loads(_rows(caller)[0]["runningParam"])["total"] == 2,
        late=True,
    ),
    BrokenServer(
        name="success-with-an-error-message",
        level="B",
        rule="msg agrees with success",
        checks=frozenset({"B-message-agrees"}),
        seam=on_page(lambda page: {**page, "msg": "query timed out, partial result"}),
        shown=lambda caller: "timed out" in caller.page()["msg"] and caller.page()["success"],
        late=True,
    ),
    BrokenServer(
        name="running-data-key-twice",
        level="B",
        rule="no key of runningData is given twice",
        checks=frozenset({"B-running-data"}),
        seam=on_field("runningData", lambda text: text and text.replace('"jobId":', '"jobId":"","jobId":', 1)),
        shown=lambda caller: any('"jobId":"","jobId"' in (row["runningData"] or "") for row in _rows(caller)),
        late=True,
    ),
    BrokenServer(
        name="run-id-as-text-from-the-second-page",
        level="B",
        rule="taskRunningLogId is a number on every page",
        checks=frozenset({"B-row-shape"}),
        seam=own_rows(_text_ids_from_the_second_page),
        shown=lambda caller: isinstance(caller.page(offset=10)["rows"][0]["taskRunningLogId"], str),
        late=True,
    ),
)
_LATE_PAGING_BUGS = (
    BrokenServer(
        name="job-name-misread",
        level="C",
        rule="jobName of each row is the job_name, in Chinese too",
        checks=frozenset({"C-rows-of-job"}),
        seam=on_field("jobName", _misread),
        shown=lambda caller: _emoji_rows(caller)[0]["jobName"].startswith("è®¢"),
        late=True,
    ),
    BrokenServer(
        name="job-name-escaped-for-html",
        level="C",
        rule="jobName of each row is the job_name as it is, not for a page of HTML",
        checks=frozenset({"C-rows-of-job"}),
        seam=on_field("jobName", html.escape),
        shown=lambda caller: "&lt;" in _rows(caller, job_name="check/rows<stage>")[0]["jobName"],
        late=True,
    ),
    BrokenServer(
        name="firewall-against-brackets",
        level="C",
        rule="a job_name with < in it is served",
        checks=frozenset({"C-job-name-unusual", "C-nodes-chain"}),
        seam=before_app(_firewall),
        shown=lambda caller: _status(caller, job_name="check/rows<stage>") == 403,
        late=True,
    ),
    BrokenServer(
        name="chinese-names-lost",
        level="C",
        rule="a job_name of Chinese text is found",
        checks=frozenset({"C-job-name-unusual"}),
        seam=set_arguments(job_name=lambda name: name.encode("ascii", "replace").decode()),
        shown=lambda caller: _emoji_rows(caller) == [],
        late=True,
    ),
    BrokenServer(
        name="blanks-lost",
        level="C",
        rule="a job_name with a blank in it is found",
        checks=frozenset({"C-job-name-unusual"}),
        seam=set_arguments(job_name=lambda name: name.replace(" ", "")),
        shown=lambda caller: _rows(caller, task_id="958113", job_name="Load orders-eu") == [],
        late=True,
    ),
    BrokenServer(
        name="per-cent-as-wildcard",
        level="C",
        rule="a per cent sign in a job_name stands for itself",
        checks=frozenset({"C-job-name-wildcard"}),
        seam=named(_like_percent),
        shown=lambda caller: bool(_rows(caller, job_name="ETL%")),
        late=True,
    ),
    BrokenServer(
        name="underscore-as-wildcard",
        level="C",
        rule="an underscore in a job_name stands for itself",
        checks=frozenset({"C-job-name-wildcard"}),
        seam=named(_like_underscore),
        shown=lambda caller: bool(_rows(caller, job_name="ETL_Job_dli2dw_")),
        late=True,
    ),
    BrokenServer(
        name="job-name-trimmed",
        level="C",
        rule="a job_name with a blank behind it is another one",
        checks=frozenset({"C-job-name-prefix", "C-job-name-other"}),
        seam=set_arguments(job_name=str.strip),
        shown=lambda caller: bool(_rows(caller, job_name=f"{JOB_NAME} ")),
        late=True,
    ),
    BrokenServer(
        name="decoded-twice",
        level="C",
        rule="a query is decoded once",
        checks=frozenset({"C-query-encoding"}),
        seam=set_arguments(job_name=unquote),
        shown=lambda caller: bool(_rows(caller, job_name="ETL%5FJob_dli2dws")),
        late=True,
    ),
    BrokenServer(
        name="nothing-read-behind-the-limit",
        level="C",
        rule="parameters count wherever they stand in the query",
        checks=frozenset({"C-query-order"}),
        seam=on_query(_nothing_behind_limit),
        shown=lambda caller: (
            caller.get(caller.runs_target().replace("?", "?limit=10&").removesuffix("&limit=10")).status == 400
        ),
        late=True,
    ),
    BrokenServer(
        name="reruns-folded",
        level="C",
        rule="every run that is counted is listed, a second one of the same plan too",
        checks=frozenset({"C-walk-complete", "C-window-total", "C-limit-underfilled"}),
        seam=on_listing(_one_run_a_plan),
        shown=lambda caller: len(_rows(caller)) < caller.page()["total"],
        late=True,
    ),
    BrokenServer(
        name="page-of-one-is-empty",
        level="C",
        rule="a page of one row has one",
        checks=frozenset({"C-limit-underfilled", "C-walk-complete", "C-offset-slice", "C-walk-limits-agree"}),
        seam=own_rows(lambda page, values, _: [] if values["limit"] == 1 else page["rows"]),
        shown=lambda caller: caller.page(limit=1)["rows"] == [],
        late=True,
    ),
    BrokenServer(
        name="last-page-filled-up",
        level="C",
        rule="the last page has the rows that are left, and no other",
        checks=frozenset({"C-offset-slice", "C-walk-duplicate", "C-limit-underfilled", "C-walk-limits-agree"}),
        seam=on_listing(_full_last_page),
        shown=lambda caller: len(caller.page(offset=caller.page()["total"] - 1)["rows"]) == 10,
        late=True,
    ),
    BrokenServer(
        name="rerun-has-the-id-of-its-run",
        level="C",
        rule="each run has an id of its own, a rerun too",
        checks=frozenset({"C-run-id-unique"}),
        seam=on_row(lambda row: {**row, "taskRunningLogId": row["planTime"] // _HOUR}),
        shown=lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
        late=True,
    ),
    BrokenServer(
        name="short-windows-lose-their-start",
        level="C",
        rule="whether the start belongs to a window does not depend on its length",
        checks=frozenset({"C-window-adds-up"}),
        seam=on_arguments(_half_open_when_short),
        shown=lambda caller: _first_plan(caller, hours=5) > _first_plan(caller, hours=24),
        late=True,
    ),
    BrokenServer(
        name="window-in-single-precision",
        level="C",
        rule="the ends of a window are exact to the millisecond",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=set_arguments(start_time=_single_precision, end_time=_single_precision),
        shown=lambda caller: (
            len(_rows(caller, start_time=_rows(caller)[5]["planTime"])) != 6
            or len(_rows(caller, start_time=_rows(caller)[5]["planTime"] + 1)) != 5
        ),
        late=True,
    ),
    BrokenServer(
        name="total-estimated",
        level="C",
        rule="total is the same each time",
        checks=frozenset({"C-total-constant", "C-walk-complete", "C-window-total"}),
        seam=_drifting(),
        shown=lambda caller: caller.page()["total"] != caller.page()["total"],
        late=True,
    ),
    BrokenServer(
        name="large-pages-are-empty",
        level="C",
        rule="a limit that is not refused gives rows",
        checks=frozenset({"C-walk-limits-agree", "C-walk-complete", "E-maximum-unserved"}),
        seam=own_rows(lambda page, values, _: [] if int(values["limit"]) > _CAP else page["rows"]),
        shown=lambda caller: caller.page(limit=_CAP + 1)["rows"] == [],
        late=True,
    ),
    BrokenServer(
        name="table-by-its-beginning",
        level="C",
        rule="a table is known by its whole guid",
        checks=frozenset({"C-table-other"}),
        seam=on_arguments(
            lambda values: (
                {**values, "guid": "09318f28-939f-4ab6-a374-9e621096652c"}
                if str(values["guid"]).startswith("09318f28")
                else values
            ),
            of=NODES,
        ),
        shown=lambda caller: data(caller.nodes("09318f28-939f-4ab6-a374-9e621096652d")),
        late=True,
    ),
    BrokenServer(
        name="first-operator-left-out",
        level="C",
        rule="ShowNodes names every operator of the table",
        checks=frozenset({"C-nodes-operator"}),
        seam=on_operators(lambda operators: operators[1:]),
        shown=lambda caller: JOB_NAME not in {operator["job_name"] for operator in caller.nodes().json()},
        late=True,
    ),
    BrokenServer(
        name="operators-with-padded-task-ids",
        level="C",
        rule="what ShowNodes names can be asked with",
        checks=frozenset({"C-nodes-operator", "C-nodes-chain"}),
        seam=on_operators(
            lambda operators: [{**operator, "task_id": operator["task_id"].zfill(10)} for operator in operators]
        ),
        shown=lambda caller: caller.nodes().json()[0]["task_id"] == "0000937987",
        late=True,
    ),
)
_LATE_CREDENTIAL_BUGS = (
    BrokenServer(
        name="token-with-a-preface",
        level="D",
        rule="a token with something before it is refused",
        checks=frozenset({"D-token-longer"}),
        seam=let_in(lambda sent, known: sent.endswith(known)),
        shown=lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": f"x{caller.config.token}"})),
        late=True,
    ),
    BrokenServer(
        name="token-by-its-first-eight-letters",
        level="D",
        rule="a token is compared to its end",
        checks=frozenset({"D-token-prefix", "D-token-longer", "D-token-other"}),
        seam=let_in(lambda sent, known: sent[:8] == known[:8]),
        shown=lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": caller.config.token[:8]})),
        late=True,
    ),
    BrokenServer(
        name="token-as-cookie",
        level="D",
        rule="a token in a cookie is refused",
        checks=frozenset({"D-token-query"}),
        seam=on_credentials(_from_cookie),
        shown=lambda caller: data(
            caller.runs({"instance": caller.config.instance_id, "Cookie": f"X-Auth-Token={caller.config.token}"})
        ),
        late=True,
    ),
    BrokenServer(
        name="signature-remembered-without-the-path",
        level="D",
        rule="a signature covers the path",
        checks=frozenset({"D-signature-tampered"}),
        seam=_signature_and("query"),
        shown=lambda caller: tampered(caller, lambda target: target.replace("937987", "937988")).status == 200,
        late=True,
    ),
    BrokenServer(
        name="signature-remembered-without-the-headers",
        level="D",
        rule="a signature covers the header fields that it names",
        checks=frozenset({"D-signature-tampered"}),
        seam=_signature_and("raw_path", "query"),
        shown=lambda caller: data(_other_instance(caller)),
        late=True,
    ),
    BrokenServer(
        name="signature-without-its-date",
        level="D",
        rule="a signature covers its date",
        checks=frozenset({"D-signature-undated"}),
        seam=_undated(),
        shown=lambda caller: data(_undated_answer(caller)),
        late=True,
    ),
    BrokenServer(
        name="bad-signature-as-403",
        level="D",
        rule="a bad signature gets 401",
        checks=frozenset({"D-refusal-status"}),
        seam=own_refusal(403, "APIGW.0306", when=claims_signature),
        shown=lambda caller: _undated_answer(caller).status == 403,
        late=True,
    ),
    BrokenServer(
        name="second-tenants-project-open",
        level="D",
        rule="another tenant's project is closed, though it exists",
        checks=frozenset({"D-tenant-isolated"}),
        seam=alike("project_id", "project_id", lambda sent, _: sent == OTHER_PROJECT_ID),
        shown=lambda caller: data(caller.runs(project_id=OTHER_PROJECT_ID)),
        late=True,
    ),
    BrokenServer(
        name="instance-with-an-appendix",
        level="D",
        rule="a tenancy's id ends where it ends",
        checks=frozenset({"D-instance-other"}),
        seam=alike("instance", "instance_id", lambda sent, known: sent.startswith(known)),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": f"{caller.config.instance_id}0"})),
        late=True,
    ),
)
_LATE_INPUT_BUGS = (
    BrokenServer(
        name="end-time-optional",
        level="E",
        rule="end_time is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("end_time", str(MAX_TIME)),
        shown=lambda caller: _status(caller, end_time=None) == 200,
        late=True,
    ),
    BrokenServer(
        name="negative-end-time-for-now",
        level="E",
        rule="an end before the epoch is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("end_time", when(lambda number: number < 0, str(MAX_TIME))),
        shown=lambda caller: _status(caller, end_time=-1) == 200,
        late=True,
    ),
    BrokenServer(
        name="start-time-beyond-64-bits",
        level="E",
        rule="a start beyond 64 bits is refused, not taken for none",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("start_time", when(lambda number: number > MAX_TIME, "0")),
        shown=lambda caller: _status(caller, start_time=MAX_TIME + 1) == 200,
        late=True,
    ),
    BrokenServer(
        name="end-time-of-words-for-now",
        level="E",
        rule="an end that is no number is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("end_time", lambda text: text if re.match(r"[-+.0-9]|$", text) else str(MAX_TIME)),
        shown=lambda caller: _status(caller, end_time="today") == 200,
        late=True,
    ),
    BrokenServer(
        name="offset-with-a-fraction",
        level="E",
        rule="an offset with a fraction is refused",
        checks=frozenset({"E-fraction"}),
        seam=on_parameter("offset", lambda text: re.sub(r"^([0-9]+)\.[0-9]+$", r"\1", text)),
        shown=lambda caller: _status(caller, offset="1.5") == 200,
        late=True,
    ),
    BrokenServer(
        name="largest-limit-fails",
        level="E",
        rule="the largest limit is served, or refused with 400",
        checks=frozenset({"A-server-error", "E-maximum-unserved"}),
        seam=fail_on(has("limit", lambda text: text == str(MOST))),
        shown=lambda caller: _status(caller, limit=MOST) == 500,
        late=True,
    ),
    BrokenServer(
        name="last-millisecond-fails",
        level="E",
        rule="the latest end is served, or refused with 400",
        checks=frozenset({"A-server-error", "E-maximum-unserved"}),
        seam=fail_on(has("end_time", lambda text: text == str(MAX_TIME))),
        shown=lambda caller: _status(caller, end_time=MAX_TIME) == 500,
        late=True,
    ),
    BrokenServer(
        name="missing-job-name-fails",
        level="E",
        rule="a request without job_name is refused, and breaks nothing",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(lambda _, values: "job_name" not in values),
        shown=lambda caller: _status(caller, job_name=None) == 500,
        late=True,
    ),
    BrokenServer(
        name="null-character-fails",
        level="E",
        rule="a null character in a job_name breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: "\0" in text)),
        shown=lambda caller: _status(caller, job_name="a\0b") == 500,
        late=True,
    ),
    BrokenServer(
        name="broken-utf8-fails",
        level="E",
        rule="bytes that are no UTF-8 break nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(_is_no_utf8),
        shown=lambda caller: caller.get(caller.runs_target(job_name=None) + "&job_name=%FF").status == 500,
        late=True,
    ),
    BrokenServer(
        name="broken-escape-fails",
        level="E",
        rule="a per cent sign without two digits behind it breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(lambda request, _: re.search(rb"%(?![0-9A-Fa-f]{2})", request.query) is not None),
        shown=lambda caller: caller.get(caller.runs_target(job_name=None) + "&job_name=%ZZ").status == 500,
        late=True,
    ),
    BrokenServer(
        name="epoch-refused",
        level="E",
        rule="a window may start at the epoch",
        checks=frozenset({"E-minimum-refused"}),
        seam=refuse_on(
            has("start_time", lambda text: text == "0"), RefusalError(400, "APIGW.0106", "start_time is empty")
        ),
        shown=lambda caller: _status(caller, start_time=0) == 400,
        late=True,
    ),
    BrokenServer(
        name="limit-of-one-refused",
        level="E",
        rule="a page may have one row",
        checks=frozenset({"E-minimum-refused", "E-valid-refused"}),
        seam=refuse_on(has("limit", lambda text: text == "1"), RefusalError(400, "APIGW.0106", "limit is too small")),
        shown=lambda caller: _status(caller, limit=1) == 400,
        late=True,
    ),
)

LATE_BUGS = (
    *_LATE_ENVELOPE_BUGS,
    *_LATE_BODY_BUGS,
    *_LATE_PAGING_BUGS,
    *_LATE_CREDENTIAL_BUGS,
    *_LATE_INPUT_BUGS,
)
