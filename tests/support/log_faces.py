"""Logs read through each face of the client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from dataarts_datamap import AsyncDataMapClient, DataMapClient, Run, RunLog, TokenCredentials
from dataarts_datamap_contract.mock import FakeService, MockConfig
from support.faces import InstantClock

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKET = f"dlf-log-{MockConfig().project_id}"


class LogFace(Protocol):
    """A face of the client; both are called in the same way."""

    def read(self, settings: dict[str, Any], run: Run, **options: Any) -> RunLog:
        """The result of ``read_log``."""
        ...

    def read_pieces(self, settings: dict[str, Any], run: Run, between: Callable[[], None] | None = None) -> list[bytes]:
        """The pieces read from ``open_log``; with ``between``, those before and after that call."""
        ...


class SyncLogs:
    """Reads through ``DataMapClient``."""

    def read(self, settings: dict[str, Any], run: Run, **options: Any) -> RunLog:
        with DataMapClient(**settings) as client:
            return client.read_log(run, **options)

    def read_pieces(self, settings: dict[str, Any], run: Run, between: Callable[[], None] | None = None) -> list[bytes]:
        with DataMapClient(**settings) as client:
            reader = client.open_log(run)
            if between is None:
                return list(reader)
            before = reader.read()
            between()
            return [before, reader.read()]


class AsyncLogs:
    """Reads through ``AsyncDataMapClient``."""

    def read(self, settings: dict[str, Any], run: Run, **options: Any) -> RunLog:
        async def call() -> RunLog:
            async with AsyncDataMapClient(**settings) as client:
                return await client.read_log(run, **options)

        return asyncio.run(call())

    def read_pieces(self, settings: dict[str, Any], run: Run, between: Callable[[], None] | None = None) -> list[bytes]:
        async def call() -> list[bytes]:
            async with AsyncDataMapClient(**settings) as client:
                reader = await client.open_log(run)
                if between is None:
                    return [piece async for piece in reader]
                before = await reader.read()
                between()
                return [before, await reader.read()]

        return asyncio.run(call())


def settings_of(service: FakeService, **changes: Any) -> dict[str, Any]:
    """Settings of a client that reads logs of a fake service with its token."""
    return {
        "endpoint": service.url,
        "obs_endpoint": service.url,
        "iam_endpoint": service.url,
        "project_id": service.project_id,
        "instance_id": service.instance_id,
        "credentials": TokenCredentials(service.token),
        "clock": InstantClock(),
        **changes,
    }


def run_at(key: str, bucket: str = BUCKET) -> Run:
    """A run with this log path."""
    return Run(execution_log_path=f"obs://{bucket}/{key}")


def logged_run(service: FakeService, text: str = "", *, state: Any = "readable", key: str = "a/b.job") -> Run:
    """A run of a fake service with a log, at a key."""
    run = run_at(key)
    run_id = service.add_run(status="fail", execution_log_path=run.execution_log_path)
    service.set_log(run_id, text, state=state)
    return run
