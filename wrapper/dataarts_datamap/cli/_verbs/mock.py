"""``datamap mock``."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import click

from dataarts_datamap._extras import how_to_install
from dataarts_datamap.cli._options.connection import given
from dataarts_datamap.cli._options.suggestions import suggest_faults
from dataarts_datamap.cli._options.times import in_zone
from dataarts_datamap.cli._options.typed_options import is_typed, refuse_typed
from dataarts_datamap.cli._options.values import time_option
from dataarts_datamap.cli._printing.streams import telling

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock import MockConfig

_DETAILS = {"over_limit": "max_limit", "retry_after": "rate_limit", "latency_sigma": "latency"}


@click.command()
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="NUMBER", default=0, help="Port to listen on; 0 finds a free one."
)
@click.option("--seed", type=int, metavar="NUMBER", default=0, show_default=True, help="Seed of the invented runs.")
@time_option("--now", help="Present of the data, in UTC if it has no offset (now)")
@click.option("--project-id", metavar="ID", envvar="DATAMAP_PROJECT_ID", help="The known project.")
@click.option("--instance-id", metavar="ID", envvar="DATAMAP_INSTANCE_ID", help="The known instance.")
@click.option(
    "--scenario",
    type=click.Choice(["upstream-failed", "late", "waiting", "cycle", "unparsed", "varied"]),
    help="Serve a chain of tables with this problem today, instead of invented runs; varied serves "
    "invented runs with more data, for a conformance suite.",
)
@click.option(
    "--not-invited",
    is_flag=True,
    default=None,
    help="Refuse searches, details and lineage, as for an account that is not invited to test these operations.",
)
@click.option(
    "--tables",
    type=int,
    metavar="N",
    help="A warehouse of N tables, each loaded once a day; in a large one, some loads failed today.",
)
@click.option(
    "--size",
    type=int,
    metavar="RUNS",
    help="Number of runs of each operator (those of some weeks, with varied outcomes).",
)
@click.option("--offset-unit", type=click.Choice(["row", "page"]), help="Unit of offset (row).")
@click.option(
    "--first-page",
    type=click.IntRange(0, 1),
    metavar="NUMBER",
    help="Number of the first page, 0 or 1 (0).",
)
@click.option("--max-limit", type=int, metavar="ROWS", help="Maximum rows of a page, whatever the limit.")
@click.option(
    "--over-limit",
    type=click.Choice(["lowered", "refused"]),
    help="Treatment of a limit above --max-limit (lowered); refused gives a 400.",
)
@click.option("--round-offset", is_flag=True, default=None, help="Round offset to a multiple of limit.")
@click.option("--window-on", type=click.Choice(["planTime", "startTime"]), help="Column of the window.")
@click.option(
    "--window-includes-start/--window-excludes-start",
    default=None,
    help="Whether start_time is in the window (included).",
)
@click.option(
    "--window-includes-end/--window-excludes-end",
    default=None,
    help="Whether end_time is in the window (included).",
)
@click.option("--order", type=click.Choice(["newest-first", "oldest-first"]), help="Order of the runs (newest-first).")
@click.option("--rate-limit", type=int, metavar="N", help="Maximum requests in any second (no limit).")
@click.option("--retry-after", type=int, metavar="SECONDS", help="Retry-After beyond the rate limit.")
@click.option("--latency", type=float, metavar="MS", help="Median delay of responses (0).")
@click.option("--latency-sigma", type=float, metavar="S", help="Log-normal spread of the delay (0).")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    shell_complete=suggest_faults,
    help="Faults to inject: reset, truncated, dribble, slow, html, 500, 502, 503 or 504, as in reset:every=3.",
)
@click.option(
    "--progress",
    type=click.Choice(["by-hand", "with-time", "immediately"]),
    help="Progress of unfinished runs (by-hand: POST /__mock__/progress).",
)
@click.option("--progress-step", type=float, metavar="SECONDS", help="Duration of a step (10).")
@click.option(
    "--admin",
    type=click.Choice(["loopback", "everywhere", "off"]),
    help="Clients that may use /__mock__/ (loopback).",
)
def mock(*, host: str, port: int, seed: int, now: datetime | int | None, **settings: Any) -> None:  # noqa: ANN401  of each option's type
    """Serve invented runs, and the documented one, until interrupted.

    It accepts the credentials in DATAMAP_TOKEN, HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, if they are set. Without
    DATAMAP_TOKEN, it prints a token that it accepts.

    \b
    Examples:
      datamap mock --port 8080
      datamap mock --port 8080 --scenario upstream-failed
      datamap mock --port 8080 --tables 300
      datamap mock --size 1000000 --rate-limit 50 --latency 50
    """  # noqa: D301  click reads \b
    try:
        from dataarts_datamap_contract import mock as server
    except ModuleNotFoundError as error:
        raise click.UsageError(f"the mock server needs an extra: {how_to_install('mock')} ({error})") from None

    _refuse_details()
    token = os.environ.get("DATAMAP_TOKEN") or None
    access_key, secret_key = (os.environ.get(f"HUAWEICLOUD_SDK_{name}") or None for name in ("AK", "SK"))
    whom = given(token=token, access_key=access_key, secret_key=secret_key, **settings)
    try:
        anchor = _instant(now) if isinstance(now, int) else in_zone(now, UTC)
        whom["latency"] = timedelta(milliseconds=whom.get("latency", 0))
        whom["progress_step"] = timedelta(seconds=whom.get("progress_step", 10))
        whom["invited"] = not whom.pop("not_invited", False)
        whom["faults"] = tuple(map(server.Fault.parse, whom["faults"]))
        config = server.MockConfig(seed=seed, now=cast("datetime | None", anchor), **whom)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(str(error)) from None

    def announce(url: str) -> None:
        here = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        variables = {"ENDPOINT": here, "PROJECT_ID": config.project_id, "INSTANCE_ID": config.instance_id}
        if token is None:
            variables["TOKEN"] = config.token
        also = ", with the same DATAMAP_TOKEN" if token else ""
        with telling():
            click.echo(f"Serving at {url} until interrupted. In another shell{also}:", err=True)
            for name, value in variables.items():
                click.echo(f"  export DATAMAP_{name}={value}", err=True)
            if here != url:
                click.echo("  # on another machine: the name of this one, and DATAMAP_ALLOW_HTTP=1", err=True)
            click.echo(f"  datamap {_first_command(config, server.TABLE_GUID)}", err=True)

    try:
        server.serve(config, host=host, port=port, on_ready=announce)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise OSError(f"port {port} of {host} is in use: give another --port, or none for a free one") from None


def _refuse_details() -> None:
    """Refuse a typed detail without the option that it belongs to."""
    for detail, main in _DETAILS.items():
        if not is_typed(main):
            refuse_typed(detail, f"only goes with --{main.replace('_', '-')}")


def _instant(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError):
        raise click.UsageError(f"--now {milliseconds} is out of range: the years are 1970 to 9999") from None


def _first_command(config: MockConfig, table: str) -> str:
    if config.tables is not None:
        return "tables --init"
    if config.scenario is not None and config.now is None:
        return f"why {table} --max-age 26h"
    return f"runs --table {table} {_last_day(config.now)}"


def _last_day(now: datetime | None) -> str:
    if now is None:
        return "--since 24h"
    return f"--start {now - timedelta(days=1):%Y-%m-%dT%H:%M%z} --end {now:%Y-%m-%dT%H:%M%z}"
