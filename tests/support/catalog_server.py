"""A small service of tables and lineage, with switches for undocumented behaviour."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from support.answers import json_answer, run_page
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKSPACE = "b88c445407b24283aa949f9833a38fd8"


def guid_of(name: str) -> str:
    """A GUID for a name, the same each time."""
    return f"{name.encode().hex():0>32}"[-32:]


def entity(
    name: str, /, *, kind: str = "dataasset.Table", guid: str | None = None, **attributes: Any
) -> dict[str, Any]:
    """An asset with a qualified name, in the form of the service."""
    last = name.rpartition(".")[2]
    return {
        "guid": guid or guid_of(name),
        "type_name": kind,
        "display_text": last,
        "workspace_id": [WORKSPACE],
        "attributes": {"name": last, "qualifiedName": f"{name}@dws.conn", "sourceType": "dws", **attributes},
    }


def lineage_row(source: str | None, node: str | None, target: str | None) -> dict[str, Any]:
    """A row of bulk lineage; ``source`` and ``target`` are paths such as ``postgres.sales.orders``."""
    row: dict[str, Any] = {"workspace_id": WORKSPACE}
    for side, name in (("source", source), ("target", target)):
        if name is not None:
            database, schema, table = (["", "", *name.split(".")])[-3:]
            row |= {f"{side}_guid": guid_of(name), f"{side}_qualified_name": f"{name}@dws.conn", f"{side}_type": "dws"}
            row |= {f"{side}_db": database, f"{side}_schema": schema, f"{side}_table": table}
    return row if node is None else {**row, "node_guid": guid_of(node), "node_name": node, "node_type": "DWSSQL"}


@dataclass
class Catalog:
    """The data of the service, and its behaviour.

    Attributes:
        entities: The assets for searches.
        nodes: The rows of each operator, by its name; an operator may have none.
        pages_are_counted: Whether offsets count pages.
        cap: The most assets on a page of a search, whatever the limit.
        ignores_offset: Whether each page is the first.
        tells_total: Whether totals are sent.
        extra_total: By how much totals are too high.
        refused: The status with which an operation is refused, by the last part of its path: ``guid`` for lineage of a
            table, ``entities`` for its details.
        around: The response of ShowDatamapLineage by GUID.
        refuses_unknown: Whether a list with an unknown GUID is refused as a whole.
    """

    entities: Sequence[dict[str, Any]] = ()
    nodes: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    pages_are_counted: bool = False
    cap: int = 1000
    ignores_offset: bool = False
    tells_total: bool = True
    extra_total: int = 0
    refused: dict[str, int] = field(default_factory=dict[str, int])
    around: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    refuses_unknown: bool = False

    def server(self) -> ScriptedServer:
        """A server for the catalog."""
        return ScriptedServer(self.answer)

    def answer(self, asked: Asked) -> Answer:
        """The response to a request."""
        url = urlsplit(asked.target)
        parts = unquote(url.path).split("/")
        operation = parts[-3] if parts[-3:-1] == ["entities", "guid"] else "guid" if parts[-2] == "guid" else parts[-1]
        if operation in self.refused:
            document = {"error_code": "APIGW.0101" if self.refused[operation] == 404 else "DLG.403", "error_msg": "no"}
            return json_answer(document, status=self.refused[operation])
        if operation in {"search", "guids"}:
            body = json.loads(asked.content)
            return self._search(body) if operation == "search" else self._details(body)
        if operation == "entities" and (found := [one for one in self.entities if one["guid"] == parts[-1]]):
            return json_answer({"entity": found[0]})
        if operation == "bulk":
            return self._bulk({name: int(values[0]) for name, values in parse_qs(url.query).items()})
        if operation == "guid" and parts[-1] in self.around:
            return json_answer(self.around[parts[-1]])
        return json_answer({"error_code": "DLG.0404", "error_msg": "unknown"}, status=404)

    def _details(self, wanted: list[str]) -> Answer:
        found = [one for one in self.entities if one["guid"] in wanted]
        if self.refuses_unknown and len(found) < len(wanted):
            return json_answer({"error_code": "DLG.0404", "error_msg": "unknown"}, status=404)
        return json_answer({"entities": found})

    def _search(self, body: dict[str, Any]) -> Answer:
        found = [
            one
            for one in self.entities
            if body.get("query", "").casefold() in json.dumps(one, ensure_ascii=False).casefold()
        ]
        page = found[self._slice(body["offset"], min(body["limit"], self.cap))]
        return json_answer({"entities": page, **self._total("count", len(found))})

    def _bulk(self, query: dict[str, int]) -> Answer:
        names = list(self.nodes)[self._slice(query["offset"], query["limit"])]
        rows = [row for name in names for row in self.nodes[name]]
        return json_answer({"data": rows, **self._total("total", len(self.nodes))})

    def _slice(self, offset: int, limit: int) -> slice:
        first = 0 if self.ignores_offset else offset * limit if self.pages_are_counted else offset
        return slice(first, first + limit)

    def _total(self, name: str, count: int) -> dict[str, int]:
        return {name: count + self.extra_total} if self.tells_total else {}


def around(*edges: tuple[str, str], reverse: bool = False, nodes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The response of ShowDatamapLineage with these edges from upstream to downstream, or in reverse."""

    def end(name: str, number: int) -> dict[str, Any]:
        kind = "dataasset.Application" if name in nodes else "dataasset.Table"
        return {f"ep{number}_id": guid_of(name), f"ep{number}_type_name": kind}

    pairs = [pair[::-1] if reverse else pair for pair in edges]
    names = dict.fromkeys(name for pair in edges for name in pair)
    entities = [
        entity(name, kind="dataasset.Application", name=name) if name in nodes else entity(name) for name in names
    ]
    relationships = [end(first, 1) | end(second, 2) | {"relation_type_name": "DATA_FLOW"} for first, second in pairs]
    return {"total": len(pairs), "relationships": relationships, "entities": entities}


def chain(*names: str) -> dict[str, list[dict[str, Any]]]:
    """The nodes of a chain of tables: each is made from the previous one by an operator ``to_`` plus its last part."""
    return {f"to_{target}": [lineage_row(source, f"to_{target}", target)] for source, target in pairwise(names)}


def run_page_of(job_name: str, *runs: tuple[int, str]) -> Answer:
    """A page of runs, each with a plan time in milliseconds and a status; those that ended took a minute."""
    rows = [
        {
            "taskRunningLogId": plan % 2**31,
            "taskId": 1,
            "jobName": job_name,
            "workspaceId": WORKSPACE,
            "status": status,
            "planTime": plan,
            "startTime": plan,
            "endTime": plan + 60_000,
            "executionLogPath": f"obs://logs/{job_name}.job",
        }
        for plan, status in runs
    ]
    return run_page(*rows)


@dataclass
class Factory(Catalog):
    """A catalog whose operators have runs.

    Attributes:
        runs: Plan times and statuses of the runs of each operator, by its name.
        readers: Operators that the service lists for a table in addition to its writers, by the table's path.
    """

    runs: dict[str, list[tuple[int, str]]] = field(default_factory=dict[str, list[tuple[int, str]]])
    readers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def answer(self, asked: Asked) -> Answer:
        url = urlsplit(asked.target)
        parts = unquote(url.path).split("/")
        if parts[-1] == "instances":
            query = parse_qs(url.query)
            (job_name,), window = query["job_name"], (int(query["start_time"][0]), int(query["end_time"][0]))
            found = [run for run in self.runs.get(job_name, []) if window[0] <= run[0] <= window[1]]
            return run_page_of(job_name, *found)
        if parts[-1] == "node":
            rows = [row for rows in self.nodes.values() for row in rows if row.get("target_guid") == parts[-2]]
            readers = [name for path, names in self.readers.items() if guid_of(path) == parts[-2] for name in names]
            names = dict.fromkeys([*readers, *(row["node_name"] for row in rows)])
            return json_answer([{"task_id": "1", "job_name": name, "workspace_id": WORKSPACE} for name in names])
        return super().answer(asked)
