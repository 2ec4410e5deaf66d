"""Correct servers: differences for which the specification and the facts about the API leave a choice."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from dataarts_datamap_contract._broken.caller import ALL, MAX_TIME
from dataarts_datamap_contract._broken.outside.making import RARE, Anew, answered, refused, sent
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    SEARCH,
    Ask,
    Document,
    Perform,
    Response,
    Seam,
    Values,
    compact,
    cut,
    error_document,
    on_answers,
    on_body,
    on_envelope,
    on_error_response,
    on_json,
    on_listing,
    on_page,
    on_row,
    on_whole,
    whole,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import OK, OTHER_PROJECT_ID, UNAUTHORIZED, as_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.servers import Shown
    from dataarts_datamap_contract.mock._web.validation import Arguments

_ERRORS = (400, 401, 403, 404, 405)
_THROTTLED_EVERY = 89
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _THROTTLED = 400, 403, 404, 429
_MOST_ROWS = 200
_ODD = 123
_FAR = 10**15
_SLOW = 0.008
_TINY = 3
_SMALL = 256
_GZIP = re.compile(r"\bgzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
"""The coding gzip, unless a weight of 0 refuses it."""
_ASSETS = (SEARCH, DETAIL, DETAILS)
_NAMES = frozenset({"taskRunningLogId", "taskId", "jobName", "planTime", "status", "workspaceId"})
_TIMES = ("planTime", "submitTime", "startTime", "endTime")
_GUID = "0" * 32
_MAPS = frozenset({"header_map", "referred_entities", "facets", "metrics", "relationship_types", "entity_types"})


def _correct(
    name: str,
    difference: str,
    seam: Seam,
    shown: Shown,
    target: Mapping[str, Any] | None = None,
) -> CorrectServer:
    return CorrectServer(
        name=name, difference=difference, seam=seam, shown=shown, target=target or {}, cohort="outside"
    )


def _with_headers(**headers: str) -> Seam:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return answered(lambda _, response: Response(response.status, {**response.headers, **fields}, response.body))


def _compressed(scope: Scope, response: Response) -> Response:
    is_accepted = _GZIP.search(sent(scope, "Accept-Encoding")) is not None
    if not is_accepted or len(response.body) < _SMALL:
        return write(response, response.body, vary="Accept-Encoding")
    return write(response, gzip.compress(response.body), content_encoding="gzip", vary="Accept-Encoding")


def _by_submission(perform: Perform, values: Values) -> Document:
    everything = whole(perform, values, start_time=0, end_time=MAX_TIME)
    start, end = int(values["start_time"]), int(values["end_time"])
    rows = [row for row in everything["rows"] if start <= row["submitTime"] <= end]
    rows.sort(key=lambda row: (row["submitTime"], row["taskRunningLogId"]))
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _later_by_a_little(perform: Perform, values: Values) -> Document:
    """All times of the data are 123 milliseconds later."""
    start, end = (int(values[name]) - _ODD for name in ("start_time", "end_time"))
    page = perform({**values, "start_time": max(start, 0), "end_time": max(end, 0)})
    if end < 0:
        return {**page, "rows": [], "total": 0}
    rows = [{**row, **{name: row[name] + _ODD for name in _TIMES if row[name]}} for row in page["rows"]]
    return {**page, "rows": rows}


def _kept(perform: Perform, values: Values) -> Document:
    kept = whole(perform, values, start_time=0, end_time=MAX_TIME)["rows"][:_TINY]
    everything = whole(perform, values)
    rows = [row for row in everything["rows"] if row in kept]
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _with_more(value: Any) -> Any:  # noqa: ANN401  any JSON
    """The document with members in each object that no client knows."""
    if isinstance(value, list):
        return [_with_more(each) for each in cast("list[object]", value)]
    document = as_object(value)
    if document is None:
        return value
    below = {name: each if name in _MAPS else _with_more(each) for name, each in document.items()}
    return {"zone": "az-3", **below, "_links": []}


def _richer_page(body: str) -> str:
    return compact(_with_more(json.loads(body)))


def _nulls(row: Document) -> Document:
    return {name: value if name in _NAMES else None for name, value in row.items()}


def _exponents(body: str) -> str:
    """Speeds are written with ten decimal places, which JSON allows."""
    page = json.loads(body)
    text = compact(page)
    for speed in {row["speed"] for row in page["rows"]}:
        text = text.replace(f'"speed":{speed!r},', f'"speed":{speed:.10f},')
    return text


def _throttling() -> Seam:
    numbers = count(1)

    def change(_: Scope, response: Response) -> Response:
        if next(numbers) % _THROTTLED_EVERY:
            return response
        error = refused(
            response,
            _THROTTLED,
            "APIG.0308",
            "The throttling threshold has been reached: policy user over ratelimit,limit:50,time:1 second",
        )
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
        return write(error, error.body, retry_after=until)

    return answered(change)


def _numbered_anew() -> Seam:
    def change(_: Scope, response: Response) -> Response:
        own = str(uuid4()).upper()
        if response.status == OK:
            return write(response, response.body, x_request_id=own)
        body = compact({**response.json(), "request_id": own}).encode()
        return write(response, body, x_request_id=own)

    return answered(change)


def _without_ids(_: Scope, response: Response) -> Response:
    headers = {name: value for name, value in response.headers.items() if name not in {"x-request-id", "server"}}
    if response.status == OK:
        return Response(response.status, headers, response.body)
    document = {name: value for name, value in response.json().items() if name != "request_id"}
    return write(Response(response.status, headers, b""), compact(document).encode())


def _other_status(wanted: int, status: int) -> Seam:
    return on_error_response(lambda response: write(response, response.body, status=status), wanted)


def _own_statuses(row: Document) -> Document:
    return {**row, "status": {"skip": "omitted-by-calendar", "freeze": "on-ice"}.get(row["status"], row["status"])}


def _unparsed(document: Document) -> Document:
    return {**document, "data": []}


def _alone(_: str, ask: Ask, arguments: Arguments) -> Document:
    document: Document = ask(arguments)
    asked = [entity for entity in document["entities"] if entity["guid"] == arguments.text("guid")]
    return {**document, "relationships": [], "total": 0, "entities": asked}


def _typed_otherwise(entity: Document) -> Document:
    if "version" not in entity:
        return entity
    return {
        **entity,
        "version": "7",
        "create_time": str(entity.get("create_time", 0)),
        "update_time": None,
        "workspace_id": entity["workspace_id"][0],
        "instance_id": None,
        "status": "IN_USE",
    }


def _entities(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        if "entity" in document:
            return {**document, "entity": change(document["entity"])}
        return {**document, "entities": [change(entity) for entity in document["entities"]]}

    return changed


def _chunked() -> Seam:
    """A seam on which responses have no length and end when the connection is closed, as by HTTP/1.0 servers."""

    def change(_: Scope, response: Response) -> Response:
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return Response(response.status, {**headers, "connection": "close"}, response.body)

    return answered(change)


def _has(caller: Caller, name: str, value: str) -> bool:
    return caller.nodes().headers.get(name) == value


def _takes_time(caller: Caller) -> bool:
    times: list[float] = []
    for _ in range(9):
        begun = monotonic()
        caller.nodes(_GUID)
        times.append(monotonic() - begun)
    return min(times) > _SLOW


def _is_throttled(caller: Caller) -> bool:
    return any(caller.nodes().status == _THROTTLED for _ in range(_THROTTLED_EVERY))


CORRECT_SERVERS: tuple[CorrectServer, ...] = (
    _correct(
        "ordered-by-run-id",
        "Runs are in the order of their ids, lowest first: no order is documented.",
        on_whole(lambda rows, _: sorted(rows, key=lambda row: int(row["taskRunningLogId"]))),
        lambda caller: caller.run_ids() == sorted(caller.run_ids()),
    ),
    _correct(
        "windows-on-the-submission",
        "The window filters on the time of submission; it is not documented which time it filters on.",
        on_listing(_by_submission),
        lambda caller: (
            caller.page(**RARE, start_time=1, limit=ALL)["rows"][0]["submitTime"]
            <= caller.page(**RARE, start_time=1, limit=ALL)["rows"][-1]["submitTime"]
        ),
        {"window_column": "submitTime"},
    ),
    _correct(
        "both-ends-excluded",
        "Neither end belongs to the window; it is not documented whether they do.",
        Seam(switches={"window_includes_start": False, "window_includes_end": False, "order": "oldest-first"}),
        lambda caller: (
            not caller.page(start_time=(plan := caller.rows(limit=1)[0]["planTime"]), end_time=plan)["total"]
        ),
    ),
    _correct(
        "indented-with-tabs-and-CRLF",
        "The page inside the envelope is written over many lines, as in the documented example.",
        on_body(lambda body: json.dumps(json.loads(body), indent="\t", ensure_ascii=False).replace("\n", "\r\n")),
        lambda caller: "\r\n" in caller.envelope()["body"],
    ),
    _correct(
        "speed-to-ten-places",
        "A number in JSON may have any number of decimal places.",
        on_body(_exponents),
        lambda caller: "0000000" in caller.envelope()["body"].partition("speed")[2][:40],
    ),
    _correct(
        "ascii-alone",
        "All characters beyond ASCII are escaped, an emoji as a surrogate pair.",
        answered(lambda _, response: write(response, json.dumps(response.json()).encode())),
        lambda caller: caller.nodes().body.isascii(),
    ),
    _correct(
        "slashes-escaped",
        "JSON may escape a slash.",
        answered(lambda _, response: write(response, response.body.replace(b"/", b"\\/"))),
        lambda caller: b"\\/" in caller.nodes().body,
    ),
    _correct(
        "closes-after-each-response",
        "A response has no length, and ends when the connection is closed: HTTP allows it.",
        _chunked(),
        lambda caller: _has(caller, "connection", "close"),
    ),
    _correct(
        "gzip-if-accepted",
        "Clients that accept gzip get it.",
        answered(_compressed),
        lambda caller: (
            caller.nodes(headers={**caller.headers, "Accept-Encoding": "gzip"}).headers.get("content-encoding")
            == "gzip"
        ),
    ),
    _correct(
        "many-headers",
        "Responses have further header fields, such as those of caches and proxies, and those that protect browsers.",
        _with_headers(
            via="1.1 proxy-7 (squid/6)",
            x_cache="MISS from proxy-7",
            strict_transport_security="max-age=31536000",
            set_cookie="HWWAFSESID=a1b2; Path=/; HttpOnly",
            etag='W/"17-abc"',
            cache_control="private, no-store",
        ),
        lambda caller: "x-cache" in caller.nodes().headers,
    ),
    _correct(
        "Application/JSON",
        "A media type may be written in any case, with a charset and with spaces.",
        _with_headers(content_type='Application/JSON ; Charset="utf-8"'),
        lambda caller: _has(caller, "content-type", 'Application/JSON ; Charset="utf-8"'),
    ),
    _correct(
        "white-space-around",
        "JSON may have white space around it.",
        answered(lambda _, response: write(response, b"\n  " + response.body + b"\r\n\n")),
        lambda caller: caller.nodes().body.startswith(b"\n"),
    ),
    _correct(
        "more-members-everywhere",
        "Every object of a model has undocumented members, one before and one after the documented ones.",
        Seam(
            wrap=answered(lambda _, response: write(response, compact(_with_more(response.json())).encode())).wrap,
            alter=on_body(_richer_page).alter,
        ),
        lambda caller: "zone" in caller.nodes().json()[0],
    ),
    _correct(
        "rows-of-names-and-plans",
        "No field of a row is required: most are absent.",
        on_row(lambda row: {name: value for name, value in row.items() if name in _NAMES}),
        lambda caller: "startTime" not in caller.rows(limit=1)[0],
    ),
    _correct(
        "null for most",
        "Any field of a row may be null: here all are, except its ids, job name, status and plan time.",
        on_row(_nulls),
        lambda caller: caller.rows(limit=1)[0]["submitTime"] is None,
    ),
    _correct(
        "task-ids-as-text",
        "taskId may be text, and forceSuccess true or false.",
        on_row(lambda row: {**row, "taskId": str(row["taskId"]), "forceSuccess": bool(row["forceSuccess"])}),
        lambda caller: isinstance(caller.rows(limit=1)[0]["taskId"], str),
    ),
    _correct(
        "total-first-and-workspace-first",
        "The members of an object have no order: here a page begins with its total, and a row with its last member.",
        on_page(
            lambda page: {
                "total": page["total"],
                **dict(reversed(page.items())),
                "rows": [dict(reversed(row.items())) for row in page["rows"]],
            }
        ),
        lambda caller: next(iter(caller.page())) == "total",
    ),
    _correct(
        "least-envelope",
        "An envelope only requires status_code and body, and a page only rows and total.",
        Seam(
            alter=lambda operation, config: on_envelope(
                lambda envelope: {name: envelope[name] for name in ("body", "status_code")}
            ).alter(
                on_page(lambda page: {name: page[name] for name in ("rows", "total")}).alter(operation, config), config
            )
        ),
        lambda caller: "header_map" not in caller.envelope(),
    ),
    _correct(
        "limit-of-200-or-400",
        "A limit above 200 is refused with 400; sibling operations have a documented cap.",
        Seam(switches={"max_limit": _MOST_ROWS, "over_limit": "refused"}),
        lambda caller: caller.runs(limit=_MOST_ROWS + 1).status == _BAD_REQUEST,
    ),
    _correct(
        "throttled-until-a-date",
        "Every 89th request is refused with 429 and a date to retry (Retry-After: in seconds or as a date).",
        Anew(make=_throttling),
        _is_throttled,
    ),
    _correct(
        "errors-of-the-service-in-chinese",
        "The text of an error is in Chinese, its code is one of the service, and it has further members.",
        error_document(
            lambda error: {
                "error_code": error["error_code"].replace("APIGW.", "DAYU."),
                "error_msg": "请求无效, 请检查参数",
                "encoded_authorization_message": "",
                "details": None,
            },
            *_ERRORS,
        ),
        lambda caller: caller.runs(limit="x").json()["error_code"].startswith("DAYU."),
    ),
    _correct(
        "not-found-is-400",
        "A table or an asset that does not exist gets 400, as in sibling operations.",
        on_error_response(
            lambda response: (
                write(response, response.body, status=_BAD_REQUEST) if b"DLG.0404" in response.body else response
            ),
            _NOT_FOUND,
        ),
        lambda caller: caller.nodes(_GUID).status == _BAD_REQUEST,
    ),
    _correct(
        "foreign-projects-are-not-found",
        "A request for another project or tenancy is answered with 404, so as not to reveal whether it exists.",
        _other_status(_FORBIDDEN, _NOT_FOUND),
        lambda caller: caller.runs(project_id=OTHER_PROJECT_ID).status == _NOT_FOUND,
    ),
    _correct(
        "www-authenticate",
        "A 401 has a challenge (WWW-Authenticate), and the code APIGW.0305 from the gateway's table.",
        on_error_response(
            lambda response: write(
                response,
                compact({**response.json(), "error_code": "APIGW.0305"}).encode(),
                www_authenticate='Token realm="dayu"',
            ),
            UNAUTHORIZED,
        ),
        lambda caller: "www-authenticate" in caller.runs({"X-Auth-Token": "x"}).headers,
    ),
    _correct(
        "request-ids-as-uuids",
        "Request ids are UUIDs in capitals, even in errors of the service.",
        _numbered_anew(),
        lambda caller: caller.nodes().headers["x-request-id"].count("-") == 4,
    ),
    _correct(
        "nameless-responses",
        "Responses have neither a request id nor the name of the server, and errors have no request id in their body.",
        answered(_without_ids),
        lambda caller: "x-request-id" not in caller.nodes().headers,
    ),
    _correct(
        "ids-of-sixteen-digits",
        "Run ids are beyond 10^15.",
        on_row(lambda row: {**row, "taskRunningLogId": row["taskRunningLogId"] + _FAR}),
        lambda caller: caller.run_ids(limit=1)[0] > _FAR,
    ),
    _correct(
        "statuses-of-its-own",
        "Statuses are an open set of names: runs that were skipped or frozen have statuses of the server's own.",
        on_row(_own_statuses),
        lambda caller: any(row["status"] == "on-ice" for row in caller.rows()),
    ),
    _correct(
        "kinds-and-owners-of-its-own",
        "A kind of operator, an owner and the name of a workspace can be any text, or null.",
        on_row(lambda row: {**row, "type": "Sqoop 2 / 数据", "owner": "张三 <zhang@example>", "workspaceName": None}),
        lambda caller: caller.rows(limit=1)[0]["workspaceName"] is None,
    ),
    _correct(
        "runs-at-odd-milliseconds",
        "No run is planned, submitted, started or ended at a whole second.",
        on_listing(_later_by_a_little),
        lambda caller: caller.rows(limit=1)[0]["planTime"] % 1_000 == _ODD,
    ),
    _correct(
        "five-runs-each",
        "Operators have five runs each: a small tenancy.",
        Seam(switches={"size": 5}),
        lambda caller: caller.page()["total"] <= 5,
        target={"known_jobs": ()},  # a known job must have runs in the window
    ),
    _correct(
        "three-newest-runs-are-kept",
        "Runs are kept for a short time: an operator has only its three newest.",
        on_listing(_kept),
        lambda caller: caller.page()["total"] == _TINY,
        target={"known_jobs": ()},  # a known job must have runs in the window
    ),
    _correct(
        "lineage-unparsed",
        "No SQL statement could be parsed, so neither operators nor tables have lineage.",
        Seam(
            alter=lambda operation, config: on_json(_unparsed, BULK).alter(
                on_answers(_alone, LINEAGE).alter(operation, config), config
            )
        ),
        lambda caller: not caller.bulk()["data"],
    ),
    _correct(
        "one-step-downstream-first",
        "Lineage goes one step, from table to table, and its first end is the downstream one.",
        Seam(switches={"lineage_reach": "one-step", "lineage_through": "tables", "lineage_first_end": "downstream"}),
        lambda caller: all(
            edge["ep1_type_name"] == edge["ep2_type_name"] for edge in caller.lineage()["relationships"]
        ),
    ),
    _correct(
        "assets-typed-otherwise",
        "The times and version of an asset are texts, its workspace is a single text, and its tenancy is null.",
        on_json(_entities(_typed_otherwise), *_ASSETS, LINEAGE),
        lambda caller: caller.detail()["entity"]["version"] == "7",
    ),
    _correct(
        "a-bare-search",
        "A search only needs its count and its assets; facets, metrics and the rest may be absent or null.",
        on_json(
            lambda document: {
                "referred_entities": None,
                "metrics": [],
                "entities": document["entities"],
                "count": document["count"],
                **({"facets": document["facets"]} if document["facets"] else {}),
            },
            SEARCH,
        ),
        lambda caller: caller.search(limit=1)["referred_entities"] is None,
    ),
    _correct(
        "msg-is-null",
        "The message of a page is null.",
        on_page(lambda page: {**page, "msg": None}),
        lambda caller: caller.page()["msg"] is None,
    ),
    _correct(
        "slow",
        "Every response takes about 25 milliseconds, give or take half of that.",
        Seam(switches={"latency": timedelta(milliseconds=25), "latency_sigma": 0.3}),
        _takes_time,
    ),
)
