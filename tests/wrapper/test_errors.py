"""The tree of errors."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import pickle
import re

import pytest

from dataarts_datamap import DataMapError, InvalidArgumentError, UpstreamError, _errors

FACTS = {
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


def raise_error(kind: type[DataMapError]) -> None:
    """Raise an error with all facts, in whatever process this runs."""
    error = kind("what went wrong", **FACTS)  # type: ignore[arg-type]
    if isinstance(error, UpstreamError):
        error.upstream_status = 500
    raise error


def test_tree_is_drawn() -> None:
    """The docstring of the module draws each error where it stands."""
    drawn = re.findall(r"^([│├└─ ]*)(\w+Error)\b", _errors.__doc__ or "", re.MULTILINE)
    depths = {name: len(indent) // 4 - 1 for indent, name in drawn}

    assert {kind.__name__: len(set(kind.__mro__) & set(all_errors())) - 1 for kind in all_errors()} == depths


@pytest.mark.parametrize("kind", all_errors())
def test_pickle(kind: type[DataMapError]) -> None:
    """Each error is pickled with all its facts."""
    with pytest.raises(kind) as caught:
        raise_error(kind)
    back = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  our own pickle

    assert (kind, str(caught.value), vars(caught.value)) == (type(back), str(back), vars(back))


def test_process_pool() -> None:
    """Each error comes back from a process of a pool as it was raised there."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        for kind in all_errors():
            error = pool.submit(raise_error_there, kind.__name__).exception()
            assert kind is type(error)
            assert FACTS.items() <= vars(error).items()


def raise_error_there(name: str) -> None:
    """Raise the error of this name."""
    raise_error(getattr(_errors, name))


def test_text() -> None:
    """The text tells what was asked for and the request id; without them it is the message alone."""
    assert "no (GET /v1/p, request id an-id)" == str(DataMapError("no", method="GET", path="/v1/p", request_id="an-id"))
    assert "no (request id an-id)" == str(DataMapError("no", request_id="an-id"))
    assert "no" == str(DataMapError("no"))


def test_wrong_argument_is_a_value_error() -> None:
    """A wrong argument can be caught as a ValueError."""
    assert issubclass(InvalidArgumentError, ValueError)
