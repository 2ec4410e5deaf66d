"""Airflow finds the provider, its type of connection and its form, and loads next to nothing for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from airflow.providers_manager import ProvidersManager

from support.airflow_dags import AIRFLOW

LIGHT = """
import sys
before = set(sys.modules)
from importlib.metadata import entry_points
(found,) = [one for one in entry_points(group="apache_airflow_provider") if one.dist.name == "dataarts-datamap"]
print(found.load()()["package-name"])
print(sorted(name for name in set(sys.modules) - before if name.split(".")[0] in {"airflow", "msgspec", "httpcore2"}))
"""
FORM = """
import json
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
(form,) = [one for one in HookMetaService.hook_meta_data() if one.connection_type == "datamap"]
fields = {name: getattr(form.standard_fields, name) for name in ("host", "login", "password", "url_schema", "port")}
titles = {name: field.title for name, field in fields.items() if not field.hidden}
print(json.dumps([titles, {name: field["schema"] for name, field in form.extra_fields.items()}]))
"""
"""What the form of a connection is made of, as Airflow's own server reads it when it has just begun."""


def test_discovery() -> None:
    """The provider is known by the name of its distribution, and its hook by the type of connection."""
    manager = ProvidersManager()
    hook = manager.hooks["datamap"]

    assert "dataarts-datamap" in manager.providers
    assert hook is not None
    assert ("DataArts Data Map", "datamap_conn_id") == (hook.hook_name, hook.connection_id_attribute_name)


@pytest.mark.skipif(AIRFLOW < (3, 1), reason="Airflow 3.0 asks hooks for fields only where there is flask-appbuilder")
def test_form() -> None:
    """The form has the fields of the connection under names of ours; the security token is one that is not shown."""
    printed = subprocess.run([sys.executable, "-c", FORM], check=True, capture_output=True, text=True).stdout
    titles, extra = json.loads(printed.splitlines()[-1])

    assert {"host": "Endpoint", "login": "Access key", "password": "Secret key, or token"} == titles
    assert {"region", "project_id", "instance_id"} < extra.keys()
    assert ["security_token"] == [name for name, schema in extra.items() if schema.get("format") == "password"]


def test_light_entry_point() -> None:
    """What each process of Airflow loads imports neither Airflow nor what the client needs."""
    result = subprocess.run([sys.executable, "-c", LIGHT], check=True, capture_output=True, text=True)

    assert ["dataarts-datamap", "[]"] == result.stdout.splitlines()
