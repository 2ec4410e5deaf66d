"""The wheel and the sdist: what is in them, and that the wheel works outside of the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import dataarts_datamap

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "dataarts_datamap": "wrapper",
    "dataarts_datamap_client": "generated",
    "dataarts_datamap_contract": "contract_tests",
    "pyspark_datamap": "wrapper",
}
TYPED = PACKAGES.keys() - {"pyspark_datamap"}  # which nobody imports by name
LEFT_OUT = ("dataarts_datamap_contract/_broken/", "dataarts_datamap_contract/mutants/")


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel, built from the sdist, and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


def sources(package: str) -> set[str]:
    """The files of a package in the checkout, as they are named in a wheel."""
    base = ROOT / PACKAGES[package]
    files = (base / package).rglob("*")
    return {path.relative_to(base).as_posix() for path in files if path.is_file() and "__pycache__" not in path.parts}


def test_wheel(distributions: tuple[Path, Path]) -> None:
    """The wheel has the three packages, typed, and the specification; what proves the suite is left out."""
    with zipfile.ZipFile(distributions[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        specification = wheel.read("dataarts_datamap_contract/datamap.openapi.yaml")

    every = {name for package in PACKAGES for name in sources(package)}
    expected = {name for name in every if not name.startswith(LEFT_OUT)}
    assert len(LEFT_OUT) == len({name.split("/")[1] for name in every - expected})
    assert expected | {"dataarts_datamap_contract/datamap.openapi.yaml"} == names
    assert {f"{package}/py.typed" for package in TYPED} <= names
    assert (ROOT / "spec" / "datamap.openapi.yaml").read_bytes() == specification


def test_metadata(distributions: tuple[Path, Path]) -> None:
    """The metadata has the one version, the command, and of entry points that others load the two light ones alone."""
    with zipfile.ZipFile(distributions[0]) as wheel:
        (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
        metadata = message_from_bytes(wheel.read(f"{folder}/METADATA"))
        entry_points = wheel.read(f"{folder}/entry_points.txt").decode()

    assert dataarts_datamap.__version__ == metadata["Version"]
    command = "[console_scripts]\ndatamap = dataarts_datamap.cli:main\n"
    provider = (
        "[apache_airflow_provider]\nprovider_info = "
        "dataarts_datamap.integrations.airflow.provider_info:get_provider_info\n"
    )
    plugin = "[pytest11]\ndataarts_datamap = dataarts_datamap_contract.pytest_plugin\n"
    assert f"{command}\n{provider}\n{plugin}" == entry_points
    plain = [text for text in metadata.get_all("Requires-Dist", []) if "extra ==" not in text]
    everywhere = {re.split("[<>]", text)[0] for text in plain if ";" not in text}
    assert {"attrs", "certifi", "h11", "httpcore2[asyncio]", "httpx", "msgspec"} == everywhere
    assert ["tzdata>=2024.1; sys_platform == 'win32'"] == [text for text in plain if ";" in text]


@pytest.mark.parametrize("page", ["index.md", "zh/index.md"])
def test_pages_name_the_extras(page: str) -> None:
    """The page on how to install names each extra, and no other: pip only warns of one that is none."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (paragraph,) = (one for one in text.split("\n\n") if "`otel`" in one)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) == set(re.findall("`([a-z]+)`", paragraph))


def test_sdist(distributions: tuple[Path, Path]) -> None:
    """The sdist has what it takes to regenerate and to test, the fleet and its runner among it."""
    with tarfile.open(distributions[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    needed = {"LICENSE", "Makefile", "README.md", "constraints.txt", "pyproject.toml", "spec/generator.yaml"}
    assert needed <= names
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")} <= names
    assert {f"contract_tests/{name}" for name in sources("dataarts_datamap_contract")} <= names
    assert [] == [name for name in names if name.startswith((".venv", "dist/"))]


@pytest.mark.prove
def test_wheel_in_a_fresh_environment(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    """Installed with its extras outside of the checkout, the wheel's command prints the documented run."""
    python = fresh_environment(tmp_path, f"{distributions[0]}[cli,mock]")
    script = (ROOT / "tests" / "support" / "documented_run.py").read_text(encoding="utf-8")
    done = subprocess.run([python, "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path)

    assert (0, "DLI 2024-01-11T01:01:47.000Z\n") == (done.returncode, done.stdout), done.stderr


@pytest.mark.prove
def test_conform_from_the_wheel(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    """Installed outside of the checkout, the wheel's command judges its own mock server, and finds that it conforms."""
    python = Path(fresh_environment(tmp_path, f"{distributions[0]}[cli,mock,conform]"))
    datamap = str(python.with_name("datamap"))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DATAMAP_")}
    with subprocess.Popen([datamap, "mock"], stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=inherited) as serving:
        assert serving.stderr is not None
        lines = [serving.stderr.readline() for _ in range(6)]
        told = dict(line.split()[1].split("=", 1) for line in lines if line.startswith("  export "))
        (table,) = (line.split()[3] for line in lines if line.startswith("  datamap runs --table "))
        done = subprocess.run(
            [datamap, "conform", "--mock", "--discover", "--table", table, "--ci", "--html", "report.html"],
            check=False,
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**inherited, **told},
        )
        serving.terminate()

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "Conforms: " in done.stdout
    assert (tmp_path / "report.html").is_file()


@pytest.mark.prove
def test_plain_wheel_does_not_disturb_pytest(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    """An unrelated pytest run, with every warning an error, loads the plugin of the plain wheel and nothing else of it.

    A test that asks for the fixture is told which extra it needs.
    """
    python = fresh_environment(tmp_path, str(distributions[0]), "pytest")
    (tmp_path / "test_unrelated.py").write_text(
        "import sys\n"
        "def test_unrelated():\n"
        "    loaded = {name for name in sys.modules if 'datamap' in name}\n"
        "    assert loaded == {'dataarts_datamap_contract', 'dataarts_datamap_contract.pytest_plugin'}\n"
        "def test_related(datamap_mock): pass\n",
        encoding="utf-8",
    )
    command = [python, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)

    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert "pip install '.[mock]' in dataarts-datamap's checkout" in done.stdout


def fresh_environment(folder: Path, *requirements: str) -> str:
    """The interpreter of a new environment with the requirements, at the versions of the constraints."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = str(folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    command = [python, "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), *requirements]
    subprocess.run(command, check=True, capture_output=True)
    return python
