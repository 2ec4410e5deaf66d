"""Which operators of a table count, over made-up lists and lineages: none is lost, and no reader slips in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import Lineage, LineageEdge, LineageNode, Operator, OperatorBasis, Table
from dataarts_datamap._monitoring.producers import choose_producers

TABLE, OTHER = Table(guid="t", name="orders"), Table(guid="o")
names = st.sampled_from(["load", "fill", "check", "sum", "订单"])
workspaces = st.sampled_from([None, "w1", "w2"])
operators = st.lists(st.builds(Operator, task_id=st.just("1"), job_name=names, workspace_id=workspaces), max_size=8)
nodes = st.lists(st.builds(LineageNode, name=names | st.none(), workspace_id=workspaces), max_size=6)


def lineage_of(writing: list[LineageNode], reading: list[LineageNode], *, is_whole: bool) -> Lineage:
    """Lineage in which some operators write the table and others read it."""
    edges = [LineageEdge(source=OTHER, target=TABLE, node=node) for node in writing]
    return Lineage([*edges, *(LineageEdge(source=TABLE, node=node) for node in reading)], is_whole=is_whole)


def may_be(operator: Operator, node: LineageNode) -> bool:
    """Whether the two may be the same: by name, and by workspace if both name one."""
    return operator.job_name == node.name and len({operator.workspace_id, node.workspace_id} - {None}) < 2


@given(operators, nodes, nodes, st.booleans())
def test_any_lists(
    listed: list[Operator],
    writing: list[LineageNode],
    reading: list[LineageNode],
    is_whole: bool,  # noqa: FBT001  as drawn
) -> None:
    """Each operator counts or is named as one that does not; those that are told to write the table do count."""
    found = choose_producers(TABLE, listed, lineage_of(writing, reading, is_whole=is_whole))
    told = {one for one in listed if any(may_be(one, node) for node in writing)}

    assert set(listed) == {*found.operators, *found.others}
    assert not set(found.operators) & set(found.others)
    assert (OperatorBasis.LINEAGE if told else OperatorBasis.ASSOCIATED) is found.basis
    assert told <= set(found.operators) or not told
    assert bool(told) or list(dict.fromkeys(listed)) == list(found.operators)
    assert found.are_known or not listed or found.notes
    readers = {one for one in listed if any(may_be(one, node) for node in reading)} - told
    if told:
        assert not readers & set(found.operators)
    if told and all(any(may_be(one, node) for one in listed) for node in writing):
        assert told == set(found.operators)


@given(operators, nodes)
def test_names_go_before_lineage(listed: list[Operator], writing: list[LineageNode]) -> None:
    """What the caller names counts, whatever lineage says."""
    for one in listed:
        found = choose_producers(TABLE, listed, lineage_of(writing, [], is_whole=True), only=[one.job_name])
        assert OperatorBasis.CHOSEN is found.basis
        assert {other for other in listed if other.job_name == one.job_name} == set(found.operators)
