"""What is told of each attempt: to a hook, to the log, and to OpenTelemetry."""

from __future__ import annotations

import asyncio
import logging
import pickle
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from dataarts_datamap import (
    AsyncDataMapClient,
    Attempt,
    AuthenticationError,
    ConnectionFailedError,
    DataMapClient,
    DataMapError,
    InvalidArgumentError,
    RateLimitError,
    Request,
    UpstreamError,
)
from dataarts_datamap._extras import how_to_install
from dataarts_datamap.integrations.otel import attempt_hook
from support.answers import documented_row, envelope, json_answer, run_page
from support.faces import SETTINGS, TOKEN, At, InstantClock
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from dataarts_datamap._messages import Call
    from support.faces import Face

PATH = "/v1/0833a5737480d53b2f25c010dc1a7b88/datamap/node/937987/instances"
DEAD = At("http://127.0.0.1:1")
BUSY = json_answer({"error_code": "APIGW.0308", "error_msg": "slow"}, status=429, Retry_After="7", X_Request_Id="an-id")
REFUSED = json_answer({"error_code": "APIGW.0301", "request_id": "from-the-body"}, status=401)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[Attempt]:
    """What the hook of both faces is told."""
    told: list[Attempt] = []
    monkeypatch.setitem(SETTINGS, "on_attempt", told.append)
    monkeypatch.setitem(SETTINGS, "clock", InstantClock(chance=1.0))
    return told


def test_hook_is_told_of_each_attempt(face: Face, attempts: list[Attempt]) -> None:
    """Each attempt is told once, with what is known of it, and whether another follows after how long."""
    page = run_page(documented_row())
    with ScriptedServer(BUSY, envelope("{}", status_code=503), page) as server:
        face.list_runs(server)

    about: dict[str, Any] = {"method": "GET", "endpoint": server.url, "path": PATH, "elapsed": ANY}
    upstream = len(envelope("{}", status_code=503).content)
    assert [
        Attempt(
            **about, number=1, status=429, size=len(BUSY.content), request_id="an-id", error=RateLimitError,
            error_code="APIGW.0308", next_wait=7.7,
        ),
        Attempt(**about, number=2, status=200, size=upstream, error=UpstreamError, next_wait=1.0),
        Attempt(**about, number=3, status=200, size=len(page.content)),
    ] == attempts  # fmt: skip
    assert [True, True, False] == [attempt.will_retry for attempt in attempts]
    assert all(0 < attempt.elapsed < 5 for attempt in attempts)


def test_hook_is_told_of_a_refusal(face: Face, attempts: list[Attempt]) -> None:
    """The request id comes from the body where no header has it."""
    with ScriptedServer(REFUSED) as server, pytest.raises(AuthenticationError):
        face.list_operators(server)

    (attempt,) = attempts
    assert (401, AuthenticationError, "APIGW.0301", "from-the-body", None) == (
        attempt.status, attempt.error, attempt.error_code, attempt.request_id, attempt.next_wait,
    )  # fmt: skip


def test_hook_is_told_of_what_never_was_answered(face: Face, attempts: list[Attempt]) -> None:
    """Where no response came, there is no status and no size."""
    with pytest.raises(ConnectionFailedError):
        face.list_operators(DEAD)

    assert [1, 2, 3, 4] == [attempt.number for attempt in attempts]
    assert {(None, None, ConnectionFailedError)} == {(one.status, one.size, one.error) for one in attempts}


class AsksFirst:
    """Credentials that ask the server for something first."""

    def authenticate(self, request: Request) -> Call[Request]:
        yield replace(request, path="/v3/auth/tokens", query=())
        return request


def test_requests_of_credentials_are_told(face: Face, attempts: list[Attempt], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that credentials need is told beside the one it is for, and has the number of its attempt."""
    monkeypatch.setitem(SETTINGS, "credentials", AsksFirst())
    with ScriptedServer(json_answer({}), BUSY, json_answer({}), json_answer([])) as server:
        face.list_operators(server)

    told = [(attempt.path.rpartition("/")[2], attempt.number, attempt.error) for attempt in attempts]
    assert [("tokens", 1, None), ("node", 1, RateLimitError), ("tokens", 2, None), ("node", 2, None)] == told


class Renews(AsksFirst):
    """Credentials that can have a new proof."""

    def discard(self, _: Request) -> bool:
        return True


def test_renewal_is_told(face: Face, attempts: list[Attempt], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is sent anew with another proof is told twice, the first time with the status of its refusal."""
    monkeypatch.setitem(SETTINGS, "credentials", Renews())
    with ScriptedServer(json_answer({}), REFUSED, json_answer({}), json_answer([])) as server:
        face.list_operators(server)

    told = [(attempt.path.rpartition("/")[2], attempt.number, attempt.status, attempt.error) for attempt in attempts]
    assert [("tokens", 1, 200, None), ("node", 1, 401, None), ("tokens", 1, 200, None), ("node", 1, 200, None)] == told
    assert not any(attempt.will_retry for attempt in attempts)


def test_what_comes_from_the_server_is_cut_and_escaped(face: Face, attempts: list[Attempt]) -> None:
    """A request id and a code cannot act on a terminal, are short, and hold nothing of the credentials."""
    said = f"{TOKEN}\x1b[2J\n" + "a" * 999
    answer = json_answer({"error_code": said, "request_id": said}, status=400)
    with ScriptedServer(answer) as server, pytest.raises(DataMapError):
        face.list_operators(server)

    expected = "***\\x1b[2J\\n" + "a" * 71 + "…"
    assert [(expected, expected)] == [(attempt.error_code, attempt.request_id) for attempt in attempts]


def test_attempt_is_a_value(attempts: list[Attempt], face: Face) -> None:
    """An attempt compares, hashes and is pickled by its values."""
    with ScriptedServer(BUSY, json_answer([])) as server:
        face.list_operators(server)

    assert attempts == pickle.loads(pickle.dumps(attempts))  # noqa: S301  our own pickle
    assert 2 == len(set(attempts))


def fail(_: Attempt) -> None:
    """A hook that is broken."""
    raise ZeroDivisionError("the hook's own")


def test_hook_that_raises(face: Face, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A broken hook breaks no call: the log has it, once for a client."""
    monkeypatch.setitem(SETTINGS, "on_attempt", fail)
    with ScriptedServer(BUSY, run_page(documented_row())) as server:
        assert 1 == len(face.list_runs(server))

    (record,) = [record for record in caplog.records if record.levelno > logging.INFO]
    assert "on_attempt raised" in record.getMessage()
    assert "the hook's own" in caplog.text


async def never_awaited(_: Attempt) -> None:
    """A hook that no one would await."""


@pytest.mark.parametrize("hook", ["log", never_awaited])
@pytest.mark.parametrize("client_type", [DataMapClient, AsyncDataMapClient])
def test_wrong_hook(client_type: Any, hook: Any) -> None:
    """What cannot be called, or would have to be awaited, is refused."""
    with pytest.raises(InvalidArgumentError, match="on_attempt must be a plain function"):
        client_type(endpoint="https://example.com", **SETTINGS, on_attempt=hook)


def test_hook_can_interrupt(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt inside a hook is no failure of the hook."""

    def interrupt(_: Attempt) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(SETTINGS, "on_attempt", interrupt)
    with ScriptedServer(json_answer([])) as server, pytest.raises(KeyboardInterrupt):
        face.list_operators(server)


def test_log(face: Face, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has one record an attempt, on INFO if another follows, with headers of a list and no others."""
    monkeypatch.setitem(SETTINGS, "clock", InstantClock(chance=1.0))
    caplog.set_level(logging.DEBUG, "dataarts_datamap")
    answer = json_answer([], Date="Mon, 15 Jan 2024 00:00:00 GMT", Server="api-gateway", X_Echo="hidden", Location="/h")
    with ScriptedServer(BUSY, answer) as server:
        face.list_operators(server)

    first, second = [record for record in caplog.records if record.name == "dataarts_datamap"]
    asked = f"GET {server.url}/v1/0833a5737480d53b2f25c010dc1a7b88/datamap/table/a-table/node"
    sent = (
        f"sent [content-type: application/json; instance: {SETTINGS['instance_id']}; "
        f"x-project-id: {SETTINGS['project_id']}]"
    )
    assert (logging.INFO, logging.DEBUG) == (first.levelno, second.levelno)
    assert first.getMessage().startswith(f"{asked}, attempt 1: HTTP 429 RateLimitError APIGW.0308, after ")
    assert first.getMessage().endswith(
        f" s, 49 bytes, again in 7.700 s, {sent}, "
        "received [content-length: 49; content-type: application/json; retry-after: 7; x-request-id: an-id]"
    )
    assert second.getMessage().startswith(f"{asked}, attempt 2: HTTP 200, after ")
    assert second.getMessage().endswith(
        f" s, 2 bytes, {sent}, received [content-length: 2; content-type: application/json; "
        "date: Mon, 15 Jan 2024 00:00:00 GMT; server: api-gateway]"
    )
    assert [1, 2] == [vars(record)["attempt"].number for record in (first, second)]


def test_log_of_an_answer_that_never_came(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    """Where no response came, the record says so."""
    caplog.set_level(logging.DEBUG, "dataarts_datamap")
    with pytest.raises(ConnectionFailedError):
        face.list_operators(DEAD)

    assert "/a-table/node, attempt 4: no response ConnectionFailedError, after 0." in caplog.text


def test_log_is_silent_by_default(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    """Without a level that asks for it, nothing is logged."""
    with ScriptedServer(BUSY, json_answer([])) as server:
        face.list_operators(server)

    assert [] == caplog.records


def spans_and_durations(face: Face, server: ScriptedServer | At, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """What the real SDK of OpenTelemetry exports of one call inside a span of the caller's."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    hook = attempt_hook(tracer_provider=tracers, meter_provider=meters)
    monkeypatch.setitem(SETTINGS, "on_attempt", hook)
    with tracers.get_tracer("test").start_as_current_span("the caller's"), suppress(DataMapError):
        face.list_operators(server)
    metrics: Any = reader.get_metrics_data()
    return exporter.get_finished_spans(), metrics.resource_metrics[0].scope_metrics[0].metrics[0]


def test_spans(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt is a span of the conventions for HTTP clients, below that of the caller."""
    before = time.time_ns()
    with ScriptedServer(BUSY, json_answer([])) as server:
        spans, durations = spans_and_durations(face, server, monkeypatch)

    first, second, caller = spans
    path = "/v1/0833a5737480d53b2f25c010dc1a7b88/datamap/table/a-table/node"
    port = int(server.url.rpartition(":")[2])
    shared = {"http.request.method": "GET", "server.address": "127.0.0.1", "server.port": port, "url.scheme": "http"}
    full = {**shared, "url.full": server.url + path}
    refused = {"http.response.status_code": 429, "error.type": "429"}
    codes = {"dataarts_datamap.request_id": "an-id", "dataarts_datamap.error_code": "APIGW.0308"}
    assert {**full, **refused, **codes} == first.attributes
    assert {**full, "http.response.status_code": 200, "http.request.resend_count": 1} == second.attributes
    assert {("GET", SpanKind.CLIENT, "dataarts_datamap")} == {
        (span.name, span.kind, span.instrumentation_scope.name) for span in (first, second)
    }
    assert (StatusCode.ERROR, StatusCode.UNSET) == (first.status.status_code, second.status.status_code)
    assert {caller.context.span_id} == {span.parent.span_id for span in (first, second)}
    assert before - 1e6 < first.start_time < first.end_time < second.end_time <= time.time_ns()
    assert ("http.client.request.duration", "s") == (durations.name, durations.unit)
    assert [{**shared, **refused}, {**shared, "http.response.status_code": 200}] == [
        point.attributes for point in durations.data.data_points
    ]


def test_span_of_an_answer_that_never_came(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no response came, the type of the error is its class."""
    spans, _ = spans_and_durations(face, DEAD, monkeypatch)

    assert [None, 1, 2, 3] == [span.attributes.get("http.request.resend_count") for span in spans[:-1]]
    assert {"ConnectionFailedError"} == {span.attributes["error.type"] for span in spans[:-1]}
    assert "http.response.status_code" not in spans[0].attributes


def test_spans_of_tasks_stay_apart() -> None:
    """Each task's attempts stand below its own span."""
    exporter, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = tracers.get_tracer("test")

    async def ask(client: AsyncDataMapClient, table: str) -> None:
        with tracer.start_as_current_span(table):
            await client.list_operators(table)

    async def ask_all(url: str) -> None:
        hook = attempt_hook(tracer_provider=tracers)
        async with AsyncDataMapClient(endpoint=url, **SETTINGS, on_attempt=hook) as client:
            await asyncio.gather(*(ask(client, f"table-{number}") for number in range(5)))

    with ScriptedServer(json_answer([])) as server:
        asyncio.run(ask_all(server.url))

    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans if span.context}
    below = {names[span.parent.span_id]: (span.attributes or {})["url.full"] for span in spans if span.parent}
    assert 5 == len(below)
    assert all(f"/{table}/" in str(url) for table, url in below.items())


def test_the_old_place() -> None:
    """What imported the hook from its old place goes on working, and is told the new one."""
    code = "from dataarts_datamap.otel import attempt_hook; print(attempt_hook.__module__)"
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], check=True, capture_output=True, text=True, encoding="utf-8"
    )

    assert "dataarts_datamap.integrations.otel\n" == done.stdout
    told = "dataarts_datamap.otel has moved: import attempt_hook from dataarts_datamap.integrations.otel"
    assert f"DeprecationWarning: {told}" in done.stderr


def test_without_the_extra() -> None:
    """Nothing of OpenTelemetry is loaded unless it is asked for, and then its extra is named."""
    code = (
        "import sys; sys.modules['opentelemetry'] = None; from dataarts_datamap import DataMapClient\n"
        "try: import dataarts_datamap.otel\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert f"dataarts_datamap.integrations.otel needs an extra: {how_to_install('otel')}\n" == done.stdout
