"""The documentation's site, built: whole, and nothing in it comes from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin, urlsplit

import pytest

import dataarts_datamap
from docs_build.documents import ROOT
from docs_build.live_pages import LIVE_PAGES, write_live_pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.prove

BASE: Final = "http://site"
NOTE: Final = '本页内容可能落后于<a href="../how-to/why.html">英文版</a>'
LOADING: Final = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("object", "data")}
NO_LOAD: Final = {"canonical", "prev", "next"}
# Addresses that the theme's scripts hold as text. What they would load is for features that no page uses, and each
# page's policy refuses it. Swagger UI, on a page of its own with a stricter policy, holds many as names of schemas.
KNOWN_IN_SCRIPTS: Final = {"www.w3.org", "unpkg.com", "cdn.jsdelivr.net", "api.github.com"}


class Page(HTMLParser):
    """What a page loads, where it leads, and what can be led to."""

    def __init__(self, path: Path, site: Path) -> None:
        super().__init__()
        self.address = f"{BASE}/{path.relative_to(site).as_posix()}"
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = {""}
        self.policies: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if (tag, name) in LOADING or (tag == "link" and name == "href" and dict(attrs)["rel"] not in NO_LOAD):
                self.loads.append(urljoin(self.address, value))
            elif tag == "a" and name == "href":
                self.links.append(urljoin(self.address, value))
            elif name in {"id", "name"}:
                self.anchors.add(value)
        if tag == "meta" and dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policies.append(dict(attrs)["content"] or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder: Path = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "docs_build", str(folder)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> list[Page]:
    """Every page of it."""
    return [Page(path, site) for path in sorted(site.rglob("*.html"))]


def copy_sources(checkout: Path) -> None:
    """What a site is built from, in a checkout of its own."""
    copied = shutil.ignore_patterns("__pycache__")
    for name in ("docs", "docs_build", "spec", "examples", "benchmarks", "changes", "contract_tests", ".github"):
        shutil.copytree(ROOT / name, checkout / name, ignore=copied)
    for path in (*ROOT.glob("*.md"), ROOT / "LICENSE", ROOT / "pyproject.toml"):
        shutil.copy(path, checkout)


def build_in(checkout: Path) -> subprocess.CompletedProcess[str]:
    """The build of a checkout's site, into the folder beside it."""
    command = [sys.executable, "-m", "docs_build", str(checkout.parent / "built")]
    return subprocess.run(command, check=False, cwd=checkout, capture_output=True, text=True)


def test_broken_link_fails(tmp_path: Path) -> None:
    """A link that leads to no page or heading fails the build."""
    checkout = tmp_path / "checkout"
    copy_sources(checkout)
    with (checkout / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("[a heading](tutorial.md#no-such-heading)\n")
    done = build_in(checkout)

    assert 1 == done.returncode
    assert "anchor does not exist" in done.stdout


def test_translation_that_is_behind(tmp_path: Path) -> None:
    """A page whose English sister has other words says so at its head, with a link; the others do not."""
    checkout = tmp_path / "checkout"
    copy_sources(checkout)
    with (checkout / "docs" / "how-to" / "why.md").open("a", encoding="utf-8") as page:
        page.write("\nSomething new.\n")
    done = build_in(checkout)
    noted = {
        path.name for path in (tmp_path / "built" / "site" / "zh").glob("*.html") if NOTE in path.read_text("utf-8")
    }

    assert 0 == done.returncode, done.stdout
    assert {"why.html"} == noted


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: list[Page]) -> None:
    """Whatever a page or a style sheet loads is a file of the site, and a policy has the browser hold to that."""
    for page in pages:
        assert [] == [load for load in page.loads if not load.startswith((f"{BASE}/", "data:"))], page.address
        assert 1 == len(page.policies), page.address
        sources = re.sub(r"'sha256-[\w+/=]+'", "", page.policies[0])
        assert not re.search(r"https?:|//|\*", sources)
    for path in site.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s]+)", path.read_text(encoding="utf-8"))
        assert [] == [target for target in found if not target.startswith(("data:", "#")) and "//" in target]


def test_scripts_hold_known_addresses(site: Path) -> None:
    """No script of the theme holds an address that was not looked at."""
    hosts = {
        host
        for path in (site / "assets").rglob("*.js")
        for host in re.findall(r"https?://([\w-]+(?:\.[\w-]+)+)", path.read_text(encoding="utf-8"))
    }

    assert set() == hosts - KNOWN_IN_SCRIPTS


def test_links_lead_somewhere(site: Path, pages: list[Page]) -> None:
    """Each link inside of the site leads to a file of it, and to an anchor that is there."""
    anchors = {page.address: page.anchors for page in pages}
    for page in pages:
        for link in page.links:
            target, _, fragment = link.partition("#")
            if target.startswith(f"{BASE}/"):
                path = unquote(urlsplit(target).path).lstrip("/") or "index.html"
                assert (site / path).is_file(), f"{page.address} leads to {link}"
                made_by_script = {fragment} if path.startswith("live/") and fragment.startswith("run-") else set[str]()
                known = anchors.get(f"{BASE}/{path}", {fragment}) | made_by_script
                assert unquote(fragment) in known, f"{page.address}: {link}"


@pytest.mark.parametrize("name", sorted({*dataarts_datamap.__all__} - {"__version__"}))
def test_reference_has(name: str, pages: list[Page]) -> None:
    """Each public name is described, once."""
    assert 1 == sum(f"dataarts_datamap.{name}" in page.anchors for page in pages)


def test_variables_are_described(site: Path) -> None:
    """Each variable that the code names is on the page of variables, and none else."""
    folders = (ROOT / "wrapper", ROOT / "contract_tests" / "dataarts_datamap_contract")
    sources = [path for folder in folders for path in folder.rglob("*.py")]
    name = re.compile(r"\b(?:DATAMAP|HUAWEICLOUD)_[A-Z][A-Z_]*[A-Z]\b")
    named = {found for path in sources for found in name.findall(path.read_text(encoding="utf-8"))}
    described = set(name.findall((site / "reference" / "environment.html").read_text(encoding="utf-8")))

    assert named == described


class Files(SimpleHTTPRequestHandler):
    """Serves the site."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """Stay silent."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(site))) as server:
        Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def browse(address: str, profile: Path) -> tuple[str, str]:
    """What a browser makes of a page, and what it tells on its console."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.fail("Chromium is not there: install it, or name it in CHROMIUM")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000")
    command = [chromium, *options, f"--user-data-dir={profile}", "--dump-dom", address]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    "page", ["index.html", "reference/clients.html", "specification/index.html", "live/report.html"]
)
def test_browser_has_nothing_to_refuse(page: str, address: str, tmp_path: Path) -> None:
    """A browser that shows a page and runs its scripts is asked for nothing that the page's policy refuses."""
    content, told = browse(f"{address}/{page}", tmp_path)

    assert "Content Security Policy" not in told
    assert {"specification": "swagger-ui", "live": 'id="run-'}.get(page.partition("/")[0], "md-typeset") in content


def test_browser_refuses_what_is_elsewhere(site: Path, address: str, tmp_path: Path) -> None:
    """The policy does what it is there for: an image from elsewhere is refused, and the browser says so."""
    text = (site / "index.html").read_text(encoding="utf-8")
    (site / "with-image.txt.html").write_text(
        text.replace("</body>", '<img src="http://127.0.0.1:1/a.png"></body>'), encoding="utf-8"
    )
    _, told = browse(f"{address}/with-image.txt.html", tmp_path)

    assert "http://127.0.0.1:1/a.png" in told
    assert "Content Security Policy" in told


def test_live_pages_are_always_the_same(site: Path, tmp_path: Path) -> None:
    """The pages that the command wrote into the site have nothing of the day or the machine in them."""
    write_live_pages(tmp_path / "live")
    made = {path.name: path.read_bytes() for path in (tmp_path / "live").iterdir()}

    assert set(LIVE_PAGES) == set(made)
    assert {name: (site / "live" / name).read_bytes() for name in LIVE_PAGES} == made


def test_chinese_pages_say_so(site: Path) -> None:
    """What reads a page aloud knows which language it is in."""
    pages = sorted((site / "zh").glob("*.html"))

    assert [] == [path.name for path in pages if '<div lang="zh-CN">' not in path.read_text(encoding="utf-8")]
    assert len(pages) > 5
