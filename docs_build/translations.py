"""Pages in Chinese. Each is compared with the English page that it translates, its *sister*.

``python -m docs_build.translations`` copies changed blocks into the translations, and lists those whose sister has
changed since the translation, or has another number of blocks; the exit code is 1 if there are any. ``--done PAGE``
marks a page as up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from hashlib import sha256
from typing import Final, NamedTuple

from docs_build.documents import PAGES, ROOT

_FOLDER: Final = PAGES / "zh"
_BESIDE: Final = ROOT / "README.zh-CN.md"
_HEAD: Final = re.compile(r"^<!-- of: (\S+) ([0-9a-f]{12}) -->\n")
_BLOCK: Final = re.compile(r"(?:^<!-- (?!of:|generated:)[^\n]*-->\n)*^(`{3,})[^\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)
_GENERATED: Final = re.compile(r"^<!-- generated: [a-z-]+ -->$", re.MULTILINE)


class TranslationError(Exception):
    """A translation that cannot be compared with its sister."""


class Translation(NamedTuple):
    """A page in Chinese, and the English page that it translates.

    Attributes:
        page: Path of the page in the checkout.
        sister: Path of the English page in the checkout.
        words: A hash of the sister's words at the time of the translation.
    """

    page: str
    sister: str
    words: str

    @property
    def is_behind(self) -> bool:
        """Whether the sister's words have changed since."""
        return hash_of_words(_read(self.sister)) != self.words


def translations() -> list[Translation]:
    """All translations, by path.

    Raises:
        TranslationError: A page does not name its English page.
    """
    pages = [_BESIDE, *sorted(_FOLDER.glob("*.md"))]
    return [_translation(page.relative_to(ROOT).as_posix()) for page in pages]


def _translation(page: str) -> Translation:
    found = _HEAD.match(_read(page))
    if found is None:
        raise TranslationError(f"{page} does not begin with '<!-- of: PAGE HASH -->'")
    return Translation(page, found[1], found[2])


def hash_of_words(text: str) -> str:
    """A hash of a page's words, without blocks and generated parts."""
    words = _GENERATED.sub("", _BLOCK.sub("", text))
    return sha256(" ".join(words.split()).encode()).hexdigest()[:12]


def with_blocks_of(sister: str, text: str) -> str:
    """A translation, with its blocks replaced by those of its sister.

    Raises:
        TranslationError: It has more or fewer blocks.
    """
    blocks = [found[0] for found in _BLOCK.finditer(sister)]
    count = len(_BLOCK.findall(text))
    if count != len(blocks):
        raise TranslationError(f"{count} blocks instead of {len(blocks)}")
    following = iter(blocks)
    return _BLOCK.sub(lambda _: next(following), text)


def _read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _write(page: str, text: str) -> None:
    (ROOT / page).write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Copy blocks, and list the translations that are out of date."""
    parser = argparse.ArgumentParser(prog="python -m docs_build.translations", description=__doc__)
    parser.add_argument("--done", nargs="+", default=[], metavar="PAGE", help="pages that are up to date")
    done = parser.parse_args().done
    behind = False
    for one in translations():
        text = _read(one.page)
        if one.page in done:
            text = _HEAD.sub(f"<!-- of: {one.sister} {hash_of_words(_read(one.sister))} -->\n", text)
        elif one.is_behind:
            behind = True
            sys.stdout.write(f"{one.page} is out of date: {one.sister} has changed\n")
        try:
            _write(one.page, with_blocks_of(_read(one.sister), text))
        except TranslationError as error:
            behind = True
            sys.stdout.write(f"{one.page}: {error}\n")
    return int(behind)


if __name__ == "__main__":
    sys.exit(main())
