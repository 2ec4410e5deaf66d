"""An exporter, which serves the state of tables to Prometheus. It needs the extra ``exporter``.

::

    from dataarts_datamap import DataMapClient, load_tables
    from dataarts_datamap.integrations.exporter import RequestMetrics, TableExporter

    requests = RequestMetrics()
    with DataMapClient.from_env(on_attempt=requests) as client:
        with TableExporter(client, load_tables("datamap.toml"), requests=requests) as exporter:
            ...  # http://127.0.0.1:9467/metrics

A thread checks the tables again and again. A scrape gets the results of the last check, without waiting.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, SOMAXCONN
from typing import TYPE_CHECKING, Final, Self, cast

from msgspec.structs import replace

from dataarts_datamap import (
    CheckState,
    ClientClosedError,
    DataMapError,
    InvalidArgumentError,
    MissingExtraError,
    TableCheck,
    Verdict,
    check_metrics,
)
from dataarts_datamap._extras import how_to_install
from dataarts_datamap._text import shown

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
    from prometheus_client.core import GaugeMetricFamily
except ModuleNotFoundError as error:
    raise MissingExtraError(f"{error.name} is not installed: {how_to_install('exporter')}") from None

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from dataarts_datamap import Attempt, DataMapClient, TableRule

PORT: Final = 9467
"""The default port."""

_log: Final = logging.getLogger("dataarts_datamap.exporter")

_LAST_PORT: Final = 65_535
_LEAST_INTERVAL: Final = timedelta(seconds=1)
_SHUTDOWN: Final = 5.0
_READING: Final = 10.0
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class RequestMetrics:
    """Counts the requests of a client: pass it as ``on_attempt``, and to the exporter that uses the client.

    ``datamap_requests_total``, ``datamap_throttled_requests_total`` (HTTP 429) and ``datamap_errors_total`` with the
    label ``kind``, the class of the error.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("datamap_requests", "Requests that were sent.", registry=self.registry)
        self._throttled = Counter(
            "datamap_throttled_requests", "Requests that the service refused as too many.", registry=self.registry
        )
        self._errors = Counter(
            "datamap_errors", "Requests that ended in an error, by its kind.", ["kind"], registry=self.registry
        )

    def __call__(self, attempt: Attempt) -> None:
        """Count an attempt."""
        self._requests.inc()
        if attempt.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._throttled.inc()
        if attempt.error is not None:
            self._errors.labels(attempt.error.__name__).inc()


class TableExporter:
    """Checks tables again and again, and serves their state at ``/metrics``.

    The series are those of ``check_metrics``, and ``datamap_up`` (1 if the last check could read a table, or there are
    no tables), ``datamap_last_check_timestamp_seconds`` and ``datamap_check_duration_seconds``. If the service cannot
    be reached, tables are ``unknown`` and keep their last success. ``/healthz`` responds with 200 if the checking
    thread is alive, ``/readyz`` with 200 if the first check has ended; otherwise with 503.

    Args:
        client: The client that reads the tables. It stays open.
        tables: The rules of the tables.
        state: The state of earlier checks; by default, one that only lasts as long as the exporter.
        interval: Time from the beginning of a check to the beginning of the next one, at least a second. A longer check
            delays the next one.
        requests: The counts of the client's requests, to serve as well.
        host: Address to listen on; the default one is only reachable from this machine.
        port: Port to listen on; 0 finds a free one.

    Raises:
        InvalidArgumentError: The interval is too short, or the port is not from 0 to 65535.
        OSError: It cannot listen on the address, for example because the port is in use.
    """

    def __init__(  # noqa: PLR0913  one keyword for each setting
        self,
        client: DataMapClient,
        tables: Sequence[TableRule],
        *,
        state: CheckState | None = None,
        interval: timedelta = timedelta(minutes=5),
        requests: RequestMetrics | None = None,
        host: str = "127.0.0.1",
        port: int = PORT,
    ) -> None:
        if interval < _LEAST_INTERVAL:
            raise InvalidArgumentError(f"interval must be a second or more, not {interval}")
        if not 0 <= port <= _LAST_PORT:
            raise InvalidArgumentError(f"port must be from 0 to {_LAST_PORT}, not {shown(port)}")
        self._client = client
        self._tables = list(tables)
        self._interval = interval.total_seconds()
        self._registries = [CollectorRegistry()]
        if requests is not None:
            self._registries.append(requests.registry)
        own = self._registries[0]
        self._up = Gauge("datamap_up", "Whether the last check could read a table, or had none to read.", registry=own)
        self._checked_at = Gauge(
            "datamap_last_check_timestamp_seconds", "Time at which the last check ended; 0 if none has.", registry=own
        )
        self._took = Gauge("datamap_check_duration_seconds", "Duration of the last check.", registry=own)
        self._checks: tuple[TableCheck, ...] = ()
        self._table_text = b""
        self._is_ready = False
        self._is_closed = False
        self._is_ending = threading.Event()
        self._server = _Server(host, port, self)
        self._own_state = None if state is not None else CheckState(":memory:")
        self._state = state if state is not None else self._own_state
        self._threads = [
            threading.Thread(target=self._check_again_and_again, name="datamap-exporter-check", daemon=True),
            threading.Thread(target=self._server.serve_forever, name="datamap-exporter-serve", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def url(self) -> str:
        """The base URL, such as ``http://127.0.0.1:9467``."""
        host, port = self._server.server_address[:2]
        shown = f"[{host!s}]" if self._server.address_family == AF_INET6 else str(host)
        return f"http://{shown}:{port}"

    @property
    def is_ready(self) -> bool:
        """Whether the first check has ended."""
        return self._is_ready

    @property
    def is_alive(self) -> bool:
        """Whether the checking thread is alive, and goes on checking."""
        return self._threads[0].is_alive() and not self._is_ending.is_set()

    def metrics(self) -> bytes:
        """The response to a scrape, in text exposition format 0.0.4."""
        return b"".join([self._table_text, *map(generate_latest, self._registries)])

    def close(self) -> None:
        """End the checking thread, and stop serving; a check under way has five seconds to end.

        Calling it again does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._is_ending.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(_SHUTDOWN)
        if self._own_state is not None:
            self._own_state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _check_again_and_again(self) -> None:
        while not self._is_ending.is_set():
            begun = time.monotonic()
            self._check()
            self._is_ending.wait(max(0.0, self._interval - (time.monotonic() - begun)))

    def _check(self) -> None:
        begun = time.monotonic()
        try:
            checks = tuple(self._client.check_tables(self._tables, state=self._state))
        except ClientClosedError:
            self._is_ending.set()  # a closed client means that no more checks are wanted
            return
        except Exception as error:  # noqa: BLE001  after any failure, earlier results must not look current
            if isinstance(error, DataMapError):
                _log.warning("a check failed: %s", error)
            else:
                _log.exception("a check failed")
            checks = tuple(map(_outdated, self._checks or map(_unread, self._tables)))
        self._up.set(float(not self._tables or any(one.error is None for one in checks)))
        self._took.set(time.monotonic() - begun)
        self._checked_at.set(datetime.now(UTC).timestamp())
        self._checks, self._table_text = checks, _table_text(checks)
        self._is_ready = True


def _unread(rule: TableRule) -> TableCheck:
    return TableCheck(rule=rule, verdict=Verdict.UNKNOWN, reason="the check failed", now=datetime.now(UTC))


def _outdated(check: TableCheck) -> TableCheck:
    return replace(
        check, verdict=Verdict.UNKNOWN, status=None, error=check.error or DataMapError("the last check failed")
    )


class _Tables:
    """The gauges of tables, as prometheus-client collects them."""

    def __init__(self, checks: Sequence[TableCheck]) -> None:
        self._checks = checks

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for metric in check_metrics(self._checks):
            family = GaugeMetricFamily(metric.name, metric.help)
            for labels, value in metric.samples:
                family.add_sample(metric.name, dict(labels), value)
            yield family


def _table_text(checks: Sequence[TableCheck]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Tables(checks))
    return generate_latest(registry)


class _Server(ThreadingHTTPServer):
    allow_reuse_address = sys.platform != "win32"  # on Windows, two servers could share a port
    daemon_threads = True
    request_queue_size = min(SOMAXCONN, 128)

    def __init__(self, host: str, port: int, exporter: TableExporter) -> None:
        self.exporter = exporter
        if ":" in host:
            self.address_family = AF_INET6
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  as the library calls it
        """Log the failure of a response, unless its reader went away."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            _log.exception("the exporter could not respond to a request")


class _Handler(BaseHTTPRequestHandler):
    """Responds to GET and HEAD."""

    timeout = _READING
    server_version = "datamap-exporter"
    sys_version = ""

    def do_GET(self) -> None:
        exporter = cast("_Server", self.server).exporter
        match self.path.partition("?")[0]:
            case "/metrics":
                self._respond(HTTPStatus.OK, exporter.metrics())
            case "/healthz":
                self._say(is_so=exporter.is_alive)
            case "/readyz":
                self._say(is_so=exporter.is_ready)
            case "/":
                self._respond(HTTPStatus.OK, b"/metrics /healthz /readyz\n")
            case _:
                self._respond(HTTPStatus.NOT_FOUND, b"not found\n")

    do_HEAD = do_GET  # noqa: N815  the library's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the library calls it
        """Do nothing: scrapes are not logged."""

    def _say(self, *, is_so: bool) -> None:
        self._respond(HTTPStatus.OK if is_so else HTTPStatus.SERVICE_UNAVAILABLE, b"yes\n" if is_so else b"no\n")

    def _respond(self, status: HTTPStatus, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _TEXT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
