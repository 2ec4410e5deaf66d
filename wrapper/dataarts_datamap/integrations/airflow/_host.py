"""The parts of Airflow that are used here: only this module knows their location in each version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap import MissingExtraError
from dataarts_datamap._extras import how_to_install

try:
    from airflow.sdk import BaseOperator, BaseSensorOperator, Connection, ObjectStoragePath, PokeReturnValue
    from airflow.sdk.exceptions import AirflowRuntimeError
    from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent
    from asgiref.sync import sync_to_async
except ModuleNotFoundError as error:
    missing = error.name
    raise MissingExtraError(f"Airflow 3 is not installed ({missing}): {how_to_install('airflow')}") from None

if TYPE_CHECKING:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
    from airflow.sdk.lineage import get_hook_lineage_collector
else:
    try:
        from airflow.sdk import BaseHook
    except ImportError:  # 3.0
        from airflow.hooks.base import BaseHook
    try:
        from airflow.sdk.exceptions import AirflowException, AirflowFailException
        from airflow.sdk.lineage import get_hook_lineage_collector
    except ImportError:  # before 3.2
        from airflow.exceptions import AirflowException, AirflowFailException
        from airflow.lineage.hook import get_hook_lineage_collector

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowRuntimeError",
    "BaseEventTrigger",
    "BaseHook",
    "BaseOperator",
    "BaseSensorOperator",
    "BaseTrigger",
    "Connection",
    "ObjectStoragePath",
    "PokeReturnValue",
    "TriggerEvent",
    "get_hook_lineage_collector",
    "sync_to_async",
]
