"""An Airflow of one's own: a home folder with its database, and a service that it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
for _name in [name for name in os.environ if name.startswith(("AIRFLOW", "DATAMAP_", "HUAWEICLOUD_"))]:
    del os.environ[_name]
os.environ.update(  # Airflow reads these when it is first imported
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(HOME / "dags"),
    NO_PROXY="127.0.0.1",
)

(HOME / "plugins").mkdir()
(HOME / "plugins" / "reader.py").write_text(  # as the provider for OpenLineage has one: without, nothing is collected
    "from airflow.plugins_manager import AirflowPlugin\n"
    "try:\n"
    "    from airflow.sdk.lineage import HookLineageReader\n"
    "except ImportError:  # before 3.2\n"
    "    from airflow.lineage.hook import HookLineageReader\n"
    "class Reader(AirflowPlugin):\n"
    "    name = 'reader'\n"
    "    hook_lineage_readers = [HookLineageReader]\n",
    encoding="utf-8",
)

from dataarts_datamap_contract.mock import FakeService  # noqa: E402  after the environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def home() -> Path:
    """Airflow's folder, with a database that is up to date."""
    (HOME / "dags").mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, timeout=120)
    return HOME


@pytest.fixture
def service() -> Iterator[FakeService]:
    """An empty service."""
    with FakeService() as running:
        yield running


@pytest.fixture
def connection(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The connection that is used where none is named: to the service, with its access key."""
    content: dict[str, object] = {
        "conn_type": "datamap",
        "host": service.url,
        "login": service.access_key,
        "password": service.secret_key,
        "extra": {"project_id": service.project_id, "instance_id": service.instance_id},
    }
    monkeypatch.setenv("AIRFLOW_CONN_DATAMAP_DEFAULT", json.dumps(content))
    return content
