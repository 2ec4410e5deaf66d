"""When a request is sent again, and how long to wait before: logic without I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct, field

from dataarts_datamap._attempts import AttemptReporter, Trail
from dataarts_datamap._auth.credentials import RenewableCredentials
from dataarts_datamap._errors import (
    AnswerTooLargeError,
    AuthenticationError,
    CertificateError,
    DataMapError,
    InvalidArgumentError,
    RateLimitError,
    StatusError,
    TransportError,
    UpstreamError,
)
from dataarts_datamap._limiter import RateLimiter
from dataarts_datamap._messages import Send, Sleep, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._clock import Clock
    from dataarts_datamap._messages import Call, Request, Response, Steps

T = TypeVar("T")

_MOST_ATTEMPTS: Final = 20
_LONGEST: Final = 3600.0
_TOO_MANY: Final = 429
_PASSING_STATUSES: Final = frozenset({429, 500, 502, 503, 504})
_REFUSALS: Final = range(400, 500)
_STALE_CODES: Final = ("0301", "0307")
_LASTING_FAILURES: Final = (AnswerTooLargeError, CertificateError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a request that failed is sent again.

    All requests only read, or ask for a token, so each may be sent again. That happens where no whole answer came back
    (no connection, a timeout, an answer that is cut short or garbled), and for the statuses 429, 500, 502, 503 and 504,
    be they the answer's own or the envelope's inside HTTP 200. Any other error is raised at once: a 401 above all,
    since five failures lock an access key, and so is a certificate that is not trusted and an answer that is too large.
    Only where credentials can have a new proof, as a password can have a new token, a 401 that asks for one is answered
    with it, once, at once and beside these attempts (``RenewableCredentials``). Credentials are asked afresh for each
    attempt, so that a signature is never sent twice.

    The wait before attempt *n* + 1 is a random part of ``first_wait`` doubled *n* - 1 times, ``longest_wait`` at most
    ("full jitter"). A wait that would pass the client's ``deadline`` is not begun: the failure is raised at once.

    Attributes:
        attempts: How often a request is sent at most, the first time included: 1 to 20, by default 4. With 1 nothing
            is sent again, and the other parameters mean nothing.
        first_wait: Longest wait before the second attempt, in seconds: 0 to 3600, by default 0.5. With 0 nothing is
            waited for, except what ``Retry-After`` asks.
        longest_wait: Longest wait before any attempt, in seconds: ``first_wait`` to 3600, by default 8. A wait that
            the server asks for can be longer.
        longest_retry_after: Longest ``Retry-After`` that is waited for, in seconds: 0 to 3600, by default 30. A
            shorter one is the least wait, to which a random part of the usual wait, or of a tenth of what was asked,
            is added, so that callers who were all told the same do not come back at once. A longer one is raised at
            once, with its value as ``retry_after`` on the error.

    Raises:
        InvalidArgumentError: A parameter is out of its bounds.
    """

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_retry_after: float = 30.0

    def __post_init__(self) -> None:
        _check_attempts(self.attempts)
        _check_seconds("first_wait", self.first_wait)
        _check_seconds("longest_wait", self.longest_wait, least=self.first_wait)
        _check_seconds("longest_retry_after", self.longest_retry_after)


class Policy(Struct, frozen=True):
    """What holds for each exchange of a client.

    Attributes:
        retry: When a request is sent again.
        deadline: Seconds that it may take with all its attempts.
        clock: Time and chance for both.
        limiter: How many are sent in a time.
        reporter: Whom to tell of each attempt.
    """

    retry: Retry
    deadline: float
    clock: Clock
    limiter: RateLimiter = field(default_factory=RateLimiter)
    reporter: AttemptReporter = field(default_factory=AttemptReporter)


def exchange(request: Request, credentials: Credentials, policy: Policy, decode: Callable[[Response], T]) -> Steps[T]:
    """One request with its credentials, sent until its answer can be decoded or it is no use to go on.

    The errors that leave it tell of all attempts together.
    """
    clock = policy.clock
    yield from _admission(policy)
    started = clock.monotonic()
    until = started + policy.deadline
    attempt = 0
    renewal = _Renewal(credentials)
    while True:
        attempt += 1
        trail = Trail(policy.reporter, clock, attempt)
        try:
            result = yield from _due(_attempt(request, credentials, decode, renewal), until, trail)
        except DataMapError as error:
            now = clock.monotonic()
            _tell(error, attempts=attempt + renewal.used, elapsed=now - started)
            wait = _wait(policy.retry, error, attempt=attempt, chance=clock.random())
            if _is_throttled(error):
                asked = error.retry_after or wait or policy.retry.first_wait
                policy.limiter.pause(now + min(asked, policy.retry.longest_retry_after))
            if wait is not None and now + wait >= until:
                wait = None
            trail.end(error, next_wait=wait)
            if wait is None:
                raise
        else:
            trail.end()
            return result
        yield Sleep(wait)
        yield from _admission(policy)


def _admission(policy: Policy) -> Steps[None]:
    while wait := policy.limiter.wait(policy.clock.monotonic()):
        yield Sleep(wait)


class _Renewal:
    """The one new proof that an exchange may ask its credentials for."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.used = 0

    def begin(self, error: AuthenticationError, refused: Request) -> bool:
        """Whether the request is to be sent with a new proof, after the service refused the one that it carried."""
        if self.used or not (error.error_code or "").endswith(_STALE_CODES):
            return False
        if not isinstance(self._credentials, RenewableCredentials) or not self._credentials.discard(refused):
            return False
        self.used = 1
        return True


def _attempt(request: Request, credentials: Credentials, decode: Callable[[Response], T], renewal: _Renewal) -> Call[T]:
    authenticated = yield from credentials.authenticate(request)
    try:
        return decode((yield authenticated))
    except AuthenticationError as error:
        if not renewal.begin(error, authenticated):
            raise
    authenticated = yield from credentials.authenticate(request)
    return decode((yield authenticated))


def _due(call: Call[T], until: float, trail: Trail) -> Steps[T]:
    """The call, with a time by which each of its requests must be answered and each of its waits be over."""
    try:
        step = next(call)
        while True:
            try:
                response = yield from _taken(step, until, trail)
            except DataMapError as error:
                step = call.throw(error)
            else:
                step = call.send(response)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except GeneratorExit:
        call.close()  # others may wait for what it began
        raise


def _taken(step: Request | Wait, until: float, trail: Trail) -> Steps[Response]:
    """One step of a call, noted on the trail if it is a request."""
    if isinstance(step, Wait):
        return (yield Wait(step.gate, until))
    trail.begin(step)
    try:
        response = yield Send(step, until)
    except DataMapError:
        trail.arrive()
        raise
    trail.arrive(response)
    return response


def _tell(error: DataMapError, *, attempts: int, elapsed: float) -> None:
    if error.__cause__ is None:
        error.__context__ = None  # what another library raised on the way: the text tells it, and it may hold too much
    if error.attempts is not None:  # else nothing was sent: a client that is closed, credentials that are missing
        error.attempts, error.elapsed = attempts, elapsed


def _wait(retry: Retry, error: DataMapError, *, attempt: int, chance: float) -> float | None:
    """Seconds to wait before the next attempt; None if there is to be none."""
    asked = error.retry_after or 0.0
    if attempt >= retry.attempts or asked > retry.longest_retry_after or not is_passing(error):
        return None
    spread = min(retry.longest_wait, retry.first_wait * 2.0 ** (attempt - 1))
    return asked + chance * max(spread, asked / 10)


def _is_throttled(error: DataMapError) -> bool:
    return isinstance(error, RateLimitError) or getattr(error, "upstream_status", None) == _TOO_MANY


def is_passing(error: DataMapError) -> bool:
    """Whether what went wrong may go right the next time."""
    match error:
        case TransportError():
            refused = error.status is not None and error.status in _REFUSALS  # by a proxy, above all
            return not refused and not isinstance(error, _LASTING_FAILURES)
        case StatusError():
            return error.status in _PASSING_STATUSES
        case UpstreamError():
            return error.upstream_status in _PASSING_STATUSES
        case _:
            return False


def _check_attempts(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_ATTEMPTS:
        raise InvalidArgumentError(f"attempts must be an integer from 1 to {_MOST_ATTEMPTS}, not {value!r}")


def _check_seconds(name: str, value: object, *, least: float = 0.0) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= _LONGEST:
        raise InvalidArgumentError(f"{name} must be a number of seconds from {least:g} to {_LONGEST:g}, not {value!r}")
