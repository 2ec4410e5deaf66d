"""Runs the blocks of a document in a terminal, like its reader, and compares their output with the document."""

from __future__ import annotations

import configparser
import difflib
import re
import shlex
import socket
import tomllib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, cast

import yaml

from dataarts_datamap_contract.suite.baseline import read_baseline
from dataarts_datamap_contract.suite.target_sources import make_target, read_settings
from docs_build.documents import ROOT
from support.terminal import Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from docs_build.blocks import Block

_CRON: Final = re.compile(r"^(?:[\d*/,-]+\s+){5}(\S.*)$")
_SETTING: Final = re.compile(r"^[A-Z_]+=\S*$")
_PORTS: Final = ("8080", "8081")
_OFFICIAL_PYTHON: Final = ROOT / ".official-sdk" / "bin" / "python"


class DocumentError(AssertionError):
    """A block does not do what the document shows."""


class DocumentRunner:
    """Runs the blocks of a document in order, in one shell and one folder.

    A command or a program must succeed and print the text shown after it, in which ``…`` stands for any part of a line
    and a line of ``…`` for any lines; a command may fail only if the next one is ``echo $?``. A block with a title is a
    file, which a later block must name. A block of data must be valid for its reader.

    Args:
        folder: An empty folder.
        environment: Variables of all commands.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        prologue = f'make() ( cd {shlex.quote(str(ROOT))} && command make "$@" )'
        self._shell = Shell(folder, environment, prologue)
        self._ports = {port: str(_free_port()) for port in _PORTS}
        self._printed: list[str] = []
        self._unused: dict[str, int] = {}
        self._languages: dict[str, Callable[[Block], None]] = {
            "console": self._run_commands,
            "ini": self._read_unit,
            "crontab": self._run_crontab,
            "python": self._run_program,
            "text": self._compare_output,
            "toml": self._read_toml,
            "yaml": self._read_workflow,
        }

    def run(self, blocks: Sequence[Block]) -> int:
        """Run all blocks; returns how many were run.

        Raises:
            DocumentError: A block does not do what the document shows; the text names its line.
        """
        run = [block for block in blocks if block.not_run is None]
        with self._shell:
            for block in run:
                self._run_block(block)
            self._expect_nothing_hidden()
        if self._unused:
            raise DocumentError(f"no block uses the files that these lines show: {self._unused}")
        return len(run)

    def _run_block(self, block: Block) -> None:
        try:
            if block.language != "text":
                self._expect_nothing_hidden()
            run = self._languages.get(block.language, _refuse)
            self._unused = {name: line for name, line in self._unused.items() if name not in block.text}
            if block.title is not None:
                self._write_file(block, block.title)
            if block.title is None or block.language in {"ini", "toml", "yaml"}:
                run(block)
        except (DocumentError, ValueError, KeyError, TypeError, TimeoutError, OSError, configparser.Error) as error:
            raise DocumentError(f"line {block.line}: {error}") from error

    def _write_file(self, block: Block, title: str) -> None:
        path = self._folder / title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(block.text), encoding="utf-8")
        if block.language not in {"ini", "yaml"}:
            self._unused[title] = block.line

    def _run_commands(self, block: Block) -> None:
        found = _commands(block.text)
        for (command, expected), following in zip(found, [*found[1:], ("", [])], strict=True):
            if block.stays_running:
                printed = self._shell.start(self._here(command), lines=len(expected))
            else:
                printed = self._run(command, may_fail=following[0] == "echo $?")
            _compare(expected, self._there(printed), numbers_vary=block.numbers_vary)

    def _run_crontab(self, block: Block) -> None:
        for line in block.text.splitlines():
            if _SETTING.match(line):
                self._run(f"export {line}")
            elif line and not line.startswith("#"):
                found = _CRON.match(line)
                if found is None:
                    raise DocumentError(f"not a line of a crontab: {line!r}")
                self._run(found[1].replace(r"\%", "%"))

    def _run_program(self, block: Block) -> None:
        (self._folder / "program.py").write_text(self._here(block.text), encoding="utf-8")
        if block.with_official_sdk and not _OFFICIAL_PYTHON.exists():
            raise DocumentError("the official SDK is not there: run make prove")
        python = shlex.quote(str(_OFFICIAL_PYTHON)) if block.with_official_sdk else "python"
        self._printed = self._there(self._run(f"{python} program.py"))

    def _compare_output(self, block: Block) -> None:
        printed, self._printed = self._printed, []
        if not printed:
            raise DocumentError("a text without a program before it that prints it")
        _compare(block.text.splitlines(), printed, numbers_vary=block.numbers_vary)

    def _read_toml(self, block: Block) -> None:
        """A target, a baseline, or a part of another program's file."""
        content = tomllib.loads(block.text)
        if block.title and "deviation" in content:
            read_baseline(self._folder / block.title)
        elif block.title and "endpoint" in content:
            make_target({**read_settings({}, self._folder / block.title), "token": "made-up"}, discovered=True)

    def _read_workflow(self, block: Block) -> None:
        """A workflow, each step of which is an action or a script that bash can parse; or rules of another program."""
        content: Any = yaml.safe_load(block.text)
        if not isinstance(content, dict):
            raise DocumentError("not a document of keys and values")
        for job in content.get("jobs", {}).values():
            for step in job["steps"]:
                if not {"run", "uses"} & step.keys():
                    raise DocumentError(f"a step without an action: {step}")
                self._run(f"bash -n -c {shlex.quote(step.get('run', ':'))}")

        for command in _commands_of_ours(content):
            self._understand(command)

    def _read_unit(self, block: Block) -> None:
        """A systemd unit, with commands of this project that have only existing options."""
        unit = configparser.ConfigParser(interpolation=None)
        unit.read_string(block.text)
        for section in unit.sections():
            if "ExecStart" in unit[section]:
                program, *arguments = shlex.split(unit[section]["ExecStart"])
                self._understand([PurePosixPath(program).name, *arguments])

    def _understand(self, command: Sequence[str]) -> None:
        """Let the command line parse a command without running it."""
        self._run(f"{shlex.join([*command, '--help'])} > help.txt")

    def _run(self, command: str, *, may_fail: bool = False) -> list[str]:
        code, printed = self._shell.run(self._here(command))
        if code and not may_fail:
            raise DocumentError(f"{command!r} ends with {code}:\n" + "\n".join(printed))
        return printed

    def _expect_nothing_hidden(self) -> None:
        if self._printed:
            raise DocumentError("the document does not show what a program prints:\n" + "\n".join(self._printed))

    def _here(self, text: str) -> str:
        for shown, free in self._ports.items():
            text = text.replace(shown, free)
        return text

    def _there(self, lines: Sequence[str]) -> list[str]:
        shown = {free: port for port, free in self._ports.items()}
        return [re.sub("|".join(shown), lambda found: shown[found[0]], line) for line in lines]


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """Each command, of one line or more, and the lines shown after it."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if found and not found[-1][1] and _goes_on(found[-1][0]):
            found[-1] = f"{found[-1][0]}\n{line}", []
        elif line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif found:
            found[-1][1].append(line)
        else:
            raise DocumentError("not a command: a command begins with '$ '")
    return found


def _commands_of_ours(content: object) -> Iterator[list[str]]:
    """Each command of this project in a document, as a list."""
    match content:
        case ["datamap", *_]:
            yield [str(part) for part in cast("list[object]", content)]
        case list():
            for one in cast("list[object]", content):
                yield from _commands_of_ours(one)
        case dict():
            for one in cast("dict[object, object]", content).values():
                yield from _commands_of_ours(one)
        case _:
            return


def _goes_on(command: str) -> bool:
    """Whether a command continues on the next line, or has an open quotation."""
    try:
        shlex.split(command)
    except ValueError:
        return True
    return False


def _refuse(block: Block) -> None:
    raise DocumentError(f"nothing runs the language {block.language!r}: mark the block as not run, and why")


def _compare(shown: Sequence[str], printed: Sequence[str], *, numbers_vary: bool) -> None:
    expected = [line.rstrip() for line in shown]
    pattern = _loose_pattern if numbers_vary else _pattern
    whole = "".join(r"(?:.*\n)*?" if line == "…" else f"{pattern(line)}\n" for line in expected)
    if not re.fullmatch(whole, "".join(f"{line}\n" for line in printed)):
        raise DocumentError("\n".join(difflib.unified_diff(expected, printed, "shown", "printed", lineterm="")))


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…")))


def _loose_pattern(line: str) -> str:
    """A pattern for the words of a line; a word that begins with a digit matches any number or time, or none."""
    words = (r"(?:-|\d\S*)" if word[0].isdigit() else _pattern(word) for word in line.split())
    return r"\s*" + r"\s+".join(words)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
