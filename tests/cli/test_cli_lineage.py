"""``datamap tables``, ``lineage`` and ``why``: what they print, and their exit codes."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap.cli._printing import output as printing
from support.catalog_server import WORKSPACE, Factory, around, chain, entity, guid_of, lineage_row
from support.command import called, point_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., tuple[int, str, str]]

HOUR = 3_600_000
PATHS = ("db.ods.a", "db.dwd.b", "db.dws.c")
EVIL = 'db.s.e"\\n\x1b[2J<b>|]订单'


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 120 columns, without colour."""
    monkeypatch.setattr(printing, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[[Factory], Command]:
    """Calls the command on a server of a catalog."""

    def on(catalog: Factory) -> Command:
        def call(*arguments: str) -> tuple[int, str, str]:
            with catalog.server() as server:
                point_at(server, monkeypatch)
                return called(capfdbinary, *arguments)

        return call

    return on


def plain(text: str) -> str:
    """Text without what a terminal acts on."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def daily(status: str, *, rank: int = 0) -> list[tuple[int, str]]:
    """A success on each of some days, and today a run of a status."""
    first = int(time.time() * 1000) - 5 * HOUR + rank * 60_000
    return [*((first - day * 24 * HOUR, "success") for day in range(4, 0, -1)), (first, status)]


def broken_chain() -> Factory:
    """Three tables, each made of the one before; the operator of the second one failed."""
    runs = {"to_db.dwd.b": daily("fail"), "to_db.dws.c": daily("skip-by-depend", rank=1)}
    return Factory(nodes=chain(*PATHS), runs=runs, entities=[entity(path) for path in PATHS])


def test_tables_lists_names_and_guids(command: Callable[[Factory], Command]) -> None:
    """A pipe gets a JSON line for each table."""
    code, out, err = command(broken_chain())("tables", "db.d")
    assert (0, "") == (code, err)
    assert ["db.dwd.b", "db.dws.c"] == [json.loads(line)["full_name"] for line in out.splitlines()]


@pytest.mark.usefixtures("terminal")
def test_tables_is_a_table_for_a_person(command: Callable[[Factory], Command]) -> None:
    """With the GUID that the other verbs take."""
    _, out, _ = command(broken_chain())("tables", "dwd")
    title, row = plain(out).splitlines()
    assert ["NAME", "SOURCE", "WORKSPACE", "GUID"] == title.split()
    assert ["db.dwd.b", "dws", WORKSPACE, guid_of("db.dwd.b")] == row.split()


def test_no_table_is_said(command: Callable[[Factory], Command]) -> None:
    """On stderr; it is no failure."""
    assert (0, "", "datamap: no tables found\n") == command(broken_chain())("tables", "nothing")


@pytest.mark.parametrize("tells_total", [True, False])
def test_a_list_that_is_cut_says_so(command: Callable[[Factory], Command], *, tells_total: bool) -> None:
    """Unless the service counts no more tables than are listed."""
    catalog = Factory(entities=[entity(f"db.s.t{number}") for number in range(4)], tells_total=tells_total)
    cut = "datamap: the list ends after {}, and there may be more: --limit lists more\n"
    expected = [cut.format("1 table"), cut.format("2 tables"), "" if tells_total else cut.format("4 tables"), ""]
    assert expected == [command(catalog)("tables", "--limit", limit)[2] for limit in ("1", "2", "4", "5")]
    assert "" == command(catalog)("tables", "--limit", "2", "--quiet")[2]


@pytest.mark.usefixtures("terminal")
def test_lineage_is_a_tree(command: Callable[[Factory], Command]) -> None:
    """Each table with the operator between; one that was drawn is not drawn again."""
    nodes = {**chain(*PATHS), "again": [lineage_row("db.ods.a", "again", "db.dws.c")]}
    _, out, _ = command(Factory(nodes=nodes))("lineage", "dws.c")
    assert [
        "db.dws.c",
        "├── db.dwd.b  by to_db.dws.c",
        "│   └── db.ods.a  by to_db.dwd.b  (see above)",
        "└── db.ods.a  by again",
    ] == plain(out).splitlines()


def test_lineage_is_json_for_a_pipe(command: Callable[[Factory], Command]) -> None:
    """Tables, and edges from the table that is read to the one that is written, up or down."""
    call = command(broken_chain())
    up, down = (json.loads(call("lineage", *how)[1]) for how in (["c", "--depth", "1"], ["a", "--down"]))
    assert [(guid_of("db.dwd.b"), guid_of("db.dws.c"), "to_db.dws.c")] == [
        (edge["source_guid"], edge["target_guid"], edge["job_name"]) for edge in up["edges"]
    ]
    assert ["db.ods.a", "db.dwd.b", "db.dws.c"] == [table["full_name"] for table in down["tables"]]
    assert [guid_of("db.ods.a"), guid_of("db.dwd.b")] == [edge["source_guid"] for edge in down["edges"]]


def test_lineage_is_a_graph(command: Callable[[Factory], Command]) -> None:
    """For Graphviz and Mermaid; what a name can hold breaks neither."""
    call = command(Factory(nodes={EVIL: [lineage_row("db.s.a", EVIL, EVIL)]}))
    guid = guid_of(EVIL)
    _, dot, _ = call("lineage", guid, "--output", "dot")
    assert r'  t0 [label="db.s.e\"\\n\\x1b[2J<b>|]订单"];' in dot
    assert "  t1 -> t0 [label=" in dot
    _, mermaid, _ = call("lineage", guid, "--output", "mermaid")
    assert ["graph LR", '  t0["db.s.e#34;#92;n#92;x1b#91;2J#60;b#62;#124;#93;订单"]', '  t1["db.s.a"]'] == (
        mermaid.splitlines()[:3]
    )
    assert "\x1b" not in dot + mermaid


def test_a_table_without_lineage_says_so(command: Callable[[Factory], Command]) -> None:
    """It is found by a search, and nothing is known of it."""
    catalog = broken_chain()
    catalog.entities = [*catalog.entities, entity("db.raw.plain")]
    code, out, err = command(catalog)("lineage", "plain")
    assert (0, []) == (code, json.loads(out)["edges"])
    assert "lineage names no table that this table is made of" in err


def test_a_refused_operation_is_named(command: Callable[[Factory], Command]) -> None:
    """With the exit code of what could not be judged, the identifiers that may be wrong, and what to do, said once."""
    catalog = broken_chain()
    catalog.refused = {"bulk": 403, "guid": 403}
    code, _, err = command(catalog)("lineage", "c")
    assert 2 == code
    assert "ShowDatamapLineage is in invitational test" in err
    assert "project_id 'made-up' or instance_id 'made-up' is wrong" in err
    assert 1 == err.count("datamap doctor")


def test_lineage_table_by_table_where_the_whole_is_refused(command: Callable[[Factory], Command]) -> None:
    """The verb and ``why`` both ask ShowDatamapLineage then."""
    catalog = broken_chain()
    steps = [("db.ods.a", "to_db.dwd.b"), ("to_db.dwd.b", "db.dwd.b"), ("db.dwd.b", "to_db.dws.c")]
    graph = around(*steps, ("to_db.dws.c", "db.dws.c"), nodes=("to_db.dwd.b", "to_db.dws.c"))
    catalog.refused, catalog.around = {"bulk": 403}, {guid_of("db.dws.c"): graph}
    call = command(catalog)
    code, out, _ = call("lineage", "dws.c")
    assert (0, ["to_db.dws.c", "to_db.dwd.b"]) == (code, [edge["job_name"] for edge in json.loads(out)["edges"]])
    code, out, _ = call("why", "dws.c", "--max-age", "26h")
    assert (1, ["db.dwd.b"]) == (code, [cause["table"]["full_name"] for cause in json.loads(out)["causes"]])


def test_a_guid_of_no_table_is_an_error(command: Callable[[Factory], Command]) -> None:
    """A table without lineage is none, and neither is one whose details are refused: that it is none is not known."""
    catalog = broken_chain()
    catalog.entities = [*catalog.entities, entity("db.raw.plain")]
    call, unknown = command(catalog), guid_of("db.raw.nothing")
    code, out, err = call("lineage", unknown)
    advice = "datamap tables lists the existing ones"
    assert (2, "", f"datamap: no table has the GUID '{unknown}'; {advice}\n") == (code, out, err)
    assert 0 == call("lineage", guid_of("db.raw.plain"))[0]
    catalog.refused = {"entities": 403}
    code, _, err = command(catalog)("lineage", unknown)
    assert (0, True) == (code, "lineage names no table that" in err)


@pytest.mark.usefixtures("terminal")
def test_why_is_a_sentence_and_a_tree(command: Callable[[Factory], Command]) -> None:
    """The first sentence says it all; the tree has the way, with the cause marked, its run and its log."""
    code, out, err = command(broken_chain())("why", "dws.c", "--max-age", "26h")
    lines = plain(out).splitlines()
    told = "datamap: times are in UTC\ndatamap: to read the log of that run: datamap log N --table db.dwd.b\n"
    assert (1, told) == (code, re.sub(r"log \d+", "log N", err))
    assert lines[0].startswith("db.dws.c is stale: db.dwd.b failed in run ")
    assert "db.dws.c  skipped" == lines[2]
    assert "└── db.dwd.b  failed  <- cause" in lines
    assert any("log obs://logs/to_db.dwd.b.job" in line for line in lines)


def test_why_is_json_for_a_pipe(command: Callable[[Factory], Command]) -> None:
    """All of it, with the log path."""
    _, out, _ = command(broken_chain())("why", "c", "--max-age", "26h")
    explanation = json.loads(out)
    (cause,) = explanation["causes"]
    assert ("stale", "failed", "obs://logs/to_db.dwd.b.job") == (
        explanation["verdict"],
        cause["trouble"],
        cause["log_path"],
    )


@pytest.mark.parametrize(
    ("runs", "code"), [({"to_db.dws.c": daily("success")}, 0), ({"to_db.dws.c": daily("fail")}, 1), ({}, 2)]
)
def test_why_has_the_exit_code_of_the_table(
    command: Callable[[Factory], Command], runs: dict[str, list[tuple[int, str]]], code: int
) -> None:
    """As ``datamap status`` has it."""
    assert code == command(Factory(nodes=chain(*PATHS), runs=runs))("why", "c")[0]


def test_why_without_lineage_explains_the_table_alone(command: Callable[[Factory], Command]) -> None:
    """The notes say what could not be told, and the exit code is the table's."""
    catalog = broken_chain()
    catalog.refused = {"bulk": 403, "guid": 403}
    code, out, err = command(catalog)("why", "dws.c", "--max-age", "26h")
    assert (1, "refused") == (code, json.loads(out)["lineage"])
    assert "lineage cannot be read: readers count as producers, and no table upstream was examined" in err


def test_an_ambiguous_name_is_no_answer(command: Callable[[Factory], Command]) -> None:
    """It lists the tables, with the exit code of what could not be judged."""
    code, out, err = command(Factory(nodes=chain("one.s.t", "two.s.t")))("why", "t")
    assert (2, "") == (code, out)
    assert "2 tables are named 't'" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "dwd.b"],
        ["operators", "name:b"],
        ["report", "db.dwd.b", "--since", "7d"],
        ["runs", "--table", "dwd.b", "--since", "7d"],
        ["export", "runs.csv", "--table", "dwd.b", "--since", "7d"],
        ["watch", "dwd.b", "--until-ended", "--every", "5s"],
    ],
)
def test_a_name_may_stand_for_a_guid(
    command: Callable[[Factory], Command], arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of the name is read, and its GUID is said."""
    monkeypatch.chdir(tmp_path)
    code, out, err = command(broken_chain())(*arguments)
    assert code in (0, 1), err
    assert f"datamap: db.dwd.b is {guid_of('db.dwd.b')}" in err
    assert "to_db.dwd.b" in out or "to_db.dwd.b" in (tmp_path / "runs.csv").read_text(encoding="utf-8")


def test_an_id_is_never_searched_for(command: Callable[[Factory], Command]) -> None:
    """Without ``name:``, what looks like a GUID is one; a name is looked for in lineage where the search is refused."""
    catalog = broken_chain()
    catalog.refused = {"search": 403}
    assert 0 == command(catalog)("operators", guid_of("db.dwd.b"))[0]
    code, _, err = command(catalog)("status", "b")
    assert (1, f"datamap: db.dwd.b is {guid_of('db.dwd.b')}\n") == (code, err)
    catalog.refused = {"search": 403, "bulk": 403}
    code, _, err = command(catalog)("status", f"name:{guid_of('db.dwd.b')}")
    assert 2 == code
    assert "ShowDataSets is in invitational test" in err
