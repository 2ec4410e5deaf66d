"""The oracle: what a request, as it was sent, is worth by the specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.suite._http.messages import Credential, Request
from dataarts_datamap_contract.suite._judging.oracle import Judgement, Oracle

ORACLE = Oracle(load_specification())
RUNS = "/v1/project/datamap/node/937987/instances"
QUERY = {"job_name": "job", "start_time": "0", "end_time": "9", "offset": "5", "limit": "10"}
MAX32, MAX64 = 2**31 - 1, 2**63 - 1


def judge(
    changes: dict[str, str | None] | None = None,
    *,
    path: str = RUNS,
    query: str | None = None,
    instance: str | None = "i",
) -> Judgement:
    """The judgement of a request that is valid but for the changes."""
    pairs = {name: value for name, value in {**QUERY, **(changes or {})}.items() if value is not None}
    raw = "&".join(f"{name}={value}" for name, value in pairs.items()) if query is None else query
    fields = () if instance is None else (("instance", instance),)
    return ORACLE.judge(Request(path=path, query=raw, fields=fields, credential=Credential("good")))


def test_a_valid_request() -> None:
    """A request that keeps to every declaration is valid, and its values are read."""
    judgement = judge()

    assert "valid" == judgement.standing
    expected = {"project_id": "project", "task_id": "937987", "instance": "i", "job_name": "job", "start_time": 0}
    assert expected == {name: judgement.values[name] for name in expected}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("limit", "0", "below"),
        ("limit", "-1.0", "below"),
        ("limit", "1", "minimum"),
        ("limit", str(MAX32), "maximum"),
        ("limit", str(MAX32 + 1), "above"),
        ("limit", "9" * 500, "above"),
        ("limit", "1e30", "above"),
        ("end_time", str(MAX64), "maximum"),
        ("end_time", str(MAX64 + 1), "above"),
        ("offset", "1.5", "fraction"),
        ("offset", "abc", "type"),
        ("offset", "", "type"),
        ("offset", "nan", "type"),
        ("offset", "1,2", "type"),
        ("offset", "-0x1", "below"),
        ("limit", "0x0", "below"),
        ("limit", "0b0", "below"),
        ("limit", "0e5", "below"),
        ("limit", "%20-1%20", "below"),
        ("limit", "-%D9%A1", "below"),
        ("limit", "0xffffffff", "above"),
        ("limit", "1e999999999", "above"),
        ("end_time", f"{MAX64 + 1}.0", "above"),
        ("offset", "1.5f", "fraction"),
        ("offset", None, "missing"),
        ("job_name", None, "missing"),
    ],
)
def test_a_number_by_its_bounds(name: str, text: str | None, kind: str) -> None:
    """A value is told by the declaration's type and bounds, and what no server may take is invalid."""
    judgement = judge({name: text})

    assert kind == judgement.kinds[name]
    assert ("valid" if kind in {"minimum", "maximum"} else "invalid") == judgement.standing


@pytest.mark.parametrize(
    "text",
    ["1.0", "%2B1", "+1", "%20", "%201", "01", "1e1", "-0", "%D9%A1", "1_0", "0x10", "%230a", "1d", "1%202", "017"],
)
def test_what_servers_may_differ_about(text: str) -> None:
    """A number that some readers take and others do not is neither valid nor invalid."""
    assert "unsure" == judge({"offset": text}).standing


@pytest.mark.parametrize(
    "judgement",
    [
        judge(query="job_name=a&job_name=b&start_time=0&end_time=9&offset=0&limit=1"),
        judge({"job_name": "%zz"}),
        judge({"job_name": "%FF"}),
        judge({"job_name": "a+b"}),
        judge({"job_name": ""}),
        judge({"job_name": "x" * 9_000}),
        judge(instance=" "),
        judge(path="/v1/a%2Fb/datamap/node/1/instances"),
        judge(path="/v1/../datamap/node/1/instances"),
        judge(path="/v1/project/datamap/node/1/instances/"),
        judge(path="/v2/project"),
    ],
)
def test_what_is_odd(judgement: Judgement) -> None:
    """Where readers of a URL differ, or no operation is asked for, the oracle does not know."""
    assert "unsure" == judgement.standing


def test_a_header_is_missing() -> None:
    """A required header that was not sent is a defect as any other."""
    assert {"instance": "missing"} == judge(instance=None).defects


@given(st.integers(-(2**40), 2**40))
def test_every_plain_integer_is_decided(number: int) -> None:
    """An integer in plain digits is never unsure."""
    inside = 0 <= number <= MAX32

    assert ("valid" if inside else "invalid") == judge({"offset": str(number)}).standing


@given(st.text(max_size=20))
def test_every_text_is_judged(text: str) -> None:
    """Whatever stands in a query, the oracle answers, and calls nothing valid that is no plain integer."""
    query = "job_name=job&start_time=0&end_time=9&limit=1&offset=" + text.replace("&", "").replace("=", "")
    judgement = judge(query=query)

    assert judgement.standing in {"valid", "invalid", "unsure"}
    if judgement.standing == "valid":
        assert isinstance(judgement.values["offset"], int)
