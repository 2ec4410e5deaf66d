"""The site's navigation: each page is in it, once."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from docs_build.documents import PAGES, site_pages

if TYPE_CHECKING:
    from collections.abc import Iterator


def pages_of(entries: list[dict[str, Any]]) -> Iterator[str]:
    """The pages that entries lead to, and those below them."""
    for entry in entries:
        for target in entry.values():
            yield from pages_of(target) if isinstance(target, list) else (target,)


def test_every_page_can_be_reached() -> None:
    """Each document of the site stands in the navigation, at one place."""
    settings = tomllib.loads((PAGES / "zensical.toml").read_text(encoding="utf-8"))

    assert sorted(set(site_pages().values())) == sorted(pages_of(settings["project"]["nav"]))
