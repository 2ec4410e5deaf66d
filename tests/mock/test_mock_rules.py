"""The rules for parameters follow whatever a specification declares, not only what ours does."""

from __future__ import annotations

from typing import Any

import pytest

from dataarts_datamap_contract.mock._web.requests import RequestParts
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mock._web.validation import ParameterRules

DOCUMENT: dict[str, Any] = {"components": {"parameters": {"Again": {"$ref": "#/shared/Tenant"}}}, "shared": {}}
DOCUMENT["shared"]["Tenant"] = {"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}}


def parts(query: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = ()) -> RequestParts:
    """A request that has nothing else."""
    return RequestParts({}, query, list(headers))


def test_a_declaration_is_found_through_references() -> None:
    """A parameter may be declared elsewhere, and that may point elsewhere again; header names have no case."""
    rules = ParameterRules(DOCUMENT, [{"$ref": "#/components/parameters/Again"}])
    assert "blue" == rules.judge(parts(headers=((b"x-tenant", b"blue"),))).text("X-Tenant")
    with pytest.raises(HttpError) as caught:
        rules.judge(parts())
    assert "Invalid header parameter X-Tenant: it is missing" == caught.value.message


def test_a_negative_number_is_a_number_where_the_schema_lets_it() -> None:
    """What is refused below zero is refused by the schema, not by the reader."""
    rules = ParameterRules({}, [{"name": "n", "in": "query", "schema": {"type": "integer", "minimum": -5}}])
    assert -5 == rules.judge(parts(b"n=-5")).number("n")
    with pytest.raises(HttpError, match="less than the minimum of -5"):
        rules.judge(parts(b"n=-6"))


def test_an_enumeration_counts() -> None:
    """Any keyword of the schema is enforced."""
    rules = ParameterRules({}, [{"name": "c", "in": "query", "schema": {"type": "string", "enum": ["red", "green"]}}])
    assert "red" == rules.judge(parts(b"c=red")).text("c")
    with pytest.raises(HttpError, match="blue"):
        rules.judge(parts(b"c=blue"))


def test_an_optional_parameter_may_be_left_out() -> None:
    """Its text is empty then."""
    rules = ParameterRules({}, [{"name": "c", "in": "query", "schema": {"type": "string", "minLength": 1}}])
    assert not rules.judge(parts()).text("c")


def test_a_type_that_cannot_be_judged_is_an_error_at_once() -> None:
    """A rule that would let everything pass must not come into being."""
    kinds = {"object": "tags has type 'object': only", "array": "tags is an array of anything"}
    for kind, reason in kinds.items():
        with pytest.raises(ValueError, match=f"parameter {reason}"):
            ParameterRules({}, [{"name": "tags", "in": "query", "schema": {"type": kind}}])
