"""Traces and measures a client's requests with OpenTelemetry. It needs the extra ``otel``, which only installs the API.

::

    from dataarts_datamap.integrations.otel import attempt_hook

    with DataMapClient.from_env(on_attempt=attempt_hook()) as client:
        ...

Names and values follow the semantic conventions of HTTP clients, version 1.40.0
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/). Each attempt has a span; the call that makes attempts
has none, since the caller can trace it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from dataarts_datamap import __version__
from dataarts_datamap._extras import how_to_install

try:
    from opentelemetry.metrics import get_meter
    from opentelemetry.trace import SpanKind, Status, StatusCode, get_tracer
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"dataarts_datamap.integrations.otel needs an extra: {how_to_install('otel')}", name=error.name
    ) from None

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from dataarts_datamap import Attempt

_NAME: Final = "dataarts_datamap"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.40.0"
_PORTS: Final = {"http": 80, "https": 443}
_FIRST_ERROR_STATUS: Final = 400
# The buckets for durations in seconds that the conventions recommend.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

_Attributes: TypeAlias = "dict[str, str | int]"


def attempt_hook(
    *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Callable[[Attempt], None]:
    """A hook for ``on_attempt`` that makes a span of each attempt and records its duration.

    The span is a child of the caller's current one, has kind CLIENT, and begins and ends with the request. It has
    ``http.request.method``, ``server.address``, ``server.port``, ``url.scheme``, ``url.full`` (without a query, since
    that is not part of an ``Attempt``), ``http.response.status_code``, ``http.request.resend_count`` from the second
    attempt on, ``error.type`` (the status from 400 on, else the error's class) and, outside of the conventions,
    ``dataarts_datamap.request_id`` and ``dataarts_datamap.error_code``. The histogram is
    ``http.client.request.duration``, in seconds. No header is added to a request.

    Args:
        tracer_provider: The provider for spans; the global one if left out.
        meter_provider: The provider for durations; the global one if left out.
    """
    tracer = get_tracer(_NAME, __version__, tracer_provider, _SCHEMA)
    durations = get_meter(_NAME, __version__, meter_provider, _SCHEMA).create_histogram(
        "http.client.request.duration",
        unit="s",
        description="Duration of HTTP client requests.",
        explicit_bucket_boundaries_advisory=_BUCKETS,
    )

    def report(attempt: Attempt) -> None:
        now = time.time_ns()
        shared = _shared(attempt)
        durations.record(attempt.elapsed, shared)
        span = tracer.start_span(
            attempt.method,
            kind=SpanKind.CLIENT,
            attributes={**shared, **_of_the_span(attempt)},
            start_time=now - round(attempt.elapsed * 1e9),
        )
        if "error.type" in shared:
            span.set_status(Status(StatusCode.ERROR))
        span.end(now)

    return report


def _shared(attempt: Attempt) -> _Attributes:
    server = urlsplit(attempt.endpoint)
    attributes: _Attributes = {
        "http.request.method": attempt.method,
        "server.address": server.hostname or "",
        "server.port": server.port or _PORTS[server.scheme],
        "url.scheme": server.scheme,
    }
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if attempt.status is not None and attempt.status >= _FIRST_ERROR_STATUS:
        attributes["error.type"] = str(attempt.status)
    elif attempt.error is not None:
        attributes["error.type"] = attempt.error.__name__
    return attributes


def _of_the_span(attempt: Attempt) -> _Attributes:
    attributes: _Attributes = {"url.full": f"{attempt.endpoint}{attempt.path}"}
    if attempt.number > 1:
        attributes["http.request.resend_count"] = attempt.number - 1
    if attempt.request_id is not None:
        attributes["dataarts_datamap.request_id"] = attempt.request_id
    if attempt.error_code is not None:
        attributes["dataarts_datamap.error_code"] = attempt.error_code
    return attributes
