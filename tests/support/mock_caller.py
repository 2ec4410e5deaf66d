"""Calls to a running mock server."""

from __future__ import annotations

import http.client
import json
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode

import httpx

from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

TASK_ID = "937987"
JOB_NAME = "ETL_Job_dli2dws"
MAX_TIME = 2**63 - 1
# The mock server speaks plain HTTP: its callers need no authorities, which take 15 ms to load for each.
NO_AUTHORITIES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Caller:
    """Calls a running mock server, with valid credentials by default."""

    http: httpx.Client
    config: MockConfig

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a socket."""
        url = self.http.base_url
        assert url.port is not None
        return url.host, url.port

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every valid request."""
        return {"X-Auth-Token": self.config.token, "instance": self.config.instance_id}

    def runs_path(self, task_id: str = TASK_ID) -> str:
        """The path of ShowInstanceInfos."""
        return f"/v1/{quote(self.config.project_id, safe='')}/datamap/node/{quote(task_id, safe='')}/instances"

    def nodes_path(self, guid: str = TABLE_GUID) -> str:
        """The path of ShowNodes."""
        return f"/v1/{quote(self.config.project_id, safe='')}/datamap/table/{quote(guid, safe='')}/node"

    def runs(self, task_id: str = TASK_ID, /, **query: str | int) -> httpx.Response:
        """ShowInstanceInfos: by default, the first ten runs of the documented operator."""
        whole = {"job_name": JOB_NAME, "start_time": 0, "end_time": MAX_TIME, "offset": 0, "limit": 10, **query}
        return self.http.get(f"{self.runs_path(task_id)}?{urlencode(whole)}", headers=self.headers)

    def page(self, task_id: str = TASK_ID, /, **query: str | int) -> dict[str, Any]:
        """The document inside the envelope of ``runs``."""
        response = self.runs(task_id, **query)
        assert 200 == response.status_code, response.text
        page: dict[str, Any] = json.loads(response.json()["body"])
        return page

    def rows(self, task_id: str = TASK_ID, /, **query: str | int) -> list[dict[str, Any]]:
        """The rows of a page, by default of one with all of them."""
        rows: list[dict[str, Any]] = self.page(task_id, **{"limit": 10_000, **query})["rows"]
        return rows

    def run_ids(self, task_id: str = TASK_ID, /, **query: str | int) -> list[int]:
        """The ids of ``rows``."""
        return [row["taskRunningLogId"] for row in self.rows(task_id, **query)]

    def nodes(self, guid: str = TABLE_GUID) -> httpx.Response:
        """ShowNodes."""
        return self.http.get(self.nodes_path(guid), headers=self.headers)

    def operators(self) -> list[dict[str, str]]:
        """The operators of the documented table."""
        operators: list[dict[str, str]] = self.nodes().json()
        return operators

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> tuple[int, httpx.Headers, bytes]:
        """The response to a GET whose target is sent exactly as given: httpx would normalize it."""
        connection = http.client.HTTPConnection(*self.address, timeout=10)
        try:
            connection.request("GET", target, headers=dict(self.headers if headers is None else headers))
            response = connection.getresponse()
            return response.status, httpx.Headers(response.getheaders()), response.read()
        finally:
            connection.close()

    def get_runs(self, **changes: str) -> tuple[int, httpx.Headers, bytes]:
        """The response to a query that is valid except for the changes, whose values are sent unchanged."""
        return self.get(f"{self.runs_path()}?{self.valid_query(**changes)}")

    @staticmethod
    def valid_query(**changes: str) -> str:
        """A query string that is valid except for the changes."""
        pairs = {"job_name": JOB_NAME, "start_time": "0", "end_time": "9", "offset": "0", "limit": "1", **changes}
        return "&".join(f"{name}={value}" for name, value in pairs.items())


class Start(Protocol):
    """Starts a server that runs until the block ends."""

    def __call__(self, config: MockConfig) -> AbstractContextManager[Caller]:
        """A caller of the new server."""
        ...


@contextmanager
def started(config: MockConfig) -> Iterator[Caller]:
    """A caller of a server that runs until the block ends."""
    with (
        MockServer(config) as server,
        httpx.Client(base_url=server.url, trust_env=False, verify=NO_AUTHORITIES) as client,
    ):
        yield Caller(client, config)
