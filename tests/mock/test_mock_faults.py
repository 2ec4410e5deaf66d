"""Answers that go wrong on purpose: by configuration, by request, by administration."""

from __future__ import annotations

import asyncio
import http.client
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap_contract.mock import Fault, MockConfig, create_app
from dataarts_datamap_contract.mock._web.faults import FaultPlan

if TYPE_CHECKING:
    from support.mock_caller import Caller, Start

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def asked(caller: Caller, fault: str) -> httpx.Response:
    """The answer to a request that asks for it to go wrong."""
    return caller.http.get(caller.nodes_path(), headers={**caller.headers, "X-Mock-Fault": fault})


def statuses(caller: Caller, number: int) -> list[int]:
    """The statuses of so many requests, 0 where the connection was reset."""
    found: list[int] = []
    for _ in range(number):
        try:
            found.append(caller.nodes().status_code)
        except httpx.ReadError:
            found.append(0)
    return found


def test_a_reset_is_one(caller: Caller) -> None:
    """The connection ends with a reset, not with an end, and before any byte."""
    with pytest.raises(httpx.ReadError, match="reset"):
        asked(caller, "reset")
    assert 200 == caller.nodes().status_code


def test_a_truncated_body_ends_in_its_middle(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """The head announces the whole, half of it comes, then the connection ends, and nobody complains."""
    whole = caller.nodes().content
    with closing(http.client.HTTPConnection(*caller.address, timeout=10)) as connection:
        connection.request("GET", caller.nodes_path(), headers={**caller.headers, "X-Mock-Fault": "truncated"})
        with pytest.raises(http.client.IncompleteRead) as caught:
            connection.getresponse().read()
    assert whole[: len(whole) // 2] == caught.value.partial
    assert not caplog.records


def test_a_dribble_is_whole_in_the_end(caller: Caller) -> None:
    """The body comes in pieces, over the time that was asked for."""
    headers = {**caller.headers, "X-Mock-Fault": "dribble:seconds=0.2"}
    with caller.http.stream("GET", caller.nodes_path(), headers=headers) as response:
        pieces = list(response.iter_raw())
    assert caller.nodes().content == b"".join(pieces)
    assert 5 <= len(pieces) <= 10
    assert response.elapsed.total_seconds() >= 0.19


def test_slow_is_late(caller: Caller) -> None:
    """The answer is the right one, after the time that was asked for."""
    response = asked(caller, "slow:seconds=0.15")
    assert caller.nodes().content == response.content
    assert response.elapsed.total_seconds() >= 0.15


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("500", 500, "APIGW.0601"), ("502", 502, "APIGW.0202"), ("503", 503, "APIGW.0613"), ("504", 504, "APIGW.0203")],
)
def test_a_server_error_is_the_gateways(caller: Caller, fault: str, status: int, code: str) -> None:
    """Status, code and request id agree."""
    response = asked(caller, fault)
    body = response.json()
    assert (status, code) == (response.status_code, body["error_code"])
    assert response.headers["X-Request-Id"] == body["request_id"]


def test_html_is_what_a_broken_proxy_says(caller: Caller) -> None:
    """Status 200, and no JSON."""
    response = asked(caller, "html")
    assert (200, "text/html; charset=utf-8") == (response.status_code, response.headers["Content-Type"])
    assert response.text.startswith("<!DOCTYPE html>")


def test_each_so_many_th_answer_goes_wrong(start: Start) -> None:
    """The first that goes wrong is the third; a fault that comes later in the list has what is left."""
    faults = (Fault(kind="reset", every=3), Fault(kind="503", every=2))
    with start(MockConfig(now=NOW, faults=faults)) as caller:
        assert [200, 503, 0, 503, 200, 0, 200] == statuses(caller, 7)
        log = caller.http.get("/__mock__/requests").json()["requests"]
    assert [None, "503:every=2", "reset:every=3"] == [entry["fault"] for entry in log[:3]]


def test_faults_come_and_go_while_the_server_runs(start: Start) -> None:
    """What is put in force counts from then on, and reset brings back those of the configuration."""
    with start(MockConfig(now=NOW, faults=(Fault(kind="500"),))) as caller:
        assert [500] == statuses(caller, 1)
        put = caller.http.put("/__mock__/faults", json={"faults": ["503:every=2"]})
        assert {"faults": ["503:every=2"]} == put.json()
        assert [200, 503] == statuses(caller, 2)
        caller.http.put("/__mock__/faults", json={"faults": []})
        assert [200, 200] == statuses(caller, 2)
        caller.http.post("/__mock__/reset")
        assert [500] == statuses(caller, 1)
        wrong = caller.http.put("/__mock__/faults", json={"faults": ["rest"]})
        assert (400, True) == (wrong.status_code, "'rest' is unknown" in wrong.json()["error_msg"])


def test_chance_is_the_same_for_the_same_seed() -> None:
    """About as many go wrong as were asked for, and the same ones each time."""
    fault = Fault(kind="reset", probability=0.3)
    first, second, other = (FaultPlan([fault], seed) for seed in (5, 5, 6))
    strikes = [first.next() is not None for _ in range(1_000)]
    assert strikes == [second.next() is not None for _ in range(1_000)]
    assert strikes != [other.next() is not None for _ in range(1_000)]
    assert 250 < sum(strikes) < 350


def test_what_a_request_asks_for_in_vain_is_told(caller: Caller) -> None:
    """A wrong text is an error, not an answer without a fault."""
    response = asked(caller, "slow:second=1")
    assert 400 == response.status_code
    assert "'second' is unknown; it can have every, probability, seconds" in response.json()["error_msg"]


def test_a_server_that_keeps_its_connections_says_so() -> None:
    """Under another ASGI server a reset is refused; a fault of the answer alone is not."""

    async def ask(fault: str) -> int:
        transport = httpx.ASGITransport(create_app(MockConfig()))
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            return (await client.get("/", headers={"X-Mock-Fault": fault})).status_code

    assert [501, 501, 503] == [asyncio.run(ask(fault)) for fault in ("reset", "truncated", "503")]


@given(
    kind=st.sampled_from(["reset", "slow", "html", "504"]),
    how=st.fixed_dictionaries({}, optional={"every": st.integers(1, 99)})
    | st.fixed_dictionaries({}, optional={"probability": st.floats(0, 1)}),
    seconds=st.floats(0, 3_600),
)
def test_a_fault_as_text_is_the_fault(kind: Any, how: dict[str, Any], seconds: float) -> None:
    """Whatever it has, its text says it."""
    fault = Fault(kind=kind, seconds=seconds, **how)
    assert fault == Fault.parse(str(fault))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "fault '' is unknown: it must be one of reset, truncated, "),
        ("reset:every", "every is '', which is not a number"),
        ("reset:every=0", "every is 0: it must be 1 or more"),
        ("reset:probability=2", "probability is 2.0: it must be from 0 to 1"),
        ("reset:every=2,probability=0.5", "has both every and probability"),
        ("slow:seconds=-1", "seconds is -1.0: it must be from 0 to 3,600"),
        ("slow:seconds=nan", "seconds is nan"),
    ],
)
def test_a_text_that_says_no_fault_is_refused(text: str, reason: str) -> None:
    """The error says what was wrong."""
    with pytest.raises(ValueError, match=reason):
        Fault.parse(text)
