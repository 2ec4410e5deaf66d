"""The documents, run: what they show is what comes out."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.mock import MockServer
from docs_build.blocks import read_blocks
from docs_build.documents import BESIDE_SCHEDULERS, ROOT, WITH_BLOCKS, documents, site_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docs_build.blocks import Block

pytest.importorskip("pty", reason="the blocks run in a terminal of a POSIX system")
if shutil.which("bash") is None:
    pytest.skip("the blocks run in bash", allow_module_level=True)

from support.document_runner import DocumentError, DocumentRunner

KEPT = ("PATH", "TMPDIR")
SCHEDULERS = ROOT / ".schedulers" / "bin"


def marks_of(document: str) -> list[pytest.MarkDecorator]:
    """When the blocks of a document are run."""
    if document in BESIDE_SCHEDULERS:
        return [pytest.mark.schedulers]
    return [] if document in WITH_BLOCKS else [pytest.mark.prove]


PARAMETERS = [pytest.param(name, marks=marks_of(name)) for name in documents()]


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """The service that the documents ask."""
    with MockServer() as running:
        yield running


@pytest.fixture
def environment(server: MockServer, tmp_path: Path) -> dict[str, str]:
    """Variables that name the mock server, and nothing of the one who runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "NO_COLOR": "1",
        "VIRTUAL_ENV_DISABLE_PROMPT": "1",
        "COLUMNS": "120",
        "TZ": "UTC",
        "NO_PROXY": "127.0.0.1",
        "DATAMAP_ENDPOINT": server.url,
        "DATAMAP_PROJECT_ID": server.config.project_id,
        "DATAMAP_INSTANCE_ID": server.config.instance_id,
        "DATAMAP_TOKEN": server.config.token,
        "HUAWEICLOUD_SDK_AK": server.config.access_key,
        "HUAWEICLOUD_SDK_SK": server.config.secret_key,
    }


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]) -> Callable[[list[Block]], int]:
    """Runs blocks in an empty folder; where they start a service of their own, its address is theirs to set."""
    if request.node.get_closest_marker("schedulers") is not None:
        environment["PATH"] = os.pathsep.join([str(SCHEDULERS), environment["PATH"]])

    def run_blocks(blocks: list[Block]) -> int:
        folder = tmp_path / "reader"
        folder.mkdir()
        (folder / ".venv").symlink_to(sys.prefix)
        is_alone = any(block.stays_running for block in blocks)
        variables = {
            name: value for name, value in environment.items() if not (is_alone and name.startswith("DATAMAP_"))
        }
        return DocumentRunner(folder, variables).run(blocks)

    return run_blocks


@pytest.mark.parametrize("document", PARAMETERS)
def test_document(
    document: str, run: Callable[[list[Block]], int], record_property: Callable[[str, object], None]
) -> None:
    """Each block of a document does what the document says, or says why it is not run."""
    blocks = read_blocks((ROOT / document).read_text(encoding="utf-8"))
    problem = ""
    try:
        record_property("blocks run", run(blocks))
    except DocumentError as error:
        problem = str(error)
    if problem:
        pytest.fail(f"{document}, {problem}", pytrace=False)
    for block in blocks:
        if block.not_run is not None:
            record_property("block not run", f"{document}, line {block.line}: {block.not_run}")


@pytest.mark.parametrize("document", documents())
def test_links(document: str) -> None:
    """Each file that a document links to is there."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    for target in targets:
        path = os.path.relpath((ROOT / document).parent / target, ROOT).replace(os.sep, "/")
        if not path.startswith(("docs/specification/", "docs/live/")):  # made when the site is built
            site_path(path)


@pytest.mark.parametrize("document", [name for name in documents() if name.startswith("docs/")])
def test_blocks_fit_beside_the_sidebars(document: str) -> None:
    """No block of the site scrolls at 1280 pixels, where docs/stylesheets/site.css makes room for 101 characters."""
    blocks = read_blocks((ROOT / document).read_text(encoding="utf-8"))
    shown = [line for block in blocks for line in block.text.splitlines()]

    assert [] == [line for line in shown if len(line) > 101]


def fence(language: str, text: str, *, before: str = "") -> str:
    """A document of one block."""
    return f"{before}\n```{language}\n{text}\n```\n"


@pytest.mark.parametrize(
    "document",
    [
        fence("console", "$ echo one\n…\n$ printf 'two\\nthree\\n'\nt…\nthree"),
        fence("console", "$ false\n$ echo $?\n1"),
        fence("console", "$ export A=b\n$ cd /\n$ echo $A $PWD \\\n  c\nb / c"),
        fence("console", "$ test -t 1 && test -t 2 && echo out && echo err >&2\nout\nerr"),
        fence("console", "$ datamap runs --table …", before="<!-- not run: it needs an account -->"),
        fence("python", "print('a')") + fence("text", "a"),
        fence('python title="a.py"', "print('a')") + fence("console", "$ python a.py\na"),
        fence('toml title="a.toml"', 'endpoint = "https://a"\nproject_id = "b"\ninstance_id = "c"\ntable_guid = "d"')
        + fence("console", "$ ls\na.toml"),
        fence("console", "$ echo 'a 13:00 - 7 b'\na  9:01  1  12  b", before="<!-- numbers vary -->"),
        fence("crontab", "# nightly\nA=b\n17 3 * * 1-5 test $A = b"),
        fence("yaml", "jobs: {a: {steps: [{uses: b}, {run: 'if true; then true; fi'}]}}"),
    ],
)
def test_right(document: str, run: Callable[[list[Block]], int]) -> None:
    """What is right passes."""
    blocks = read_blocks(document)

    assert sum(block.not_run is None for block in blocks) == run(blocks)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (fence("console", "$ echo one\ntwo"), "line 2: --- shown"),
        (fence("console", "$ echo one"), "+one"),
        (fence("console", "$ true\none"), "-one"),
        (fence("console", "$ echo 'a 13:00 c'\na  9:01  b", before="<!-- numbers vary -->"), "+a 13:00 c"),
        (fence("console", "$ echo 'a 13:00'\na  12:00"), "+a 13:00"),
        (fence("console", "$ false"), "'false' ends with 1"),
        (fence("console", "echo one"), "not a command"),
        (fence("console", "$ datamap runs --no-such-option"), "ends with 3"),
        (fence("python", "print('a')"), "does not show what a program prints"),
        (fence("python", "raise SystemExit('gone wrong')"), "gone wrong"),
        (fence("python", "print('a')") + fence("text", "b"), "-b"),
        (fence("text", "a"), "a text without a program before it"),
        (fence('python title="a.py"', "print('a')"), "no block uses the files that these lines show: {'a.py': 2}"),
        (fence('toml title="target.toml"', 'endpoint = "https://a"\ntokn = "b"'), "unknown settings: tokn"),
        (fence("toml", "a = "), "Invalid value"),
        (fence("crontab", "3 * * true"), "not a line of a crontab"),
        (fence("crontab", "17 3 * * * false"), "'false' ends with 1"),
        (fence("yaml", "jobs: {a: {steps: [{run: 'if true; then'}]}}"), "syntax error"),
        (fence("yaml", "jobs: {a: {steps: [{with: 'b'}]}}"), "a step without an action"),
        (fence("ini", "[Service]\nExecStart=/opt/bin/datamap check --no-such-option"), "ends with 3"),
        (fence("ini", "no unit"), "no section headers"),
        (fence("yaml", "command: [datamap, check, --no-such-option]"), "ends with 3"),
        (fence("ruby", "puts 1"), "nothing runs the language 'ruby'"),
        (fence("", "a"), "nothing runs the language ''"),
    ],
)
def test_wrong(document: str, text: str, run: Callable[[list[Block]], int]) -> None:
    """What is wrong is told, with its line."""
    with pytest.raises(DocumentError, match=re.escape(text)):
        run(read_blocks(document))


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<!-- not run: why -->\n\nSome words.\n" + fence("console", "$ true"), "a marker without a block"),
        ("<!-- stays running -->\n", "a marker without a block"),
        (fence("console", "$ true", before="<!-- not run: -->"), "needs a reason"),
    ],
)
def test_wrong_marker(document: str, text: str) -> None:
    """A marker that marks nothing, or gives no reason, is refused."""
    with pytest.raises(ValueError, match=text):
        read_blocks(document)


def test_service_that_stays(run: Callable[[list[Block]], int]) -> None:
    """What stays running is there for the blocks behind it, at a port that is free, and ends with the document."""
    command = "$ python -u -m http.server --bind 127.0.0.1 8080 2>/dev/null\nServing HTTP on 127.0.0.1 port 8080 …"
    asked = "$ curl --silent --output /dev/null --write-out '%{http_code}\\n' http://127.0.0.1:8080/\n200"
    blocks = read_blocks(fence("console", command, before="<!-- stays running -->") + fence("console", asked))

    assert len(blocks) == run(blocks)
