"""The findings of schemathesis by itself, without checks of the suite, with the best settings for it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, cast

import schemathesis
from schemathesis.engine import Status, events, from_schema

from dataarts_datamap_contract.specification import specification_of
from dataarts_datamap_contract.specification.outline import walk_parts
from dataarts_datamap_contract.suite.catalogue import CHECKED_OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap_contract.suite.target import Target

# Schemathesis's own list and 400: a server may cap the limit, or refuse a window that ends before it starts.
_STATUSES_OF_VALID_DATA = ["2xx", "400", "401", "403", "404", "429", "5xx"]

SETTINGS: Final[Mapping[str, Any]] = {
    "seed": 1,
    "continue-on-failure": True,
    "request-timeout": 10,
    "cache": {"enabled": False},
    "generation": {
        "allow-extra-parameters": False,
        "database": "none",
        "max-examples": 40,
        "unique-inputs": True,
    },
    "checks": {"positive_data_acceptance": {"expected-statuses": _STATUSES_OF_VALID_DATA}},
}
"""The settings of schemathesis that are the same for each server; the timeout is in seconds."""


def find_with_stock(target: Target) -> frozenset[str]:
    """The names of schemathesis's own checks that fail.

    Two of its phases start from the parameters' examples, which are real values of the target. Schemathesis gets the
    token for the security scheme of the specification, which enables its check of authentication.
    """
    configuration: Any = schemathesis.Config
    schema: Any = schemathesis.openapi.from_dict(
        _with_real_values(target), config=configuration.from_dict(_configure(target))
    )
    failed: set[str] = set()
    for event in from_schema(cast("schemathesis.BaseSchema", schema)).execute():
        if isinstance(event, events.ScenarioFinished):
            failed.update(_failed(event))
    return frozenset(failed)


def _configure(target: Target) -> dict[str, Any]:
    return {
        **SETTINGS,
        "base-url": target.endpoint,
        "auth": {"openapi": {"AuthToken": {"api_key": target.token}}},
    }


def _with_real_values(target: Target) -> dict[str, Any]:
    document = copy.deepcopy(specification_of(CHECKED_OPERATIONS))
    for part in walk_parts(document):
        if part.kind == "parameter" and isinstance(part.value, dict) and "name" in part.value:
            part.value.pop("example", None)
            if part.value["name"] in target.real_values:
                part.value["example"] = target.real_values[part.value["name"]]
    return document


def _failed(event: events.ScenarioFinished) -> Iterator[str]:
    for results in event.recorder.checks.values():
        yield from (result.name for result in results if result.status is Status.FAILURE)
