"""The source of dlt: loaded into DuckDB, and put right by later loads."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"  # before dlt is imported

import dlt
from dlt.common.versioned_state import decompress_state
from dlt.pipeline.exceptions import PipelineStepFailed

from dataarts_datamap import DataMapClient, InvalidArgumentError, Retry, TokenCredentials
from dataarts_datamap.integrations.dlt import datamap
from dataarts_datamap_contract.mock import FakeService, MockConfig
from support.answers import json_answer
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.scripted_server import Asked

DAY = timedelta(days=1)
SECRET = "a-secret-that-must-not-show"


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A fake service: one table, one operator."""
    with FakeService() as running:
        running.add_operator(job_name="load")
        yield running


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A pipeline into a new DuckDB file, all of dlt's own files beside it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return dlt.pipeline(
        "runs", pipelines_dir=str(tmp_path), destination=dlt.destinations.duckdb(str(tmp_path / "runs.duckdb"))
    )


@pytest.fixture
def client(service: FakeService) -> Iterator[DataMapClient]:
    """A client of the service."""
    with DataMapClient(
        endpoint=service.url,
        project_id=service.project_id,
        instance_id=service.instance_id,
        credentials=TokenCredentials(service.token),
    ) as made:
        yield made


def rows(pipeline: Any, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the database."""
    with pipeline.sql_client() as database:
        found: list[tuple[Any, ...]] = [tuple(row) for row in database.execute_sql(query)]
        return found


def test_runs_and_operators_are_loaded(
    service: FakeService, client: DataMapClient, pipeline: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """By name: each run once, with its table and its times; what a run did stays out, and dlt warns of nothing."""
    run_id = service.add_run(status="success", runningData=f'{{"sql": "{SECRET}"}}', outputRowCount=7)
    service.add_run(status="fail")
    pipeline.run(datamap(["sales.dws_orders"], client=client)).raise_on_failed_jobs()
    assert "WARNING" not in "".join(capfd.readouterr())
    assert [(service.table_guid, "postgres.sales.dws_orders", "load")] == rows(
        pipeline, "select table_guid, table_name, job_name from operators"
    )
    found = rows(pipeline, "select table_guid, state, output_row_count, end_time, run_key from runs order by run_id")
    assert [(service.table_guid, "succeeded", 7), (service.table_guid, "failed", None)] == [row[:3] for row in found]
    assert found[0][3].utcoffset() is not None
    assert [run_id] == [row[0] for row in rows(pipeline, "select run_id from runs where state = 'succeeded'")]
    names = {row[0] for row in rows(pipeline, "select column_name from information_schema.columns")}
    assert not names & {"running_data", "running_param"}


def test_a_table_given_by_name_and_by_guid(service: FakeService, client: DataMapClient, pipeline: Any) -> None:
    """It is one table: each of its operators and runs is loaded once."""
    service.add_run(status="success")
    pipeline.run(datamap(["sales.dws_orders", service.table_guid], client=client)).raise_on_failed_jobs()
    assert [("load",)] == rows(pipeline, "select job_name from operators")
    assert [(1,)] == rows(pipeline, "select count(*) from runs")


def test_a_later_load_puts_an_old_run_right(service: FakeService, client: DataMapClient, pipeline: Any) -> None:
    """One that was planned weeks ago and has ended meanwhile, which a filter by its time would drop."""
    old = service.add_run(status="running", plan_time=datetime.now(UTC) - 20 * DAY)
    service.add_run(status="success")
    pipeline.run(datamap([service.table_guid], client=client))
    assert {("active",), ("succeeded",)} == set(rows(pipeline, "select state from runs"))
    service.change_run(old, status="success", end_time=datetime.now(UTC))
    service.add_run(status="fail")
    pipeline.run(datamap([service.table_guid], client=client))
    assert [("failed", 1), ("succeeded", 2)] == rows(
        pipeline, "select state, count(*) from runs group by state order by state"
    )


def test_a_later_load_begins_where_something_can_have_changed(
    service: FakeService, client: DataMapClient, pipeline: Any
) -> None:
    """Not at the beginning; the state is a few bytes for each table, and holds no secret."""
    for days in range(1, 30):
        service.add_run(plan_time=datetime.now(UTC) - days * DAY)
    pipeline.run(datamap([service.table_guid], client=client))
    state = pipeline.state["sources"]["datamap"]["resources"]["runs"]
    assert [service.table_guid] == list(state["tables"])
    assert {"open_since", "seen"} == state["tables"][service.table_guid].keys()
    assert {} == state["tables"][service.table_guid]["seen"]
    assert service.token not in str(pipeline.state)
    asked = len(service.requests)
    pipeline.run(datamap([service.table_guid], client=client, lookback=2 * DAY))
    later = [request["target"] for request in service.requests[asked:] if "start_time=" in request["target"]]
    starts = [int(target.partition("start_time=")[2].partition("&")[0]) for target in later]
    assert min(starts) >= (datetime.now(UTC) - 2 * DAY).timestamp() * 1000 - 60_000
    assert [(29,)] == rows(pipeline, "select count(*) from runs")


def test_no_secret_is_kept(pipeline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither key, nor token, nor what runs did: not in dlt's files and trace, not in the database and its state."""
    planted = {"SK": "planted-secret-key", "SECURITY_TOKEN": "planted-security-token"}
    with FakeService(MockConfig(secret_key=planted["SK"], security_token=planted["SECURITY_TOKEN"])) as service:
        service.add_run(runningData=f'{{"sql": "{SECRET}"}}', runningParam=SECRET)
        service.add_run(status="running", runningData=f'{{"sql": "{SECRET}"}}')
        names = {"ENDPOINT": service.url, "PROJECT_ID": service.project_id, "INSTANCE_ID": service.instance_id}
        for name, value in names.items():
            monkeypatch.setenv(f"DATAMAP_{name}", value)
        for name, value in {"AK": service.access_key, **planted}.items():
            monkeypatch.setenv(f"HUAWEICLOUD_SDK_{name}", value)
        for _ in range(2):
            pipeline.run(datamap([service.table_guid]))
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    opened = [gzip.decompress(content) for path, content in kept.items() if path.suffix == ".gz"]
    states = [
        json.dumps(decompress_state(state)) for (state,) in rows(pipeline, "select state from _dlt_pipeline_state")
    ]
    assert states
    assert 10 < len(kept)
    everything = b"".join([*kept.values(), *opened, *map(str.encode, states), repr(pipeline.last_trace).encode()])
    assert b"open_since" in everything
    assert [] == [secret for secret in (*planted.values(), SECRET) if secret.encode() in everything]


def test_a_failed_load_keeps_no_secret(pipeline: Any, tmp_path: Path) -> None:
    """The traceback that dlt keeps has neither the token, which a server echoes, nor the password of a proxy."""

    def echo(asked: Asked) -> Answer:
        return json_answer({"error_code": "DLG.0500", "error_msg": f"no {dict(asked.headers)}"}, status=403)

    failures: list[str] = []
    with ScriptedServer(echo) as server:
        for address, proxy in ((server.url, None), ("https://d.example", f"http://u:{SECRET}@127.0.0.1:1")):
            client = DataMapClient(
                endpoint=address,
                project_id="made-up",
                instance_id="made-up",
                credentials=TokenCredentials(SECRET),
                proxy=proxy,
                retry=Retry(attempts=1),
            )
            with client, pytest.raises(PipelineStepFailed) as caught:
                pipeline.run(datamap(["0" * 32], client=client))
            failures.append(f"{caught.value} {caught.value.__cause__!r} {pipeline.last_trace.asdict()}")
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert ["HTTP 403" in failures[0], "through the proxy" in failures[1]] == [True, True]
    assert any(path.name == "trace.pickle" for path in kept)
    assert SECRET not in "".join(failures)
    assert [] == [path for path, content in kept.items() if SECRET.encode() in content]


def test_a_run_of_two_tables_is_a_row_of_each(service: FakeService, client: DataMapClient, pipeline: Any) -> None:
    """An operator can write several; an operator that is gone is gone from its table."""
    other = service.add_table("sales.other")
    operator = service.add_operator(job_name="load")
    service.add_operator(**operator, table_guid=other)
    service.add_run(operator)
    for _ in range(2):
        pipeline.run(datamap([service.table_guid, other], client=client))
    assert [(2, 1)] == rows(pipeline, "select count(*), count(distinct run_key) from runs")
    assert [(2,)] == rows(pipeline, "select count(*) from operators")


def test_nested_documents_come_when_asked_for(service: FakeService, client: DataMapClient, pipeline: Any) -> None:
    """As the text that was sent."""
    service.add_run(runningData='{"a": 1}')
    pipeline.run(datamap([service.table_guid], client=client, running_data=True))
    assert [('{"a": 1}',)] == rows(pipeline, "select running_data from runs")


@pytest.mark.parametrize("wrong", ["sales.orders", []])
def test_tables_are_a_list(wrong: Any) -> None:
    """A single text would be a table for each letter."""
    with pytest.raises(InvalidArgumentError, match="tables must be a list"):
        datamap(wrong)


@pytest.mark.parametrize("name", ["since", "lookback"])
def test_a_time_to_look_back_is_a_length_of_time(name: str) -> None:
    """It is refused before a load."""
    wrong: dict[str, Any] = {name: timedelta(0)}
    with pytest.raises(InvalidArgumentError, match=f"{name} must be a positive timedelta"):
        datamap(["sales.orders"], **wrong)
