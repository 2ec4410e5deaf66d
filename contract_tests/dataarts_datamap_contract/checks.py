"""Checks of our own for schemathesis; importing this module registers them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import schemathesis

from dataarts_datamap_contract.decoded import LevelCheck, resolve_pointer
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.decoded import Schema

_MEDIA_TYPE = "application/json"
_MOST_SHOWN = 20


@schemathesis.check
def decoded_levels(
    ctx: schemathesis.CheckContext,  # noqa: ARG001  the signature is schemathesis's
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> bool | None:
    """Every decoded level of an answer is what the specification says of it.

    An answer whose status or media type is not documented is for other checks to judge: this one is skipped.

    Raises:
        AssertionError: The text lists the violations.
    """
    document = load_specification()
    schema = find_schema(document, case.path, case.method, response.status_code)
    media_type = (response.headers.get("content-type") or [_MEDIA_TYPE])[0].partition(";")[0].strip().lower()
    if schema is None or media_type != _MEDIA_TYPE:
        return True
    violations = _levels().judge_text(response.content, schema)
    if violations:
        shown = "\n".join(f"- {violation}" for violation in violations[:_MOST_SHOWN])
        more = len(violations) - _MOST_SHOWN
        raise AssertionError(
            f"not what the specification says:\n{shown}" + (f"\n- and {more} more" if more > 0 else "")
        )
    return None


def find_schema(document: Mapping[str, Any], path: str, method: str, status: int) -> Schema | None:
    """The schema of an operation's JSON answer with that status, or with its range, or else the default's."""
    responses = document["paths"].get(path, {}).get(method.lower(), {}).get("responses", {})
    for key in (str(status), f"{status // 100}XX", "default"):
        if key in responses:
            response = responses[key]
            while "$ref" in response:
                response = resolve_pointer(document, response["$ref"])
            schema: Schema | None = response.get("content", {}).get(_MEDIA_TYPE, {}).get("schema")
            return schema
    return None


@cache
def _levels() -> LevelCheck:
    return LevelCheck(load_specification())
