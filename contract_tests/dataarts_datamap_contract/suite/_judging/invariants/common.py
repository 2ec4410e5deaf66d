"""What the invariants share: which exchanges they judge, and how a response is compared with its schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias, cast

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.specification.levels import (
    LevelCheck,
    Schema,
    StrictJsonError,
    Violation,
    loads_strict,
)
from dataarts_datamap_contract.suite._judging.oracle import DEFECTS, Exchange
from dataarts_datamap_contract.suite.target import Target

Problems: TypeAlias = "tuple[str, ...] | None"
"""What is wrong; empty if nothing is; None if the invariant does not judge the exchange."""

Invariant: TypeAlias = Callable[[Exchange, Target], Problems]

OK: Final = 200
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
NOT_FOUND: Final = 404
THROTTLED: Final = 429
SERVER_ERROR: Final = 500

RUNS, NODES = "ShowInstanceInfos", "ShowNodes"
SEARCH, DETAIL, DETAILS = "ShowDataSets", "ShowDataDetail", "ListEntityDetails"
BULK, LINEAGE = "ShowLineageBulk", "ShowDatamapLineage"
ASSETS: Final = (SEARCH, DETAIL, DETAILS, BULK, LINEAGE)
"""The operations on assets and their lineage, which are closed to accounts that are not invited."""

MEDIA_TYPE = "application/json"
_MOST_SHOWN = 5
EARLIEST, LATEST = 10**11, 10**14
"""Any plausible time in milliseconds since the epoch lies between these: from 1973 to 5138."""

_MODEST_LIMIT, _MODEST_OFFSET, _DAY = 10, 1_000, 86_400_000
_MODEST_SEARCH: Final = frozenset({"query", "limit", "offset"})
_MOST_CACHED = 64
_MOST_ROWS = 20_000


def asks_really(exchange: Exchange, target: Target) -> bool:
    """Whether the credentials of a request are good, and each id in it is the target's own, or has a defect."""
    values, real = exchange.judgement.values, target.real_values
    ids = ("project_id", "instance", "guid", "task_id", "job_name", "workspace_id")
    return exchange.request.credential.standing == "good" and all(
        values[name] == real.get(name)
        for name in ids
        if name in values and exchange.judgement.kinds.get(name) not in DEFECTS
    )


def is_modest(exchange: Exchange, target: Target) -> bool:
    """Whether a valid request asks for so little that no cap of the server's own can forbid it."""
    if exchange.operation_id != RUNS:
        return _is_modest_question(exchange, target)
    numbers = [exchange.judgement.number(name) for name in ("limit", "offset", "start_time", "end_time")]
    if None in numbers:
        return False
    limit, offset, start, end = cast("list[int]", numbers)
    short = end - start <= _DAY and end < LATEST
    inside = target.window_start <= start and end <= target.window_end
    return limit <= _MODEST_LIMIT and offset <= _MODEST_OFFSET and start <= end and (short or inside)


def _is_modest_question(exchange: Exchange, target: Target) -> bool:
    """Whether limit and offset are low, a search has only a keyword, and ListEntityDetails only the target's table."""
    numbers = [
        exchange.judgement.number(name) if name in exchange.judgement.values else 0 for name in ("limit", "offset")
    ]
    limit, offset = (number or 0 for number in numbers)
    if limit > _MODEST_LIMIT or offset > _MODEST_OFFSET:
        return False
    document = document_of(exchange)
    if exchange.operation_id == SEARCH:
        return isinstance(document, dict) and cast("dict[str, object]", document).keys() <= _MODEST_SEARCH
    return document == [target.table_guid] if exchange.operation_id == DETAILS else True


def document_of(exchange: Exchange) -> object:
    """The document that a request has sent; None if it has sent none, or none that can be read."""
    try:
        return loads_strict(exchange.request.content)
    except StrictJsonError:
        return None


def must_be_served(exchange: Exchange, target: Target) -> bool:
    """Whether a request must be served: it is valid, has no undeclared parameters, `asks_really`, and `is_modest`."""
    judgement = exchange.judgement
    is_valid = judgement.standing == "valid" and not judgement.undeclared
    return is_valid and asks_really(exchange, target) and is_modest(exchange, target)


def envelope_of(exchange: Exchange) -> Mapping[str, Any] | None:
    """The envelope of a 200 of ShowInstanceInfos; None if there is none."""
    document = exchange.response.document
    if exchange.operation_id != RUNS or exchange.response.status != OK or not isinstance(document, dict):
        return None
    return cast("dict[str, Any]", document)


def each_row(exchange: Exchange, judge: Callable[[Mapping[str, Any]], Iterable[str]]) -> Problems:
    """The first few problems that a judge finds in the rows; None if there are no rows."""
    rows = exchange.response.rows
    if not rows:
        return None
    found = [f"rows[{index}]: {problem}" for index, row in enumerate(rows) for problem in judge(row)]
    return tuple(found[:_MOST_SHOWN])


def violations(
    exchange: Exchange, operation_id: str, wanted: Callable[[str], bool], *, success: bool = True
) -> Problems:
    """The first few ways in which a response violates its schema at a wanted path.

    None if the response is not JSON, has no schema, belongs to another operation, or has a status that is not judged:
    if ``success`` is true, only 200 is judged, else all others are.
    """
    schema = schema_of(exchange)
    if schema is None or exchange.operation_id != operation_id or exchange.response.json_problem is not None:
        return None
    if success != (exchange.response.status == OK):
        return None
    found = [violation for violation in _judge_levels(exchange, schema) if wanted(_path_of(violation))]
    return tuple(map(str, found[:_MOST_SHOWN]))


def _path_of(violation: Violation) -> str:
    """The path at which a violation counts: the envelope for a body that is not text, else the path itself."""
    is_type = violation.path == "$.body" and "is not of type" in violation.message
    return "$" if is_type else violation.path


def schema_of(exchange: Exchange) -> Schema | None:
    """The schema of a documented response below 500; None if there is none."""
    operation = exchange.judgement.operation
    if operation is None or exchange.response.status >= SERVER_ERROR:
        return None
    response = operation.responses.get(str(exchange.response.status), {})
    return cast("Schema | None", response.get("content", {}).get(MEDIA_TYPE, {}).get("schema"))


def _judge_levels(exchange: Exchange, schema: Schema) -> tuple[Violation, ...]:
    cached = _cached_violations()
    key = (id(schema), exchange.response.content)
    if key not in cached:
        if len(cached) >= _MOST_CACHED:
            cached.clear()
        cached[key] = () if _has_nothing_new(exchange, schema) else _levels().judge(exchange.response.document, schema)
    return cached[key]


def _has_nothing_new(exchange: Exchange, schema: Schema) -> bool:
    """Whether a page of runs has no violations; of its rows, only those that no such page had before are judged."""
    page, document = exchange.response.page, exchange.response.document
    if exchange.operation_id != RUNS or page is None or list(page.rows) != page.document.get("rows"):
        return False
    good = _good_rows()
    texts = {json.dumps(row): row for row in page.rows}
    new = {text: row for text, row in texts.items() if text not in good}
    body = json.dumps({**page.document, "rows": list(new.values())})
    if _levels().judge({**document, "body": body}, schema):
        return False
    if len(good) >= _MOST_ROWS:
        good.clear()
    good.update(new)
    return True


@cache
def _good_rows() -> set[str]:
    """Rows without violations, as JSON."""
    return set()


@cache
def _levels() -> LevelCheck:
    return LevelCheck(load_specification())


@cache
def _cached_violations() -> dict[tuple[int, bytes], tuple[Violation, ...]]:
    """The violations in the latest responses: several checks look at those of the same response."""
    return {}
