"""Whether a server does what the specification says, and whether the run saw enough of it to tell."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.conformance import operation_ids

if TYPE_CHECKING:
    from dataarts_datamap_contract.conformance import Answer, Outcome

each_operation = pytest.mark.parametrize("operation", operation_ids())


@each_operation
def test_conforms(outcome: Outcome, operation: str) -> None:
    """No check finds anything wrong with any answer of the operation."""
    failures = [failure for failure in outcome.failures if failure.operation == operation]

    assert not failures, "\n\n".join(map(str, failures))


def test_runs_to_its_end(outcome: Outcome) -> None:
    """Nothing keeps the run from judging the server."""
    assert not outcome.errors, "\n\n".join(outcome.errors)


@each_operation
def test_saw_rows(outcome: Outcome, operation: str) -> None:
    """The run saw a 200 with rows, else every check of rows is green for want of any."""
    statuses = [answer.status for answer in _answers(outcome, operation) if answer.rows]

    assert HTTPStatus.OK in statuses, f"no 200 with rows from {operation}: check the ids and the window"


@each_operation
def test_saw_refusals(outcome: Outcome, operation: str) -> None:
    """The run saw requests refused for what they ask, else no error body was checked."""
    statuses = {answer.status for answer in _answers(outcome, operation)}

    assert statuses & {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}, f"only saw {statuses}"


@each_operation
def test_saw_unauthorized(outcome: Outcome, operation: str) -> None:
    """The run saw a 401, else it asks nothing of the server's authentication."""
    statuses = {answer.status for answer in _answers(outcome, operation)}

    assert HTTPStatus.UNAUTHORIZED in statuses, f"no 401 from {operation}: does the server check its token?"


def _answers(outcome: Outcome, operation: str) -> list[Answer]:
    return [answer for answer in outcome.answers if answer.operation == operation]
