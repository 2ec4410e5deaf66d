"""What the conformance suite must know of a server."""

from __future__ import annotations

import pytest

from dataarts_datamap_contract.target import TargetError, read_target

ENDPOINT = "https://dayu.example.com/base/"
COMPLETE = {
    "DATAMAP_TOKEN": "s3cret",
    "DATAMAP_PROJECT_ID": "project",
    "DATAMAP_INSTANCE_ID": "instance",
    "DATAMAP_TASK_ID": "937987",
    "DATAMAP_JOB_NAME": "订单/汇总",
    "DATAMAP_TABLE_GUID": "guid",
    "DATAMAP_WINDOW_START": "1704902400000",
    "DATAMAP_WINDOW_END": "1704988800000",
}


def test_reads_the_environment() -> None:
    """A complete environment makes a target, whose values go by the specification's names."""
    target = read_target(ENDPOINT, COMPLETE)

    expected = {
        "project_id": "project",
        "instance": "instance",
        "guid": "guid",
        "task_id": "937987",
        "job_name": "订单/汇总",
        "start_time": 1704902400000,
        "end_time": 1704988800000,
        "offset": 0,
        "limit": 10,
    }
    assert expected == target.real_values
    assert target.endpoint == ENDPOINT.removesuffix("/")


def test_reads_a_workspace() -> None:
    """A workspace is sent where one is named."""
    assert read_target(ENDPOINT, {**COMPLETE, "DATAMAP_WORKSPACE_ID": "w"}).real_values["workspace_id"] == "w"


def test_names_all_that_is_missing() -> None:
    """One text names every variable that is not set, blank ones included."""
    with pytest.raises(TargetError) as caught:
        read_target(ENDPOINT, {**dict.fromkeys(COMPLETE, " "), "DATAMAP_TOKEN": "s3cret"})

    expected = f"cannot aim at {ENDPOINT!r}: set " + ", ".join(name for name in COMPLETE if name != "DATAMAP_TOKEN")
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATAMAP_TOKEN", "s3cret\n", "DATAMAP_TOKEN has characters that no header can carry"),
        ("DATAMAP_TOKEN", "s3cret ü", "DATAMAP_TOKEN has characters that no header can carry"),
        ("DATAMAP_INSTANCE_ID", "a\tb", "DATAMAP_INSTANCE_ID has characters that no header can carry"),
        ("DATAMAP_WINDOW_START", "2024-01-11", "DATAMAP_WINDOW_START is '2024-01-11', not milliseconds"),
        ("DATAMAP_WINDOW_END", "-1", "DATAMAP_WINDOW_END is '-1', not milliseconds"),
        ("DATAMAP_WINDOW_END", "1", "DATAMAP_WINDOW_START is after DATAMAP_WINDOW_END"),
    ],
)
def test_refuses_a_wrong_value(name: str, value: str, expected: str) -> None:
    """A value that cannot be sent is refused by name, and the token is in no text."""
    with pytest.raises(TargetError) as caught:
        read_target(ENDPOINT, {**COMPLETE, name: value})

    assert expected in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint", ["", "dayu.example.com", "ftp://example.com", "https://", "http://[::1", "http://a:99999999"]
)
def test_refuses_what_is_no_url(endpoint: str) -> None:
    """An endpoint that no request can go to is refused."""
    with pytest.raises(TargetError, match="no http or https URL"):
        read_target(endpoint, COMPLETE)


@pytest.mark.parametrize("endpoint", ["https://user:s3cret@example.com", "https://example.com?key=s3cret"])
def test_refuses_secrets_in_the_endpoint(endpoint: str) -> None:
    """A user or a query in the endpoint is refused and not repeated."""
    with pytest.raises(TargetError, match="leave it out") as caught:
        read_target(endpoint, COMPLETE)

    assert "s3cret" not in str(caught.value)


def test_hides_the_token() -> None:
    """Neither a repr nor a redacted text has the token."""
    target = read_target(ENDPOINT, COMPLETE)

    assert "s3cret" not in repr(target)
    expected = "X-Auth-Token: [Filtered]!"
    assert expected == target.redact("X-Auth-Token: s3cret!")
