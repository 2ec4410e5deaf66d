"""When a request is sent again: first as logic without I/O, then through both faces over a real socket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AnswerTooLargeError,
    AuthenticationError,
    CertificateError,
    ClientClosedError,
    Clock,
    ConnectionFailedError,
    DataMapError,
    InvalidArgumentError,
    InvalidEnvelopeError,
    RateLimitError,
    Request,
    RequestTimeoutError,
    Response,
    Retry,
    ServerError,
    TokenCredentials,
    TransportError,
    UpstreamError,
)
from dataarts_datamap._messages import Call, Send, Sleep
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._retry.policy import Policy
from support.answers import documented_row, envelope, json_answer, run_page
from support.faces import SETTINGS, TOKEN, InstantClock
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from support.faces import Face

REQUEST = Request(method="GET", endpoint="https://example.com", path="/p")
TOKEN_CREDENTIALS = TokenCredentials(TOKEN)
FACTS: dict[str, Any] = {"method": "GET", "path": "/p", "attempts": 1, "elapsed": 0.1}


class StillClock(Clock):
    """A clock that stands still until someone waits, or sends."""

    def __init__(self, chance: float = 0.5) -> None:
        self.now = 1000.0
        self.chance = chance

    def monotonic(self) -> float:
        return self.now

    def random(self) -> float:
        return self.chance


class Script:
    """Runs an exchange whose attempts end as listed, the last one again and again; each takes a second."""

    def __init__(
        self, *ends: DataMapError | str, retry: Retry | None = None, deadline: float = 120.0, chance: float = 0.5
    ) -> None:
        self.clock = StillClock(chance)
        self.waits: list[float] = []
        self.sent: list[Send] = []
        self._ends = list(ends)
        self._policy = Policy(retry or Retry(), deadline, self.clock)

    def run(self, credentials: Any = TOKEN_CREDENTIALS) -> str:
        """What the exchange returns."""
        steps = exchange(REQUEST, credentials, self._policy, lambda response: response.text)
        step = next(steps)
        while True:
            try:
                step = self._take(steps, step)
            except StopIteration as stop:
                return str(stop.value)

    def error(self, credentials: Any = TOKEN_CREDENTIALS) -> DataMapError:
        """The error that the exchange ends in."""
        with pytest.raises(DataMapError) as caught:
            self.run(credentials)
        return caught.value

    def _take(self, steps: Any, step: Any) -> Any:
        if isinstance(step, Sleep):
            self.waits.append(step.seconds)
            self.clock.now += step.seconds
            return next(steps)
        self.sent.append(step)
        self.clock.now += 1
        end = self._ends.pop(0) if len(self._ends) > 1 else self._ends[0]
        if isinstance(end, DataMapError):
            return steps.throw(end)
        return steps.send(Response(request=step.request, status=200, headers={}, content=end.encode()))


def failure(kind: type[DataMapError], **facts: Any) -> DataMapError:
    """An error about an exchange."""
    upstream_status = facts.pop("upstream_status", None)
    error = kind("no", **{**FACTS, **facts})
    if isinstance(error, UpstreamError):
        error.upstream_status = upstream_status
    return error


PASSING = [
    failure(ConnectionFailedError),
    failure(RequestTimeoutError),
    failure(TransportError),
    failure(RateLimitError, status=429),
    *(failure(ServerError, status=status) for status in (500, 502, 503, 504)),
    *(failure(UpstreamError, status=200, upstream_status=status) for status in (429, 500, 502, 503, 504)),
]
LASTING = [
    failure(CertificateError),
    failure(AnswerTooLargeError),
    failure(AuthenticationError, status=401),
    failure(DataMapError, status=400),
    failure(ServerError, status=501),
    failure(ServerError, status=520),
    failure(UpstreamError, status=200, upstream_status=401),
    failure(UpstreamError, status=200),
    failure(InvalidEnvelopeError, status=200),
]


def name_of(error: DataMapError) -> str:
    """A name for a case."""
    return f"{type(error).__name__}-{error.status}-{getattr(error, 'upstream_status', '')}"


@pytest.mark.parametrize("error", PASSING, ids=name_of)
def test_passing_failure(error: DataMapError) -> None:
    """A failure that can pass is tried again, and what then comes is the answer."""
    script = Script(error, error, "answer")

    assert "answer" == script.run()
    assert 3 == len(script.sent)


@pytest.mark.parametrize("error", LASTING, ids=name_of)
def test_lasting_failure(error: DataMapError) -> None:
    """A failure that will not pass is raised at once."""
    script = Script(error, "answer")

    assert error is script.error()
    assert (1, []) == (len(script.sent), script.waits)


@pytest.mark.parametrize("error", PASSING, ids=name_of)
def test_error_tells_of_all_attempts(error: DataMapError) -> None:
    """The last failure is raised, with the number of attempts and the time of them all, waits included."""
    caught = Script(error, retry=Retry(attempts=3, throttled_attempts=3, first_wait=4), chance=0.5).error()

    assert (3, 1 + 2 + 1 + 4 + 1) == (caught.attempts, caught.elapsed)


THROTTLED = [failure(RateLimitError, status=429), failure(UpstreamError, status=200, upstream_status=429)]


@pytest.mark.parametrize("throttled", THROTTLED, ids=name_of)
def test_throttled_requests_are_counted_apart(throttled: DataMapError) -> None:
    """A 429 says that a request came too soon: it uses up none of the attempts for what goes wrong, nor they of its."""
    busy = failure(ServerError, status=503)
    script = Script(*[throttled, busy] * 3, *[throttled] * 8, "answer")
    assert "answer" == script.run()

    assert (12, 12) == (
        Script(throttled).error().attempts,
        Script(failure(RateLimitError, status=429)).error().attempts,
    )
    assert 7 == Script(*[throttled] * 3, busy).error().attempts


@pytest.mark.parametrize("throttled", THROTTLED, ids=name_of)
def test_one_attempt_is_one(throttled: DataMapError) -> None:
    """Who wants nothing to be sent again gets each failure at once, a 429 too."""
    assert 1 == Script(throttled, retry=Retry(attempts=1)).error().attempts


def test_error_without_an_exchange() -> None:
    """An error that came before anything was sent tells of no attempts."""
    caught = Script(ClientClosedError("closed")).error()

    assert (None, None) == (caught.attempts, caught.elapsed)


@pytest.mark.parametrize(
    ("chance", "waits"), [(0.0, [0, 0, 0, 0, 0]), (0.5, [0.25, 0.5, 1, 1.5, 1.5]), (1.0, [0.5, 1, 2, 3, 3])]
)
def test_waits_grow_up_to_the_longest(chance: float, waits: list[float]) -> None:
    """Each wait is a random part of the first one doubled again and again, up to the longest."""
    script = Script(failure(TransportError), retry=Retry(attempts=6, longest_wait=3), chance=chance)
    script.error()

    assert waits == script.waits


@pytest.mark.parametrize(
    ("asked", "chance", "wait"),
    [(5.0, 0.0, 5.0), (5.0, 1.0, 5.5), (30.0, 1.0, 33.0), (0.0, 0.5, 0.25), (None, 0.5, 0.25)],
)
def test_retry_after_is_the_least_wait(asked: float | None, chance: float, wait: float) -> None:
    """What the server asks for is waited for at least, and a random part is added."""
    script = Script(failure(RateLimitError, status=429, retry_after=asked), "answer", chance=chance)
    script.run()

    assert [wait] == script.waits


@pytest.mark.parametrize("asked", [30.5, 86400.0, float("inf")])
def test_retry_after_too_long(asked: float) -> None:
    """A wait beyond the longest is not begun: the error is raised at once, with the value."""
    script = Script(failure(RateLimitError, status=429, retry_after=asked), "answer")
    caught = script.error()

    assert (asked, 1, []) == (caught.retry_after, caught.attempts, script.waits)


def test_no_wait_passes_the_deadline() -> None:
    """A wait that would end after the deadline is not begun; every request is due by it."""
    script = Script(failure(TransportError), retry=Retry(attempts=20, first_wait=8), deadline=30, chance=1.0)
    caught = script.error()

    assert ([8, 8, 8], 4, 28) == (script.waits, caught.attempts, caught.elapsed)
    assert {1030.0} == {send.until for send in script.sent}


def test_one_attempt() -> None:
    """With one attempt nothing is sent again."""
    assert 1 == Script(failure(TransportError), "answer", retry=Retry(attempts=1)).error().attempts


class Renumbered:
    """Credentials that differ each time they are asked, and ask the server for something first."""

    def __init__(self) -> None:
        self.asked = 0

    def authenticate(self, request: Request) -> Call[Request]:
        self.asked += 1
        yield replace(request, path="/token")
        return replace(request, headers={"X-Number": str(self.asked)})


def test_credentials_are_asked_afresh() -> None:
    """Each attempt asks the credentials again, and a failure of their own request counts as one of the attempt."""
    script = Script("token", failure(TransportError), failure(ServerError, status=503), "token", "answer")

    assert "answer" == script.run(Renumbered())
    assert [("/token", None), ("/p", "1"), ("/token", None), ("/token", None), ("/p", "3")] == [
        (send.request.path, send.request.headers.get("X-Number")) for send in script.sent
    ]


class Discarding(Renumbered):
    """The same, with a new proof for one that was refused, or without."""

    def __init__(self, *, again: bool) -> None:
        super().__init__()
        self.discarded: list[str] = []
        self._again = again

    def discard(self, request: Request) -> bool:
        self.discarded.append(request.headers["X-Number"])
        return self._again


STALE = failure(AuthenticationError, status=401, error_code="APIGW.0307")


def test_refused_proof_is_renewed_once() -> None:
    """A proof that the service calls stale is discarded, and the request sent once more, beside the attempts."""
    credentials = Discarding(again=True)
    script = Script("token", STALE, "token", STALE, retry=Retry(attempts=1))

    assert 2 == script.error(credentials).attempts
    assert (["1"], []) == (credentials.discarded, script.waits)
    assert "answer" == Script("token", STALE, "token", "answer").run(Discarding(again=True))


@pytest.mark.parametrize(
    ("credentials", "code", "discarded"),
    [
        (Discarding(again=False), "APIGW.0307", ["1"]),
        (Discarding(again=True), "APIGW.0305", []),
        (Discarding(again=True), None, []),
    ],
)
def test_refusal_that_no_new_proof_mends(credentials: Discarding, code: str | None, discarded: list[str]) -> None:
    """Where there is no other proof, or the service asks for none, the refusal is raised at once."""
    refused = failure(AuthenticationError, status=401, error_code=code)
    script = Script("token", refused)

    assert refused is script.error(credentials)
    assert (2, discarded) == (len(script.sent), credentials.discarded)


def test_credentials_that_cannot_discard() -> None:
    """Credentials that can but authenticate have their refusal raised at once."""
    script = Script("token", STALE)

    assert STALE is script.error(Renumbered())
    assert 2 == len(script.sent)


@pytest.mark.parametrize(
    "parameters",
    [
        {"attempts": 0},
        {"attempts": 21},
        {"attempts": True},
        {"attempts": 1.5},
        {"first_wait": -1},
        {"first_wait": float("nan")},
        {"first_wait": "1"},
        {"first_wait": 9},
        {"longest_wait": 3601},
        {"longest_wait": float("inf")},
        {"longest_retry_after": -0.1},
        {"longest_retry_after": True},
    ],
)
def test_parameters_have_bounds(parameters: dict[str, Any]) -> None:
    """A parameter out of its bounds is refused, and its text names it."""
    with pytest.raises(InvalidArgumentError, match=r"attempts|first_wait|longest_wait|longest_retry_after"):
        Retry(**parameters)


def test_bounds_belong_to_the_range() -> None:
    """The least and the greatest values are accepted."""
    assert 1 == Retry(attempts=1, first_wait=0, longest_wait=0, longest_retry_after=0).attempts
    assert 20 == Retry(attempts=20, first_wait=3600, longest_wait=3600, longest_retry_after=3600).attempts


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_deadline_is_finite(value: float, face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline is a finite number of seconds above zero."""
    monkeypatch.setitem(SETTINGS, "deadline", value)
    with ScriptedServer(run_page()) as server, pytest.raises(InvalidArgumentError, match="deadline"):
        face.list_runs(server)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> InstantClock:
    """The clock of both faces."""
    chosen = InstantClock(chance=1.0)
    monkeypatch.setitem(SETTINGS, "clock", chosen)
    return chosen


def test_faces_try_again(face: Face, clock: InstantClock) -> None:
    """Both faces wait as told between attempts, and end with the answer."""
    busy = json_answer({"error_code": "APIGW.0308"}, status=429, Retry_After="7")
    with ScriptedServer(busy, envelope("{}", status_code=503), run_page(documented_row())) as server:
        runs = face.list_runs(server)

    assert (1, 3, [7.7, 1.0]) == (len(runs), len(server.asked), clock.waits)


def test_faces_read_a_date(face: Face, clock: InstantClock) -> None:
    """A date to come back at counts from the answer's own date."""
    now = datetime(2024, 1, 15, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=20), usegmt=True)
    busy = json_answer({}, status=503, Date=format_datetime(now, usegmt=True), Retry_After=later)
    with ScriptedServer(busy, run_page()) as server:
        face.list_runs(server)

    assert [22.0] == clock.waits


def test_faces_never_retry_a_401(face: Face, clock: InstantClock) -> None:
    """A refused key is sent once: failures lock it."""
    refused = json_answer({"error_code": "APIGW.0301"}, status=401)
    with ScriptedServer(refused) as server, pytest.raises(AuthenticationError):
        face.list_operators(server)

    assert (1, []) == (len(server.asked), clock.waits)


def test_faces_can_be_told_not_to(face: Face, clock: InstantClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyword of the client turns it off."""
    monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=1))
    with ScriptedServer(json_answer({}, status=503)) as server, pytest.raises(ServerError):
        face.list_operators(server)

    assert (1, []) == (len(server.asked), clock.waits)
