"""The pytest plugin of the wheel: a fake service for the tests of a pipeline.

It is loaded in every pytest run of an environment that has the wheel, so it loads nothing but the standard library and
pytest until a test asks for its fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap_contract.mock import FakeService


@pytest.fixture(scope="session")
def _datamap_mock_server() -> Iterator[FakeService]:
    """The server of the session."""
    try:
        from dataarts_datamap_contract.mock import FakeService  # noqa: PLC0415  an extra, loaded when it is used
    except ModuleNotFoundError as error:
        missing = (
            "the fixture datamap_mock needs an extra: pip install '.[mock]' in dataarts-datamap's checkout, or "
            f"with the path of its wheel in place of the dot ({error})"
        )
        pytest.fail(missing, pytrace=False)
    with FakeService() as service:
        yield service


@pytest.fixture
def datamap_mock(_datamap_mock_server: FakeService) -> FakeService:
    """A fake service without operators or runs, at the same address for the whole session.

    Add what the test needs: ``datamap_mock.add_operator()``, ``datamap_mock.add_run(status="fail")``; or
    ``datamap_mock.invent(seed=0)`` for some weeks of made-up runs. ``datamap_mock.environment`` has the variables that
    the client and the command line read.
    """
    _datamap_mock_server.clear()
    return _datamap_mock_server
