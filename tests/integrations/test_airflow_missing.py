"""The Airflow provider where Airflow is not installed, as here."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points

import pytest

from dataarts_datamap import MissingExtraError

PACKAGE = "dataarts_datamap.integrations.airflow"
NOTHING_OF_AIRFLOW = f"""
import sys
import dataarts_datamap, {PACKAGE}, {PACKAGE}.provider_info
print([name for name in sys.modules if name.split(".")[0] == "airflow" or name.startswith("{PACKAGE}.")])
"""


@pytest.mark.parametrize("name", import_module(PACKAGE).__all__)
def test_missing_host(name: str) -> None:
    """A name of the provider is an error that says what to install."""
    with pytest.raises(MissingExtraError, match=r"Airflow 3 is not installed \(airflow\): pip install '\.\[airflow\]'"):
        getattr(import_module(PACKAGE), name)


def test_unknown_name() -> None:
    """A name that it does not have is no such attribute."""
    with pytest.raises(AttributeError, match="has no attribute 'TableFreshOperator'"):
        getattr(import_module(PACKAGE), "TableFreshOperator")  # noqa: B009  mypy knows that it is not there


def test_package_alone() -> None:
    """Importing the client, the package or what the entry point names imports nothing of Airflow."""
    done = subprocess.run([sys.executable, "-c", NOTHING_OF_AIRFLOW], check=True, capture_output=True, text=True)

    assert [f"{PACKAGE}.provider_info"] == eval(done.stdout)  # noqa: S307  a list of names


def test_entry_point() -> None:
    """The entry point says the name of the distribution that it is of, or Airflow would refuse it."""
    (found,) = (one for one in entry_points(group="apache_airflow_provider") if one.value.startswith(PACKAGE))

    assert found.dist is not None
    assert found.dist.name == found.load()()["package-name"]
