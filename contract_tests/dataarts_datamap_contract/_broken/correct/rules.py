"""Correct servers: requests that are served or refused, where the documentation leaves a choice."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract._broken.caller import MAX_TIME, TASK_ID, Caller
from dataarts_datamap_contract._broken.seams import (
    MOST,
    Document,
    Pairs,
    Perform,
    Response,
    Seam,
    Values,
    Wrap,
    before_app,
    compact,
    cut,
    fresh,
    on_arguments,
    on_error_response,
    on_listing,
    on_parameter,
    on_query,
    on_whole,
    on_wire,
    refuse_on,
    whole,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_first = CorrectServer
_blind = partial(CorrectServer, cohort="blind")

_CAP = 100
_QUOTA = 20
_HTML = b"<html><body><h1>405 Not Allowed</h1><hr>gateway</body></html>"
_NUMBERS = ("start_time", "end_time", "offset", "limit")
_MOST_LIMIT = 100
_DEEPEST = 10_000
_MONTH = 31 * 24 * 3_600_000
_NODES = re.compile(rb"/v1/[^/]+/datamap/table/[^/]+/node")


def _by_pages(perform: Perform, values: Values) -> Document:
    """Offset counts pages, from page 0."""
    return perform({**values, "offset": min(int(values["offset"]) * int(values["limit"]), MOST)})


def _window(column: str, *, open_start: bool = False, open_end: bool = False) -> Seam:
    """A window on another time column, or without one or both of its ends."""

    def response(perform: Perform, values: Values) -> Document:
        start, end = int(values["start_time"]) + open_start, int(values["end_time"]) - open_end
        everything = whole(perform, values, start_time=0, end_time=MAX_TIME)
        rows = [row for row in everything["rows"] if start <= row[column] <= end]
        return {**everything, "rows": cut(rows, values), "total": len(rows)}

    return on_listing(response)


_OPERATOR: Final = ("taskId", "taskName", "jobName", "workspaceId", "workspaceName")
"""The fields of a run that describe its operator."""


def _growing() -> Seam:
    """Each request for a window that ends after the present adds a run there; windows in the past do not change."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        present = int((config.now or config.clock()).timestamp()) * 1_000
        added: list[Document] = []

        def response(perform: Perform, values: Values) -> Document:
            everything = whole(perform, values)
            if int(values["end_time"]) > present and everything["rows"]:
                newest = everything["rows"][0]
                added.insert(0, {**newest, "planTime": present + len(added), "taskRunningLogId": MOST + len(added)})
            own = {name: everything["rows"][0][name] for name in _OPERATOR} if everything["rows"] else {}
            new = [{**row, **own} for row in added if own and row["planTime"] <= int(values["end_time"])]
            rows = [*new, *everything["rows"]]
            return {**everything, "rows": cut(rows, values), "total": len(rows)}

        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _no_such_operator(perform: Perform, values: Values) -> Document:
    page = whole(perform, values, start_time=0, end_time=MAX_TIME, limit=1)
    if not page["total"]:
        raise HttpError(404, "DLF.0100", "The job does not exist")
    return perform(values)


def _sibling_error(perform: Perform, values: Values) -> Document:
    page = whole(perform, values, start_time=0, end_time=MAX_TIME, limit=1)
    if not page["total"]:
        raise HttpError(400, "DLF.0100", "The job does not exist")
    return perform(values)


def _lenient(text: str) -> str:
    """The integer that a text such as 1.0 stands for; any other text stays as it is."""
    whole_part, point, fraction = text.partition(".")
    return whole_part if point and whole_part.isdecimal() and set(fraction) == {"0"} else text


def _last_of_each(pairs: Pairs) -> Pairs:
    """Each parameter once, with the last value that was sent."""
    return list(dict(pairs).items())


def _is_reversed(pairs: Pairs) -> bool:
    values = dict(pairs)
    start, end = values.get("start_time", ""), values.get("end_time", "")
    return start.isdecimal() and end.isdecimal() and MAX_TIME >= int(start) > int(end)


def _method_not_allowed(scope: Scope) -> Response | None:
    if scope["method"] == "GET":
        return None
    response = fresh(405, _HTML if scope["method"] != "HEAD" else b"", "text/html")
    return replace(response, headers={**response.headers, "allow": "GET"})


def _no_such_method(scope: Scope) -> Response | None:
    return None if scope["method"] == "GET" else fresh(404, b"404 page not found\n", "text/plain; charset=utf-8")


def _quota() -> Wrap:
    """Every twentieth request gets 429."""

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


def _plans(caller: Caller, **parameters: int) -> list[int]:
    return [row["planTime"] for row in caller.rows(**parameters)]


def _decoded(text: str) -> str:
    """An integer as read by Spring's converter, which drops blanks and accepts hexadecimal and any script's digits."""
    bare = "".join(text.split())
    if re.fullmatch(r"-?(?:0[xX]|#)[0-9a-fA-F]{1,15}", bare):
        return str(int(bare.replace("#", "0x"), 16))
    return str(int(bare)) if re.fullmatch(r"[+-]?\d{1,18}", bare) else text


def _as_spring_reads(pairs: Pairs) -> Pairs:
    return [(name, _decoded(value) if name in _NUMBERS else value) for name, value in pairs]


def _a_month_at_most(perform: Perform, values: Values) -> Document:
    if int(values["end_time"]) - int(values["start_time"]) > _MONTH:
        raise HttpError(400, "DLF.0801", "The window is longer than 31 days")
    return perform(values)


def _options(scope: Scope) -> Response | None:
    return Response(204, {"allow": "GET, OPTIONS"}, b"") if scope["method"] == "OPTIONS" else None


def _head_as_get(scope: Scope) -> Response | None:
    return Response(200, {"content-type": "application/json"}, b"") if scope["method"] == "HEAD" else None


def _oldest_first_of_a_moment(perform: Perform, values: Values) -> Document:
    """Runs with the same plan time are in the order of their creation, before paging."""
    everything = whole(perform, values)
    rows = sorted(everything["rows"], key=lambda row: (-row["planTime"], row["taskRunningLogId"]))
    offset, limit = int(values["offset"]), int(values["limit"])
    return {**everything, "rows": rows[offset : offset + limit]}


CORRECT_SERVERS = (
    _first(
        "offset-in-pages",
        "offset counts pages, as the scheduler's own list APIs do",
        on_listing(_by_pages),
        lambda caller: caller.run_ids(offset=1, limit=5) == caller.run_ids(limit=10)[5:],
        target={"offset_unit": "pages"},
    ),
    _first(
        "oldest-first",
        "runs come oldest first: no order is documented",
        on_whole(lambda rows, _: rows[::-1]),
        lambda caller: _plans(caller)[0] < _plans(caller)[-1],
    ),
    _first(
        "limit-capped-at-100",
        "a page has 100 rows at most, as in related APIs",
        on_arguments(lambda values: {**values, "limit": min(int(values["limit"]), _CAP)}),
        lambda caller: len(caller.rows()) == _CAP,
    ),
    _first(
        "limit-above-1000-refused",
        "a limit above 1,000 is refused with 400, as in related APIs",
        refuse_on(
            lambda _, values: any(text.isdecimal() and int(text) > 1_000 for text in values.get("limit", ())),
            HttpError(400, "DLF.0801", "limit must be in the range of 1 to 1000"),
        ),
        lambda caller: caller.runs(limit=1_001).status == 400,
    ),
    _first(
        "window-without-its-end",
        "the end does not belong to the window: no document says whether it does",
        _window("planTime", open_end=True),
        lambda caller: _plans(caller)[3] not in _plans(caller, end_time=_plans(caller)[3]),
    ),
    _first(
        "window-without-its-start",
        "the start does not belong to the window: no document says whether it does",
        _window("planTime", open_start=True),
        lambda caller: _plans(caller)[3] not in _plans(caller, start_time=_plans(caller)[3]),
    ),
    _first(
        "window-without-both-ends",
        "neither end belongs to the window: related APIs say greater than and less than",
        _window("planTime", open_start=True, open_end=True),
        lambda caller: not _plans(caller, start_time=_plans(caller)[3], end_time=_plans(caller)[3]),
    ),
    _first(
        "window-on-the-start-time",
        "the window filters on startTime, as in newer related APIs",
        _window("startTime"),
        lambda caller: len(caller.rows(start_time=1)) < len(caller.rows()),
    ),
    _first(
        "unknown-operator-not-found",
        "an operator that is unknown or has no runs gets 404 instead of an empty page",
        on_listing(_no_such_operator),
        lambda caller: caller.runs(task_id="1").status == 404,
    ),
    _first(
        "unknown-operator-refused",
        "an operator that is unknown or has no runs gets 400 and a code, as in related APIs",
        on_listing(_sibling_error),
        lambda caller: caller.runs(job_name="nobody").status == 400,
    ),
    _first(
        "unknown-table-empty",
        "an unknown table has no operators, and this is not an error",
        on_wire(
            lambda scope, response: (
                write(response, b"[]", status=200)
                if response.status == 404 and _NODES.fullmatch(scope["raw_path"]) and scope["method"] == "GET"
                else response
            )
        ),
        lambda caller: caller.nodes("unknown").body == b"[]",
    ),
    _first(
        "unknown-project-not-found",
        "an unknown project or tenancy gets 404 instead of 403",
        on_error_response(lambda response: replace(response, status=404), 403),
        lambda caller: caller.runs(project_id="f" * 32).status == 404,
    ),
    _first(
        "reversed-window-empty",
        "a window that ends before it starts is empty instead of refused",
        on_query(
            lambda pairs: [
                (name, "0" if name == "start_time" else "1")
                if name in ("start_time", "end_time") and _is_reversed(pairs)
                else (name, value)
                for name, value in pairs
            ]
        ),
        lambda caller: caller.runs(start_time=9, end_time=5).status == 200,
    ),
    _first(
        "lenient-integers",
        "1.0 is read as 1, as a parser of the documented type Number may do",
        on_query(lambda pairs: [(name, _lenient(value)) for name, value in pairs]),
        lambda caller: caller.runs(limit="1.0").status == 200,
    ),
    _first(
        "last-of-repeated-parameters",
        "the last value of a parameter that is sent twice counts: no document says which one counts",
        on_query(_last_of_each),
        lambda caller: caller.get(caller.runs_target() + "&limit=1").status == 200,
    ),
    _first(
        "html-for-undeclared-methods",
        "the response to an undeclared method is an HTML page of the gateway",
        before_app(_method_not_allowed),
        lambda caller: caller.get(caller.runs_target(), method="POST").body == _HTML,
    ),
    _first(
        "undeclared-methods-not-found",
        "the response to an undeclared method is a plain 404 of the gateway",
        before_app(_no_such_method),
        lambda caller: caller.get(caller.runs_target(), method="PUT").status == 404,
    ),
    _first(
        "growing-data",
        "runs are added while a walk is under way, but not to windows in the past",
        _growing(),
        lambda caller: caller.page()["total"] != caller.page()["total"],
    ),
    _first(
        "blank-workspace-finds-nothing",
        "a blank workspace_id is compared literally instead of counting as absent",
        on_parameter("workspace_id", lambda text: text or "-"),
        lambda caller: caller.rows(workspace_id="") == [],
    ),
    _first(
        "throttled-now-and-then",
        "every twentieth request gets 429",
        Seam(wrap=_quota()),
        lambda caller: 429 in {caller.runs(limit=1).status for _ in range(_QUOTA)},
        target={"rate_limit": 100.0},
    ),
    _blind(
        "numbers-as-spring-reads-them",
        (
            "blanks, a plus sign, hexadecimal and digits of other scripts are accepted: how the text of a query "
            "becomes an integer is specified nowhere, and common Java servers accept them"
        ),
        on_query(_as_spring_reads),
        lambda caller: caller.runs(limit="0x0A").status == caller.runs(limit="\u0661\u0660").status == 200,
    ),
    _blind(
        "task-id-as-a-number",
        "leading zeros of a task_id do not count: rows show it as a number, and it may be stored as one",
        on_arguments(lambda values: {**values, "task_id": str(values["task_id"]).lstrip("0")}),
        lambda caller: bool(caller.rows(task_id=f"00{TASK_ID}")),
    ),
    _blind(
        "options-answered",
        "OPTIONS gets 204 and the allowed methods, as in HTTP",
        before_app(_options),
        lambda caller: caller.get(caller.runs_target(), method="OPTIONS").status == 204,
    ),
    _blind(
        "head-answered",
        "HEAD gets the response of GET without a body, as in HTTP",
        before_app(_head_as_get),
        lambda caller: caller.get(caller.runs_target(), method="HEAD").status == 200,
    ),
    _blind(
        "limit-above-100-refused",
        "a limit above 100 is refused with 400, as in some related APIs",
        refuse_on(
            lambda _, values: any(text.isdecimal() and int(text) > _MOST_LIMIT for text in values.get("limit", ())),
            HttpError(400, "DLF.0801", "limit must be in the range of 1 to 100"),
        ),
        lambda caller: caller.runs(limit=_MOST_LIMIT + 1).status == 400,
    ),
    _blind(
        "offset-above-10000-refused",
        "an offset above 10,000 is refused with 400, as by search engines",
        refuse_on(
            lambda _, values: any(text.isdecimal() and int(text) > _DEEPEST for text in values.get("offset", ())),
            HttpError(400, "DLF.0801", "offset must be in the range of 0 to 10000"),
        ),
        lambda caller: caller.runs(offset=_DEEPEST + 1).status == 400,
    ),
    _blind(
        "window-of-a-month-at-most",
        "a window of more than 31 days is refused with 400",
        on_listing(_a_month_at_most),
        lambda caller: caller.runs(start_time=0).status == 400,
    ),
    _blind(
        "other-project-unauthorized",
        "a request for another project or tenancy gets 401 instead of 403",
        on_error_response(lambda response: replace(response, status=401), 403),
        lambda caller: caller.runs(project_id="f" * 32).status == 401,
    ),
    _blind(
        "ties-oldest-first",
        "runs with the same plan time are in another order than in the reference, but always in the same one",
        on_listing(_oldest_first_of_a_moment),
        lambda caller: any(
            row["planTime"] == below["planTime"] and row["taskRunningLogId"] < below["taskRunningLogId"]
            for row, below in pairwise(caller.rows())
        ),
    ),
)
