"""The documented examples, read from the specification."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.mock._data.dataset import Operator
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._data.statuses import Row


def documented_operator() -> Operator:
    """The operator in the documentation of ShowNodes."""
    return Operator(**_example("ShowNodes")[0])


def documented_run() -> Row:
    """The run in the documentation of ShowInstanceInfos."""
    return dict(_documented_run())


def documented_header_map() -> dict[str, str]:
    """The header fields of the wrapped response in the documentation of ShowInstanceInfos."""
    fields: dict[str, str] = _example("ShowInstanceInfos")["header_map"]
    return fields


@cache
def _documented_run() -> Row:
    rows: list[Row] = json.loads(_example("ShowInstanceInfos")["body"])["rows"]
    return rows[0]


def _example(operation_id: str) -> Any:  # noqa: ANN401  any JSON value
    for path_item in load_specification()["paths"].values():
        operation = path_item.get("get", {})
        if operation.get("operationId") == operation_id:
            return operation["responses"]["200"]["content"]["application/json"]["examples"]["documented"]["value"]
    raise LookupError(f"the specification has no operation {operation_id}")
