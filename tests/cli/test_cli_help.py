"""What each verb says of itself: it fits a terminal, and its examples are commands that work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from dataarts_datamap import cli
from dataarts_datamap.cli._main import datamap
from dataarts_datamap_contract.mock import MockServer
from support.command import called, point_at

if TYPE_CHECKING:
    from collections.abc import Iterator

VERBS = datamap.list_commands(click.Context(datamap))
RUN_HERE = ("completion", "export", "operators", "runs", "status")
COLUMNS = 80


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """The mock server."""
    with MockServer() as running:
        yield running


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of the usual width."""
    monkeypatch.setenv("COLUMNS", str(COLUMNS))


def helped(*arguments: str) -> str:
    """The help of a verb, as the terminal shows it."""
    with click.Context(datamap, info_name="datamap") as context:
        command = datamap.get_command(context, arguments[0]) if arguments else datamap
        assert command is not None
        inner = context if command is datamap else click.Context(command, context, arguments[0])
        return command.get_help(inner)


def examples(text: str) -> list[list[str]]:
    """The arguments of the example commands in a help text."""
    whole = text.replace("\\\n", " ")
    lines = re.findall(r"^ {4}(?:eval \"\$\()?datamap (.*?)(?:\)\"|>.*)?$", whole, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("arguments", [[], *([verb] for verb in VERBS)], ids=" ".join)
def test_fits(arguments: list[str]) -> None:
    """Help fits 80 columns, and the list of verbs tells each in whole words."""
    _usage, *lines = helped(*arguments).splitlines()

    assert [] == [line for line in lines if len(line) > COLUMNS or line.endswith("...")]


@pytest.mark.parametrize("verb", VERBS)
def test_examples_parse(verb: str) -> None:
    """Each verb has an example of itself, and its parser takes it."""
    shown = examples(helped(verb))

    assert [verb] * max(1, len(shown)) == [name for name, *_ in shown]
    for _, *arguments in shown:
        command = datamap.get_command(click.Context(datamap), verb)
        assert command is not None
        with command.make_context(verb, arguments):
            pass


def test_first_examples_parse() -> None:
    """The command's own examples are of its verbs."""
    first = examples(helped())

    assert ["mock", "doctor", "status"] == [verb for verb, *_ in first]


@pytest.mark.parametrize("arguments", [one for verb in RUN_HERE for one in examples(helped(verb))], ids=" ".join)
def test_examples_run(
    arguments: list[str],
    server: MockServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """An example does what it says where a server is that has the documented table."""
    point_at(server, monkeypatch)
    for name in ("PROJECT_ID", "INSTANCE_ID", "TOKEN"):
        monkeypatch.setenv(f"DATAMAP_{name}", str(getattr(server.config, name.lower())))
    monkeypatch.chdir(tmp_path)

    code, out, err = called(capfdbinary, *arguments)

    assert code in ((0, 1) if arguments[0] == "status" else (0,)), err
    assert out or [arguments[1]] == [file.name for file in tmp_path.iterdir()]


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_explained(verb: str) -> None:
    """No option stands without a word about it."""
    command = datamap.get_command(click.Context(datamap), verb)
    assert command is not None

    assert [] == [option.name for option in command.params if isinstance(option, click.Option) and not option.help]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("statsu", "Did you mean 'status'?"),
        ("operator", "Did you mean 'operators'?"),
        ("Watch", "Did you mean 'watch'?"),
        ("09318f28", "datamap --help lists the commands."),
    ],
)
def test_mistyped_verb(capfdbinary: pytest.CaptureFixture[bytes], typed: str, hint: str) -> None:
    """A verb that is not one is wrong usage, and the nearest one is named."""
    code, out, err = called(capfdbinary, typed)

    assert (3, "") == (code, out)
    assert f"Error: No such command '{typed}'. {hint}\n" in err


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("wait --table sales.orders --since 2h", "TABLE needs no option: datamap wait TABLE"),
        ("status --guid 09318f28", "TABLE needs no option: datamap status TABLE"),
        ("export --file runs.csv", "FILE needs no option: datamap export FILE"),
        ("tables --query orders", "QUERY needs no option: datamap tables QUERY"),
        ("runs --tabel sales.orders", "Did you mean --table?"),
        ("wait sales.orders --max-age 26h", "It is an option of report, status, watch, why, not of wait."),
        ("mock --task-id x", "It is an option of export, runs, wait, not of mock."),
        (
            "completion --quiet",
            "It is an option of check, doctor, export, exporter, lineage and 11 more",
        ),
        ("--quiet status", "Put options after the verb: datamap VERB --quiet"),
        ("status x --nothing-like-it", ""),
    ],
)
def test_mistyped_option(capfdbinary: pytest.CaptureFixture[bytes], typed: str, hint: str) -> None:
    """An option that a verb does not have is wrong usage, and the error says what to write in its place."""
    code, out, err = called(capfdbinary, *typed.split())
    option = next(word for word in typed.split() if word.startswith("--"))
    option = "--max-age" if "--max-age" in typed else option

    assert (3, "") == (code, out)
    assert f"Error: No such option '{option}'.{' ' if hint else chr(10)}{hint}" in err
    assert "--role" not in err


def test_list_of_verbs_loads_none() -> None:
    """The list of verbs names each module of a verb, and loads none of them."""
    code = (
        "import sys\n"
        "from dataarts_datamap.cli._main import datamap\n"
        "datamap.main(['--help'], standalone_mode=False)\n"
        "print(*(name for name in sys.modules if '_verbs' in name or name == 'dataarts_datamap._client'))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, encoding="utf-8")

    modules = {path.stem for path in Path(cli.__file__).parent.joinpath("_verbs").glob("[a-z]*.py")}
    assert modules == set(VERBS)
    assert done.stdout.endswith("\n\n")
