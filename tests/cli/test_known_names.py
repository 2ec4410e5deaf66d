"""Names of tables that are kept for a shell: whose, how long, and what never gets there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest

from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._options.suggestions import suggest_tables
from support.catalog_server import Factory, chain, entity
from support.command import called, point_at

if TYPE_CHECKING:
    from pathlib import Path

EVIL = [
    "a b",
    "$(id)",
    "x;y",
    "`id`",
    "-rf",
    "a\nb",
    "a'b",
    'a"b',
    "a,b",
    "a:b",
    "\x1b[2J",
    "",
    "n" * 201,
    "~",
    "*",
    "\u202eabc",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where names are kept, and no variable that says which service they are of."""
    for name in list(os.environ):
        if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATAMAP_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def context(**options: str) -> click.Context:
    """A command line with options."""
    made = click.Context(click.Command("status"))
    made.params.update(options)
    return made


def remember(*names: str, **options: str) -> None:
    """Keep names as a verb with options does."""
    with context(**options):
        remember_names(names)


def offered(typed: str = "", **options: str) -> list[str]:
    """What is offered for the value of a verb with options."""
    return [item.value for item in suggest_tables(context(**options), click.Argument(["table"]), typed)]


def test_a_name_is_offered_from_the_right() -> None:
    """By each end of its path that no other table has."""
    remember("lake.ods.orders", "lake.dwd.orders", "postgres.sales.订单")
    assert ["dwd.orders", "lake.dwd.orders", "lake.ods.orders", "ods.orders"] == offered("d") + offered("l") + offered(
        "o"
    )
    assert ["订单"] == offered("订")
    assert "orders" not in offered()


def test_each_service_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoint, project and instance tell them apart, be they options or variables; an option goes first."""
    whose = {"endpoint": "https://a", "project_id": "p", "instance_id": "i"}
    remember("s.mine", **whose)
    others = [{**whose, "endpoint": "https://b"}, {**whose, "project_id": "q"}, {**whose, "instance_id": "j"}, {}]
    assert [["mine", "s.mine"], [], [], [], []] == [offered(**some) for some in (whose, *others)]
    for name, value in (("ENDPOINT", "https://b"), ("PROJECT_ID", "p"), ("INSTANCE_ID", "i")):
        monkeypatch.setenv(f"DATAMAP_{name}", value)
    assert ([], ["mine", "s.mine"]) == (offered(), offered(endpoint="https://a"))


def test_they_last_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is seen again lasts longer; one from the future is none."""
    begun = time.time()
    remember("old", "again")
    monkeypatch.setattr(time, "time", lambda: begun + 20 * 3600)
    remember("again")
    monkeypatch.setattr(time, "time", lambda: begun + 25 * 3600)
    assert ["again"] == offered()
    monkeypatch.setattr(time, "time", lambda: begun - 60)
    assert [] == offered()


def test_no_name_can_do_harm(folder: Path) -> None:
    """What a shell could take for more than a word is neither kept nor offered, even if the file has it."""
    remember("good", *EVIL)
    (file,) = folder.iterdir()
    assert ["good"] == list(json.loads(file.read_text("utf-8"))["names"])
    file.write_text(json.dumps({"format": 1, "names": dict.fromkeys(EVIL, int(time.time()))}), "utf-8")
    assert [] == offered()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 2}', '{"format": 1, "names": [1]}', "[" * 100_000, "\xff" * 9]
)
def test_a_file_of_somebody_else_is_no_matter(content: str, folder: Path) -> None:
    """It is read as empty, and replaced."""
    remember("a")
    (file,) = folder.iterdir()
    file.write_bytes(content.encode("latin-1"))
    assert [] == offered()
    remember("b")
    assert ["b"] == offered()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_its_owner_alone_can_read_it(folder: Path) -> None:
    """File and folder, and no half-written file is left."""
    remember("a")
    (file,) = folder.iterdir()
    assert [0o600, 0o700] == [stat.S_IMODE(one.stat().st_mode) for one in (file, folder)]


def test_a_disk_that_keeps_nothing_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is a file, and a variable that says so."""
    (tmp_path / "file").touch()
    for folder in (str(tmp_path / "file"), ""):
        monkeypatch.setenv("DATAMAP_CACHE_DIR", folder)
        remember("a")
        assert [] == offered()


FULL = """
import resource, sys
import click
from dataarts_datamap.cli._options.known_names import remember_names

resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
with click.Context(click.Command("status")):
    remember_names(f"table{number}" for number in range(100))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_full_disk_leaves_the_names_of_before(folder: Path) -> None:
    """Nothing half-written stays beside them."""
    remember("a")
    subprocess.run([sys.executable, "-c", FULL], check=True, timeout=60)
    assert (1, ["a"]) == (len(list(folder.iterdir())), offered())


def test_verbs_keep_the_names_that_they_show(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Searches, lineage and look-ups; neither a GUID nor a credential nor an address is on the disk."""
    service = Factory(nodes=chain("db.ods.a", "db.dws.b"), entities=[entity("db.raw.c"), entity("db.dws.b")])
    with service.server() as server:
        for verb, seen in (("tables", {"c", "b"}), ("lineage b", {"a", "b"}), ("operators b", {"b"})):
            point_at(server, monkeypatch)
            monkeypatch.setenv("DATAMAP_CACHE_DIR", str(folder / verb))
            assert 0 == called(capfdbinary, *verb.split())[0]
            assert seen <= set(offered())
            (file,) = (folder / verb).iterdir()
            kept = f"{file.name} {file.read_text('utf-8')}"
            assert not any(text in kept for text in ("made-up", "127.0.0.1", "0000"))
