"""The README, run: what it shows is what comes out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.mock import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

# Commands that other tests run, or that would run this one.
RUN_ELSEWHERE = ("make test", "pip install", "make contract")


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Variables that name the mock server."""
    with MockServer() as server:
        yield {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DATAMAP_ENDPOINT": server.url,
            "DATAMAP_PROJECT_ID": server.config.project_id,
            "DATAMAP_INSTANCE_ID": server.config.instance_id,
            "DATAMAP_TOKEN": server.config.token,
        }


def printed(command: list[str], environment: dict[str, str]) -> list[str]:
    """The lines that a command prints, without blanks at their ends."""
    done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    return [line.rstrip() for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("at", [at for at, (language, _) in enumerate(BLOCKS) if language == "python"])
def test_python_prints_what_it_shows(at: int, environment: dict[str, str]) -> None:
    """Each Python block prints the text block behind it."""
    assert "text" == BLOCKS[at + 1][0]
    assert BLOCKS[at + 1][1].splitlines() == printed([sys.executable, "-c", BLOCKS[at][1]], environment)


@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "console"])
def test_commands_print_what_they_show(block: str, environment: dict[str, str]) -> None:
    """Each command prints what stands behind it."""
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        if not command.startswith(RUN_ELSEWHERE):
            assert shown.splitlines() == printed(shlex.split(command), environment)


def test_links() -> None:
    """Each file that the README links to is there."""
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]

    assert targets
    assert [] == [target for target in targets if not (ROOT / target).is_file()]
