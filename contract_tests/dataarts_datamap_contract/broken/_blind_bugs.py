"""Bugs of every level that were committed before the suite was run against any of them; its rules were known."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dataarts_datamap_contract.broken._caller import JOB_NAME, Caller
from dataarts_datamap_contract.broken._credential_bugs import alike, data, let_in, seen_before, tampered
from dataarts_datamap_contract.broken._input_bugs import has
from dataarts_datamap_contract.broken._paging_bugs import day, named, own_rows, own_total, remembered, set_arguments
from dataarts_datamap_contract.broken._seams import (
    MOST,
    NODES,
    RUNS,
    Answer,
    Document,
    Perform,
    Seam,
    Values,
    before_app,
    compact,
    fail_on,
    fresh,
    is_nodes,
    on_arguments,
    on_body,
    on_credentials,
    on_field,
    on_judgement,
    on_listing,
    on_page,
    on_parameter,
    on_refusal,
    on_request,
    on_row,
    on_success,
    on_unauthorized,
    on_whole,
    on_wire,
    whole,
    with_header,
    write,
)
from dataarts_datamap_contract.broken._server import BrokenServer
from dataarts_datamap_contract.mock._identity.signature import (
    ALGORITHM,
    DATE_HEADER,
    SignatureError,
    canonical_request,
    claims_signature,
    read_claim,
)
from dataarts_datamap_contract.mock._web.responses import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_HOUR = 3_600_000
_DAY = 24 * _HOUR
_TEXT_COLUMN = 65_536
_BUFFER = 512
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"
_OTHER_JOB = "check/rows<stage>"
_ELSEWHERE = "f" * 32


def _answered(change: Callable[[Values, bytes], bytes]) -> Seam:
    """The document that ShowInstanceInfos answers, by the parameters that it is asked with."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation

        def perform(arguments: Arguments) -> bytes:
            return change(dict(arguments.values), operation.perform(arguments))

        return replace(operation, perform=perform)

    return Seam(alter)


def _failure_of_the_second_page(values: Values, document: bytes) -> bytes:
    failure = {"error_code": "DLF.6201", "error_msg": "The request to the scheduler timed out"}
    return compact(failure).encode() if values["offset"] else document


def _null_for_nothing(scope: Scope, answer: Answer) -> Answer:
    unknown = answer.status == 404 and is_nodes(scope) and scope["method"] == "GET"
    return write(answer, b"null", status=200) if unknown else answer


def _padded(answer: Answer) -> Answer:
    return write(answer, answer.body + bytes(-len(answer.body) % _BUFFER or _BUFFER))


def _nothing_found(page: Document) -> Document:
    return page if page["rows"] else {**page, "success": False, "msg": "no data"}


def _counted_with_other_jobs(page: Document, values: Values, perform: Perform) -> int:
    others = whole(perform, values, job_name=_OTHER_JOB, limit=1)["total"] if values["job_name"] == JOB_NAME else 0
    return int(page["total"]) + int(others)


def _counted_without_the_end(page: Document, values: Values, perform: Perform) -> int:
    start, end = int(values["start_time"]), int(values["end_time"])
    total = whole(perform, values, end_time=end - 1, limit=1)["total"] if start < end else page["total"]
    return int(total)


def _not_found_at_the_end(perform: Perform, values: Values) -> Document:
    page = perform(values)
    if int(values["offset"]) >= page["total"] > 0:
        raise RefusalError(404, "DLF.0404", "There is no such page")
    return page


def _from_midnight_if_long(values: Values) -> Values:
    start, end = int(values["start_time"]), int(values["end_time"])
    return {**values, "start_time": start // _DAY * _DAY} if end - start > 3 * _DAY else values


def _without_accents(name: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", name) if not unicodedata.combining(char))


def _lagging() -> Seam:
    """Each third answer comes from a copy of the data that has not got the latest run of the window yet."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = iter(range(MOST))
        return on_whole(lambda rows, _: rows[1:] if next(asked) % 3 == 2 else rows).alter(operation, config)

    return Seam(alter)


def _once_for_each_try(rows: list[Document], _: Values) -> list[Document]:
    return [row for row in rows for _ in range(1 + (row["retryTimes"] > 0))]


def _right_signature(request: RequestParts, config: MockConfig) -> bytes | None:
    try:
        digest = hashlib.sha256(canonical_request(request, read_claim(request))).hexdigest().encode()
    except SignatureError:
        return None
    text = b"\n".join((ALGORITHM, *request.header(DATE_HEADER)[:1], digest))
    return hmac.digest(config.secret_key.encode(), text, "sha256").hex().encode()


def _right_signature_told() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def tell(request: RequestParts, error: RefusalError) -> RefusalError:
            right = _right_signature(request, config) if claims_signature(request) else None
            expected = f"; expected {right.decode()}" if right else ""
            return RefusalError(error.status, error.code, f"{error.message}{expected}")

        return on_unauthorized(tell).alter(operation, config)

    return Seam(alter)


def _begins_well(request: RequestParts, config: MockConfig) -> RequestParts | None:
    """Only the first half of a signature is compared."""
    right = _right_signature(request, config) if claims_signature(request) else None
    sent = read_claim(request).signature if right else b""
    return None if right and sent != right and sent[:32] == right[:32] else request


def _at_the_same_time_of_any_day() -> Seam:
    """Of a signature's date, the time of day alone is held against the clock."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def authenticate(request: RequestParts) -> None:
            try:
                operation.authenticate(request)
            except RefusalError as error:
                if "signature expired" not in error.message or not _is_time_of_day(request, config):
                    raise

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def _is_time_of_day(request: RequestParts, config: MockConfig) -> bool:
    present = config.clock()
    sent = datetime.strptime(request.header(DATE_HEADER)[0].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=present.tzinfo)
    apart = abs(present - sent) % timedelta(days=1)
    return min(apart, timedelta(days=1) - apart) < timedelta(minutes=15)


def _names_of_the_query(request: RequestParts) -> tuple[object, ...]:
    names = tuple(name for name, _ in parse_qsl(request.query.decode(errors="replace"), keep_blank_values=True))
    return (*request.header("Authorization"), request.raw_path, names)


def _operators_of_any_project() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        own = {"project_id": config.project_id}
        return on_arguments(lambda values: {**values, **own}, of=NODES).alter(operation, config)

    return Seam(alter)


def _token_sent_back(scope: Scope, answer: Answer) -> Answer:
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-auth-token"]
    known = sent and answer.status == 200
    return replace(answer, headers={**answer.headers, "x-subject-token": sent[0]}) if known else answer


def _first_of_a_list(text: str) -> str:
    return text.partition(",")[0] if re.fullmatch(r"[0-9]+(,[0-9]+)+", text) else text


def _date_as_milliseconds(text: str) -> str:
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return text
    try:
        return str(int(datetime.fromisoformat(text).timestamp() * 1_000))
    except ValueError:
        return text


def _wrong_twice(_: RequestParts, values: Mapping[str, list[str]]) -> bool:
    numbers = ("start_time", "end_time", "offset", "limit")
    return sum(not value.isdecimal() for name in numbers for value in values.get(name, ())) > 1


def _sum_beyond_32_bits(_: RequestParts, values: Mapping[str, list[str]]) -> bool:
    sent = [int(value) for name in ("offset", "limit") for value in values.get(name, ()) if value.isdecimal()]
    return len(sent) == 2 and max(sent) <= MOST < sum(sent)


def _own_instance_for_blank() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def fill(request: RequestParts) -> RequestParts:
            blank = [value for value in request.header("instance") if not value.strip()]
            return with_header(request, "instance", config.instance_id.encode()) if blank else request

        return on_request(fill).alter(operation, config)

    return Seam(alter)


def _unauthorized_without_instance(request: RequestParts, error: RefusalError) -> RefusalError:
    return error if request.header("instance") else RefusalError(401, "APIGW.0301", "No tenancy is known")


def _noon(caller: Caller) -> int:
    """The middle of the first day of a window that ends at the end of time."""
    return day(caller)["start_time"] + _DAY // 2


def _status(caller: Caller, **parameters: str | int | None) -> int:
    return caller.runs(**parameters).status


def _signed_status(caller: Caller, *, date: str) -> int:
    target = caller.runs_target()
    return caller.get(target, caller.signed(target, date=date)).status


def _half_wrong(caller: Caller) -> dict[str, str]:
    headers = caller.signed(caller.runs_target())
    return {**headers, "authorization": headers["authorization"][:-32] + "0" * 32}


_BLIND_ENVELOPE_BUGS = (
    BrokenServer(
        name="compressed-unasked",
        level="A",
        rule="an answer is compressed only for whoever accepts that",
        checks=frozenset({"A-json", "A-content-type"}),
        seam=on_success(lambda answer: write(answer, gzip.compress(answer.body, mtime=0), content_encoding="gzip")),
        shown=lambda caller: caller.runs().body.startswith(b"\x1f\x8b"),
        blind=True,
    ),
    BrokenServer(
        name="compression-announced-not-done",
        level="A",
        rule="an answer that says that it is compressed is",
        checks=frozenset({"A-json", "A-answer-whole", "A-content-type"}),
        seam=on_success(lambda answer: write(answer, answer.body, content_encoding="gzip")),
        shown=lambda caller: caller.runs().headers.get("content-encoding") == "gzip" and bool(caller.rows()),
        blind=True,
    ),
    BrokenServer(
        name="refusals-in-latin-1",
        level="A",
        rule="a refusal says that it is UTF-8, if it names a character set",
        checks=frozenset({"A-content-type"}),
        seam=on_refusal(
            lambda answer: write(answer, answer.body, content_type="application/json;charset=ISO-8859-1"),
            *(400, 401, 403, 404),
        ),
        shown=lambda caller: "8859" in caller.runs(limit=0).headers["content-type"],
        blind=True,
    ),
    BrokenServer(
        name="unknown-table-as-null",
        level="A",
        rule="an unknown table has an empty list of operators, or a refusal, and not null",
        checks=frozenset({"A-nodes-shape"}),
        seam=on_wire(_null_for_nothing),
        shown=lambda caller: caller.nodes("unknown").body == b"null",
        blind=True,
    ),
    BrokenServer(
        name="failure-inside-the-second-page",
        level="A",
        rule="a page of runs is an envelope, the second one too",
        checks=frozenset({"A-envelope-shape"}),
        seam=_answered(_failure_of_the_second_page),
        shown=lambda caller: "error_code" in caller.envelope(offset=10),
        blind=True,
    ),
    BrokenServer(
        name="options-fails",
        level="A",
        rule="an OPTIONS breaks nothing",
        checks=frozenset({"A-server-error", "A-undeclared-method"}),
        seam=before_app(
            lambda scope: fresh(500, b"{}", "application/json") if scope["method"] == "OPTIONS" else None,
        ),
        shown=lambda caller: caller.get(caller.runs_target(), method="OPTIONS").status == 500,
        blind=True,
    ),
    BrokenServer(
        name="padded-with-nul",
        level="A",
        rule="an answer ends where its document ends, not where its buffer does",
        checks=frozenset({"A-json"}),
        seam=on_success(_padded),
        shown=lambda caller: caller.runs().body.endswith(b"\0"),
        blind=True,
    ),
)
_BLIND_BODY_BUGS = (
    BrokenServer(
        name="end-time-in-local-time",
        level="B",
        rule="endTime is UTC as startTime is",
        checks=frozenset({"B-time-order"}),
        seam=on_field("endTime", lambda time: time - 8 * _HOUR if time else time),
        shown=lambda caller: any(0 < row["endTime"] < row["startTime"] for row in caller.rows()),
        blind=True,
    ),
    BrokenServer(
        name="body-cut-at-64-k",
        level="B",
        rule="a body is whole, a long one too",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: body[:_TEXT_COLUMN]),
        shown=lambda caller: len(caller.envelope(limit=100)["body"]) == _TEXT_COLUMN,
        blind=True,
    ),
    BrokenServer(
        name="counts-with-leading-zeros",
        level="B",
        rule="a number starts with no needless zero",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: re.sub(r'("retryTimes":)([0-9])', r"\g<1>0\2", body)),
        shown=lambda caller: '"retryTimes":00' in caller.envelope()["body"],
        blind=True,
    ),
    BrokenServer(
        name="raw-newlines-inside-running-data",
        level="B",
        rule="a newline inside runningData's document is escaped",
        checks=frozenset({"B-running-data"}),
        seam=on_field("runningData", lambda text: text and text.replace("\\n", "\n")),
        shown=lambda caller: any("\n" in (row["runningData"] or "") for row in caller.rows()),
        blind=True,
    ),
    BrokenServer(
        name="no-success-without-rows",
        level="B",
        rule="a valid question that finds nothing is a success",
        checks=frozenset({"B-success-agrees"}),
        seam=on_page(_nothing_found),
        shown=lambda caller: caller.page(offset=9_999)["success"] is False,
        blind=True,
    ),
    BrokenServer(
        name="running-time-backwards",
        level="B",
        rule="runningTime is never negative, but for -1",
        checks=frozenset({"B-count-range"}),
        seam=on_row(lambda row: {**row, "runningTime": row["startTime"] - row["endTime"]}),
        shown=lambda caller: min(row["runningTime"] for row in caller.rows()) < -1,
        blind=True,
    ),
)
_BLIND_PAGING_BUGS = (
    BrokenServer(
        name="total-counted-before-the-job-filter",
        level="C",
        rule="total counts the runs of the job_name alone",
        checks=frozenset({"C-walk-complete", "C-window-total", "C-limit-underfilled"}),
        seam=own_total(_counted_with_other_jobs),
        shown=lambda caller: caller.page()["total"] > len(caller.rows()),
        blind=True,
    ),
    BrokenServer(
        name="second-page-one-short",
        level="C",
        rule="every page but the last is full",
        checks=frozenset({"C-limit-underfilled", "C-offset-slice", "C-walk-limits-agree", "C-walk-complete"}),
        seam=own_rows(lambda page, values, _: page["rows"][:-1] if values["offset"] else page["rows"]),
        shown=lambda caller: len(caller.page(offset=10)["rows"]) == 9,
        blind=True,
    ),
    BrokenServer(
        name="count-without-the-end",
        level="C",
        rule="total counts a run at the end of the window if the rows have it",
        checks=frozenset({"C-window-total", "C-walk-complete", "B-total-covers-rows"}),
        seam=own_total(_counted_without_the_end),
        shown=lambda caller: caller.page(end_time=caller.rows()[5]["planTime"])["total"] < len(caller.rows()) - 5,
        blind=True,
    ),
    BrokenServer(
        name="end-of-the-list-not-found",
        level="C",
        rule="there is an empty page behind the last row",
        checks=frozenset({"C-offset-beyond-end"}),
        seam=on_listing(_not_found_at_the_end),
        shown=lambda caller: _status(caller, offset=9_999) == 404,
        blind=True,
    ),
    BrokenServer(
        name="long-windows-from-midnight",
        level="C",
        rule="a window starts at its start, a long one too",
        checks=frozenset({"C-window-start", "C-window-adds-up"}),
        seam=on_arguments(_from_midnight_if_long),
        shown=lambda caller: min(row["planTime"] for row in caller.rows(start_time=_noon(caller))) < _noon(caller),
        blind=True,
    ),
    BrokenServer(
        name="accents-do-not-count",
        level="C",
        rule="a job_name with an accent on a letter is another one",
        checks=frozenset({"C-job-name-other", "C-job-name-case"}),
        seam=named(lambda name, wanted: _without_accents(wanted) == name),
        shown=lambda caller: bool(caller.rows(job_name="ÉTL_Job_dli2dws")),
        blind=True,
    ),
    BrokenServer(
        name="workspace-by-pattern",
        level="C",
        rule="a per cent sign in a workspace_id stands for itself",
        checks=frozenset({"C-workspace-other"}),
        seam=set_arguments(
            workspace_id=lambda text: (
                _WORKSPACE if "%" in text and re.fullmatch(re.escape(text).replace("%", ".*"), _WORKSPACE) else text
            )
        ),
        shown=lambda caller: bool(caller.rows(workspace_id="b88c%")),
        blind=True,
    ),
    BrokenServer(
        name="pages-remembered-without-their-limit",
        level="C",
        rule="a page has as many rows as were asked for, not as many as last time",
        checks=frozenset(
            {"C-limit-exceeded", "C-limit-underfilled", "C-offset-slice", "C-walk-limits-agree", "C-walk-complete"}
        ),
        seam=remembered("task_id", "job_name", "workspace_id", "start_time", "end_time", "offset"),
        shown=lambda caller: len(caller.page(limit=10)["rows"]) == len(caller.page(limit=3)["rows"]),
        blind=True,
    ),
    BrokenServer(
        name="lagging-copy",
        level="C",
        rule="a run that was shown once is shown again",
        checks=frozenset(
            {"C-repeatable", "C-total-constant", "C-walk-complete", "C-walk-limits-agree", "C-offset-slice"}
        ),
        seam=_lagging(),
        shown=lambda caller: len({caller.page()["total"] for _ in range(3)}) == 2,
        blind=True,
    ),
    BrokenServer(
        name="run-ids-rounded",
        level="C",
        rule="each run has an id of its own, to the last digit",
        checks=frozenset({"C-run-id-unique"}),
        seam=on_field("taskRunningLogId", lambda number: number // 1_000 * 1_000),
        shown=lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
        blind=True,
    ),
    BrokenServer(
        name="retried-runs-once-for-each-try",
        level="C",
        rule="a run that was tried twice is listed once",
        checks=frozenset({"C-walk-duplicate"}),
        seam=on_whole(_once_for_each_try),
        shown=lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
        blind=True,
    ),
)
_BLIND_CREDENTIAL_BUGS = (
    BrokenServer(
        name="token-among-others",
        level="D",
        rule="a list with the token in it is not the token",
        checks=frozenset({"D-token-longer"}),
        seam=let_in(lambda sent, known: known in [part.strip() for part in sent.split(b",")]),
        shown=lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": f"none, {caller.config.token}"})),
        blind=True,
    ),
    BrokenServer(
        name="instance-by-pattern",
        level="D",
        rule="a per cent sign is no tenancy",
        checks=frozenset({"D-instance-other"}),
        seam=alike("instance", "instance_id", lambda sent, _: sent == "%"),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": "%"})),
        blind=True,
    ),
    BrokenServer(
        name="right-signature-told",
        level="D",
        rule="a refusal does not tell the signature that would have been right",
        checks=frozenset({"D-secret-echo"}),
        seam=_right_signature_told(),
        shown=lambda caller: (
            caller.signed(caller.runs_target())["authorization"][-64:].encode()
            in caller.get(caller.runs_target(), _half_wrong(caller)).body
        ),
        blind=True,
    ),
    BrokenServer(
        name="signature-by-its-first-half",
        level="D",
        rule="a signature is compared to its end",
        checks=frozenset({"D-signature-wrong"}),
        seam=on_credentials(_begins_well),
        shown=lambda caller: data(caller.get(caller.runs_target(), _half_wrong(caller))),
        blind=True,
    ),
    BrokenServer(
        name="signature-of-the-same-time-yesterday",
        level="D",
        rule="a signature ages by days, too",
        checks=frozenset({"D-signature-stale"}),
        seam=_at_the_same_time_of_any_day(),
        shown=lambda caller: (
            _signed_status(caller, date=f"{caller.config.clock() - timedelta(days=1):%Y%m%dT%H%M%SZ}") == 200
        ),
        blind=True,
    ),
    BrokenServer(
        name="signature-over-the-names-of-the-query",
        level="D",
        rule="a signature covers the values of the query",
        checks=frozenset({"D-signature-tampered"}),
        seam=seen_before(_names_of_the_query),
        shown=lambda caller: data(tampered(caller, lambda target: target.replace("limit=10", "limit=11"))),
        blind=True,
    ),
    BrokenServer(
        name="operators-of-any-project",
        level="D",
        rule="another project has no operators",
        checks=frozenset({"D-project-other"}),
        seam=_operators_of_any_project(),
        shown=lambda caller: data(caller.get(caller.nodes_target().replace(caller.config.project_id, _ELSEWHERE))),
        blind=True,
    ),
    BrokenServer(
        name="token-sent-back",
        level="D",
        rule="an answer does not repeat the token in its head",
        checks=frozenset({"D-secret-echo"}),
        seam=on_wire(_token_sent_back),
        shown=lambda caller: caller.runs().headers.get("x-subject-token") == caller.config.token,
        blind=True,
    ),
)
_BLIND_INPUT_BUGS = (
    BrokenServer(
        name="first-limit-of-a-list",
        level="E",
        rule="a list in place of a limit is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("limit", _first_of_a_list),
        shown=lambda caller: _status(caller, limit="10,20") == 200,
        blind=True,
    ),
    BrokenServer(
        name="date-for-an-end",
        level="E",
        rule="a date in place of milliseconds is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("end_time", _date_as_milliseconds),
        shown=lambda caller: _status(caller, end_time="2024-01-31T00:00:00+00:00") == 200,
        blind=True,
    ),
    BrokenServer(
        name="two-mistakes-fail",
        level="E",
        rule="a request with two mistakes is refused, and breaks nothing",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(_wrong_twice),
        shown=lambda caller: _status(caller, offset="x", limit="y") == 500,
        blind=True,
    ),
    BrokenServer(
        name="sum-of-offset-and-limit-fails",
        level="E",
        rule="an offset and a limit that together are beyond 32 bits break nothing",
        checks=frozenset({"A-server-error", "E-maximum-unserved"}),
        seam=fail_on(_sum_beyond_32_bits),
        shown=lambda caller: _status(caller, offset=MOST, limit=1) == 500,
        blind=True,
    ),
    BrokenServer(
        name="long-workspace-fails",
        level="E",
        rule="a workspace_id longer than any breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("workspace_id", lambda text: len(text) > 64)),
        shown=lambda caller: _status(caller, workspace_id="f" * 65) == 500,
        blind=True,
    ),
    BrokenServer(
        name="own-instance-for-a-blank-one",
        level="E",
        rule="a blank instance is refused",
        checks=frozenset({"E-missing-parameter", "D-instance-other"}),
        seam=_own_instance_for_blank(),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": ""})),
        blind=True,
    ),
    BrokenServer(
        name="missing-instance-unauthorized",
        level="E",
        rule="a good token without an instance gets 400, not 401",
        checks=frozenset({"E-refusal-status"}),
        seam=on_judgement(_unauthorized_without_instance),
        shown=lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == 401,
        blind=True,
    ),
    BrokenServer(
        name="beyond-the-basic-plane-fails",
        level="E",
        rule="a job_name with an emoji breaks nothing",
        checks=frozenset({"A-server-error", "C-job-name-unusual", "C-nodes-chain"}),
        seam=fail_on(has("job_name", lambda text: any(ord(char) > 0xFFFF for char in text))),
        shown=lambda caller: _status(caller, job_name="📊") == 500,
        blind=True,
    ),
)

BLIND_BUGS = (
    *_BLIND_ENVELOPE_BUGS,
    *_BLIND_BODY_BUGS,
    *_BLIND_PAGING_BUGS,
    *_BLIND_CREDENTIAL_BUGS,
    *_BLIND_INPUT_BUGS,
)
