"""The project's documents: the path of each, and its page in the site."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = ROOT / "docs"

_BESIDE: Final = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh/index.md",
    "CHANGELOG.md": "project/changelog.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security-policy.md",
    "benchmarks/RESULTS.md": "project/benchmarks.md",
    "contract_tests/MUTANTS.md": "project/mutants.md",
}
"""Documents outside ``docs/``, with the pages that show them; each README is replaced by a page of the site."""

WITH_BLOCKS: Final = ("README.md", "README.zh-CN.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md")
"""Documents outside ``docs/`` whose blocks are run."""


BESIDE_SCHEDULERS: Final = tuple(f"docs/how-to/{name}.md" for name in ("dagster", "dbt", "prefect"))
"""Documents whose blocks are run in an environment with these schedulers: `make schedulers`."""


def documents() -> list[str]:
    """Every document whose blocks are run, by its path in the checkout."""
    pages = sorted(path.relative_to(ROOT).as_posix() for path in PAGES.rglob("*.md"))
    return [*WITH_BLOCKS, *pages]


def site_pages() -> dict[str, str]:
    """The path in the site of each document's page, by the path of the document in the checkout."""
    inside = (path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*.md"))
    return {**{f"docs/{page}": page for page in inside}, **_BESIDE}


def site_path(document: str) -> str:
    """The path in the site of a file of the checkout: the path of its page, or of a copy of the file.

    Raises:
        FileNotFoundError: There is no such file.
    """
    if page := site_pages().get(document):
        return page
    if not (ROOT / document).is_file():
        raise FileNotFoundError(f"{document} is not there")
    path = PurePosixPath(document)
    if path.is_relative_to("docs"):
        return path.relative_to("docs").as_posix()
    name = path.as_posix().removeprefix(".")  # a name with a leading dot cannot be in a site
    return f"files/{name}" if path.suffix else f"files/{name}.txt"
