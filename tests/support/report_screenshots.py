"""Takes the pictures of the report: ``python -m support.report_screenshots`` in the folder of the tests."""

from __future__ import annotations

import os
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal

from PIL import Image

from dataarts_datamap.cli._main import run
from support import report_demo
from support.browser import Visit, chromium, find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
_WIDTH: Final = 1280
_COLOURS: Final = 256  # a third of the bytes, and no difference to be seen
_ROWS: Final = 4
_MARGIN: Final = 28


def write_demo(file: Path) -> None:
    """Write the report on the demo table, as the command does.

    Raises:
        RuntimeError: The command failed, and told why on stderr.
    """
    with report_demo.demo() as service:
        report_demo.fill(service)
        os.environ.update(service.environment)
        code = run(["report", service.table_guid, *report_demo.WINDOW, "--html", str(file)])
    if code:
        raise RuntimeError(f"datamap report ended with exit code {code}")


def _take(browser: Browser, page: Path, scheme: Literal["light", "dark"], path: Path) -> None:
    visit = Visit(browser, page, color_scheme=scheme, viewport={"width": _WIDTH, "height": 900})
    visit.page.locator("#list tr").evaluate_all(f"rows => rows.slice({_ROWS}).forEach(row => row.remove())")
    rows = visit.page.locator(".scroll").bounding_box()
    height = 0 if rows is None else rows["y"] + rows["height"] + _MARGIN
    image = visit.page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": _WIDTH, "height": height})
    picture = Image.open(BytesIO(image))
    picture.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1).save(path, optimize=True)


def main() -> None:
    """Take them, in light and dark."""
    executable = find_chromium()
    if executable is None:
        sys.exit("no Chromium: install one, or name it in CHROMIUM")
    with TemporaryDirectory() as folder, chromium(executable) as browser:
        page = Path(folder, "report.html")
        write_demo(page)
        IMAGES.mkdir(exist_ok=True)
        _take(browser, page, "light", IMAGES / "report-light.png")
        _take(browser, page, "dark", IMAGES / "report-dark.png")


if __name__ == "__main__":
    main()
