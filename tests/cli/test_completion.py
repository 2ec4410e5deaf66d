"""Completion in the real shells, installed as the documentation says, on a real terminal."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
import pytest

from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._options.suggestions import FAULTS, LEVELS
from dataarts_datamap_contract.mock._web.faults import FaultKind
from dataarts_datamap_contract.suite.catalogue import checks_of
from docs_build.documents import PAGES
from support.command import called
from support.marks import needs_terminal

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

SHELLS = ("bash", "zsh", "fish")
FOLDER = Path(sys.executable).parent
PATIENCE = 30
# Completes for real, and shows what it would be called with.
COMMAND = """#!/bin/sh
if [ -n "$_DATAMAP_COMPLETE" ] || [ "$1" = completion ]; then exec "$REAL_PYTHON" -m dataarts_datamap "$@"; fi
printf '<%s>' "$@"
echo '<done>'
"""
_PAGE = (PAGES / "how-to" / "completion.md").read_text(encoding="utf-8")
DOCUMENTED = {shell: line for line, shell in re.findall(r"^\$ echo '(.+)' >> ~/\.(bash|zsh)rc$", _PAGE, re.MULTILINE)}
START = {
    "bash": (f"PS1='READY> '\nbind 'set enable-bracketed-paste off'\n{DOCUMENTED['bash']}\n", ".bashrc"),
    "zsh": (f"PS1='READY> '\nautoload -Uz compinit\ncompinit -u -D\n{DOCUMENTED['zsh']}\n", ".zshrc"),
    "fish": (
        "function fish_prompt; echo 'READY> '; end\nfunction fish_greeting; end\n",
        ".config/fish/config.fish",
    ),
}
TYPED = [
    ("sta", ["status"]),
    ("export --nest", ["export", "--nested"]),
    ("export --format parq", ["export", "--format", "parquet"]),
    ("mock --fault trun", ["mock", "--fault", "truncated"]),
    ("mock --progress imm", ["mock", "--progress", "immediately"]),
    ("export --columns run_id,dur", ["export", "--columns", "run_id,duration_ms"]),
    ("runs --tz Asia/Shang", ["runs", "--tz", "Asia/Shanghai"]),
    ("status dws_o", ["status", "dws_orders"]),
    ("runs --table sales.cust", ["runs", "--table", "sales.customers"]),
    ("doctor --region eu-", ["doctor", "--region", "eu-west-101"]),
    ("export month_of", ["export", "month_of_runs.csv"]),
    ("conform --base", ["conform", "--baseline"]),
    ("conform --baseline month", ["conform", "--baseline", "month_of_runs.csv"]),
]


@pytest.fixture(scope="module", params=SHELLS)
def typed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A person's shell on a terminal of its own."""
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} IS NOT ON THIS MACHINE: its completion was not tried")
    home = tmp_path_factory.mktemp(shell)
    with _shell(shell, home) as terminal:
        yield terminal


class Terminal:
    """Keys go in, and what is shown comes out."""

    def __init__(self, screen: int) -> None:
        self._screen = screen
        self._shown = ""

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._screen, keys.encode())

    def wait(self, pattern: str) -> re.Match[str]:
        """What is shown from the last match on, once it matches."""
        limit = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self._shown)):
            ready, _, _ = select.select([self._screen], [], [], max(0, limit - time.monotonic()))
            assert ready, f"{pattern!r} does not come in {self._shown!r}"
            self._shown += os.read(self._screen, 4096).decode(errors="replace")
        self._shown = self._shown[match.end() :]
        return match


@contextmanager
def _shell(shell: str, home: Path) -> Generator[Terminal]:
    import pty  # noqa: PLC0415  Windows has none

    _install(shell, home)
    keyboard, screen = pty.openpty()
    environment = {"PATH": f"{home / 'bin'}:{os.environ['PATH']}", "HOME": str(home), "REAL_PYTHON": sys.executable}
    environment |= {"TERM": "xterm", "LANG": "C.UTF-8", "DATAMAP_CACHE_DIR": str(home / "cache")}
    _keep_names(home / "cache", "postgres.sales.dws_orders", "postgres.sales.customers")
    command = ["/bin/sh", "-c", f'exec {shell} -i <"$0" >"$0" 2>&1', os.ttyname(screen)]
    with subprocess.Popen(command, env=environment, cwd=home, start_new_session=True) as process:
        terminal = Terminal(keyboard)
        try:
            terminal.wait("READY> ")
            yield terminal
        finally:
            process.kill()
            os.close(keyboard)
            os.close(screen)


def _keep_names(folder: Path, *names: str) -> None:
    """Names of tables, as another verb has kept them where nothing says which service they are of."""
    before = dict(os.environ)
    kept = {name: value for name, value in before.items() if not name.startswith(("DATAMAP_", "HUAWEICLOUD_"))}
    try:
        os.environ.clear()
        os.environ.update(kept, DATAMAP_CACHE_DIR=str(folder))
        with click.Context(click.Command("tables")):
            remember_names(names)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _install(shell: str, home: Path) -> None:
    begin, name = START[shell]
    (home / "bin").mkdir()
    (home / "bin" / "datamap").write_text(COMMAND, encoding="utf-8")
    (home / "bin" / "datamap").chmod(0o755)
    (home / "month_of_runs.csv").touch()
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text(begin, encoding="utf-8")
    if shell == "fish":
        completions = home / ".config" / "fish" / "completions"
        completions.mkdir()
        script = subprocess.check_output([sys.executable, "-m", "dataarts_datamap", "completion", "fish"])
        (completions / "datamap.fish").write_bytes(script)


@needs_terminal
@pytest.mark.parametrize(("keys", "expected"), TYPED, ids=[keys for keys, _ in TYPED])
def test_completed(keys: str, expected: list[str], typed: Terminal) -> None:
    """A tab completes verbs, options, choices, known values and files."""
    typed.press(f"datamap {keys}\t")
    typed.press("\r")

    shown = typed.wait(r"((?:<[^<>]*>)+)<done>")[1]
    assert expected == re.findall(r"<([^<>]*)>", shown)
    typed.wait("READY> ")


@pytest.mark.parametrize("shell", DOCUMENTED)
def test_silent_without_the_command(shell: str) -> None:
    """The line for a shell's start says nothing where the command is not found, as outside of a virtual environment."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} IS NOT ON THIS MACHINE: its start was not tried")
    done = subprocess.run([path, "-c", DOCUMENTED[shell]], check=False, capture_output=True, env={"PATH": "/nowhere"})

    assert (b"", b"") == (done.stdout, done.stderr)


@pytest.mark.prove
@pytest.mark.parametrize("shell", SHELLS)
def test_the_shells_are_there(shell: str) -> None:
    """A proof leaves no shell out."""
    assert shutil.which(shell) is not None


def test_what_is_offered_is_known() -> None:
    """The faults and levels that are offered are those that the mock and the suite know."""
    assert get_args(FaultKind) == tuple(FAULTS)
    assert {check.level for check in checks_of("".join(LEVELS))} == set(LEVELS)


@pytest.mark.parametrize(
    ("typed_so_far", "offered"),
    [
        ("conform --levels ", ["ABCDE", "A", "B", "C", "D", "E"]),
        ("conform --levels BD", ["BD", "BDA", "BDC", "BDE"]),
        ("conform --levels X", []),
        ("export --columns run_id,run", ["run_id,running_time", "run_id,running_data", "run_id,running_param"]),
        ("runs --tz asia/shang", ["Asia/Shanghai"]),
        ("status --max-age ", ["90m", "24h", "7d", "30d"]),
        ("report --since ", ["90m", "24h", "7d", "30d"]),
        ("report --max-age 3", ["30d"]),
        ("report --tz asia/shang", ["Asia/Shanghai"]),
        ("wait --workspace-id ", ["auto"]),
        ("watch --every ", ["5s", "30s", "5m"]),
        ("watch --output ", ["live", "ndjson"]),
    ],
)
def test_offered(typed_so_far: str, offered: list[str]) -> None:
    """What a shell is told to offer."""
    assert offered == [line.removeprefix("plain,") for line in _asked(typed_so_far) if line]


@pytest.mark.parametrize("typed_so_far", ["", "runs --", "export --format ", "mock --fault ", "conform --levels "])
def test_light(typed_so_far: str) -> None:
    """A tab loads nothing heavy: it comes while somebody waits."""
    script = (
        "import atexit, json, sys\n"
        "from dataarts_datamap.cli import main\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, env=_asking(typed_so_far), timeout=PATIENCE
    )

    loaded = {name.partition(".")[0] for name in json.loads(done.stderr)}
    heavy = {
        "httpx",
        "httpcore",
        "httpcore2",
        "msgspec",
        "rich",
        "pyarrow",
        "duckdb",
        "asyncio",
        "dataarts_datamap_contract",
    }
    assert set() == loaded & heavy


def test_unknown_shell(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A shell that is not known is wrong usage, and those that are known are named."""
    code, out, err = called(capfdbinary, "completion", "csh")

    assert (3, "") == (code, out)
    assert all(shell in err for shell in SHELLS)


def _asking(words: str) -> dict[str, str]:
    line = f"datamap {words}"
    place = str(len(line.split(" ")) - 1)
    return {**os.environ, "_DATAMAP_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": place}


def _asked(words: str) -> list[str]:
    command = [sys.executable, "-m", "dataarts_datamap"]
    return subprocess.check_output(command, env=_asking(words), encoding="utf-8").splitlines()
