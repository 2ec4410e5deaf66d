"""The changelog by versions, and whether a version can be released by it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CHANGELOG: Final = ROOT / "CHANGELOG.md"

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
_HEADING: Final = re.compile(
    r"^## (?:\[(?P<linked>[^\]]+)\]\([^)]+\)|(?P<plain>\S+))(?: - (?P<date>\S+))?$", re.MULTILINE
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class ReleaseError(Exception):
    """The version cannot be released as it is."""


def section_of(changelog: str, version: str) -> str:
    """What changed in a version, without its heading.

    Raises:
        ReleaseError: The changelog has no heading of the version, no date in it, or nothing below it.
    """
    headings = list(_HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if (heading["linked"] or heading["plain"]) != version:
            continue
        if not _DATE.fullmatch(heading["date"] or ""):
            raise ReleaseError(f"the changelog's heading of {version} has no date: write '## {version} - 2026-12-31'")
        text = changelog[heading.end() : following.start() if following else len(changelog)].strip()
        if not text:
            raise ReleaseError(f"the changelog says nothing of {version}")
        return f"{text}\n"
    raise ReleaseError(f"the changelog has no heading of {version}: run 'make changelog'")


def check_version(changelog: str, version: str, *, tag: str | None = None) -> None:
    """Check that a version can be released; with a tag, that it can be now.

    Raises:
        ReleaseError: The version is none, the tag is of another one, or the changelog has no part of it.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version such as 1.2.3 or 1.2.3rc1: change _version.py")
    if tag is None:
        return
    if tag != f"v{version}":
        raise ReleaseError(f"the tag {tag!r} is not v{version}, which _version.py says")
    section_of(changelog, version)
