"""When a request is sent again, and what holds for each request of a client."""

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
    """When a request that failed is sent again.

    Every request only reads, or asks for a token, so each may be sent again: if no complete response arrived (no
    connection, a timeout, a response that is cut short or garbled), and at the statuses 429, 500, 502, 503 and 504,
    whether HTTP's own or the envelope's inside HTTP 200. Any other error is raised at once: above all a 401, since five
    failures lock an access key, a certificate that is not trusted, and a response that is too large. Credentials that
    can be renewed (``RenewableCredentials``: a password can get a new token) are renewed once on a 401 that asks for
    it, at once and beside these attempts. Each attempt is authenticated afresh: no attempt sends the signature of
    another. Within an attempt, a ``GET`` goes out a second time, unchanged and at once, where the server closes a kept
    connection before anything of the response has come.

    The wait before attempt *n* + 1 is a random part of ``first_wait`` doubled *n* - 1 times, ``longest_wait`` at most
    ("full jitter"). A wait that would pass the client's ``deadline`` is not begun: the failure is raised at once.

    A 429 says that a request came too soon, and not that anything is wrong: the service counts those of all programs of
    a user together. So these are counted apart from other failures, and a client sends nothing while one of its
    requests waits for it.

    Attributes:
        attempts: How often a request is sent at most, the first time included and those that got a 429 left out: 1 to
            20, by default 4. With 1 nothing is sent again, and the other parameters mean nothing.
        throttled_attempts: How many 429 a request may get until one is raised: 1 to 20, by default 12. Of three
            programs at once that each keep to the limit, one request in fifty failed with 4, and none of 1,800 with 12.
        first_wait: Longest wait before the second attempt, in seconds: 0 to 3600, by default 0.5. With 0 nothing is
            waited for, except what ``Retry-After`` asks.
        longest_wait: Longest wait before any attempt, in seconds: ``first_wait`` to 3600, by default 8. A wait that
            the server asks for can be longer.
        longest_retry_after: Longest ``Retry-After`` that is waited for, in seconds: 0 to 3600, by default 30. A
            shorter one is the least wait, to which a random part of the usual wait, or of a tenth of what was asked,
            is added, so that callers who all got the same value do not return together. A longer one is raised at
            once, with its value as ``retry_after`` on the error.

    Raises:
        InvalidArgumentError: A parameter is out of its bounds.
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
    """What holds for each exchange of a client.

    Attributes:
        retry: When a request is sent again.
        deadline: Seconds that it may take with all its attempts.
        clock: Time and chance for both.
        limiter: How many are sent per second.
        reporter: Gets a report of each attempt.
    """

    retry: Retry
    deadline: float
    clock: Clock
    limiter: RateLimiter = field(default_factory=RateLimiter)
    reporter: AttemptReporter = field(default_factory=AttemptReporter)


def is_passing(error: DataMapError) -> bool:
    """Whether another attempt may succeed."""
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


def _check_seconds(name: str, value: object, *, least: float = 0.0) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= _LONGEST:
        raise InvalidArgumentError(f"{name} must be a number of seconds from {least:g} to {_LONGEST:g}, not {value!r}")
