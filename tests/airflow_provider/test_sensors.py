"""Sensors in a DAG: what they wait for, how they end, and what they return."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap import DataMapClient, InvalidArgumentError
from dataarts_datamap.integrations.airflow import DataMapHook, TableFreshSensor
from dataarts_datamap.integrations.airflow._conditions import Freshness, PlannedRun
from support.airflow_dags import after_requests, run_task
from support.answers import json_answer, run_page
from support.faces import SETTINGS
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

    from dataarts_datamap_contract.mock import FakeService

pytestmark = pytest.mark.usefixtures("connection")

GUID = "09318f28-939f-4ab6-a374-9e621096652c"
SINCE_INTERVAL = 'after="{{ data_interval_end }}"'


def fresh(service: FakeService, arguments: str) -> str:
    """A sensor that waits for the table of a service."""
    return f"TableFreshSensor(task_id='fresh', table={service.table_guid!r}, poke_interval=0.5, {arguments})"


def planned(service: FakeService, arguments: str = "") -> str:
    """A sensor that waits for a run planned in the last hour."""
    after = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    return (
        f"TableRunSensor(task_id='run', table={service.table_guid!r}, after={after!r}, poke_interval=0.5, {arguments})"
    )


def recent() -> datetime:
    """Half an hour ago."""
    return datetime.now(UTC) - timedelta(minutes=30)


@pytest.mark.parametrize("deferrable", [True, False])
def test_fresh_table(home: Path, service: FakeService, deferrable: bool) -> None:  # noqa: FBT001  a parameter
    """A table that is fresh ends the sensor at its first look, with or without deferring."""
    service.add_run()

    state, facts = run_task(home, fresh(service, f"max_age=timedelta(hours=26), deferrable={deferrable}"))

    assert "success" == state
    assert ("fresh", service.table_guid, 1) == (facts["verdict"], facts["table_guid"], facts["runs"])


def test_deferral(home: Path, service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    """A sensor whose table is not fresh defers, ends when it is, and returns the same as without deferring."""
    run_id = service.add_run(status="running")
    after_requests(service, 5, lambda: service.change_run(run_id, status="success", end_time=datetime.now(UTC)))

    state, facts = run_task(home, fresh(service, "max_age=timedelta(hours=26)"))
    later = run_task(home, fresh(service, "max_age=timedelta(hours=26)"))

    assert "[DAG TEST] running trigger in line" in caplog.text
    assert "success" == state
    assert later.returned["last_success"] == facts["last_success"]
    assert later.returned.keys() == facts.keys()


def test_success_since_the_interval(home: Path, service: FakeService) -> None:
    """A success before the run's interval ended does not do; one after it does."""
    old = datetime.now(UTC) - timedelta(hours=2)
    service.add_run(plan_time=old)
    after_requests(
        service, 4, lambda: service.add_run(plan_time=old, end_time=datetime.now(UTC) + timedelta(seconds=1))
    )

    state, facts = run_task(home, fresh(service, SINCE_INTERVAL))

    assert ("success", 2) == (state, facts["runs"])


def test_slow_operator(home: Path, service: FakeService) -> None:
    """A table is as old as its oldest producer, unless one that is fresh is enough."""
    service.add_operator("quick")
    service.add_run()
    slow = service.add_operator("slow")
    run_id = service.add_run(slow, plan_time=datetime.now(UTC) - timedelta(hours=30))
    wanted = "max_age=timedelta(hours=26)"

    after_requests(service, 9, lambda: service.change_run(run_id, end_time=datetime.now(UTC)))
    any_one = run_task(home, fresh(service, f"{wanted}, any_operator=True"))
    only = run_task(home, fresh(service, f"{wanted}, only=['quick']"))
    each = run_task(home, fresh(service, wanted))

    assert ("success", "success", "success") == (any_one.state, only.state, each.state)
    assert 12 < len(service.requests)


@pytest.mark.parametrize("deferrable", [True, False])
def test_planned_run(home: Path, service: FakeService, deferrable: bool) -> None:  # noqa: FBT001  a parameter
    """The first success among the runs that were planned late enough ends the sensor, with what is known of it."""
    service.add_run(plan_time=datetime.now(UTC) - timedelta(hours=2))
    run_id = service.add_run(plan_time=recent(), status="running")
    after_requests(service, 4, lambda: service.change_run(run_id, status="success", output_row_count=7))

    state, facts = run_task(home, planned(service, f"deferrable={deferrable}"))

    assert ("success", run_id, 7, "success") == (state, facts["run_id"], facts["output_row_count"], facts["status"])


def test_failed_run(home: Path, service: FakeService) -> None:
    """A run that failed fails the task, at the first look and after deferring; unless a rerun is waited for."""
    run_id = service.add_run(plan_time=recent(), status="running")
    after_requests(service, 4, lambda: service.change_run(run_id, status="fail"))
    later = run_task(home, planned(service))
    at_once = run_task(home, planned(service))

    after_requests(service, len(service.requests) + 4, lambda: service.add_run(plan_time=recent()))
    patient = run_task(home, planned(service, "fail_on_failure=False"))

    assert ("failed", "failed", "success") == (later.state, at_once.state, patient.state)


def test_chosen_operator(home: Path, service: FakeService) -> None:
    """A run of an operator that does not count ends nothing; a name that fits none is an error."""
    loads = service.add_operator("load")
    checks = service.add_operator("check", task_id="2")
    service.add_run(checks, plan_time=recent())
    after_requests(service, 5, lambda: service.add_run(loads, plan_time=recent()))

    state, facts = run_task(home, planned(service, "only=['load']"))
    nobody = run_task(home, planned(service, "only=['lood']"))

    assert ("success", "load") == (state, facts["job_name"])
    assert "failed" == nobody.state


def test_passing_failure(home: Path, service: FakeService) -> None:
    """A server that fails for a while is waited out, at the first look and after deferring."""
    service.add_run()
    service.fail("503")
    after_requests(service, 6, service.fail)

    state, _ = run_task(home, fresh(service, "max_age=timedelta(hours=26)"))

    assert "success" == state
    assert 6 < len(service.requests)


def test_refused_credentials(home: Path, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused credentials fail the task at once, after one request, however often it may be tried."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_DATAMAP_DEFAULT",
        f'{{"conn_type": "datamap", "host": "{service.url}", '
        f'"password": "made-up-token-that-is-wrong", "extra": {{"project_id": "{service.project_id}", '
        f'"instance_id": "{service.instance_id}"}}}}',
    )

    state, _ = run_task(home, fresh(service, "max_age=timedelta(hours=26), retries=3"))

    assert ("failed", [401]) == (state, [request["status"] for request in service.requests])


@pytest.mark.parametrize(("hours", "expected"), [(1, "no success since "), (3, "success since ")])
def test_the_log_names_the_time_that_is_waited_for(service: FakeService, hours: int, expected: str) -> None:
    """A table is not called fresh while the sensor waits for a later success."""
    ended = datetime.now(UTC) - timedelta(hours=2)
    service.add_run(plan_time=ended, start_time=ended, end_time=ended)
    after = (ended + timedelta(hours=2 - hours)).isoformat()
    wanted = Freshness(after=after, max_age=None, since=86_400, any_operator=False, only=None, ignore=[])

    with DataMapHook().get_conn() as client:
        seen = wanted.look(client, service.table_guid)

    assert seen.message.startswith(f"{expected}{after}, last success ")


@pytest.mark.parametrize(("times", "expected"), [(["submitTime"], "met"), (["startTime"], "met"), ([], "waiting")])
def test_an_end_does_not_tell_when_a_run_was_planned(times: list[str], expected: str) -> None:
    """It may be the end of a run of the day before, and a check calls the table unknown; a start belongs to the run."""
    present = datetime.now(UTC)
    begun = {name: int(present.timestamp() * 1000) for name in (*times, "endTime")}

    def serve(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": "1", "job_name": "load"}])
        return run_page({"taskId": 1, "jobName": "load", "status": "success", **begun}, total=1)

    wanted = PlannedRun(
        after=(present - timedelta(hours=1)).isoformat(), fail_on_failure=True, only=["load"], ignore=[]
    )
    with ScriptedServer(serve) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        assert expected == wanted.look(client, GUID).outcome


def test_no_interval(home: Path, service: FakeService) -> None:
    """A time that is none fails the task, and is not taken for the beginning of time."""
    service.add_run()

    state, _ = run_task(home, fresh(service, "after='None'"))

    assert ("failed", []) == (state, service.requests)


@pytest.mark.parametrize("arguments", [{}, {"after": "2026-11-30T00:00Z", "max_age": timedelta(hours=1)}])
def test_neither_or_both(arguments: dict[str, object]) -> None:
    """A sensor needs exactly one of a time and an age."""
    with pytest.raises(InvalidArgumentError, match="exactly one of after and max_age"):
        TableFreshSensor(task_id="fresh", table="orders", **arguments)  # type: ignore[arg-type]
