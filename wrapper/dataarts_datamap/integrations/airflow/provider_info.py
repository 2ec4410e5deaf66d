"""The information about this provider, which Airflow finds by the entry point ``apache_airflow_provider``.

Each process of Airflow loads this module, so it imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONNECTION_TYPE = "datamap"
"""The type of a connection to the Data Map."""

HOOK_NAME = "DataArts Data Map"
"""The name of the type in the form of a connection."""

EXTRA_FIELDS: dict[str, tuple[str, str]] = {
    "region": ("Region", "Region id, such as eu-west-101. Needed if there is no endpoint."),
    "project_id": ("Project id", "If left out, the id of the project that has the region's name."),
    "instance_id": ("Instance id", "Id of the DataArts Studio instance; if left out, the project's only one."),
    "workspace_id": ("Workspace id", "If left out, the service decides."),
    "iam_endpoint": ("IAM endpoint", "If left out, the region's."),
    "security_token": ("Security token", "The security token of a temporary access key."),
    "requests_per_second": (
        "Requests per second",
        "The maximum for each process of Airflow: 45 if left out. The service allows a user 50.",
    ),
    "allow_http": ("Allow HTTP", "true allows a plain http endpoint, for experiments."),
}
"""The name, label and description of each field of a connection beyond the standard fields."""

FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "port"],
    "relabeling": {"host": "Endpoint", "login": "Access key", "password": "Secret key, or token"},
    "placeholders": {
        "host": "https://dayu.eu-west-101.myhuaweicloud.eu",
        "login": "leave empty for a token",
        "password": "leave both empty for the credentials of the machine",
    },
}
"""How the form of a connection shows the standard fields."""


def get_provider_info() -> dict[str, Any]:
    """The contents of the provider. Airflow before 3.2 takes the form of a connection from the hook instead."""
    return {
        "package-name": "dataarts-datamap",
        "name": HOOK_NAME,
        "description": "Which runs produced a table, when, and how they ended.",
        "connection-types": [
            {
                "connection-type": CONNECTION_TYPE,
                "hook-class-name": "dataarts_datamap.integrations.airflow.hook.DataMapHook",
                "hook-name": HOOK_NAME,
                "ui-field-behaviour": FIELD_BEHAVIOUR,
                "conn-fields": {
                    name: {"label": label, "description": description, "schema": _schema(name)}
                    for name, (label, description) in EXTRA_FIELDS.items()
                },
            }
        ],
    }


def _schema(name: str) -> dict[str, Any]:
    match name:
        case "security_token":
            return {"type": ["string", "null"], "format": "password"}
        case "requests_per_second":
            return {"type": ["integer", "null"], "minimum": 1}
        case "allow_http":
            return {"type": ["boolean", "null"]}
        case _:
            return {"type": ["string", "null"]}
