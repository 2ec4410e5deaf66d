"""All responses of a run must describe one world, and one that does not shows every request that it takes to see it."""

from __future__ import annotations

import gzip
import json
import re
import time
from dataclasses import replace
from email.utils import formatdate
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import pytest

from dataarts_datamap_contract.suite import Report, run_suite
from support.scripted_server import Answer, Asked, ScriptedServer
from support.small_service import COUNT, START, STEP, answer_well, small_target

if TYPE_CHECKING:
    from collections.abc import Callable


def judged(change: Callable[[Asked, Answer], Answer], levels: str = "C") -> Report:
    """The report on a service whose responses are changed."""

    def script(asked: Asked) -> Answer:
        return change(asked, answer_well(asked))

    with ScriptedServer(script) as server:
        return run_suite(small_target(server.url), levels=levels, max_examples=0)


def on_page(answer: Answer, **members: object) -> Answer:
    """A page of runs with other members."""
    envelope = json.loads(answer.content)
    page = json.loads(envelope["body"])
    return replace(answer, content=json.dumps({**envelope, "body": json.dumps({**page, **members})}).encode())


def is_page(asked: Asked, answer: Answer) -> bool:
    """Whether an answer is a page of runs."""
    return answer.status == 200 and "/instances" in asked.target


def failed(report: Report) -> set[str]:
    """The checks that failed."""
    return {verdict.check for verdict in report.failures}


def test_a_contradiction_shows_both_requests() -> None:
    """A total that depends on the page is shown by the two requests that it takes, in their order."""

    def change(asked: Asked, answer: Answer) -> Answer:
        return on_page(answer, total=15) if is_page(asked, answer) and "limit=21" in asked.target else answer

    report = judged(change)

    (verdict,) = (each for each in report.failures if each.check == "C-total-constant")
    totals = re.match(r"total is (\d+) here and (\d+) before", verdict.reason)
    assert totals is not None
    assert "15" in totals.groups()
    assert 2 == len((verdict.curl or "").splitlines())
    first, second = ("limit=21" in line for line in (verdict.curl or "").splitlines())
    assert first != second


def test_a_run_is_one_run() -> None:
    """A run that has ended and that a large page shows otherwise is told by its id and the field."""

    def change(asked: Asked, answer: Answer) -> Answer:
        if not is_page(asked, answer):
            return answer
        rows = json.loads(json.loads(answer.content)["body"])["rows"]
        owner = None if "limit=50" in asked.target else "username"
        return on_page(answer, rows=[{**row, "endTime": row["planTime"] + 1, "owner": owner} for row in rows])

    report = judged(change)

    (verdict,) = (each for each in report.failures if each.check == "C-run-content")
    assert "owner is None here and 'username' before" in verdict.reason


@pytest.mark.parametrize("each_response", [True, False])
def test_a_running_time_keeps_to_the_clock(*, each_response: bool) -> None:
    """While a run goes on, its running time may count the seconds; one that counts responses is a failure."""
    numbers = count(1)

    def change(asked: Asked, answer: Answer) -> Answer:
        if not is_page(asked, answer):
            return answer
        took = (next(numbers) if each_response else int(time.time()) - START // 1_000) * 1_000
        row = {"startTime": START + STEP, "endTime": 0, "runningTime": took}
        rows = json.loads(json.loads(answer.content)["body"])["rows"]
        dated = replace(answer, headers={**answer.headers, "Date": formatdate(usegmt=True)})
        return on_page(dated, rows=[{**each, **row} if index == 0 else each for index, each in enumerate(rows)])

    report = judged(change, "BC")

    found = {verdict.reason for verdict in report.failures if verdict.check == "B-fields-agree"}
    assert each_response == any(reason.startswith("runningTime gains") for reason in found)


def test_a_row_is_shown_as_it_was_sent() -> None:
    """The row that breaks a rule of its fields is in the report, and nothing is added to it."""
    fields = {"startTime": START, "endTime": START + 9_000, "runningTime": 60_000}
    report = judged(lambda asked, _: answer_well(asked, **fields), "B")
    (verdict,) = (each for each in report.failures if each.check == "B-fields-agree")
    text, begin, row = verdict.reason.partition("{")
    assert f"runningTime is not the time from startTime to endTime, in {COUNT} of {COUNT} rows, such as " == text
    assert {"taskRunningLogId", "planTime", "jobName", *fields} == set(json.loads(begin + row))


def test_every_run_of_an_hour_is_in_the_day() -> None:
    """A run that short windows hold and long ones do not is missed, though every total is that of its rows."""
    lost = START + 6 * STEP + 691

    def change(asked: Asked, answer: Answer) -> Answer:
        query = dict(parse_qsl(asked.target.partition("?")[2]))
        if not is_page(asked, answer) or int(query["end_time"]) - int(query["start_time"]) < 8 * STEP:
            return answer
        whole = json.loads(json.loads(answer_well(replace(asked, target=_whole(asked, query))).content)["body"])["rows"]
        rows = [row for row in whole if row["planTime"] != lost]
        offset, limit = int(query["offset"]), int(query["limit"])
        return on_page(answer, rows=rows[offset : offset + limit], total=len(rows))

    assert "C-window-adds-up" in failed(judged(change))


def _whole(asked: Asked, query: dict[str, str]) -> str:
    return f"{asked.target.partition('?')[0]}?{urlencode({**query, 'offset': '0', 'limit': '1000'})}"


def test_broken_gzip_is_a_failure() -> None:
    """A response whose gzip has a wrong checksum did not arrive whole: the run ends with a failure that says so."""

    def change(asked: Asked, answer: Answer) -> Answer:
        if "gzip" not in asked.headers.get("accept-encoding", "") or not is_page(asked, answer):
            return answer
        content = bytearray(gzip.compress(answer.content))
        content[-8] ^= 1
        return replace(answer, content=bytes(content), headers={**answer.headers, "Content-Encoding": "gzip"})

    report = judged(change, "AC")

    (verdict,) = (each for each in report.failures if each.check == "A-answer-whole")
    assert verdict.reason.startswith("the gzip of the response is broken: CRC check failed")


def test_a_limit_between_two_that_are_served_is_served() -> None:
    """A server that refuses a page size, and serves a larger one, contradicts itself."""

    def change(asked: Asked, answer: Answer) -> Answer:
        refuses = is_page(asked, answer) and "limit=26" in asked.target
        return replace(answer, status=400, content=b'{"error_code": "x", "error_msg": "y"}') if refuses else answer

    assert "E-valid-refused" in failed(judged(change, "CE"))


@pytest.mark.parametrize("part", ["beginning", "end"])
def test_half_of_a_secret_is_a_secret(part: str) -> None:
    """Half of a token in a header field is told, without the token."""

    def change(_: Asked, answer: Answer) -> Answer:
        half = "a-token-that-" if part == "beginning" else "must-not-show"
        return replace(answer, headers={**answer.headers, "X-Session": half})

    report = judged(change, "D")

    (verdict,) = (each for each in report.failures if each.check == "D-secret-echo")
    assert "half of a secret of the target is in the response" == verdict.reason.partition(" (and")[0]
