"""Retries of a request, and the waits between them: logic without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from dataarts_datamap._auth.credentials import RenewableCredentials
from dataarts_datamap._errors import AuthenticationError, DataMapError, RateLimitError
from dataarts_datamap._messages import Send, Sleep, Wait
from dataarts_datamap._retry.attempts import AttemptLog
from dataarts_datamap._retry.policy import is_passing

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._messages import Call, Request, Response, Steps
    from dataarts_datamap._retry.policy import Policy, Retry

T = TypeVar("T")

_TOO_MANY: Final = 429
_STALE_CODES: Final = ("0301", "0307")


def exchange(request: Request, credentials: Credentials, policy: Policy, decode: Callable[[Response], T]) -> Steps[T]:
    """Send a request until its response is decoded, another attempt would not help, or attempts or time run out.

    ``attempts`` and ``elapsed`` of its errors count all attempts together.
    """
    clock = policy.clock
    yield from _admission(policy)
    started = clock.monotonic()
    until = started + policy.deadline
    attempt = throttled = 0
    renewal = _Renewal(credentials)
    while True:
        attempt += 1
        log = AttemptLog(policy.reporter, clock, attempt)
        try:
            result = yield from _with_deadline(_attempt(request, credentials, decode, renewal), until, log)
        except DataMapError as error:
            now = clock.monotonic()
            _complete(error, attempts=attempt + renewal.used, elapsed=now - started)
            throttled += _is_throttled(error)
            wait = _wait(policy.retry, error, attempt=attempt, throttled=throttled, chance=clock.random())
            if _is_throttled(error):
                asked = error.retry_after or wait or policy.retry.first_wait
                policy.limiter.pause(now + min(asked, policy.retry.longest_retry_after))
            if wait is not None and now + wait >= until:
                wait = None
            log.end(error, next_wait=wait)
            if wait is None:
                raise
        else:
            log.end()
            return result
        yield Sleep(wait)
        yield from _admission(policy)


def _admission(policy: Policy) -> Steps[None]:
    now = policy.limiter.time(policy.clock.monotonic())
    while wait := policy.limiter.wait(now):
        yield Sleep(wait)
        now = max(policy.clock.monotonic(), now + wait)


class _Renewal:
    """The single renewal of credentials that a request may cause."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.used = 0

    def begin(self, error: AuthenticationError, refused: Request) -> bool:
        """Whether to send the request again with renewed credentials, after the service refused the old ones."""
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


def _with_deadline(call: Call[T], until: float, log: AttemptLog) -> Steps[T]:
    """The steps of a call, all of whose requests and waits have the same deadline."""
    try:
        step = next(call)
        while True:
            try:
                response = yield from _sent_or_waited(step, until, log)
            except DataMapError as error:
                step = call.throw(error)
            else:
                step = call.send(response)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except GeneratorExit:
        call.close()  # others may wait for its result
        raise


def _sent_or_waited(step: Request | Wait, until: float, log: AttemptLog) -> Steps[Response]:
    """One step of a call, noted in the log if it is a request."""
    if isinstance(step, Wait):
        return (yield Wait(step.event, until))
    log.begin(step)
    try:
        response = yield Send(step, until)
    except DataMapError:
        log.arrive()
        raise
    log.arrive(response)
    return response


def _complete(error: DataMapError, *, attempts: int, elapsed: float) -> None:
    if error.__cause__ is None:
        # an exception of another library may hold secrets, and our text describes it
        error.__context__ = None
    if error.attempts is not None:  # else nothing was sent, such as by a closed client or without credentials
        error.attempts, error.elapsed = attempts, elapsed


def _wait(retry: Retry, error: DataMapError, *, attempt: int, throttled: int, chance: float) -> float | None:
    """Seconds to wait before the next attempt; None if there is none."""
    asked = error.retry_after or 0.0
    failures, most = attempt - throttled, retry.attempts
    if _is_throttled(error):
        failures, most = throttled, retry.throttled_attempts
    if retry.attempts == 1 or failures >= most or asked > retry.longest_retry_after or not is_passing(error):
        return None
    spread = min(retry.longest_wait, retry.first_wait * 2.0 ** (attempt - 1))
    return asked + chance * max(spread, asked / 10)


def _is_throttled(error: DataMapError) -> bool:
    return isinstance(error, RateLimitError) or getattr(error, "upstream_status", None) == _TOO_MANY
