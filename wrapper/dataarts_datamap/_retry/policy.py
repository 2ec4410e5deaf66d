"""The rules for retries, and the settings for each request of a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from dataarts_datamap._arguments import query_integer
from dataarts_datamap._errors import (
    AnswerTooLargeError,
    CertificateError,
    DataMapError,
    InvalidArgumentError,
    StatusError,
    TransportError,
    UpstreamError,
)
from dataarts_datamap._retry.attempts import AttemptReporter
from dataarts_datamap._retry.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from dataarts_datamap._clock import Clock

_MOST_ATTEMPTS: Final = 20
_LONGEST: Final = 3600.0
_PASSING_STATUSES: Final = frozenset({429, 500, 502, 503, 504})
_REFUSALS: Final = range(400, 500)
_LASTING_FAILURES: Final = (AnswerTooLargeError, CertificateError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The rules for retrying a failed request.

    Every request only reads, or requests a token or a temporary key, so it is safe to retry. It is retried after the
    statuses 429, 500, 502, 503 and 504, of HTTP or of the envelope inside HTTP 200. It is also retried if no complete
    response arrived (no connection, a timeout, a truncated or garbled response), unless the status of the incomplete
    one is 400 to 499: that is usually a proxy that refuses. Any other error is raised at once: above all a 401, since
    more than five failures in a row lock an access key, but also an untrusted certificate, or a response that is too
    large. Credentials that can be renewed (``RenewableCredentials``: a password can get a new token) are renewed once
    after a 401 that demands it, at once and without counting as an attempt. Each attempt is authenticated anew: no
    attempt sends the signature of another. Within an attempt, a ``GET`` is sent a second time, unchanged and at once,
    if the server closes a kept connection before any byte of the response.

    The wait before attempt *n* + 1 is a random part of ``first_wait`` doubled *n* - 1 times, ``longest_wait`` at most
    ("full jitter"). A wait that would pass the client's ``deadline`` is not begun: the failure is raised at once.

    A 429 only means that a request came too soon: the service counts the requests of all programs of a user together.
    So 429s are counted separately from other failures, and after each, all requests of the client wait.

    Attributes:
        attempts: Maximum number of attempts, including the first, but not counting attempts that got a 429: 1 to 20, by
            default 4. With 1, nothing is retried, not even after a 429.
        throttled_attempts: Number of 429s at which a request fails: 1 to 20, by default 12. Measured with three
            programs at once, each of which kept to the limit: with 4, one request in fifty failed; with 12, none of
            1,800.
        first_wait: Longest wait before the second attempt, in seconds: 0 to 3600, by default 0.5. With 0, the only
            waits are those that ``Retry-After`` demands.
        longest_wait: Longest wait before any attempt, in seconds: ``first_wait`` to 3600, by default 8. A wait that the
            server demands can be longer.
        longest_retry_after: Longest ``Retry-After`` to wait for, in seconds: 0 to 3600, by default 30. A shorter one is
            the minimum wait; a random part of the usual wait, or of a tenth of ``Retry-After`` if that is longer, is
            added, so that callers with the same value do not return together. An error response with a longer one is
            raised at once, and its ``retry_after`` has the value.

    Raises:
        InvalidArgumentError: A parameter is not a number within its bounds.
    """

    attempts: int = 4
    throttled_attempts: int = 12
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_retry_after: float = 30.0

    def __post_init__(self) -> None:
        query_integer("attempts", self.attempts, minimum=1, maximum=_MOST_ATTEMPTS)
        query_integer("throttled_attempts", self.throttled_attempts, minimum=1, maximum=_MOST_ATTEMPTS)
        _check_seconds("first_wait", self.first_wait)
        _check_seconds("longest_wait", self.longest_wait, least=self.first_wait)
        _check_seconds("longest_retry_after", self.longest_retry_after)


class Policy(Struct, frozen=True):
    """The settings for each exchange of a client; the deadline is in seconds, and covers all attempts together."""

    retry: Retry
    deadline: float
    clock: Clock
    limiter: RateLimiter = field(default_factory=RateLimiter)
    reporter: AttemptReporter = field(default_factory=AttemptReporter)


def is_passing(error: DataMapError) -> bool:
    """Whether another attempt may succeed."""
    match error:
        case TransportError():
            refused = error.status in _REFUSALS  # usually by a proxy
            return not refused and not isinstance(error, _LASTING_FAILURES)
        case StatusError():
            return error.status in _PASSING_STATUSES
        case UpstreamError():
            return error.upstream_status in _PASSING_STATUSES
        case _:
            return False


def _check_seconds(name: str, value: object, *, least: float = 0.0) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= _LONGEST:
        raise InvalidArgumentError(f"{name} must be a number of seconds from {least:g} to {_LONGEST:g}, not {value!r}")
