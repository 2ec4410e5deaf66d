"""Collects the pages of the site: documents, parts generated from the code, and linked files."""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from docs_build.documents import PAGES, ROOT, site_pages, site_path
from docs_build.generated import GENERATORS
from docs_build.live_pages import write_live_pages
from docs_build.swagger import write_swagger
from docs_build.translations import translations

if TYPE_CHECKING:
    from pathlib import Path

_LINK: Final = re.compile(r"(?<=\]\()([^)\s#]+)(?=[#)])")
_GENERATED: Final = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
_FENCE: Final = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
_NOTES: Final = re.compile(
    r"^<!-- (?:not run:.*?|numbers vary|stays running|with the official SDK) -->\n", re.MULTILINE | re.DOTALL
)


CHANGELOG_MARKER: Final = "<!-- the newest version follows -->"
"""The start of the next version in the changelog, as in ``pyproject.toml``."""


def stage(folder: Path) -> None:
    """Write the sources of the site into a folder, and delete its earlier content.

    Raises:
        FileNotFoundError: A document links to a file that is not there.
        KeyError: A page includes an unknown generated part.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "docs"
    shutil.copytree(PAGES, pages, ignore=shutil.ignore_patterns("*.md", "zensical.toml", "theme"))
    shutil.copytree(PAGES / "theme", folder / "theme")
    shutil.copy(PAGES / "zensical.toml", folder)
    for document, page in site_pages().items():
        if document not in {"README.md", "README.zh-CN.md"}:
            _write_page(document, page, pages)
    write_swagger(pages / "specification")
    write_live_pages(pages / "live")


def _write_page(document: str, page: str, pages: Path) -> None:
    text = _with_note((ROOT / document).read_text(encoding="utf-8"), document)
    text = text.replace(CHANGELOG_MARKER, _unreleased()) if CHANGELOG_MARKER in text else text
    parts = _FENCE.split(_NOTES.sub("", text))
    text = "".join(part if part.startswith("```") else _with_site_links(part, document, page, pages) for part in parts)
    text = _GENERATED.sub(lambda found: GENERATORS[found[1]](), text)
    if page.startswith("zh/"):  # screen readers and the choice of fonts depend on the language
        text = f'<div lang="zh-CN" markdown>\n\n{text}\n\n</div>\n'
    (pages / page).parent.mkdir(parents=True, exist_ok=True)
    (pages / page).write_text(text, encoding="utf-8", newline="\n")


def _unreleased() -> str:
    """The changes of the next version, from the files in ``changes/``."""
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "Next", "--date", "not yet"]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")  # noqa: S603  our own
    return done.stdout.strip()


def _with_note(text: str, document: str) -> str:
    """The text of a document; if it translates an English page that has changed since, with a note that says so."""
    behind = {one.page: one.sister for one in translations() if one.is_behind}
    if document not in behind:
        return text
    head, heading, rest = text.partition("\n# ")
    title, line, words = rest.partition("\n")
    sister = posixpath.relpath(behind[document], posixpath.dirname(document) or ".")
    note = f'\n!!! note ""\n\n    本页内容可能落后于[英文版]({sister})。\n'
    return f"{head}{heading}{title}{line}{note}{words}"


def _with_site_links(text: str, document: str, page: str, pages: Path) -> str:
    """The text, with links to pages of the site, or to copies of files of the checkout."""

    def resolve(link: re.Match[str]) -> str:
        if "://" in link[1] or link[1].startswith("mailto:"):
            return link[1]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(document), link[1]))
        is_made_here = target.startswith(("docs/specification/", "docs/live/"))
        there = target.removeprefix("docs/") if is_made_here else site_path(target)
        if there.startswith("files/"):
            (pages / there).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / target, pages / there)
        return posixpath.relpath(there, posixpath.dirname(page) or ".")

    return _LINK.sub(resolve, text)
