"""The page's DAGs in an Airflow that runs: runs of a table start them, across a downtime, and no secret is in it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.mock import FakeService, MockConfig
from docs_build.blocks import read_blocks
from support.airflow_standalone import Standalone, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "airflow.md"
BLOCKS = {block.title: block.text for block in read_blocks(PAGE.read_text(encoding="utf-8"))}
SECRET_KEY = "plantedSecretKeyThatMustNotShow"
SECURITY_TOKEN = "plantedSecurityTokenThatMustNotShow"
WRONG = "plantedTokenThatIsWrong"
REFUSED = """
from datetime import timedelta
from airflow.sdk import DAG, Asset, AssetWatcher
from dataarts_datamap.integrations.airflow import TableFreshSensor, TableRunTrigger

watched = TableRunTrigger("sales.dws_orders", datamap_conn_id="wrong", poll_interval=1)
with DAG("refused", schedule=[Asset("refused", watchers=[AssetWatcher(name="loads", trigger=watched)])]):
    TableFreshSensor(task_id="fresh", table="sales.dws_orders", datamap_conn_id="wrong", max_age=timedelta(hours=1))
"""
TRIGGER_ARGUMENTS = """
import json
from airflow.models.trigger import Trigger
from airflow.utils.session import create_session
with create_session() as session:
    print(json.dumps([trigger.kwargs for trigger in session.query(Trigger)], default=str))
"""


@pytest.fixture(scope="module")
def orders() -> Iterator[FakeService]:
    """A service with the page's table, a run of the last interval that ended at six, and a temporary access key."""
    with FakeService(MockConfig(secret_key=SECRET_KEY, security_token=SECURITY_TOKEN)) as service:
        service.add_operator()
        now = datetime.now(UTC)
        six = now.replace(hour=6, minute=0, second=0, microsecond=0)
        service.add_run(plan_time=(six if six <= now else six - timedelta(days=1)) - timedelta(hours=5))
        yield service


@pytest.fixture(scope="module")
def airflow(orders: FakeService, tmp_path_factory: pytest.TempPathFactory) -> Standalone:
    """An Airflow with the page's DAGs, and the connections in its database."""
    folder = tmp_path_factory.mktemp("airflow")
    home = folder / "home"
    home.mkdir()
    made = Standalone(home, {"AIRFLOW_VAR_LAKE": f"file://{folder}/lake"})
    made.add_dag("on_orders.py", BLOCKS["dags/on_orders.py"])
    made.add_dag("refused.py", REFUSED)
    ids = {"project_id": orders.project_id, "instance_id": orders.instance_id}
    right = {"login": orders.access_key, "password": orders.secret_key}
    extra = {**ids, "security_token": SECURITY_TOKEN}
    connections = {
        "datamap_default": {"conn_type": "datamap", "host": orders.url, **right, "extra": json.dumps(extra)},
        "wrong": {"conn_type": "datamap", "host": orders.url, "password": WRONG, "extra": json.dumps(ids)},
    }
    file = folder / "connections.json"
    file.write_text(json.dumps(connections), encoding="utf-8")
    made.run("connections", "import", str(file))
    file.unlink()
    return made


def load(orders: FakeService) -> int:
    """A run of the table that has just succeeded."""
    now = datetime.now(UTC)
    return orders.add_run(plan_time=now - timedelta(minutes=2), end_time=now)


def test_events_across_a_downtime(orders: FakeService, airflow: Standalone) -> None:
    """A run starts the page's DAG within ten seconds, once, also one that ended while Airflow was down.

    Meanwhile the other DAG of the page waits without a worker, ends when the table is fresh, and exports. None of the
    planted secrets is in what Airflow keeps: database, logs, XComs, arguments of triggers.
    """

    def polled() -> bool:
        return sum("/instances" in request["target"] for request in orders.requests) > 3

    def returned(dag: str, task: str) -> list[Any]:
        rows = airflow.query(
            "select value from xcom where dag_id = ? and task_id = ? and key = 'return_value' order by timestamp",
            dag,
            task,
        )
        return [json.loads(value) if isinstance(value, str) else value for (value,) in rows]

    def states(dag: str) -> dict[str, str]:
        return dict(airflow.query("select task_id, state from task_instance where dag_id = ?", dag))

    with airflow.started():
        wait_until(polled, within=120)
        airflow.add_dag("morning.py", BLOCKS["dags/morning.py"])
        airflow.run("dags", "trigger", "refused")
        wait_until(lambda: states("morning").get("fresh") == "deferred", within=90)
        begun = time.monotonic()
        first = load(orders)
        wait_until(lambda: bool(airflow.query("select 1 from dag_run where dag_id = 'on_orders'")), within=60)
        seconds = time.monotonic() - begun
        wait_until(lambda: returned("on_orders", "report") == [[first]], within=60)
        wait_until(lambda: states("morning") == {"fresh": "success", "export": "success"}, within=90)
        wait_until(lambda: states("refused") == {"fresh": "failed"}, within=60)
    meanwhile = load(orders)
    with airflow.started():
        wait_until(lambda: returned("on_orders", "report") == [[first], [meanwhile]], within=120)
        last = load(orders)
        wait_until(lambda: returned("on_orders", "report") == [[first], [meanwhile], [last]], within=60)

    assert [first, meanwhile, last] == [payload["run_id"] for payload in airflow.event_payloads()]
    assert seconds < 10
    (status,) = returned("morning", "fresh")
    (export,) = returned("morning", "export")
    assert ("fresh", 1) == (status["verdict"], export["written"])
    assert Path(export["path"].removeprefix("file://")).stat().st_size == export["bytes"]
    kept = {path: path.read_bytes() for path in airflow.home.rglob("*") if path.is_file()}
    arguments = airflow.run_python("-c", TRIGGER_ARGUMENTS)
    assert "sales.dws_orders" in arguments
    assert 10 < len(kept)
    for secret in (SECRET_KEY, SECURITY_TOKEN, WRONG):
        assert secret not in arguments
        assert [] == [str(path) for path, content in kept.items() if secret.encode() in content]
