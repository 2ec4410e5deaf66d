"""The costs of importing and installing the package, and of the command line's help and completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.ours import ACCESS_KEY, INSTANCE_ID, PROJECT_ID, SECRET_KEY
from benchmarks.processes import Environments, least_cpu, output
from benchmarks.rows import JOB_NAME, TASK_ID, Window
from benchmarks.serving import serving
from benchmarks.table import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_ROUNDS: Final = 40
_SDK: Final = "official SDK"
_OVER_TLS: Final = ("certifi",)
_TAB: Final = ("_DATAMAP_COMPLETE=zsh_complete", "COMP_WORDS=datamap ", "COMP_CWORD=1")
_INSTALLER: Final = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")


def importing(where: Environments) -> Iterator[Figure]:
    """Figures for the package alone, all modules that a first call loads, ``datamap --help``, and a completion."""
    with serving() as service:
        loading = {name: _loading_of_a_call(where, name, service.url) for name in ("plain", "cli")}
    seconds = least_cpu(
        {
            "bare": [where.python("plain"), "-c", "pass"],
            "package": [where.python("plain"), "-c", "import dataarts_datamap"],
            "plain": loading["plain"],
            "cli": loading["cli"],
            "sdk": [where.python("sdk"), "-c", "import huaweicloudsdkdataartsstudio.v1"],
            "help": [where.command("cli", "datamap"), "--help"],
            "tab": ["/usr/bin/env", *_TAB, where.command("cli", "datamap")],
        },
        where,
        rounds=_ROUNDS,
    )
    beyond = {name: taken - seconds["bare"] for name, taken in seconds.items()}
    bare = "a bare interpreter"
    yield Figure(
        what="import dataarts_datamap", against=bare, value=beyond["package"] * 1000, unit="ms CPU more", at_most=10
    )
    what, share = "imports of a first client and call", f"import of the {_SDK}"
    yield Figure(what=what, against=share, value=beyond["plain"] / beyond["sdk"], unit="of it", at_most=0.25)
    yield Figure(what=f"{what}, [cli] beside", against=share, value=beyond["cli"] / beyond["sdk"], unit="of it")
    yield Figure(what="datamap --help", value=seconds["help"] * 1000, unit="ms CPU", at_most=150)
    yield Figure(what="datamap and a tab in zsh", value=seconds["tab"] * 1000, unit="ms CPU", at_most=150)


def sizing(where: Environments) -> Iterator[Figure]:
    """Figures for the files of the plain install, including dependencies."""
    ours, theirs = (_installed_size(where.libraries(name)) for name in ("plain", "sdk"))
    yield Figure(what="installed size", against=_SDK, value=ours / theirs, unit="of it", at_most=0.2)


def _loading_of_a_call(where: Environments, name: str, url: str) -> Sequence[str]:
    """The command that only imports the modules that a first call over TLS loads."""
    window = Window.of_rows(1)
    call = f"""
from dataarts_datamap import AccessKeyCredentials, DataMapClient
credentials = AccessKeyCredentials({ACCESS_KEY!r}, {SECRET_KEY!r})
settings = dict(endpoint={url!r}, project_id={PROJECT_ID!r}, instance_id={INSTANCE_ID!r}, credentials=credentials)
with DataMapClient(**settings) as client:
    client.list_runs({str(TASK_ID)!r}, job_name={JOB_NAME!r}, start={window.start}, end={window.end}).to_list()
import sys
print(*(name for name in sys.modules if not name.startswith("__")))
"""
    modules = [*output([where.python(name), "-c", call], where).split(), *_OVER_TLS]
    return [where.python(name), "-c", f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"]


def _installed_size(libraries: Path) -> int:
    return sum(
        path.stat().st_size
        for entry in libraries.iterdir()
        if not entry.name.startswith(_INSTALLER)
        for path in (entry, *entry.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    )
