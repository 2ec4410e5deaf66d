"""The wheel with each of its extras, as a user installs it: alone, in a fresh environment, at today's versions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.extras

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
USES = {
    "cli": "import dataarts_datamap.cli",
    "mock": "from dataarts_datamap_contract.mock import FakeService\nwith FakeService(): pass",
    "conform": "import dataarts_datamap_contract.suite.run, schemathesis",
    "swagger": "import flask_swagger_ui",
    "otel": "import dataarts_datamap.integrations.otel",
    "arrow": "from dataarts_datamap import arrow_schema; arrow_schema()",
    "pandas": "import pandas, pyarrow",
    "polars": "import polars, pyarrow",
    "duckdb": "import duckdb, pyarrow, pytz",
    "exporter": "import dataarts_datamap.integrations.exporter",
    "notify": "import apprise",
    "mcp": "import dataarts_datamap.integrations.mcp",
    "dlt": "import dataarts_datamap.integrations.dlt",
    "spark": "import dataarts_datamap.integrations.spark; from pyspark_datamap import DefaultSource",
    "openlineage": "import dataarts_datamap.integrations.openlineage",
    "airflow": "from dataarts_datamap.integrations.airflow import TableRunTrigger",
    "all": "import dataarts_datamap.cli, dataarts_datamap.integrations.mcp, dataarts_datamap.integrations.dlt",
}
"""What needs the extra."""

PLATFORMS = (
    *("dataarts_datamap/integrations/airflow", "dataarts_datamap/integrations/dlt.py"),
    *("dataarts_datamap/integrations/mcp.py", "dataarts_datamap/integrations/openlineage.py"),
    *("dataarts_datamap/integrations/spark.py", "dataarts_datamap/_models/dataset_names.py", "pyspark_datamap"),
    *("dataarts_datamap/cli/_verbs/mcp.py", "dataarts_datamap/cli/_verbs/openlineage.py"),
)
"""What the plain installation has for the platforms that users already have."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that does not outlive the test: environments are large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def installed(requirement: str, folder: Path) -> Path:
    """The interpreter of a new environment in which pip has installed a requirement, and complains of nothing."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    for arguments in (["install", "--quiet", "--no-compile", requirement], ["check"]):
        done = subprocess.run([*pip, *arguments], check=False, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr
    return python


def size(*paths: Path) -> int:
    """The bytes of files and of all that is in folders, but what Python compiles."""
    files = (file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]))
    return sum(file.stat().st_size for file in files if file.is_file() and "__pycache__" not in file.parts)


@pytest.mark.parametrize("extra", EXTRAS)
def test_extra_alone(extra: str, wheel: Path, folder: Path) -> None:
    """Nothing contradicts another, and what the extra is for can be loaded."""
    python = installed(f"dataarts-datamap[{extra}] @ {wheel.as_uri()}", folder / "venv")
    home = {"AIRFLOW_HOME": str(folder), "HOME": str(folder), "PATH": os.environ["PATH"]}
    command: list[str | Path] = [python, "-c", USES[extra]]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=home)
    assert 0 == done.returncode, done.stderr


def test_size_of_what_platforms_need(wheel: Path, folder: Path) -> None:
    """A plain installation is at most 3 % larger for it."""
    python = installed(str(wheel), folder / "venv")
    (packages,) = (folder / "venv").rglob("site-packages")
    assert python.is_file()
    whole, platforms = size(packages), size(*(packages / name for name in PLATFORMS))
    assert 0 < platforms <= 0.03 * (whole - platforms)
