"""The package as it is imported."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import dataarts_datamap
from dataarts_datamap._extras import how_to_install
from dataarts_datamap_client.api.data_map import show_instance_infos, show_nodes

HEAVY = ("httpx", "attr", "attrs", "msgspec", "click", "rich", "dataarts_datamap_client", "dataarts_datamap_contract")


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_import_is_light() -> None:
    """Importing the package loads its own two modules and next to nothing of the standard library."""
    loaded = modules_after("import dataarts_datamap") - modules_after("pass")

    assert {"dataarts_datamap", "dataarts_datamap._version"} == {name for name in loaded if "datamap" in name}
    assert [] == [name for name in HEAVY if name in loaded]
    assert len(loaded) <= 3


def test_client_loads_no_extra() -> None:
    """A client for threads loads no library but what it sends and decodes with, and nothing of an event loop."""
    code = "import sys\nfor name in ('click', 'rich', 'pygments'): sys.modules[name] = None\n"
    loaded = modules_after(f"{code}from dataarts_datamap import DataMapClient")

    assert "h11" in loaded
    assert set() == loaded & {
        "asyncio",
        "httpcore",
        "httpcore2",
        "httpx",
        "urllib.request",
        "dataarts_datamap_client.client",
    }
    assert not any(name.startswith(("dataarts_datamap_contract", "dataarts_datamap.cli")) for name in loaded)


def test_command_without_its_extra() -> None:
    """Without the extra, the command says how to install it and ends as wrong usage."""
    code = "import sys; sys.modules['click'] = None; from dataarts_datamap.cli import main; main(['runs'])"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    expected = f"datamap: the command line needs an extra: {how_to_install('cli')}\n"
    assert (3, "", expected) == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("starlette", ["mock"], "mock"),
        ("jsonschema_rs", ["conform"], "conform"),
        ("schemathesis", ["conform"], "conform"),
    ],
)
def test_verb_without_its_extra(missing: str, arguments: list[str], extra: str) -> None:
    """Without its extra, a verb of the service's side says how to install it, before it asks a server."""
    code = f"import sys; sys.modules[{missing!r}] = None; from dataarts_datamap.cli import main; main({arguments})"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert 3 == done.returncode
    assert f"needs an extra: {how_to_install(extra)} (" in done.stderr


def test_how_to_install_an_extra() -> None:
    """What an error says to run names what README.md installs from: the package is on no index."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    assert "pip install '.[cli,mock]'" in readme
    assert how_to_install("cli,mock").startswith("pip install '.[cli,mock]' in dataarts-datamap's checkout")


def test_exports_are_sorted() -> None:
    """The public names are sorted, constants first, and each can be had."""
    assert sorted(dataarts_datamap.__all__, key=lambda name: (not name.isupper(), name)) == dataarts_datamap.__all__
    assert [] == [name for name in dataarts_datamap.__all__ if not hasattr(dataarts_datamap, name)]


def test_every_public_error_is_exported() -> None:
    """Each error and warning of the package is a public name."""
    errors = importlib.import_module("dataarts_datamap._errors")
    classes = {name for name, kind in vars(errors).items() if inspect.isclass(kind)}

    assert set() == classes - set(dataarts_datamap.__all__)


@pytest.mark.parametrize("name", sorted({*dataarts_datamap.__all__} - {"REGIONS", "__version__"}))
def test_public_names_are_documented(name: str) -> None:
    """Each public name has a docstring of its own."""
    public = getattr(dataarts_datamap, name)

    assert vars(public).get("__doc__") if inspect.isclass(public) else public.__doc__


def test_unknown_name() -> None:
    """A name that is not public is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Bogus'"):
        _ = dataarts_datamap.Bogus


def test_no_httpx_in_public_signatures() -> None:
    """No type of the HTTP library stands in a public signature, attribute or base."""
    public = [getattr(dataarts_datamap, name) for name in dataarts_datamap.__all__ if name != "__version__"]
    bases = {base.__module__ for kind in public if inspect.isclass(kind) for base in kind.__mro__}
    members = [member for kind in public for _, member in inspect.getmembers(kind, inspect.isfunction)]
    signatures = [
        str(inspect.signature(member))
        for member in (*members, *filter(inspect.isfunction, public))
        if not member.__name__.startswith("_") or member.__name__ == "__init__"
    ]

    assert [] == [module for module in bases if module.startswith("httpx")]
    assert [] == [signature for signature in signatures if "httpx" in signature]


def test_generated_builders() -> None:
    """The private builders of the generated client are what the one module that uses them expects."""
    instance_infos = inspect.signature(show_instance_infos._get_kwargs, eval_str=True)  # noqa: SLF001
    nodes = inspect.signature(show_nodes._get_kwargs, eval_str=True)  # noqa: SLF001

    assert (
        "(project_id: str, task_id: str, *, workspace_id: str | dataarts_datamap_client.types.Unset = "
        "<dataarts_datamap_client.types.Unset object>, job_name: str, start_time: int, end_time: int, offset: int, "
        "limit: int, instance: str) -> dict[str, typing.Any]"
    ) == str(instance_infos).replace(
        repr(instance_infos.parameters["workspace_id"].default), "<dataarts_datamap_client.types.Unset object>"
    )
    assert "(project_id: str, guid: str, *, instance: str) -> dict[str, typing.Any]" == str(nodes)
    assert {
        "method": "get",
        "url": "/v1/p%2F/datamap/node/t/instances",
        "params": {"job_name": "j", "start_time": 1, "end_time": 2, "offset": 3, "limit": 4},
        "headers": {"instance": "i"},
    } == show_instance_infos._get_kwargs(  # noqa: SLF001
        "p/", "t", job_name="j", start_time=1, end_time=2, offset=3, limit=4, instance="i"
    )
    assert {
        "method": "get",
        "url": "/v1/p/datamap/table/g/node",
        "headers": {"instance": "i"},
    } == show_nodes._get_kwargs("p", "g", instance="i")  # noqa: SLF001
