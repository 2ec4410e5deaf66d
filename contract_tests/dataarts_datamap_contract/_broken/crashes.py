"""Level E: input that makes a server fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from dataarts_datamap_contract._broken.caller import MAX_TIME
from dataarts_datamap_contract._broken.seams import MOST, NODES, fail_on
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import as_integer, has, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.mock._web.requests import RequestParts

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


BROKEN_SERVERS = (
    BrokenServer(
        name="start-time-overflow-fails",
        level="E",
        rule="a start beyond 64 bits is refused, and causes no failure",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(has("start_time", lambda text: (as_integer(text) or 0) > MAX_TIME)),
        shown=lambda caller: status_of(caller, start_time=MAX_TIME + 1) == _FAILED,
    ),
    BrokenServer(
        name="largest-offset-fails",
        level="E",
        rule="the largest offset is served, or refused with 400",
        checks=frozenset({"A-server-error", "E-maximum-unserved", "C-offset-beyond-end"}),
        seam=fail_on(has("offset", lambda text: as_integer(text) == MOST)),
        shown=lambda caller: status_of(caller, offset=MOST) == _FAILED,
    ),
    BrokenServer(
        name="start-time-of-words-fails",
        level="E",
        rule="a start that is not a number is refused, and causes no failure",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(has("start_time", lambda text: not re.match(r"[-+.0-9]", text))),
        shown=lambda caller: status_of(caller, start_time="abc") == _FAILED,
    ),
    BrokenServer(
        name="instance-missing-fails",
        level="E",
        rule="a request without instance is refused, and causes no failure",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(lambda request, _: not request.header("instance"), of=None),
        shown=lambda caller: caller.runs({"X-Auth-Token": caller.config.token}).status == _FAILED,
    ),
    BrokenServer(
        name="unknown-job-fails",
        level="E",
        rule="a job_name that does not exist causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: not text.startswith(("ETL", "订单", "check", "Load")))),
        shown=lambda caller: status_of(caller, job_name="nobody") == _FAILED,
    ),
    BrokenServer(
        name="long-job-name-fails",
        level="E",
        rule="a very long job_name causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: len(text) > _LONGEST_NAME)),
        shown=lambda caller: status_of(caller, job_name="x" * 129) == _FAILED,
    ),
    BrokenServer(
        name="quote-fails",
        level="E",
        rule="a quote in a job_name causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: "'" in text)),
        shown=lambda caller: status_of(caller, job_name="it's") == _FAILED,
    ),
    BrokenServer(
        name="unknown-table-fails",
        level="E",
        rule="an unknown guid causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(lambda request, _: not request.path["guid"].startswith(b"09318f28-939f"), of=NODES),
        shown=lambda caller: caller.nodes("00000000-0000-4000-8000-000000000000").status == _FAILED,
    ),
    BrokenServer(
        name="repeated-parameter-fails",
        level="E",
        rule="a parameter that is sent twice causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(lambda _, values: any(len(sent) > 1 for sent in values.values())),
        shown=lambda caller: caller.get(caller.runs_target() + "&limit=10").status == _FAILED,
    ),
    BrokenServer(
        name="largest-limit-fails",
        level="E",
        rule="the largest limit is served, or refused with 400",
        checks=frozenset({"A-server-error", "E-maximum-unserved"}),
        seam=fail_on(has("limit", lambda text: text == str(MOST))),
        shown=lambda caller: status_of(caller, limit=MOST) == 500,
        cohort="late",
    ),
    BrokenServer(
        name="last-millisecond-fails",
        level="E",
        rule="the latest end is served, or refused with 400",
        checks=frozenset({"A-server-error", "E-maximum-unserved"}),
        seam=fail_on(has("end_time", lambda text: text == str(MAX_TIME))),
        shown=lambda caller: status_of(caller, end_time=MAX_TIME) == 500,
        cohort="late",
    ),
    BrokenServer(
        name="missing-job-name-fails",
        level="E",
        rule="a request without job_name is refused, and causes no failure",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(lambda _, values: "job_name" not in values),
        shown=lambda caller: status_of(caller, job_name=None) == 500,
        cohort="late",
    ),
    BrokenServer(
        name="null-character-fails",
        level="E",
        rule="a null character in a job_name causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("job_name", lambda text: "\0" in text)),
        shown=lambda caller: status_of(caller, job_name="a\0b") == 500,
        cohort="late",
    ),
    BrokenServer(
        name="broken-utf8-fails",
        level="E",
        rule="bytes that are not UTF-8 cause no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(_is_no_utf8),
        shown=lambda caller: caller.get(caller.runs_target(job_name=None) + "&job_name=%FF").status == 500,
        cohort="late",
    ),
    BrokenServer(
        name="broken-escape-fails",
        level="E",
        rule="a percent sign without two digits after it causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(lambda request, _: re.search(rb"%(?![0-9A-Fa-f]{2})", request.query) is not None),
        shown=lambda caller: caller.get(caller.runs_target(job_name=None) + "&job_name=%ZZ").status == 500,
        cohort="late",
    ),
    BrokenServer(
        name="two-mistakes-fail",
        level="E",
        rule="a request with two mistakes is refused, and causes no failure",
        checks=frozenset({"A-server-error", "E-refusal-status"}),
        seam=fail_on(_wrong_twice),
        shown=lambda caller: status_of(caller, offset="x", limit="y") == 500,
        cohort="blind",
    ),
    BrokenServer(
        name="sum-of-offset-and-limit-fails",
        level="E",
        rule="an offset and a limit whose sum is beyond 32 bits cause no failure",
        checks=frozenset({"A-server-error", "E-maximum-unserved"}),
        seam=fail_on(_sum_beyond_32_bits),
        shown=lambda caller: status_of(caller, offset=MOST, limit=1) == 500,
        cohort="blind",
    ),
    BrokenServer(
        name="long-workspace-fails",
        level="E",
        rule="a very long workspace_id causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=fail_on(has("workspace_id", lambda text: len(text) > 64)),
        shown=lambda caller: status_of(caller, workspace_id="f" * 65) == 500,
        cohort="blind",
    ),
    BrokenServer(
        name="beyond-the-basic-plane-fails",
        level="E",
        rule="a job_name with an emoji causes no failure",
        checks=frozenset({"A-server-error", "C-job-name-unusual", "C-nodes-chain"}),
        seam=fail_on(has("job_name", lambda text: any(ord(char) > 0xFFFF for char in text))),
        shown=lambda caller: status_of(caller, job_name="📊") == 500,
        cohort="blind",
    ),
)
