"""``datamap exporter``."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import connection_options, given
from dataarts_datamap.cli._options.values import TABLES_FILE, file_option, span_option, state_option
from dataarts_datamap.cli._printing.notices import counted, note

if TYPE_CHECKING:
    import threading
    from collections.abc import Generator
    from datetime import timedelta

_POLL = 1.0


@click.command(short_help="Serve the state of all tables of a file to Prometheus.")
@file_option("--tables", "file", default=TABLES_FILE, help="The tables, each with its rule")
@state_option(help="State of earlier checks; created if it does not exist")
@span_option("--every", "interval", default="5m", help="Time between the beginnings of two checks: 90s, 5m")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", help="Address to listen on (127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="NUMBER", default=9467, help="Port (9467); 0 finds a free one."
)
@connection_options
def exporter(
    *,
    file: str,
    state_file: str | None,
    interval: timedelta,
    host: str,
    port: int,
    **settings: Any,  # noqa: ANN401
) -> None:
    """Check all tables of a file again and again, and serve their state at /metrics until interrupted or terminated.

    A scrape gets the results of the last check, without waiting. /healthz says whether the thread that checks is
    alive, /readyz whether the first check has ended.

    \b
    Examples:
      datamap exporter
      datamap exporter --tables sales.toml --state tables.state --every 10m
    """  # noqa: D301  click reads \b
    from dataarts_datamap._extras import load_extra

    load_extra("prometheus_client", extra="exporter")
    from contextlib import ExitStack

    from dataarts_datamap._checks.check_state import CheckState
    from dataarts_datamap._checks.table_file import load_tables
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap.integrations.exporter import RequestMetrics, TableExporter

    rules, requests = load_tables(file), RequestMetrics()
    with ExitStack() as stack:
        is_ending = stack.enter_context(_until_told_to_end())
        state = None if state_file is None else stack.enter_context(CheckState(state_file))
        client = stack.enter_context(DataMapClient.from_env(**given(**settings, on_attempt=requests)))
        how: dict[str, Any] = {"state": state, "interval": interval, "requests": requests, "host": host, "port": port}
        try:
            served = TableExporter(client, rules, **how)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise OSError(f"port {port} of {host} is in use: give another --port, or 0 for a free one") from None
        stack.callback(served.close)
        note(f"serving {counted(len(rules), 'table')} at {served.url}/metrics until interrupted")
        while not is_ending.wait(_POLL):  # a wait without a timeout would ignore Ctrl-C on Windows
            pass
        client.close()  # cancels a check under way


@contextmanager
def _until_told_to_end() -> Generator[threading.Event]:
    """An event that SIGTERM and SIGINT set, so that the server can end cleanly."""
    import signal
    from threading import Event

    is_ending = Event()

    def end(_signal: int, _frame: object) -> None:
        is_ending.set()

    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield is_ending
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
