"""Calls an application inside the process, to show the difference of a server of the fleet."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dataarts_datamap_contract._broken.seams import Response, ask
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._identity.signature import ALGORITHM, DATE_HEADER, Claim, canonical_request
from dataarts_datamap_contract.mock._web.requests import RequestParts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from dataarts_datamap_contract.mock import MockConfig

TASK_ID = "937987"
JOB_NAME = "ETL_Job_dli2dws"
MAX_TIME = 2**63 - 1
ALL = 10_000


@dataclass(frozen=True)
class Caller:
    """Calls an application, with a valid token unless other headers are passed.

    Parameters of ShowInstanceInfos are named as in the specification; a parameter that is None is left out.
    """

    app: ASGIApp
    config: MockConfig

    def get(
        self, target: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b""
    ) -> Response:
        """The response to a request with exactly this target. If ``headers`` is None, those of a valid one are sent."""
        fields = self.headers if headers is None else headers
        return asyncio.run(ask(self.app, method, target, {"host": "mock.test", **fields}, body))

    def ask(self, method: str, target: str, document: object = None, **changes: str) -> Response:
        """The response to a request for assets or their lineage.

        Args:
            method: Its method.
            target: Path and query, in which ``{p}`` stands for the project.
            document: The body, sent as JSON; bytes are sent unchanged; None for no body.
            changes: Header fields to add, or to send in place of the valid ones.
        """
        body = document if isinstance(document, bytes) else b"" if document is None else json.dumps(document).encode()
        fields = {"host": "mock.test", "Content-Type": "application/json", **self.headers, **changes}
        path = target.replace("{p}", self.config.project_id)
        return asyncio.run(ask(self.app, method, path, fields, body))

    def search(self, query: str = "", *, limit: int = 100, offset: int = 0, **members: object) -> Any:  # noqa: ANN401
        """The document of ShowDataSets."""
        body = {"query": query, "limit": limit, "offset": offset, **members}
        return json.loads(self.ask("POST", "/v3/{p}/datamap/entities/search", body).body)

    def detail(self, guid: str = TABLE_GUID) -> Any:  # noqa: ANN401  a broken server answers anything
        """The document of ShowDataDetail."""
        return json.loads(self.ask("GET", f"/v1/{{p}}/datamap/entities/guid/{guid}").body)

    def details(self, *guids: str) -> Any:  # noqa: ANN401  a broken server answers anything
        """The document of ListEntityDetails."""
        return json.loads(self.ask("POST", "/v1/{p}/datamap/entities/guids", list(guids)).body)

    def bulk(self, query: str = "") -> Any:  # noqa: ANN401  a broken server answers anything
        """The document of ShowLineageBulk."""
        return json.loads(self.ask("GET", f"/v1/{{p}}/datamap/lineage/bulk{query}").body)

    def lineage(self, guid: str = TABLE_GUID, query: str = "") -> Any:  # noqa: ANN401
        """The document of ShowDatamapLineage."""
        return json.loads(self.ask("GET", f"/v2/{{p}}/datamap/lineage/guid/{guid}{query}").body)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a valid request with a token."""
        return {"X-Auth-Token": self.config.token, "instance": self.config.instance_id}

    def runs_target(self, **parameters: str | int | None) -> str:
        """Path and query of ShowInstanceInfos, by default for the newest ten runs of the documented operator."""
        query = {"job_name": JOB_NAME, "start_time": 0, "end_time": MAX_TIME, "offset": 0, "limit": 10, **parameters}
        project_id, task_id = query.pop("project_id", self.config.project_id), query.pop("task_id", TASK_ID)
        pairs = "&".join(f"{name}={_quote(value)}" for name, value in query.items() if value is not None)
        return f"/v1/{_quote(project_id)}/datamap/node/{_quote(task_id)}/instances?{pairs}"

    def runs(self, headers: Mapping[str, str] | None = None, /, **parameters: str | int | None) -> Response:
        """The response of ShowInstanceInfos."""
        return self.get(self.runs_target(**parameters), headers)

    def envelope(self, **parameters: str | int | None) -> Any:  # noqa: ANN401  a broken server answers anything
        """The response of ``runs``, decoded."""
        return json.loads(self.runs(**parameters).body)

    def page(self, **parameters: str | int | None) -> Any:  # noqa: ANN401  a broken server answers anything
        """The document inside the envelope."""
        return json.loads(self.envelope(**parameters)["body"])

    def rows(self, **parameters: str | int | None) -> Any:  # noqa: ANN401  a broken server answers anything
        """The rows of a page, by default all runs of the documented operator."""
        return self.page(**{"limit": ALL, **parameters})["rows"]

    def run_ids(self, **parameters: str | int | None) -> list[int]:
        """The ids of ``rows``."""
        return [row["taskRunningLogId"] for row in self.rows(**parameters)]

    def nodes_target(self, guid: str = TABLE_GUID) -> str:
        """Path of ShowNodes."""
        return f"/v1/{_quote(self.config.project_id)}/datamap/table/{_quote(guid)}/node"

    def nodes(self, guid: str = TABLE_GUID, headers: Mapping[str, str] | None = None) -> Response:
        """The response of ShowNodes."""
        return self.get(self.nodes_target(guid), headers)

    def signed(  # noqa: PLR0913  the parts to sign, and their variations
        self,
        target: str,
        *,
        date: str | None = None,
        security_token: str | None = None,
        names: tuple[str, ...] = ("host", "instance", "x-sdk-date"),
        canonical_target: str | None = None,
        method: str = "GET",
        body: bytes = b"",
    ) -> dict[str, str]:
        """The headers of a request signed with the access key.

        Args:
            target: Path and query as they are sent.
            date: ``X-Sdk-Date``; the present of the configuration's clock by default.
            security_token: ``X-Security-Token``; by default the one that belongs to the key, if any; none if empty.
            names: The names of the fields to sign.
            canonical_target: The target to sign, if it differs from the one that is sent.
            method: The method.
            body: The body.
        """
        fields = {
            "host": "mock.test",
            "instance": self.config.instance_id,
            "x-sdk-date": date or f"{self.config.clock():%Y%m%dT%H%M%SZ}",
        }
        token = self.config.security_token if security_token is None else security_token
        path, _, query = (canonical_target or target).partition("?")
        sent = [(name.encode(), value.encode()) for name, value in fields.items()]
        parts = RequestParts({}, query.encode(), sent, method, path.encode(), body)
        digest = hashlib.sha256(canonical_request(parts, Claim(b"", names, b""))).hexdigest()
        text = f"{ALGORITHM.decode()}\n{fields[DATE_HEADER.lower()]}\n{digest}"
        signature = hmac.digest(self.config.secret_key.encode(), text.encode(), "sha256").hex()
        claim = f"Access={self.config.access_key}, SignedHeaders={';'.join(names)}, Signature={signature}"
        return {
            **fields,
            **({"x-security-token": token} if token else {}),
            "authorization": f"{ALGORITHM.decode()} {claim}",
        }


def _quote(value: object) -> str:
    return quote(str(value), safe="")
