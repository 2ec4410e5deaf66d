"""Level E: input that is misread or wrongly refused."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import JOB_NAME, MAX_TIME, Caller
from dataarts_datamap_contract._broken.seams import (
    MOST,
    Pairs,
    Seam,
    on_judgement,
    on_missing,
    on_parameter,
    on_query,
    on_request,
    refuse_on,
    with_header,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, OK, as_integer, data, has, status_of
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts


def _when(accepts: Callable[[int], bool], becomes: str) -> Callable[[str], str]:
    """An integer out of bounds that is read as another one."""

    def change(text: str) -> str:
        number = as_integer(text)
        return becomes if number is not None and accepts(number) else text

    return change


def _digits_first(text: str) -> str:
    """The number that a reader gets if it stops at the first character that is not a digit."""
    match = re.match(r"[0-9]+", text)
    return match[0] if match else text


def _truncated(text: str) -> str:
    return text.partition(".")[0] if re.fullmatch(r"[0-9]+\.[0-9]+", text) else text


def _wrapped(text: str) -> str:
    """A number too large for 32 bits, without the surplus bits."""
    number = as_integer(text)
    return str(number % 2**31 or 1) if number is not None and number > MOST else text


def _swapped(pairs: Pairs) -> Pairs:
    values = dict(pairs)
    start, end = as_integer(values.get("start_time", "")), as_integer(values.get("end_time", ""))
    if start is None or end is None or start <= end:
        return pairs
    other = {"start_time": str(end), "end_time": str(start)}
    return [(name, other.get(name, value)) for name, value in pairs]


def _default_instance(request: RequestParts) -> RequestParts:
    if request.header("instance"):
        return request
    return with_header(request, "instance", b"6b884d52f8a74d5e9e0f24c5a7a62688")


def _bad(caller: Caller) -> int:
    return status_of(caller, offset="x")


def _first_of_a_list(text: str) -> str:
    return text.partition(",")[0] if re.fullmatch(r"[0-9]+(,[0-9]+)+", text) else text


def _date_as_milliseconds(text: str) -> str:
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return text
    try:
        return str(int(datetime.fromisoformat(text).timestamp() * 1_000))
    except ValueError:
        return text


def _own_instance_for_blank() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def fill(request: RequestParts) -> RequestParts:
            blank = [value for value in request.header("instance") if not value.strip()]
            return with_header(request, "instance", config.instance_id.encode()) if blank else request

        return on_request(fill).alter(operation, config)

    return Seam(alter)


def _unauthorized_without_instance(request: RequestParts, error: HttpError) -> HttpError:
    return error if request.header("instance") else HttpError(401, "APIGW.0301", "No tenancy is known")


BROKEN_SERVERS = (
    BrokenServer(
        name="limit-0-for-the-default",
        level="E",
        rule="a limit of 0 is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("limit", _when(lambda number: number == 0, "10")),
        shown=lambda caller: status_of(caller, limit=0) == OK,
    ),
    BrokenServer(
        name="limit-minus-one-for-all",
        level="E",
        rule="a negative limit is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("limit", _when(lambda number: number < 0, str(MOST))),
        shown=lambda caller: status_of(caller, limit=-1) == OK,
    ),
    BrokenServer(
        name="negative-offset-for-0",
        level="E",
        rule="a negative offset is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("offset", _when(lambda number: number < 0, "0")),
        shown=lambda caller: status_of(caller, offset=-1) == OK,
    ),
    BrokenServer(
        name="negative-start-time",
        level="E",
        rule="a start before the epoch is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("start_time", _when(lambda number: number < 0, "0")),
        shown=lambda caller: status_of(caller, start_time=-1) == OK,
    ),
    BrokenServer(
        name="limit-of-64-bits",
        level="E",
        rule="a limit beyond 32 bits is refused",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("limit", _when(lambda number: number > MOST, str(MOST))),
        shown=lambda caller: status_of(caller, limit=MOST + 1) == OK,
    ),
    BrokenServer(
        name="offset-wraps-around",
        level="E",
        rule="an offset beyond 32 bits is refused",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("offset", _wrapped),
        shown=lambda caller: status_of(caller, offset=2**32) == OK,
    ),
    BrokenServer(
        name="end-time-beyond-64-bits",
        level="E",
        rule="an end beyond 64 bits is refused",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("end_time", _when(lambda number: number > MAX_TIME, str(MAX_TIME))),
        shown=lambda caller: status_of(caller, end_time=MAX_TIME + 1) == OK,
    ),
    BrokenServer(
        name="limit-of-words-for-the-default",
        level="E",
        rule="a limit that is not a number is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("limit", lambda text: text if re.match(r"[-+.0-9]", text) else "10"),
        shown=lambda caller: status_of(caller, limit="abc") == OK,
    ),
    BrokenServer(
        name="offset-read-to-the-first-letter",
        level="E",
        rule="an offset with letters after its digits is refused",
        checks=frozenset({"E-wrong-type", "E-fraction"}),
        seam=on_parameter("offset", _digits_first),
        shown=lambda caller: status_of(caller, offset="0abc") == OK,
    ),
    BrokenServer(
        name="limit-with-a-fraction",
        level="E",
        rule="a limit with a fraction is refused",
        checks=frozenset({"E-fraction"}),
        seam=on_parameter("limit", _truncated),
        shown=lambda caller: status_of(caller, limit="10.5") == OK,
    ),
    BrokenServer(
        name="end-time-with-a-fraction",
        level="E",
        rule="an end with a fraction of a millisecond is refused",
        checks=frozenset({"E-fraction"}),
        seam=on_parameter("end_time", _truncated),
        shown=lambda caller: status_of(caller, end_time="1705311669796.5") == OK,
    ),
    BrokenServer(
        name="limit-optional",
        level="E",
        rule="limit is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("limit", "10"),
        shown=lambda caller: status_of(caller, limit=None) == OK,
    ),
    BrokenServer(
        name="offset-optional",
        level="E",
        rule="offset is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("offset", "0"),
        shown=lambda caller: status_of(caller, offset=None) == OK,
    ),
    BrokenServer(
        name="start-time-optional",
        level="E",
        rule="start_time is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("start_time", "0"),
        shown=lambda caller: status_of(caller, start_time=None) == OK,
    ),
    BrokenServer(
        name="job-name-optional",
        level="E",
        rule="job_name is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("job_name", JOB_NAME),
        shown=lambda caller: status_of(caller, job_name=None) == OK,
    ),
    BrokenServer(
        name="instance-optional",
        level="E",
        rule="the header instance is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_request(_default_instance),
        shown=lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == OK,
    ),
    BrokenServer(
        name="blank-job-name-for-the-first",
        level="E",
        rule="a blank job_name finds nothing",
        checks=frozenset({"C-job-name-blank", "E-missing-parameter"}),
        seam=on_parameter("job_name", lambda text: text.strip() or JOB_NAME),
        shown=lambda caller: status_of(caller, job_name="") == OK,
    ),
    BrokenServer(
        name="reversed-window-put-right",
        level="E",
        rule="a window that ends before it starts has no runs",
        checks=frozenset({"C-window-reversed"}),
        seam=on_query(_swapped),
        shown=lambda caller: status_of(caller, start_time=MAX_TIME, end_time=0) == OK,
    ),
    BrokenServer(
        name="bad-input-not-found",
        level="E",
        rule="a wrong parameter is refused with 400, not 404",
        checks=frozenset({"E-refusal-status"}),
        seam=on_judgement(lambda _, error: HttpError(404, "DLG.0404", error.message)),
        shown=lambda caller: _bad(caller) == 404,
    ),
    BrokenServer(
        name="bad-input-forbidden",
        level="E",
        rule="a number out of its range is refused with 400",
        checks=frozenset({"E-refusal-status"}),
        seam=on_judgement(
            lambda _, error: HttpError(403, "DLM.4001", error.message) if "imum" in error.message else error
        ),
        shown=lambda caller: status_of(caller, limit=0) == 403,
    ),
    BrokenServer(
        name="workspace-mandatory",
        level="E",
        rule="workspace_id may be left out",
        checks=frozenset({"E-optional-refused"}),
        seam=refuse_on(
            lambda _, values: "workspace_id" not in values,
            HttpError(400, "DLF.0802", "workspace_id is missing"),
        ),
        shown=lambda caller: status_of(caller) == BAD_REQUEST,
    ),
    BrokenServer(
        name="first-row-out-of-range",
        level="E",
        rule="an offset of 0 is allowed",
        checks=frozenset({"E-minimum-refused", "E-valid-refused"}),
        seam=refuse_on(
            has("offset", lambda text: text == "0"), HttpError(400, "APIGW.0106", "offset must be positive")
        ),
        shown=lambda caller: status_of(caller, offset=0) == BAD_REQUEST,
    ),
    BrokenServer(
        name="single-moment-refused",
        level="E",
        rule="a window may start and end at the same millisecond",
        checks=frozenset({"E-minimum-refused"}),
        seam=refuse_on(
            lambda _, values: values.get("start_time") == values.get("end_time") is not None,
            HttpError(400, "APIGW.0106", "end_time must be after start_time"),
        ),
        shown=lambda caller: status_of(caller, start_time=5, end_time=5) == BAD_REQUEST,
    ),
    BrokenServer(
        name="end-time-optional",
        level="E",
        rule="end_time is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("end_time", str(MAX_TIME)),
        shown=lambda caller: status_of(caller, end_time=None) == 200,
        cohort="late",
    ),
    BrokenServer(
        name="negative-end-time-for-now",
        level="E",
        rule="an end before the epoch is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("end_time", _when(lambda number: number < 0, str(MAX_TIME))),
        shown=lambda caller: status_of(caller, end_time=-1) == 200,
        cohort="late",
    ),
    BrokenServer(
        name="start-time-beyond-64-bits",
        level="E",
        rule="a start beyond 64 bits is refused, not ignored",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("start_time", _when(lambda number: number > MAX_TIME, "0")),
        shown=lambda caller: status_of(caller, start_time=MAX_TIME + 1) == 200,
        cohort="late",
    ),
    BrokenServer(
        name="end-time-of-words-for-now",
        level="E",
        rule="an end that is not a number is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("end_time", lambda text: text if re.match(r"[-+.0-9]|$", text) else str(MAX_TIME)),
        shown=lambda caller: status_of(caller, end_time="today") == 200,
        cohort="late",
    ),
    BrokenServer(
        name="offset-with-a-fraction",
        level="E",
        rule="an offset with a fraction is refused",
        checks=frozenset({"E-fraction"}),
        seam=on_parameter("offset", lambda text: re.sub(r"^([0-9]+)\.[0-9]+$", r"\1", text)),
        shown=lambda caller: status_of(caller, offset="1.5") == 200,
        cohort="late",
    ),
    BrokenServer(
        name="epoch-refused",
        level="E",
        rule="a window may start at the epoch",
        checks=frozenset({"E-minimum-refused"}),
        seam=refuse_on(
            has("start_time", lambda text: text == "0"), HttpError(400, "APIGW.0106", "start_time is empty")
        ),
        shown=lambda caller: status_of(caller, start_time=0) == 400,
        cohort="late",
    ),
    BrokenServer(
        name="limit-of-one-refused",
        level="E",
        rule="a page may have one row",
        checks=frozenset({"E-minimum-refused", "E-valid-refused"}),
        seam=refuse_on(has("limit", lambda text: text == "1"), HttpError(400, "APIGW.0106", "limit is too small")),
        shown=lambda caller: status_of(caller, limit=1) == 400,
        cohort="late",
    ),
    BrokenServer(
        name="first-limit-of-a-list",
        level="E",
        rule="a list in place of a limit is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("limit", _first_of_a_list),
        shown=lambda caller: status_of(caller, limit="10,20") == 200,
        cohort="blind",
    ),
    BrokenServer(
        name="date-for-an-end",
        level="E",
        rule="a date in place of milliseconds is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("end_time", _date_as_milliseconds),
        shown=lambda caller: status_of(caller, end_time="2024-01-31T00:00:00+00:00") == 200,
        cohort="blind",
    ),
    BrokenServer(
        name="own-instance-for-a-blank-one",
        level="E",
        rule="a blank instance is refused",
        checks=frozenset({"E-missing-parameter", "D-instance-other"}),
        seam=_own_instance_for_blank(),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": ""})),
        cohort="blind",
    ),
    BrokenServer(
        name="missing-instance-unauthorized",
        level="E",
        rule="a valid token without an instance gets 400, not 401",
        checks=frozenset({"E-refusal-status"}),
        seam=on_judgement(_unauthorized_without_instance),
        shown=lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == 401,
        cohort="blind",
    ),
)
