"""The file of tables to begin with: it can be read back, whatever the tables are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import Lineage, LineageEdge, LineageNode, Table
from dataarts_datamap._checks.table_file import parse_tables
from dataarts_datamap._checks.table_template import table_template


@given(st.lists(st.text(st.characters(), max_size=20), max_size=8, unique=True), st.booleans())
def test_what_is_written_can_be_read(names: list[str], has_path: bool) -> None:  # noqa: FBT001  as hypothesis calls it
    """Each table once, and each leads to the table that was meant."""
    tables = [
        Table(guid=f"{number:032x}", name=name or None, database="db" if has_path else None)
        for number, name in enumerate(names)
    ]
    lineage = Lineage(
        [LineageEdge(target=one, node=LineageNode(name=f"load\n{one.name}", workspace_id="w")) for one in tables]
    )
    template = table_template(lineage)
    assert len(tables) == template.tables
    if tables:
        rules = parse_tables(template.text)
        assert {one.guid for one in tables} == {lineage.find(rule.subject).guid for rule in rules}


def test_tables_of_one_name_are_written_by_their_guids() -> None:
    """With the name as a label; what no operator writes, or one of another workspace, is left out."""
    here, there = LineageNode(name="load", workspace_id="here"), LineageNode(name="load", workspace_id="there")
    twins = [Table(guid=f"{number:032x}", name="orders", schema="sales") for number in range(2)]
    edges = [LineageEdge(source=Table(guid="f" * 32, name="raw"), target=one, node=here) for one in twins]
    edges.append(LineageEdge(source=twins[0], target=Table(guid="e" * 32, name="other"), node=there))
    template = table_template(Lineage(edges), workspace_id="here")
    found = [(one.guid, one.label) for one in parse_tables(template.text)]
    assert [(one.guid, "sales.orders") for one in twins] == found
    assert 3 == table_template(Lineage(edges)).tables
    assert 1 == table_template(Lineage(edges), query="OTHER").tables
