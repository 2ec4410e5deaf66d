"""Level E: bad input that is taken, valid input that is refused, and input of either kind that breaks the server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dataarts_datamap_contract.broken._caller import JOB_NAME, MAX_TIME, Caller
from dataarts_datamap_contract.broken._seams import (
    MOST,
    NODES,
    Pairs,
    fail_on,
    on_judgement,
    on_missing,
    on_parameter,
    on_query,
    on_request,
    refuse_on,
    with_header,
)
from dataarts_datamap_contract.broken._server import BrokenServer
from dataarts_datamap_contract.mock._web.responses import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.broken._seams import Symptom
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_OK, _BAD_REQUEST, _FAILED = 200, 400, 500
_LONGEST_NAME = 128


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,25}", text) else None


def when(accepts: Callable[[int], bool], becomes: str) -> Callable[[str], str]:
    """An integer that breaks a bound and is taken for another one."""

    def change(text: str) -> str:
        number = _integer(text)
        return becomes if number is not None and accepts(number) else text

    return change


def _digits_first(text: str) -> str:
    """What a reader makes of a text that stops at the first character that is no digit."""
    match = re.match(r"[0-9]+", text)
    return match[0] if match else text


def _truncated(text: str) -> str:
    return text.partition(".")[0] if re.fullmatch(r"[0-9]+\.[0-9]+", text) else text


def _wrapped(text: str) -> str:
    """A number that is too large for 32 bits, without the bits that are too many."""
    number = _integer(text)
    return str(number % 2**31 or 1) if number is not None and number > MOST else text


def _swapped(pairs: Pairs) -> Pairs:
    values = dict(pairs)
    start, end = _integer(values.get("start_time", "")), _integer(values.get("end_time", ""))
    if start is None or end is None or start <= end:
        return pairs
    other = {"start_time": str(end), "end_time": str(start)}
    return [(name, other.get(name, value)) for name, value in pairs]


def _default_instance(request: RequestParts) -> RequestParts:
    if request.header("instance"):
        return request
    return with_header(request, "instance", b"6b884d52f8a74d5e9e0f24c5a7a62688")


def _status(caller: Caller, **query: str | int | None) -> int:
    return caller.runs(**query).status


def has(name: str, matches: Callable[[str], bool]) -> Symptom:
    return lambda _, values: any(matches(value) for value in values.get(name, ()))


def _bad(caller: Caller) -> int:
    return _status(caller, offset="x")


INPUT_BUGS = (
    BrokenServer(
        name="limit-0-for-the-default",
        level="E",
        rule="a limit of 0 is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("limit", when(lambda number: number == 0, "10")),
        shown=lambda caller: _status(caller, limit=0) == _OK,
    ),
    BrokenServer(
        name="limit-minus-one-for-all",
        level="E",
        rule="a negative limit is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("limit", when(lambda number: number < 0, str(MOST))),
        shown=lambda caller: _status(caller, limit=-1) == _OK,
    ),
    BrokenServer(
        name="negative-offset-for-0",
        level="E",
        rule="a negative offset is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("offset", when(lambda number: number < 0, "0")),
        shown=lambda caller: _status(caller, offset=-1) == _OK,
    ),
    BrokenServer(
        name="negative-start-time",
        level="E",
        rule="a start before the epoch is refused",
        checks=frozenset({"E-below-minimum"}),
        seam=on_parameter("start_time", when(lambda number: number < 0, "0")),
        shown=lambda caller: _status(caller, start_time=-1) == _OK,
    ),
    BrokenServer(
        name="limit-of-64-bits",
        level="E",
        rule="a limit beyond 32 bits is refused",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("limit", when(lambda number: number > MOST, str(MOST))),
        shown=lambda caller: _status(caller, limit=MOST + 1) == _OK,
    ),
    BrokenServer(
        name="offset-wraps-around",
        level="E",
        rule="an offset beyond 32 bits is refused",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("offset", _wrapped),
        shown=lambda caller: _status(caller, offset=2**32) == _OK,
    ),
    BrokenServer(
        name="end-time-beyond-64-bits",
        level="E",
        rule="an end beyond 64 bits is refused",
        checks=frozenset({"E-above-maximum"}),
        seam=on_parameter("end_time", when(lambda number: number > MAX_TIME, str(MAX_TIME))),
        shown=lambda caller: _status(caller, end_time=MAX_TIME + 1) == _OK,
    ),
    BrokenServer(
        name="start-time-overflow-fails",
        level="E",
        rule="a start beyond 64 bits is refused, and breaks nothing",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(has("start_time", lambda text: (_integer(text) or 0) > MAX_TIME)),
        shown=lambda caller: _status(caller, start_time=MAX_TIME + 1) == _FAILED,
    ),
    BrokenServer(
        name="largest-offset-fails",
        level="E",
        rule="the largest offset is served, or refused with 400",
        checks=frozenset({"A-server-error", "E-maximum-unserved", "C-offset-deep"}),
        seam=fail_on(has("offset", lambda text: _integer(text) == MOST)),
        shown=lambda caller: _status(caller, offset=MOST) == _FAILED,
    ),
    BrokenServer(
        name="limit-of-words-for-the-default",
        level="E",
        rule="a limit that is no number is refused",
        checks=frozenset({"E-wrong-type"}),
        seam=on_parameter("limit", lambda text: text if re.match(r"[-+.0-9]", text) else "10"),
        shown=lambda caller: _status(caller, limit="abc") == _OK,
    ),
    BrokenServer(
        name="offset-read-to-the-first-letter",
        level="E",
        rule="an offset with letters behind its digits is refused",
        checks=frozenset({"E-wrong-type", "E-fraction"}),
        seam=on_parameter("offset", _digits_first),
        shown=lambda caller: _status(caller, offset="0abc") == _OK,
    ),
    BrokenServer(
        name="start-time-of-words-fails",
        level="E",
        rule="a start that is no number is refused, and breaks nothing",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(has("start_time", lambda text: not re.match(r"[-+.0-9]", text))),
        shown=lambda caller: _status(caller, start_time="abc") == _FAILED,
    ),
    BrokenServer(
        name="limit-with-a-fraction",
        level="E",
        rule="a limit with a fraction is refused",
        checks=frozenset({"E-fraction"}),
        seam=on_parameter("limit", _truncated),
        shown=lambda caller: _status(caller, limit="10.5") == _OK,
    ),
    BrokenServer(
        name="end-time-with-a-fraction",
        level="E",
        rule="an end with a fraction of a millisecond is refused",
        checks=frozenset({"E-fraction"}),
        seam=on_parameter("end_time", _truncated),
        shown=lambda caller: _status(caller, end_time="1705311669796.5") == _OK,
    ),
    BrokenServer(
        name="limit-optional",
        level="E",
        rule="limit is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("limit", "10"),
        shown=lambda caller: _status(caller, limit=None) == _OK,
    ),
    BrokenServer(
        name="offset-optional",
        level="E",
        rule="offset is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("offset", "0"),
        shown=lambda caller: _status(caller, offset=None) == _OK,
    ),
    BrokenServer(
        name="start-time-optional",
        level="E",
        rule="start_time is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("start_time", "0"),
        shown=lambda caller: _status(caller, start_time=None) == _OK,
    ),
    BrokenServer(
        name="job-name-optional",
        level="E",
        rule="job_name is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_missing("job_name", JOB_NAME),
        shown=lambda caller: _status(caller, job_name=None) == _OK,
    ),
    BrokenServer(
        name="instance-optional",
        level="E",
        rule="the header instance is mandatory",
        checks=frozenset({"E-missing-parameter"}),
        seam=on_request(_default_instance),
        shown=lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == _OK,
    ),
    BrokenServer(
        name="instance-missing-fails",
        level="E",
        rule="a request without instance is refused, and breaks nothing",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(lambda request, _: not request.header("instance"), of=None),
        shown=lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == _FAILED,
    ),
    BrokenServer(
        name="blank-job-name-for-the-first",
        level="E",
        rule="a blank job_name finds nothing",
        checks=frozenset({"C-job-name-blank", "E-missing-parameter"}),
        seam=on_parameter("job_name", lambda text: text.strip() or JOB_NAME),
        shown=lambda caller: _status(caller, job_name="") == _OK,
    ),
    BrokenServer(
        name="reversed-window-put-right",
        level="E",
        rule="a window that ends before it starts has no runs",
        checks=frozenset({"C-window-reversed"}),
        seam=on_query(_swapped),
        shown=lambda caller: _status(caller, start_time=MAX_TIME, end_time=0) == _OK,
    ),
    BrokenServer(
        name="unknown-job-fails",
        level="E",
        rule="a job_name that nobody has breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: not text.startswith(("ETL", "订单", "check", "Load")))),
        shown=lambda caller: _status(caller, job_name="nobody") == _FAILED,
    ),
    BrokenServer(
        name="long-job-name-fails",
        level="E",
        rule="a job_name longer than any breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: len(text) > _LONGEST_NAME)),
        shown=lambda caller: _status(caller, job_name="x" * 129) == _FAILED,
    ),
    BrokenServer(
        name="quote-fails",
        level="E",
        rule="a quote in a job_name breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: "'" in text)),
        shown=lambda caller: _status(caller, job_name="it's") == _FAILED,
    ),
    BrokenServer(
        name="unknown-table-fails",
        level="E",
        rule="an unknown guid breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(lambda request, _: not request.path["guid"].startswith(b"09318f28-939f"), of=NODES),
        shown=lambda caller: caller.nodes("00000000-0000-4000-8000-000000000000").status == _FAILED,
    ),
    BrokenServer(
        name="repeated-parameter-fails",
        level="E",
        rule="a parameter that is sent twice breaks nothing",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(lambda _, values: any(len(sent) > 1 for sent in values.values())),
        shown=lambda caller: caller.get(caller.runs_target() + "&limit=10").status == _FAILED,
    ),
    BrokenServer(
        name="bad-input-not-found",
        level="E",
        rule="a wrong parameter is refused with 400, not 404",
        checks=frozenset({"E-refusal-status"}),
        seam=on_judgement(lambda _, error: RefusalError(404, "DLG.0404", error.message)),
        shown=lambda caller: _bad(caller) == 404,
    ),
    BrokenServer(
        name="bad-input-forbidden",
        level="E",
        rule="a number out of its range is refused with 400",
        checks=frozenset({"E-refusal-status"}),
        seam=on_judgement(
            lambda _, error: RefusalError(403, "DLM.4001", error.message) if "imum" in error.message else error
        ),
        shown=lambda caller: _status(caller, limit=0) == 403,
    ),
    BrokenServer(
        name="workspace-mandatory",
        level="E",
        rule="workspace_id may be left out",
        checks=frozenset({"E-optional-refused"}),
        seam=refuse_on(
            lambda _, values: "workspace_id" not in values,
            RefusalError(400, "DLF.0802", "workspace_id is missing"),
        ),
        shown=lambda caller: _status(caller) == _BAD_REQUEST,
    ),
    BrokenServer(
        name="first-row-out-of-range",
        level="E",
        rule="an offset of 0 is allowed",
        checks=frozenset({"E-minimum-refused", "E-valid-refused"}),
        seam=refuse_on(
            has("offset", lambda text: text == "0"), RefusalError(400, "APIGW.0106", "offset must be positive")
        ),
        shown=lambda caller: _status(caller, offset=0) == _BAD_REQUEST,
    ),
    BrokenServer(
        name="single-moment-refused",
        level="E",
        rule="a window may start and end at the same millisecond",
        checks=frozenset({"E-minimum-refused"}),
        seam=refuse_on(
            lambda _, values: values.get("start_time") == values.get("end_time") is not None,
            RefusalError(400, "APIGW.0106", "end_time must be after start_time"),
        ),
        shown=lambda caller: _status(caller, start_time=5, end_time=5) == _BAD_REQUEST,
    ),
)
