"""The pytest plugin and its fixture: what a pipeline's tests get, and what an unrelated test run does not notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from dataarts_datamap import DataMapClient, DataMapError, TokenCredentials

if TYPE_CHECKING:
    from pathlib import Path

    from dataarts_datamap_contract.mock import FakeService

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
LOADED = """
import json, sys, pytest
before = set(sys.modules)
import dataarts_datamap_contract.pytest_plugin
new = set(sys.modules) - before
print(json.dumps(sorted(name for name in new if name.split(".")[0] not in sys.stdlib_module_names)))
"""
UNRELATED = """
import sys
def test_unrelated():
    assert not {"starlette", "uvicorn", "yaml", "jsonschema_rs", "msgspec", "dataarts_datamap"} & set(sys.modules)
"""
WITHOUT_EXTRA = """
import sys
sys.modules["uvicorn"] = None
def test_related(datamap_mock): pass
"""


@pytest.fixture
def client(datamap_mock: FakeService) -> DataMapClient:
    """A client of the fixture's service."""
    return DataMapClient(
        endpoint=datamap_mock.url,
        project_id=datamap_mock.project_id,
        instance_id=datamap_mock.instance_id,
        credentials=TokenCredentials(datamap_mock.token),
    )


def run_pytest(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """A pytest run of its own, with every warning an error."""
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    plugin = ("-p", "dataarts_datamap_contract.pytest_plugin", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugin]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=alone)


def test_the_entry_point_loads_the_standard_library_and_pytest() -> None:
    """Beside those, the plugin's own module and its light package are all that it loads."""
    result = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert ["dataarts_datamap_contract", "dataarts_datamap_contract.pytest_plugin"] == json.loads(result.stdout)


def test_an_unrelated_test_run_notices_nothing(tmp_path: Path) -> None:
    """No warning, and nothing heavy is loaded."""
    done = run_pytest(tmp_path, UNRELATED)
    assert (0, True) == (done.returncode, "1 passed" in done.stdout), done.stdout


def test_without_the_extra_the_fixture_says_what_to_install(tmp_path: Path) -> None:
    """The error names the extra, and has no traceback."""
    done = run_pytest(tmp_path, WITHOUT_EXTRA)
    assert "needs an extra: pip install '.[mock]' in dataarts-datamap's checkout" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("again", range(2))
def test_each_test_begins_with_an_empty_service(datamap_mock: FakeService, again: int) -> None:
    """What another test added, asked and broke is gone; the address stays."""
    assert [] == datamap_mock.requests, again
    nodes = f"{datamap_mock.url}/v1/{datamap_mock.project_id}/datamap/table/{datamap_mock.table_guid}/node"
    headers = {"X-Auth-Token": datamap_mock.token, "instance": datamap_mock.instance_id}
    claim = f"SDK-HMAC-SHA256 Access={datamap_mock.access_key}, SignedHeaders=x-sdk-date, Signature={'0' * 64}"
    signed = {**headers, "Authorization": claim, "X-Sdk-Date": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"}
    refusals = [httpx.get(nodes, headers=signed, trust_env=False).json()["error_msg"] for _ in range(7)]
    assert [False] * 6 + [True] == ["failed to reach the limit" in refusal for refusal in refusals]
    assert [] == httpx.get(nodes, headers=headers, trust_env=False).json()
    assert 8 == len(datamap_mock.requests)
    datamap_mock.add_run()
    datamap_mock.fail("500")
    assert 500 == httpx.get(nodes, headers=headers, trust_env=False).status_code


def test_a_pipeline_is_tested_in_plain_values(datamap_mock: FakeService, client: DataMapClient) -> None:
    """Operators and runs come back through the client as they were added, changed and deleted."""
    orders = datamap_mock.add_operator("orders", task_id="77", workspace_id="w")
    first = datamap_mock.add_run(status="fail", plan_time=NOW, end_time=NOW + timedelta(minutes=3))
    second = datamap_mock.add_run(orders, status="running", plan_time=NOW + timedelta(hours=1), owner="me")
    gone = datamap_mock.add_run(plan_time=NOW)
    datamap_mock.delete_run(gone)
    with client:
        (operator,) = client.list_operators(datamap_mock.table_guid)
        runs = client.list_table_runs(datamap_mock.table_guid, start=NOW, end=NOW + timedelta(days=1)).to_list()
        assert ("orders", "77", "w") == (operator.job_name, operator.task_id, operator.workspace_id)
        assert [(second, "running", "me"), (first, "fail", "mock")] == [
            (run.run_id, run.status, run.owner) for run in runs
        ]
        assert (NOW, NOW + timedelta(minutes=3)) == (runs[1].plan_time, runs[1].end_time)
        datamap_mock.change_run(second, status="success", end_time=NOW + timedelta(hours=2))
        (run,) = client.list_runs("77", job_name="orders", start=NOW + timedelta(hours=1), end=NOW + timedelta(days=1))
        assert ("success", NOW + timedelta(hours=2)) == (run.status, run.end_time)


def test_fields_have_the_names_of_the_client(datamap_mock: FakeService, client: DataMapClient) -> None:
    """A field can be given as the attribute of a run is called, or as it goes on the wire."""
    datamap_mock.add_run(run_id=7, output_row_count=5, inputRowCount=6, execution_log_path="obs://log")
    with client:
        run = client.list_table_runs(datamap_mock.table_guid, since=timedelta(hours=2)).first()
    assert run
    with pytest.raises(ValueError, match="there is a run with the id 7 already: change_run changes it"):
        datamap_mock.add_run(status="fail", run_id=7)
    assert (7, 5, 6, "obs://log") == (run.run_id, run.output_row_count, run.input_row_count, run.execution_log_path)


def test_runs_without_times_are_of_the_last_hour(datamap_mock: FakeService, client: DataMapClient) -> None:
    """A run that was just added is fresh, whenever the server was started; later ones are newer."""
    ids = [datamap_mock.add_run(status=status) for status in ("fail", "success")]
    with client:
        runs = client.list_table_runs(datamap_mock.table_guid, since=timedelta(hours=2)).to_list()
    assert ids[::-1] == [run.run_id for run in runs]


def test_the_environment_is_enough(datamap_mock: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client from the environment reaches the service; made-up data can be had at once."""
    for name, value in datamap_mock.environment.items():
        monkeypatch.setenv(name, value)
    datamap_mock.invent(seed=3, size=5)
    with DataMapClient.from_env() as client:
        runs = client.list_table_runs(datamap_mock.table_guid, since=timedelta(days=30)).to_list()
    assert len(runs) > 5


def test_faults_are_for_one_test(datamap_mock: FakeService, client: DataMapClient) -> None:
    """What goes wrong can be said in words, and stops when none is said."""
    datamap_mock.add_operator()
    datamap_mock.fail("html")
    with client:
        with pytest.raises(DataMapError):
            client.list_operators(datamap_mock.table_guid)
        datamap_mock.fail()
        assert 1 == len(client.list_operators(datamap_mock.table_guid))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"plan_time": NOW.replace(tzinfo=None)}, "plan_time is .*: it must be an aware datetime"),
        ({"end_time": 5}, "end_time is 5: it must be an aware datetime"),
        ({"colour": "blue"}, "colour: not a field of a run"),
        (
            {"task_id": "7", "job_name": "a"},
            "job_name, task_id belongs to the operator: pass operator=…, as add_operator",
        ),
        ({"taskId": 1}, "the run belongs to"),
        ({"owner": b"me"}, "owner is not a JSON value: Object of type bytes"),
        ({"owner": "\ud800"}, "owner is not a JSON value"),
    ],
)
def test_a_wrong_value_is_told(datamap_mock: FakeService, values: dict[str, Any], reason: str) -> None:
    """A typing mistake does not become a run."""
    with pytest.raises(ValueError, match=reason):
        datamap_mock.add_run(**values)


def test_a_wrong_name_or_number_is_told(datamap_mock: FakeService) -> None:
    """What no request could name, or no server could hold, is refused."""
    for name in (" ", "\ud800"):
        with pytest.raises(ValueError, match="name"):
            datamap_mock.add_operator(name)
    number: Any = 941206
    with pytest.raises(ValueError, match="is 941206: it must be a text"):
        datamap_mock.add_operator(task_id=number)
    with pytest.raises(ValueError, match="the log is 941206: it must be a text"):
        datamap_mock.set_log(datamap_mock.add_run(), number)
    with pytest.raises(ValueError, match="size is -1"):
        datamap_mock.invent(size=-1)


def test_what_is_not_there_cannot_be_changed(datamap_mock: FakeService) -> None:
    """Neither a run nor an operator comes into being by a mistake."""
    with pytest.raises(LookupError, match="no run with the id 5"):
        datamap_mock.change_run(5, status="fail")
    with pytest.raises(LookupError, match="no run with the id 5"):
        datamap_mock.delete_run(5)
    with pytest.raises(LookupError, match="there is no Operator"):
        datamap_mock.add_run({"task_id": "1", "job_name": "a", "workspace_id": "b"})


def test_no_secret_shows(datamap_mock: FakeService) -> None:
    """A failing test prints the fixture."""
    shown = repr(datamap_mock)
    assert datamap_mock.url in shown
    assert "FakeService(not running)" == repr(type(datamap_mock)())
    assert not {secret for secret in (datamap_mock.token, datamap_mock.secret_key) if secret in shown}
