"""The version that is to be released: checked against its tag and the changelog."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

import dataarts_datamap
from release.changelog import CHANGELOG, ROOT, ReleaseError, check_version, section_of

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = ROOT / "pyproject.toml"
FRAGMENTS = ROOT / "changes"
VERSION = ROOT / "wrapper" / "dataarts_datamap" / "_version.py"

TEXT = """# Changelog

Words.

## [1.2.3](https://forge.example/compare) - 2026-12-01

### Added

- A thing.

## 1.2.2 - 2026-11-30

- Another.

## 1.2.1

- Without a date.

## 1.2.0 - 2026-11-01
"""


@pytest.mark.parametrize(("version", "section"), [("1.2.3", "### Added\n\n- A thing.\n"), ("1.2.2", "- Another.\n")])
def test_section(version: str, section: str) -> None:
    """The notes of a version are what the changelog says below its heading, which may be a link."""
    assert section == section_of(TEXT, version)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.2.1", "has no date"),
        ("1.2.0", "has no text for 1.2.0"),
        ("1.2", "has no heading for 1.2"),
        ("9.9.9", "has no heading for 9.9.9"),
    ],
)
def test_no_section(version: str, text: str) -> None:
    """A version that the changelog does not tell of with a date has no notes."""
    with pytest.raises(ReleaseError, match=re.escape(text)):
        section_of(TEXT, version)


@pytest.mark.parametrize(
    ("version", "tag", "text"),
    [
        ("1.2.3", "v1.2.4", "the tag 'v1.2.4' is not v1.2.3"),
        ("1.2.3", "1.2.3", "the tag '1.2.3' is not v1.2.3"),
        ("1.2.3.dev1", None, "is not a version"),
        ("1.2.3-beta", "v1.2.3-beta", "is not a version"),
        ("1.3.0", "v1.3.0", "has no heading for 1.3.0"),
    ],
)
def test_not_to_be_released(version: str, tag: str | None, text: str) -> None:
    """A tag of another version, a version that is none, and one without notes are refused."""
    with pytest.raises(ReleaseError, match=re.escape(text)):
        check_version(TEXT, version, tag=tag)


def test_to_be_released() -> None:
    """A version whose tag and notes are right passes; without a tag it need not have notes yet."""
    check_version(TEXT, "1.2.3", tag="v1.2.3")
    check_version(TEXT, "1.3.0rc1")


def test_this_version() -> None:
    """The version of this checkout is one that could be released."""
    check_version(CHANGELOG.read_text(encoding="utf-8"), dataarts_datamap.__version__)


def test_fragments() -> None:
    """Each file of changes/ is one that towncrier takes: of a known type, with a text, in one paragraph."""
    kinds = {
        kind["directory"] for kind in tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["towncrier"]["type"]
    }
    files = [path for path in FRAGMENTS.iterdir() if path.name != "README.md"]
    known = [
        path for path in files if re.fullmatch(rf"(?:\d+|\+[a-z0-9-]+)\.(?:{'|'.join(kinds)})(?:\.\d+)?\.md", path.name)
    ]

    assert [] == [path.name for path in files if path not in known]
    assert [] == [
        path.name for path in known if not re.fullmatch(r"\S.*(?:\n\S.*)*\n", path.read_text(encoding="utf-8"))
    ]


def test_changelog_of_fragments(tmp_path: Path) -> None:
    """The fragments become a part of the changelog that has a date, and that a release takes its notes from."""
    for path in (PROJECT, CHANGELOG, FRAGMENTS, VERSION):
        there = tmp_path / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy)(path, there)
    (tmp_path / "changes" / "+a-thing.fixed.md").write_text("A thing that\nis fixed.\n", encoding="utf-8")
    command = [sys.executable, "-m", "towncrier", "build", "--keep", "--version", "99.0.0", "--date", "2026-12-01"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, encoding="utf-8")
    changelog = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8")

    assert 0 == done.returncode, done.stderr
    assert "### Fixed\n" in section_of(changelog, "99.0.0")
    assert "- A thing that\n  is fixed." in section_of(changelog, "99.0.0")
