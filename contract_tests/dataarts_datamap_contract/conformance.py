"""The conformance suite: schemathesis over every operation of the specification, aimed at one server."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import schemathesis
from hypothesis import strategies as st
from schemathesis.engine import Status, StopReason, events, from_schema

from dataarts_datamap_contract import checks
from dataarts_datamap_contract.decoded import StrictJsonError, loads_strict
from dataarts_datamap_contract.outline import walk_parts
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemathesis.engine.recorder import ScenarioRecorder

    from dataarts_datamap_contract.target import Target

MAX_EXAMPLES = 40
"""How many random requests a run sends for each operation, unless told otherwise."""

_TIMEOUT_SECONDS = 20
# Schemathesis's own list and 400: a server may cap the limit, or refuse a window that ends before it starts.
_ANSWERS_TO_VALID_DATA = ["2xx", "400", "401", "403", "404", "429", "5xx"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the server.

    Attributes:
        operation: The operation's id in the specification.
        status: The HTTP status; None if there was no answer.
        rows: How many rows it had; 0 if it had none or could not be read.
    """

    operation: str
    status: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that a check found.

    Attributes:
        operation: The operation's id in the specification.
        check: The check that failed.
        message: What it found, and how to repeat it; without the token.
    """

    operation: str
    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.operation}, {self.check}: {self.message}"


@dataclass(slots=True)
class Outcome:
    """What a run of the suite saw.

    Attributes:
        answers: Every answer, in the order of the requests.
        failures: What the checks found, the first of each kind for each operation.
        errors: What kept the run from judging the server; without the token.
    """

    answers: list[Answer] = field(default_factory=list[Answer])
    failures: list[Failure] = field(default_factory=list[Failure])
    errors: list[str] = field(default_factory=list[str])


def run_conformance(target: Target, *, max_examples: int = MAX_EXAMPLES) -> Outcome:
    """Aim every phase of schemathesis at a server; the same server gets the same requests each time.

    Args:
        target: The server, and what is real there.
        max_examples: How many random requests to send for each operation, beside those that the schema asks for.
    """
    outcome = Outcome()
    for event in from_schema(_load_schema(target, max_examples)).execute():
        match event:
            case events.ScenarioFinished():
                _record_scenario(outcome, event.recorder, target)
            case events.NonFatalError():
                outcome.errors.append(target.redact(f"{event.label}: {event.info.format()}"))
            case events.FatalError():
                outcome.errors.append(target.redact(f"{type(event.exception).__name__}: {event.exception}"))
            case events.EngineFinished() if event.stop_reason is not StopReason.COMPLETED:
                outcome.errors.append(f"the run stopped early: {event.stop_reason.skip_explanation}")
            case _:
                pass
    return outcome


def operation_ids() -> list[str]:
    """The ids of the specification's operations."""
    return list(_operation_labels().values())


def _load_schema(target: Target, max_examples: int) -> schemathesis.BaseSchema:
    # Annotated where schemathesis's own annotations leave a type argument open.
    configuration: Any = schemathesis.Config
    schema: Any = schemathesis.openapi.from_dict(
        _with_real_values(target), config=configuration.from_dict(_configure(target, max_examples))
    )
    schema.hook(_mix_in(target.real_values))
    return cast("schemathesis.BaseSchema", schema)


def _configure(target: Target, max_examples: int) -> dict[str, Any]:
    return {
        "seed": 1,
        "base-url": target.endpoint,
        "continue-on-failure": True,
        "request-timeout": _TIMEOUT_SECONDS,
        "auth": {"openapi": {"AuthToken": {"api_key": target.token}}},
        "cache": {"enabled": False},
        "generation": {
            "allow-extra-parameters": False,
            "database": "none",
            "max-examples": max_examples,
            "unique-inputs": True,
        },
        # The page documents no answer to a method that the API does not have: any gateway's will do.
        "phases": {"coverage": {"unexpected-methods": []}},
        "checks": {
            "positive_data_acceptance": {"expected-statuses": _ANSWERS_TO_VALID_DATA},
            "unsupported_method": {"enabled": False},
            checks.decoded_levels.__name__: {"enabled": True},
        },
    }


def _with_real_values(target: Target) -> dict[str, Any]:
    """The specification with values of the target as the parameters' examples: two phases start from those."""
    document = copy.deepcopy(load_specification())
    for part in walk_parts(document):
        if part.kind == "parameter" and isinstance(part.value, dict) and "name" in part.value:
            part.value.pop("example", None)
            if part.value["name"] in target.real_values:
                part.value["example"] = target.real_values[part.value["name"]]
    return document


def _mix_in(real_values: Mapping[str, str | int]) -> Any:  # noqa: ANN401  schemathesis knows a hook by its name
    """A hook that makes random cases real but for one parameter at most, for random ids reach no row."""
    all_real = ""

    def flatmap_case(_: schemathesis.HookContext, case: schemathesis.Case[Any]) -> st.SearchStrategy[Any]:
        return st.sampled_from([all_real, *real_values]).map(partial(_make_real, case, real_values))

    return flatmap_case


def _make_real(case: schemathesis.Case[Any], real_values: Mapping[str, str | int], kept: str) -> object:
    spoilt = {
        location.value
        for location, component in (case.meta.components.items() if case.meta else ())
        if component.mode is schemathesis.GenerationMode.NEGATIVE
    }
    whole: Any = case
    containers = {"path": whole.path_parameters, "header": whole.headers, "query": whole.query}
    for location, values in containers.items():
        if location not in spoilt:
            for name in real_values.keys() & set(values) - {kept}:
                values[name] = str(real_values[name]) if location == "header" else real_values[name]
    return case


def _record_scenario(outcome: Outcome, recorder: ScenarioRecorder, target: Target) -> None:
    for case_id, interaction in recorder.interactions.items():
        response = interaction.response
        status = response.status_code if response else None
        rows = _count_rows(response.content) if response else 0
        outcome.answers.append(Answer(_operation_of(recorder, case_id), status, rows))
    seen = {(failure.operation, failure.check) for failure in outcome.failures}
    for case_id, results in recorder.checks.items():
        for result in results:
            operation = _operation_of(recorder, case_id)
            if result.status is Status.FAILURE and result.failure_info and (operation, result.name) not in seen:
                seen.add((operation, result.name))
                message = f"{result.failure_info.failure}\n{result.failure_info.code_sample}"
                outcome.failures.append(Failure(operation, result.name, target.redact(message)))


def _count_rows(text: bytes) -> int:
    try:
        answer = loads_strict(text)
        return len(answer if text.lstrip().startswith(b"[") else loads_strict(answer["body"])["rows"])
    except (StrictJsonError, LookupError, TypeError, AttributeError):
        return 0


def _operation_of(recorder: ScenarioRecorder, case_id: str) -> str:
    node: Any = recorder.cases[case_id]
    return _operation_labels()[node.value.operation.label]


def _operation_labels() -> dict[str, str]:
    """The operations' ids by the labels that schemathesis gives them."""
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in load_specification()["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }
