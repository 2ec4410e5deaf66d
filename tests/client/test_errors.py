"""The tree of errors."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import DataMapError, IncompleteWalkError, InvalidArgumentError, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

NOTED = "__annotations__"
FACTS: dict[str, Any] = {
    "status": 401,
    "error_code": "APIGW.0301",
    "error_message": "no",
    "request_id": "an-id",
    "method": "GET",
    "path": "/v1/p",
    "attempts": 2,
    "elapsed": 1.5,
    "retry_after": 3.0,
    "raw": "{}",
}


def all_errors(base: type[DataMapError] = DataMapError) -> list[type[DataMapError]]:
    """The base and all that derive from it, in the order of their definition."""
    return [base, *(kind for child in base.__subclasses__() for kind in all_errors(child))]


def full_error(kind: type[DataMapError]) -> DataMapError:
    """An error with all facts, and with all attributes that its class adds."""
    error = kind("what went wrong", **FACTS)
    for name in own_attributes(kind):
        setattr(error, name, len(name))
    error.add_note("a note")
    return error


def own_attributes(kind: type[DataMapError]) -> set[str]:
    """The names of the attributes that a class declares beside those of the base."""
    return {name for base in kind.__mro__ if issubclass(base, DataMapError) for name in vars(base).get(NOTED, ())}


def raise_error(kind: type[DataMapError]) -> None:
    """Raise such an error, in whatever process this runs."""
    raise full_error(kind)


@pytest.mark.parametrize("kind", all_errors())
def test_pickle(kind: type[DataMapError]) -> None:
    """Each error is pickled with all its facts."""
    with pytest.raises(kind) as caught:
        raise_error(kind)
    back = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  our own pickle

    assert caught.value == back
    assert (kind, str(caught.value), vars(caught.value)) == (type(back), str(back), vars(back))


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    """A pool of one process that shares nothing with this one."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.mark.parametrize("kind", all_errors())
def test_process_pool(kind: type[DataMapError], pool: Executor) -> None:
    """Each error comes back from a process of a pool equal to the one that was raised there."""
    error = pool.submit(raise_error, kind).exception()

    assert full_error(kind) == error


def test_attributes_that_classes_add() -> None:
    """The tests above know of the attributes that some classes add."""
    assert {"upstream_status"} == own_attributes(UpstreamError)
    assert {"rows_read", "totals", "last_run"} <= own_attributes(IncompleteWalkError)


@pytest.mark.parametrize("kind", all_errors())
def test_equality(kind: type[DataMapError]) -> None:
    """Errors are equal if class, text and attributes are; what they are raised from is no part of it."""
    error, same = full_error(kind), full_error(kind)
    same.__cause__ = KeyError()
    others = [kind("something else", **FACTS)]
    for name in (*FACTS, *own_attributes(kind)):
        others.append(full_error(kind))
        setattr(others[-1], name, "another")

    assert error == same
    assert 1 == len({error, same})
    assert [] == [other for other in others if error == other]
    assert [] == [child for child in kind.__subclasses__() if child("what went wrong") == kind("what went wrong")]


def test_error_in_a_set_is_found_after_it_was_told_more() -> None:
    """The hash of an error stays, whatever is noted on it."""
    error = DataMapError("no")
    errors = {error}
    error.attempts = 3
    error.add_note("more")

    assert error in errors


def test_text() -> None:
    """The text tells what was asked for and the request id; without them it is the message alone."""
    assert "no (GET /v1/p, request id an-id)" == str(DataMapError("no", method="GET", path="/v1/p", request_id="an-id"))
    assert "no (request id an-id)" == str(DataMapError("no", request_id="an-id"))
    assert "no" == str(DataMapError("no"))


def test_wrong_argument_is_a_value_error() -> None:
    """A wrong argument can be caught as a ValueError."""
    assert issubclass(InvalidArgumentError, ValueError)
