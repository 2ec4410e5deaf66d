"""The code blocks of a document, with their markers: whether to run each block, and if not, why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_NOT_RUN: Final = re.compile(r"<!--\s*not run:\s*(.*?)\s*-->", re.DOTALL)
_TITLE: Final = re.compile(r'title="([^"]+)"')
_FLAGS: Final = {
    "<!-- numbers vary -->": "numbers_vary",
    "<!-- stays running -->": "stays_running",
    "<!-- with the official SDK -->": "with_official_sdk",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a document.

    Attributes:
        line: The line of its opening fence, from 1.
        language: The language after the fence; empty for none.
        text: Its content.
        title: The name of the file that it shows; None if it shows no file.
        not_run: Why it is not run; None if it is run.
        numbers_vary: Whether the output may have other numbers and times, in columns of any width.
        stays_running: Whether its command runs until the document ends.
        with_official_sdk: Whether it runs in the environment of the official SDK.
    """

    line: int
    language: str
    text: str
    title: str | None = None
    not_run: str | None = None
    numbers_vary: bool = False
    stays_running: bool = False
    with_official_sdk: bool = False


def read_blocks(text: str) -> list[Block]:
    """The blocks of a document in Markdown.

    Raises:
        ValueError: A marker has no reason, or no block after it.
    """
    return list(_blocks(MarkdownIt().parse(text)))


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    markers: list[Token] = []
    for token in tokens:
        if token.type == "html_block" and _is_marker(token.content):
            markers.append(token)
        elif token.type in {"fence", "code_block"}:
            yield _block(token, [marker.content for marker in markers])
            markers.clear()
        elif markers:
            break
    if markers:
        raise ValueError(f"line {_line(markers[0])}: a marker without a block after it")


def _is_marker(content: str) -> bool:
    return _NOT_RUN.search(content) is not None or content.strip() in _FLAGS


def _block(token: Token, markers: Sequence[str]) -> Block:
    language, _, rest = token.info.strip().partition(" ")
    title = _TITLE.search(rest)
    reasons = [found[1] for marker in markers if (found := _NOT_RUN.search(marker))]
    if "" in reasons:
        raise ValueError(f"line {_line(token)}: a block that is not run needs a reason")
    return Block(
        _line(token),
        language,
        token.content,
        title=title[1] if title else None,
        not_run=" ".join(reasons[0].split()) if reasons else None,
        **{_FLAGS[marker.strip()]: True for marker in markers if marker.strip() in _FLAGS},
    )


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0
