"""Integrations without their hosts: an error that says how to install one, and nothing of a host without need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dataarts_datamap._extras import how_to_install

HOSTS = {"dlt": "dlt", "exporter": "prometheus_client", "mcp": "mcp", "openlineage": "openlineage", "spark": "pyspark"}
"""The package that each integration needs, which is named like the extra."""


@pytest.mark.parametrize("name", HOSTS)
def test_a_missing_host_is_named(name: str) -> None:
    """Importing the integration raises an error of ours that names the extra."""
    code = f"""
import sys
sys.modules[{HOSTS[name]!r}] = None
from dataarts_datamap import MissingExtraError
try:
    import dataarts_datamap.integrations.{name}
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f" is not installed: {how_to_install(name)}\n")


def test_the_client_loads_no_host() -> None:
    """Whoever imports every public name gets nothing of a host."""
    code = f"""
import sys
import dataarts_datamap
for name in dataarts_datamap.__all__:
    getattr(dataarts_datamap, name)
print(sorted(sys.modules.keys() & {set(HOSTS.values())!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
