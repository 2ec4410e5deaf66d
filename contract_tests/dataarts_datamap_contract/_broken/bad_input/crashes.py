"""Input that makes a server fail."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from dataarts_datamap_contract._broken.caller import MAX_TIME
from dataarts_datamap_contract._broken.seams import MOST, NODES, RUNS, fail_on, on_request
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import as_integer, has, status_of
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.mock._web.requests import RequestParts

_first = partial(BrokenServer, level="E")
_late = partial(BrokenServer, level="E", cohort="late")
_blind = partial(BrokenServer, level="E", cohort="blind")
_unseen = partial(BrokenServer, level="E", cohort="unseen")

_FAILED = 500
_LONGEST_NAME = 128


def _is_no_utf8(request: RequestParts, _: object) -> bool:
    try:
        unquote_to_bytes(request.query).decode()
    except UnicodeDecodeError:
        return True
    return False


def _wrong_twice(_: RequestParts, values: Mapping[str, list[str]]) -> bool:
    numbers = ("start_time", "end_time", "offset", "limit")
    return sum(not value.isdecimal() for name in numbers for value in values.get(name, ())) > 1


def _sum_beyond_32_bits(_: RequestParts, values: Mapping[str, list[str]]) -> bool:
    sent = [int(value) for name in ("offset", "limit") for value in values.get(name, ()) if value.isdecimal()]
    return len(sent) == 2 and max(sent) <= MOST < sum(sent)


def _no_apostrophe(request: RequestParts) -> RequestParts:
    if b"%27" in request.query or b"'" in request.query:
        raise HttpError(500, "DLG.0500", "Internal server error")
    return request


BROKEN_SERVERS = (
    _first(
        "start-time-overflow-fails",
        "a start_time above 2^63-1 is refused, and causes no failure",
        frozenset({"A-server-error", "E-refusal-status"}),
        fail_on(has("start_time", lambda text: (as_integer(text) or 0) > MAX_TIME)),
        lambda caller: status_of(caller, start_time=MAX_TIME + 1) == _FAILED,
    ),
    _first(
        "largest-offset-fails",
        "the largest offset is served, or refused with 400",
        frozenset({"A-server-error", "E-maximum-unserved", "C-offset-beyond-end"}),
        fail_on(has("offset", lambda text: as_integer(text) == MOST)),
        lambda caller: status_of(caller, offset=MOST) == _FAILED,
    ),
    _first(
        "start-time-of-words-fails",
        "a start_time that is not a number is refused, and causes no failure",
        frozenset({"A-server-error", "E-refusal-status"}),
        fail_on(has("start_time", lambda text: not re.match(r"[-+.0-9]", text))),
        lambda caller: status_of(caller, start_time="abc") == _FAILED,
    ),
    _first(
        "instance-missing-fails",
        "a request without instance is refused, and causes no failure",
        frozenset({"A-server-error", "E-refusal-status"}),
        fail_on(lambda request, _: not request.header("instance"), of=None),
        lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == _FAILED,
    ),
    _first(
        "unknown-job-fails",
        "a job_name that does not exist causes no failure",
        frozenset({"A-server-error"}),
        fail_on(has("job_name", lambda text: not text.startswith(("ETL", "订单", "check", "Load")))),
        lambda caller: status_of(caller, job_name="nobody") == _FAILED,
    ),
    _first(
        "long-job-name-fails",
        "a very long job_name causes no failure",
        frozenset({"A-server-error"}),
        fail_on(has("job_name", lambda text: len(text) > _LONGEST_NAME)),
        lambda caller: status_of(caller, job_name="x" * 129) == _FAILED,
    ),
    _first(
        "quote-fails",
        "an apostrophe in a job_name causes no failure",
        frozenset({"A-server-error"}),
        fail_on(has("job_name", lambda text: "'" in text)),
        lambda caller: status_of(caller, job_name="it's") == _FAILED,
    ),
    _first(
        "unknown-table-fails",
        "an unknown guid causes no failure",
        frozenset({"A-server-error"}),
        fail_on(lambda request, _: not request.path["guid"].startswith(b"09318f28-939f"), of=NODES),
        lambda caller: caller.nodes("00000000-0000-4000-8000-000000000000").status == _FAILED,
    ),
    _first(
        "repeated-parameter-fails",
        "a parameter that is sent twice causes no failure",
        frozenset({"A-server-error"}),
        fail_on(lambda _, values: any(len(sent) > 1 for sent in values.values())),
        lambda caller: caller.get(caller.runs_target() + "&limit=10").status == _FAILED,
    ),
    _late(
        "largest-limit-fails",
        "the largest limit is served, or refused with 400",
        frozenset({"A-server-error", "E-maximum-unserved"}),
        fail_on(has("limit", lambda text: text == str(MOST))),
        lambda caller: status_of(caller, limit=MOST) == 500,
    ),
    _late(
        "last-millisecond-fails",
        "the largest end_time is served, or refused with 400",
        frozenset({"A-server-error", "E-maximum-unserved"}),
        fail_on(has("end_time", lambda text: text == str(MAX_TIME))),
        lambda caller: status_of(caller, end_time=MAX_TIME) == 500,
    ),
    _late(
        "missing-job-name-fails",
        "a request without job_name is refused, and causes no failure",
        frozenset({"A-server-error", "E-refusal-status"}),
        fail_on(lambda _, values: "job_name" not in values),
        lambda caller: status_of(caller, job_name=None) == 500,
    ),
    _late(
        "null-character-fails",
        "a null character in a job_name causes no failure",
        frozenset({"A-server-error"}),
        fail_on(has("job_name", lambda text: "\0" in text)),
        lambda caller: status_of(caller, job_name="a\0b") == 500,
    ),
    _late(
        "broken-utf8-fails",
        "bytes that are not UTF-8 cause no failure",
        frozenset({"A-server-error"}),
        fail_on(_is_no_utf8),
        lambda caller: caller.get(caller.runs_target(job_name=None) + "&job_name=%FF").status == 500,
    ),
    _late(
        "broken-escape-fails",
        "a percent sign without two hexadecimal digits after it causes no failure",
        frozenset({"A-server-error"}),
        fail_on(lambda request, _: re.search(rb"%(?![0-9A-Fa-f]{2})", request.query) is not None),
        lambda caller: caller.get(caller.runs_target(job_name=None) + "&job_name=%ZZ").status == 500,
    ),
    _blind(
        "two-mistakes-fail",
        "a request with two mistakes is refused, and causes no failure",
        frozenset({"A-server-error", "E-refusal-status"}),
        fail_on(_wrong_twice),
        lambda caller: status_of(caller, offset="x", limit="y") == 500,
    ),
    _blind(
        "sum-of-offset-and-limit-fails",
        "an offset and a limit whose sum is above 2^31-1 cause no failure",
        frozenset({"A-server-error", "E-maximum-unserved"}),
        fail_on(_sum_beyond_32_bits),
        lambda caller: status_of(caller, offset=MOST, limit=1) == 500,
    ),
    _blind(
        "long-workspace-fails",
        "a very long workspace_id causes no failure",
        frozenset({"A-server-error"}),
        fail_on(has("workspace_id", lambda text: len(text) > 64)),
        lambda caller: status_of(caller, workspace_id="f" * 65) == 500,
    ),
    _blind(
        "beyond-the-basic-plane-fails",
        "a job_name with an emoji causes no failure",
        frozenset({"A-server-error", "C-job-name-unusual", "C-nodes-chain"}),
        fail_on(has("job_name", lambda text: any(ord(char) > 0xFFFF for char in text))),
        lambda caller: status_of(caller, job_name="📊") == 500,
    ),
    _unseen(
        "apostrophes-break-the-query",
        "an apostrophe in the query of ShowInstanceInfos causes no failure",
        frozenset({"A-server-error"}),
        on_request(_no_apostrophe, of=RUNS),
        lambda caller: caller.runs(job_name="a'b").status == 500,
        level="A",
    ),
)
