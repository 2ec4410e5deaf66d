"""The provider for Apache Airflow 3: a hook, sensors that defer, a trigger for assets, and an export.

It needs Airflow, which the extra ``airflow`` installs. Airflow finds it by its entry point; a DAG imports from here::

    from dataarts_datamap.integrations.airflow import TableFreshSensor, TableRunTrigger

The names below are loaded at their first use, since each process of Airflow imports this package.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataarts_datamap.integrations.airflow.hook import DataMapHook
    from dataarts_datamap.integrations.airflow.operators import ExportRunsOperator
    from dataarts_datamap.integrations.airflow.sensors import TableFreshSensor, TableRunSensor
    from dataarts_datamap.integrations.airflow.triggers import TableRunTrigger

__all__ = ["DataMapHook", "ExportRunsOperator", "TableFreshSensor", "TableRunSensor", "TableRunTrigger"]

_HOME_OF = {
    "DataMapHook": "hook",
    "ExportRunsOperator": "operators",
    "TableFreshSensor": "sensors",
    "TableRunSensor": "sensors",
    "TableRunTrigger": "triggers",
}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  not needed to import the package

    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
