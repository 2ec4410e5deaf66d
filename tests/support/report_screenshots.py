"""Takes screenshots of the pages that the command writes: ``python -m support.report_screenshots`` in ``tests``."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal

from PIL import Image

from docs_build.live_pages import write_live_pages
from support.browser import Visit, chromium, find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
_WIDTH: Final = 1280
_COLOURS: Final = 256  # a third of the bytes, without a visible difference
_MARGIN: Final = 28
_ANSWER: Final = "#runs"  # up to the runs that failed: what a page that has more to say shows of a report


def _take(browser: Browser, page: Path, scheme: Scheme, path: Path, *, until: str = "main") -> None:
    visit = Visit(browser, page, color_scheme=scheme, viewport={"width": _WIDTH, "height": 900})
    last = visit.page.locator(until).bounding_box()
    height = 0 if last is None else last["y"] + last["height"] + _MARGIN
    image = visit.page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": _WIDTH, "height": height})
    picture = Image.open(BytesIO(image))
    picture.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1).save(path, optimize=True)


def main() -> None:
    """Take the screenshots, in light and dark mode."""
    executable = find_chromium()
    if executable is None:
        sys.exit("no Chromium: install one, or name it in CHROMIUM")
    with TemporaryDirectory() as folder, chromium(executable) as browser:
        pages = Path(folder, "live")
        write_live_pages(pages)
        IMAGES.mkdir(exist_ok=True)
        for scheme in SCHEMES:
            for name in ("report", "overview"):
                _take(browser, pages / f"{name}.html", scheme, IMAGES / f"{name}-{scheme}.png")
            _take(browser, pages / "report.html", scheme, IMAGES / f"answer-{scheme}.png", until=_ANSWER)


if __name__ == "__main__":
    main()
