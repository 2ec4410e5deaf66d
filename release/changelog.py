"""The changelog by version, and the check whether a version can be released."""

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
    """The version cannot be released."""


def section_of(changelog: str, version: str) -> str:
    """The section of a version, without its heading.

    Raises:
        ReleaseError: The changelog has no heading for the version, no date in it, or nothing below it.
    """
    headings = list(_HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if (heading["linked"] or heading["plain"]) != version:
            continue
        if not _DATE.fullmatch(heading["date"] or ""):
            raise ReleaseError(f"the changelog's heading for {version} has no date: write '## {version} - 2026-12-31'")
        text = changelog[heading.end() : following.start() if following else len(changelog)].strip()
        if not text:
            raise ReleaseError(f"the changelog has no text for {version}")
        return f"{text}\n"
    raise ReleaseError(f"the changelog has no heading for {version}: run 'make changelog'")


def check_version(changelog: str, version: str, *, tag: str | None = None) -> None:
    """Check that a version can be released; with a tag, also that the tag and the changelog are those of the version.

    Raises:
        ReleaseError: The version is not valid; or, with a tag, the tag belongs to another version, or the changelog has
            no section with a date and a text for this one.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is not a version such as 1.2.3 or 1.2.3rc1: change _version.py")
    if tag is None:
        return
    if tag != f"v{version}":
        raise ReleaseError(f"the tag {tag!r} is not v{version}, the version in _version.py")
    section_of(changelog, version)
