"""Input that is misread or wrongly refused."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
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

_first = partial(BrokenServer, level="E")
_late = partial(BrokenServer, level="E", cohort="late")
_blind = partial(BrokenServer, level="E", cohort="blind")


def _when(accepts: Callable[[int], bool], becomes: str) -> Callable[[str], str]:
    """A function that replaces an integer for which ``accepts`` is true, and leaves any other text as it is."""

    def change(text: str) -> str:
        number = as_integer(text)
        return becomes if number is not None and accepts(number) else text

    return change


def _digits_first(text: str) -> str:
    """The digits with which a text begins; the text itself if it begins otherwise."""
    match = re.match(r"[0-9]+", text)
    return match[0] if match else text


def _truncated(text: str) -> str:
    return text.partition(".")[0] if re.fullmatch(r"[0-9]+\.[0-9]+", text) else text


def _wrapped(text: str) -> str:
    """The lowest 31 bits of a number above 2^31-1 (1 if they are all 0); any other text stays as it is."""
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
    _first(
        "limit-0-for-the-default",
        "a limit of 0 is refused",
        frozenset({"E-below-minimum"}),
        on_parameter("limit", _when(lambda number: number == 0, "10")),
        lambda caller: status_of(caller, limit=0) == OK,
    ),
    _first(
        "limit-minus-one-for-all",
        "a negative limit is refused",
        frozenset({"E-below-minimum"}),
        on_parameter("limit", _when(lambda number: number < 0, str(MOST))),
        lambda caller: status_of(caller, limit=-1) == OK,
    ),
    _first(
        "negative-offset-for-0",
        "a negative offset is refused",
        frozenset({"E-below-minimum"}),
        on_parameter("offset", _when(lambda number: number < 0, "0")),
        lambda caller: status_of(caller, offset=-1) == OK,
    ),
    _first(
        "negative-start-time",
        "a negative start_time is refused",
        frozenset({"E-below-minimum"}),
        on_parameter("start_time", _when(lambda number: number < 0, "0")),
        lambda caller: status_of(caller, start_time=-1) == OK,
    ),
    _first(
        "limit-of-64-bits",
        "a limit above 2^31-1 is refused",
        frozenset({"E-above-maximum"}),
        on_parameter("limit", _when(lambda number: number > MOST, str(MOST))),
        lambda caller: status_of(caller, limit=MOST + 1) == OK,
    ),
    _first(
        "offset-wraps-around",
        "an offset above 2^31-1 is refused",
        frozenset({"E-above-maximum"}),
        on_parameter("offset", _wrapped),
        lambda caller: status_of(caller, offset=2**32) == OK,
    ),
    _first(
        "end-time-beyond-64-bits",
        "an end_time above 2^63-1 is refused",
        frozenset({"E-above-maximum"}),
        on_parameter("end_time", _when(lambda number: number > MAX_TIME, str(MAX_TIME))),
        lambda caller: status_of(caller, end_time=MAX_TIME + 1) == OK,
    ),
    _first(
        "limit-of-words-for-the-default",
        "a limit that is not a number is refused",
        frozenset({"E-wrong-type"}),
        on_parameter("limit", lambda text: text if re.match(r"[-+.0-9]", text) else "10"),
        lambda caller: status_of(caller, limit="abc") == OK,
    ),
    _first(
        "offset-read-to-the-first-letter",
        "an offset with letters after its digits is refused",
        frozenset({"E-wrong-type", "E-fraction"}),
        on_parameter("offset", _digits_first),
        lambda caller: status_of(caller, offset="0abc") == OK,
    ),
    _first(
        "limit-with-a-fraction",
        "a limit with a fraction is refused",
        frozenset({"E-fraction"}),
        on_parameter("limit", _truncated),
        lambda caller: status_of(caller, limit="10.5") == OK,
    ),
    _first(
        "end-time-with-a-fraction",
        "an end_time with a fraction is refused",
        frozenset({"E-fraction"}),
        on_parameter("end_time", _truncated),
        lambda caller: status_of(caller, end_time="1705311669796.5") == OK,
    ),
    _first(
        "limit-optional",
        "limit is mandatory",
        frozenset({"E-missing-parameter"}),
        on_missing("limit", "10"),
        lambda caller: status_of(caller, limit=None) == OK,
    ),
    _first(
        "offset-optional",
        "offset is mandatory",
        frozenset({"E-missing-parameter"}),
        on_missing("offset", "0"),
        lambda caller: status_of(caller, offset=None) == OK,
    ),
    _first(
        "start-time-optional",
        "start_time is mandatory",
        frozenset({"E-missing-parameter"}),
        on_missing("start_time", "0"),
        lambda caller: status_of(caller, start_time=None) == OK,
    ),
    _first(
        "job-name-optional",
        "job_name is mandatory",
        frozenset({"E-missing-parameter"}),
        on_missing("job_name", JOB_NAME),
        lambda caller: status_of(caller, job_name=None) == OK,
    ),
    _first(
        "instance-optional",
        "the header instance is mandatory",
        frozenset({"E-missing-parameter"}),
        on_request(_default_instance),
        lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == OK,
    ),
    _first(
        "blank-job-name-for-the-first",
        "a blank job_name finds nothing",
        frozenset({"C-job-name-blank", "E-missing-parameter"}),
        on_parameter("job_name", lambda text: text.strip() or JOB_NAME),
        lambda caller: status_of(caller, job_name="") == OK,
    ),
    _first(
        "reversed-window-put-right",
        "a window that ends before it starts has no runs",
        frozenset({"C-window-reversed"}),
        on_query(_swapped),
        lambda caller: status_of(caller, start_time=MAX_TIME, end_time=0) == OK,
    ),
    _first(
        "bad-input-not-found",
        "a wrong parameter is refused with 400, not 404",
        frozenset({"E-refusal-status"}),
        on_judgement(lambda _, error: HttpError(404, "DLG.0404", error.message)),
        lambda caller: _bad(caller) == 404,
    ),
    _first(
        "bad-input-forbidden",
        "a number out of its range is refused with 400",
        frozenset({"E-refusal-status"}),
        on_judgement(lambda _, error: HttpError(403, "DLM.4001", error.message) if "imum" in error.message else error),
        lambda caller: status_of(caller, limit=0) == 403,
    ),
    _first(
        "workspace-mandatory",
        "workspace_id may be left out",
        frozenset({"E-optional-refused"}),
        refuse_on(
            lambda _, values: "workspace_id" not in values,
            HttpError(400, "DLF.0802", "workspace_id is missing"),
        ),
        lambda caller: status_of(caller) == BAD_REQUEST,
    ),
    _first(
        "first-row-out-of-range",
        "an offset of 0 is allowed",
        frozenset({"E-minimum-refused", "E-valid-refused"}),
        refuse_on(has("offset", lambda text: text == "0"), HttpError(400, "APIGW.0106", "offset must be positive")),
        lambda caller: status_of(caller, offset=0) == BAD_REQUEST,
    ),
    _first(
        "single-moment-refused",
        "a window may start and end at the same millisecond",
        frozenset({"E-minimum-refused"}),
        refuse_on(
            lambda _, values: values.get("start_time") == values.get("end_time") is not None,
            HttpError(400, "APIGW.0106", "end_time must be after start_time"),
        ),
        lambda caller: status_of(caller, start_time=5, end_time=5) == BAD_REQUEST,
    ),
    _late(
        "end-time-optional",
        "end_time is mandatory",
        frozenset({"E-missing-parameter"}),
        on_missing("end_time", str(MAX_TIME)),
        lambda caller: status_of(caller, end_time=None) == 200,
    ),
    _late(
        "negative-end-time-for-now",
        "a negative end_time is refused",
        frozenset({"E-below-minimum"}),
        on_parameter("end_time", _when(lambda number: number < 0, str(MAX_TIME))),
        lambda caller: status_of(caller, end_time=-1) == 200,
    ),
    _late(
        "start-time-beyond-64-bits",
        "a start_time above 2^63-1 is refused, not ignored",
        frozenset({"E-above-maximum"}),
        on_parameter("start_time", _when(lambda number: number > MAX_TIME, "0")),
        lambda caller: status_of(caller, start_time=MAX_TIME + 1) == 200,
    ),
    _late(
        "end-time-of-words-for-now",
        "an end_time that is not a number is refused",
        frozenset({"E-wrong-type"}),
        on_parameter("end_time", lambda text: text if re.match(r"[-+.0-9]|$", text) else str(MAX_TIME)),
        lambda caller: status_of(caller, end_time="today") == 200,
    ),
    _late(
        "offset-with-a-fraction",
        "an offset with a fraction is refused",
        frozenset({"E-fraction"}),
        on_parameter("offset", lambda text: re.sub(r"^([0-9]+)\.[0-9]+$", r"\1", text)),
        lambda caller: status_of(caller, offset="1.5") == 200,
    ),
    _late(
        "epoch-refused",
        "a window may start at the epoch",
        frozenset({"E-minimum-refused"}),
        refuse_on(has("start_time", lambda text: text == "0"), HttpError(400, "APIGW.0106", "start_time is empty")),
        lambda caller: status_of(caller, start_time=0) == 400,
    ),
    _late(
        "limit-of-one-refused",
        "a page may have one row",
        frozenset({"E-minimum-refused", "E-valid-refused"}),
        refuse_on(has("limit", lambda text: text == "1"), HttpError(400, "APIGW.0106", "limit is too small")),
        lambda caller: status_of(caller, limit=1) == 400,
    ),
    _blind(
        "first-limit-of-a-list",
        "a list in place of a limit is refused",
        frozenset({"E-wrong-type"}),
        on_parameter("limit", _first_of_a_list),
        lambda caller: status_of(caller, limit="10,20") == 200,
    ),
    _blind(
        "date-for-an-end",
        "a date in place of milliseconds is refused",
        frozenset({"E-wrong-type"}),
        on_parameter("end_time", _date_as_milliseconds),
        lambda caller: status_of(caller, end_time="2024-01-31T00:00:00+00:00") == 200,
    ),
    _blind(
        "own-instance-for-a-blank-one",
        "a blank instance is refused",
        frozenset({"E-missing-parameter", "D-instance-other"}),
        _own_instance_for_blank(),
        lambda caller: data(caller.runs({**caller.headers, "instance": ""})),
    ),
    _blind(
        "missing-instance-unauthorized",
        "a request with a valid token and without instance gets 400, not 401",
        frozenset({"E-refusal-status"}),
        on_judgement(_unauthorized_without_instance),
        lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == 401,
    ),
)
