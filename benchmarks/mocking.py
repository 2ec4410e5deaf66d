"""The cost of a page for the mock server: processor time of its process, over persistent connections."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from benchmarks.rows import JOB_NAME, TASK_ID
from benchmarks.table import Figure
from dataarts_datamap._auth.signing import DATE_FORMAT, canonical_query, sign
from dataarts_datamap._messages import Request
from dataarts_datamap._secrets import Hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.processes import Environments

_ROUNDS: Final = 40
_REQUESTS: Final = 50
_ROWS: Final = 100
_LEAST_ROW_BYTES: Final = 500
_GOAL: Final = 200


def mocking(where: Environments) -> Iterator[Figure]:
    """Figures for a page with signature, validation and filtering; responses are not cached."""
    what = f"mock: {_ROWS}-row page, signed, server CPU"
    yield Figure(what=what, value=_page(where), unit="µs", at_most=_GOAL)
    yield Figure(what=f"{what}, two requests at a time", value=_page(where, connections=2), unit="µs", at_most=_GOAL)
    yield Figure(what=f"{what}, of a million runs made up when asked for", value=_page(where, 1_000_000), unit="µs")


def _page(where: Environments, size: int | None = None, *, connections: int = 1) -> float:
    """Microseconds of processor time for a page: the mean of the fastest round."""
    with mock_server(where, *(["--size", str(size)] if size else [])) as (process, told), ExitStack() as stack:
        host = urlsplit(told["url"]).netloc
        to = [stack.enter_context(closing(http.client.HTTPConnection(host))) for _ in range(connections)]
        request = _signed_request(told, host)
        return min(_round(process, to, request) for _ in range(_ROUNDS)) * 1e6


def _round(process: subprocess.Popen[str], to: Sequence[http.client.HTTPConnection], request: Request) -> float:
    """Seconds of processor time for each request; a connection sends the next request when it has the response."""
    begun = _cpu(process)
    for connection in to:
        _ask(connection, request)
    for number in range(_REQUESTS):
        connection = to[number % len(to)]
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK or len(answer.read()) < _ROWS * _LEAST_ROW_BYTES:
            raise ValueError(f"the mock server responded with {answer.status}, or not with {_ROWS} rows")
        if number < _REQUESTS - len(to):
            _ask(connection, request)
    return (_cpu(process) - begun) / _REQUESTS


def _ask(connection: http.client.HTTPConnection, request: Request) -> None:
    target = f"{request.path}?{canonical_query(request.query)}"
    connection.request("GET", target, headers=dict(request.headers))


def _signed_request(told: dict[str, Any], host: str) -> Request:
    """A request that stays valid for the minutes of all rounds."""
    query = {"end_time": int(time.time() * 1000), "job_name": JOB_NAME, "limit": _ROWS, "offset": 0, "start_time": 0}
    request = Request(
        method="GET",
        endpoint=told["url"],
        path=f"/v1/{told['project_id']}/datamap/node/{TASK_ID}/instances",
        query=tuple((name, str(value)) for name, value in query.items()),
        headers={"Host": host, "instance": told["instance_id"], "X-Sdk-Date": f"{datetime.now(UTC):{DATE_FORMAT}}"},
    )
    return sign(request, access_key=told["access_key"], secret_key=Hidden(told["secret_key"]))


@contextmanager
def mock_server(where: Environments, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run the mock server in a process of its own until the block ends; yields the process and the server's data."""
    command = [where.python("mock"), "-m", "benchmarks.mock_server", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        yield process, _told(process)
        process.communicate()


def _cpu(process: subprocess.Popen[str]) -> float:
    if process.stdin is None:
        raise RuntimeError("the server has no input")
    process.stdin.write("\n")
    process.stdin.flush()
    return float(_told(process))


def _told(process: subprocess.Popen[str]) -> Any:  # noqa: ANN401  any JSON value
    if process.stdout is None:
        raise RuntimeError("the server has no output")
    return json.loads(process.stdout.readline())
