"""Waiting for the load of a table: which operators count, when it has ended, and what the command says of it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap import InvalidArgumentError, ProducersUnknownWarning, WaitTimeoutError
from support.catalog_server import Factory, guid_of, lineage_row
from support.command import called, point_at

if TYPE_CHECKING:
    from support.faces import Face
    from support.scripted_server import Answer, Asked

HOUR = 3_600_000
TABLE = "db.dws.orders"
GUID = guid_of(TABLE)
JOBS = ("load", "fill", "weekly")
NODES = {
    **{job: [lineage_row("db.ods.orders", job, TABLE)] for job in JOBS},
    "check": [lineage_row(TABLE, "check", None)],
}


@dataclass
class Going(Factory):
    """A factory whose runs have the next of some statuses each time that an operator is asked for."""

    statuses: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def answer(self, asked: Asked) -> Answer:
        if "/instances" in asked.target:
            (job_name,) = parse_qs(urlsplit(asked.target).query)["job_name"]
            left = self.statuses.get(job_name, [])
            now = int(time.time() * 1000)
            self.runs = {job_name: [(now - HOUR, left.pop(0) if len(left) > 1 else left[0])] if left else []}
        return super().answer(asked)


def going(**statuses: list[str]) -> Going:
    """Two jobs that write a table each day, one that does each week, and a reader that goes on for ever."""
    return Going(nodes=NODES, readers={TABLE: ["check"]}, statuses={"check": ["running"], **statuses})


def test_the_load_has_ended_when_each_producer_has(face: Face) -> None:
    """A reader that goes on does not count, and neither does a producer without runs; a failure is an end, too."""
    service = going(load=["running", "running", "success"], fill=["waiting", "running", "running", "fail"])
    with service.server() as server, face.client(server.url) as client:
        runs = client.wait_for_table(GUID, since=timedelta(hours=2))
    assert {"load": "success", "fill": "fail"} == {run.job_name: run.status for run in runs}
    assert 1 == sum(one.target.endswith("/node") for one in server.asked)


def test_the_window_may_begin_in_the_first_years_after_1970(face: Face) -> None:
    """A beginning whose milliseconds would look like seconds is one, at every reading."""
    service = going(load=["running", "success"])
    early = datetime(1971, 1, 1, tzinfo=UTC)
    with service.server() as server, face.client(server.url) as client:
        assert "success" == client.wait_for_run("1", job_name="load", start=early).status


def test_the_first_run_is_waited_for(face: Face) -> None:
    """Where no operator has a run yet, one has to come; where none does, the time is over, and the last one is told."""
    service = going()
    service.statuses = {"load": []}
    with service.server() as server, face.client(server.url) as client:
        with pytest.raises(WaitTimeoutError, match="not all runs had ended after 30 seconds: none was seen"):
            client.wait_for_table(GUID, since=timedelta(hours=2), timeout=30)
        service.statuses = {"load": ["success"], "fill": ["running"]}
        with pytest.raises(WaitTimeoutError) as caught:
            client.wait_for_table(GUID, since=timedelta(hours=2), timeout=30)
        assert caught.value.last_run is not None
        assert " of fill, status running, planned for 20" in str(caught.value)
        assert "fill" == caught.value.last_run.job_name
        assert ["load"] == [
            run.job_name for run in client.wait_for_table(GUID, since=timedelta(hours=2), ignore=["fill"])
        ]
        with pytest.raises(InvalidArgumentError, match="no operator of the table is called 'lood'"):
            client.wait_for_table(GUID, since=timedelta(hours=2), only=["lood"])


def test_readers_that_cannot_be_told_are_waited_for_with_a_warning(face: Face) -> None:
    """Where lineage is refused, all operators count, and it is said."""
    service = going(load=["success"])
    service.statuses["check"], service.refused = ["success"], {"bulk": 403, "guid": 403}
    with (
        service.server() as server,
        face.client(server.url) as client,
        pytest.warns(ProducersUnknownWarning, match="does not let this account read lineage"),
    ):
        runs = client.wait_for_table(GUID, since=timedelta(hours=2))
    assert {"load", "check"} == {run.job_name for run in runs}


@pytest.mark.parametrize(
    ("options", "code", "jobs"),
    [
        ((), 1, {"load", "fill"}),
        (("--any",), 0, {"load", "fill"}),
        (("--ignore", "fill"), 0, {"load"}),
        (("--role", "associated", "--for", "1s"), 2, set[str]()),
    ],
)
def test_the_verb(
    options: tuple[str, ...],
    code: int,
    jobs: set[str],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes a table by name, shows each operator's run, and ends with how they ended."""
    service = going(load=["success"], fill=["fail"])
    with service.server() as server:
        point_at(server, monkeypatch)
        ended, out, err = called(capfdbinary, "wait", GUID, "--since", "2h", *options)
    assert (code, jobs) == (ended, {json.loads(line)["job_name"] for line in out.splitlines()}), err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "2h"], "give either a TABLE, or an operator with both --task-id and --job-name"),
        (["t", "--task-id", "1", "--job-name", "a", "--since", "2h"], "give either a TABLE"),
        (["--task-id", "1", "--since", "2h"], "with both --task-id and --job-name"),
        (["t", "--run-id", "1", "--since", "2h"], "--run-id needs --task-id and --job-name"),
        (["--task-id", "1", "--job-name", "a", "--any", "--since", "2h"], "need a TABLE"),
        (["t"], "give the beginning of the window"),
    ],
)
def test_wrong_usage(
    arguments: list[str], told: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to wait for has to be said once."""
    monkeypatch.setenv("DATAMAP_TOKEN", "made-up")
    code, out, err = called(capfdbinary, "wait", *arguments)
    assert (3, "", True) == (code, out, told in err)
