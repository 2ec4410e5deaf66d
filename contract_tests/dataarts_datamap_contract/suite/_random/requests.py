"""Random requests: schemathesis draws and sends them, the ledger judges the responses."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.engine import events, from_schema

from dataarts_datamap_contract.specification import specification_of
from dataarts_datamap_contract.specification.outline import walk_parts
from dataarts_datamap_contract.suite._random.replay import replaying
from dataarts_datamap_contract.suite.catalogue import CHECKED_OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite.target import Target


def run_random(session: Session, *, seed: int, max_examples: int) -> list[str]:
    """Run the phases of schemathesis against a server; the same seed sends the same server the same requests.

    Returns:
        Reasons why schemathesis could not send requests, one line each.

    Raises:
        StopRunError: A check that stops the run failed.
        BudgetSpentError: No request is left.
        InterruptedRunError: The environment failed, as `Session.check_environment` finds out.
        NoResponseError: A contradiction could not be confirmed: there was no response.
    """
    errors: list[str] = []
    with replaying(session) as replay:
        served = frozenset(each for each in CHECKED_OPERATIONS if session.asks_for(each))
        stream = from_schema(_load_schema(session.target, served, seed, max_examples)).execute()
        for event in stream:
            match event:
                case events.NonFatalError() if replay.ended_by is None:
                    errors.append(f"{event.label}: {event.info.format()}")
                case events.FatalError():
                    errors.append(f"{type(event.exception).__name__}: {event.exception}")
                case _:
                    pass
            if replay.ended_by is not None:
                stream.stop()
    if replay.ended_by is not None:
        raise replay.ended_by
    session.confirm()
    return [session.target.redact(" ".join(error.split())) for error in errors]


def _load_schema(
    target: Target, operation_ids: frozenset[str], seed: int, max_examples: int
) -> schemathesis.BaseSchema:
    # Annotated where schemathesis's own annotations leave a type argument open.
    configuration: Any = schemathesis.Config
    schema: Any = schemathesis.openapi.from_dict(
        _with_real_values(target, operation_ids), config=configuration.from_dict(_configure(target, seed, max_examples))
    )

    def flatmap_case(_: schemathesis.HookContext, case: schemathesis.Case[Any]) -> st.SearchStrategy[Any]:
        return st.sampled_from(["", *target.real_values]).map(partial(_make_real, case, target.real_values))

    schema.hook(flatmap_case)
    loaded: schemathesis.BaseSchema = schema
    return loaded


def _configure(target: Target, seed: int, max_examples: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "base-url": target.endpoint,
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "generation": {
            "allow-extra-parameters": False,
            "database": "none",
            "max-examples": max_examples,
            "unique-inputs": True,
        },
        # No response to an undeclared method is documented: a probe of our own tests such methods.
        "phases": {"coverage": {"unexpected-methods": []}, "stateful": {"enabled": False}},
        # The ledger judges every response, as it does those to the probes.
        "checks": {"enabled": False},
    }


def _with_real_values(target: Target, operation_ids: frozenset[str]) -> dict[str, Any]:
    """The specification with values of the target as examples of the parameters, from which two phases start."""
    document = copy.deepcopy(specification_of(operation_ids))
    for part in walk_parts(document):
        if part.kind == "parameter" and isinstance(part.value, dict) and "name" in part.value:
            part.value.pop("example", None)
            if part.value["name"] in target.real_values:
                part.value["example"] = target.real_values[part.value["name"]]
    return document


def _make_real(case: schemathesis.Case[Any], real_values: Mapping[str, str | int], spared: str) -> object:
    """Give the parameters of a random case real values, except ``spared``: random ids find no rows.

    Parameters in a location that schemathesis has made invalid on purpose stay as they are.
    """
    spoilt = {
        location.value
        for location, component in (case.meta.components.items() if case.meta else ())
        if component.mode is schemathesis.GenerationMode.NEGATIVE
    }
    whole: Any = case
    containers = {"path": whole.path_parameters, "header": whole.headers, "query": whole.query}
    for location, values in containers.items():
        if location not in spoilt:
            for name in real_values.keys() & set(values) - {spared}:
                values[name] = str(real_values[name]) if location == "header" else real_values[name]
    return case
