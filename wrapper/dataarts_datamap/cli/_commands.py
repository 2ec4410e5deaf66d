"""The verbs of the ``datamap`` command."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from dataarts_datamap._errors import (
    ConfigurationError,
    CredentialsError,
    DataMapError,
    InvalidArgumentError,
    RowProblemWarning,
)
from dataarts_datamap._version import __version__
from dataarts_datamap.cli._times import in_zone, parse_span, parse_time, parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap._client import DataMapClient
    from dataarts_datamap._paging import OffsetUnit
    from dataarts_datamap.cli._output import Output

CommandT = TypeVar("CommandT", bound="Callable[..., Any]")

_YES: Final = 0
_NOT_JUDGED: Final = 2
_WRONG_USAGE: Final = 3
_INTERRUPTED: Final = 130


class _Verbs(click.Group):
    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  as in click
        """Run a verb. A reader that went away early, such as ``head``, is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # What is buffered still would be flushed at exit, and fail once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _YES


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RowProblemWarning)
        warnings.showwarning = _show_warning
        return _exit_code(arguments)


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        code = cast("object", datamap.main(arguments, prog_name="datamap", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        return _WRONG_USAGE
    except (InvalidArgumentError, ConfigurationError) as error:
        _tell(str(error))
        return _NOT_JUDGED if isinstance(error, CredentialsError) else _WRONG_USAGE
    except (DataMapError, OSError) as error:
        _tell(str(error))
        return _NOT_JUDGED
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except Exception:  # noqa: BLE001  a defect of ours must not look like the answer "no", which is 1
        traceback.print_exc()
        return _NOT_JUDGED
    return code if isinstance(code, int) else _YES


def connection_options(command: CommandT) -> CommandT:
    """Add the options that say which service, project and tenancy to ask."""
    for option in reversed(
        (
            click.option("--endpoint", metavar="URL", help="Address of the service.  [env: DATAMAP_ENDPOINT]"),
            click.option("--region", metavar="ID", help="Region, if there is no address.  [env: DATAMAP_REGION]"),
            click.option("--project-id", metavar="ID", help="Project id.  [env: DATAMAP_PROJECT_ID]"),
            click.option("--instance-id", metavar="ID", help="DataArts Studio tenancy.  [env: DATAMAP_INSTANCE_ID]"),
            click.option(
                "--workspace-id",
                metavar="ID",
                help="If an operator names none.  [env: DATAMAP_WORKSPACE_ID]",
            ),
            click.option("--allow-http", is_flag=True, help="Let the address be plain http to another machine."),
            click.option("--timeout", type=float, metavar="SECONDS", help="Longest wait for the next bytes (60)."),
            click.option(
                "--output",
                type=click.Choice(["table", "ndjson"]),
                help="Table (to a terminal) or JSON lines (to a pipe).",
            ),
        )
    ):
        command = option(command)
    return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="datamap")
def datamap() -> None:
    """Which runs produced a table, when, and how they ended.

    Credentials come from the environment, never from the command line: DATAMAP_TOKEN, or HUAWEICLOUD_SDK_AK and
    HUAWEICLOUD_SDK_SK, or the profile file ~/.huaweicloud/credentials.

    Exit codes: 0 yes, 1 no, 2 could not be judged, 3 wrong usage, 130 interrupted.
    """


@datamap.command()
@click.argument("table_guid")
@connection_options
def operators(table_guid: str, output: Output | None, **settings: Any) -> None:  # noqa: ANN401
    """List the job operators that produce the table TABLE_GUID.

    \b
    Example:
      datamap operators 09318f28-939f-4ab6-a374-9e621096652c
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._output import write_operators  # noqa: PLC0415  loads what --help does not need

    with _connect(settings) as client:
        count = write_operators(client.list_operators(table_guid), output=_output(output))
    _tell_if_none(count, "operators produce this table")


@datamap.command()
@click.option("--table", "table_guid", metavar="GUID", help="Runs of all operators that produce this table.")
@click.option("--task-id", metavar="ID", help="Runs of one operator; goes with --job-name.")
@click.option("--job-name", metavar="NAME", help="Name of that operator.")
@click.option("--start", type=parse_time, metavar="TIME", help="Where the window begins: a date, a time, or epoch ms.")
@click.option("--end", type=parse_time, metavar="TIME", help="Where it ends (now).")
@click.option("--since", type=parse_span, metavar="SPAN", help="Begin this long before the end: 90m, 24h, 7d.")
@click.option("--tz", type=parse_zone, default="UTC", metavar="ZONE", help="Zone of times without an offset (UTC).")
@click.option("--page-size", type=int, metavar="ROWS", help="Rows to ask for at once (100).")
@click.option("--offset-unit", type=click.Choice(["row", "page"]), help="What the server's offset counts (row).")
@click.option("--strict", is_flag=True, help="A field of an unexpected type is an error.")
@connection_options
def runs(  # noqa: PLR0913  one parameter for each option
    *,
    table_guid: str | None,
    task_id: str | None,
    job_name: str | None,
    start: datetime | int | None,
    end: datetime | int | None,
    since: timedelta | None,
    tz: tzinfo,
    output: Output | None,
    page_size: int | None,
    offset_unit: OffsetUnit | None,
    strict: bool,
    **settings: Any,  # noqa: ANN401
) -> None:
    """List the runs of a table, or of one of its operators, inside a window.

    \b
    Examples:
      datamap runs --table 09318f28-939f-4ab6-a374-9e621096652c --since 24h
      datamap runs --task-id 937987 --job-name ETL_Job_dli2dws --start 2024-01-11 --end 2024-01-12
    """  # noqa: D301  click reads \b
    from dataarts_datamap.cli._output import write_runs  # noqa: PLC0415  loads what --help does not need

    if (task_id is None) is not (job_name is None) or (table_guid is None) is (task_id is None):
        raise click.UsageError("give either --table, or both --task-id and --job-name")
    if start is not None and since is not None:
        raise click.UsageError("give either --start or --since, not both")
    if start is None and since is None:
        raise click.UsageError("say where the window begins: --start TIME or --since SPAN")
    shape = _output(output)
    _tell_zone((start, end), tz, shape)
    window = _given(start=in_zone(start, tz), end=in_zone(end, tz, end=True), since=since)
    how = _given(page_size=page_size, offset_unit=offset_unit, strict=strict)
    with _connect(settings) as client:
        if table_guid is not None:
            pager = client.list_table_runs(table_guid, **window, **how)
        else:
            pager = client.list_runs(cast("str", task_id), job_name=cast("str", job_name), **window, **how)
        count = write_runs(pager, output=shape, zone=tz)
    _tell_if_none(count, "runs in this window")


@datamap.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 finds a free one.")
@click.option("--seed", type=int, default=0, show_default=True, help="What the runs are made from.")
@click.option("--now", type=parse_time, metavar="TIME", help="When the runs end, in UTC if it has no offset (now).")
@click.option("--project-id", metavar="ID", envvar="DATAMAP_PROJECT_ID", help="Project that is known.")
@click.option("--instance-id", metavar="ID", envvar="DATAMAP_INSTANCE_ID", help="Tenancy that is known.")
def mock(*, host: str, port: int, seed: int, now: datetime | int | None, **known: str | None) -> None:
    """Serve made-up runs, and the documented one, until interrupted.

    The credentials that it takes are those of DATAMAP_TOKEN, HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, where they are
    set; else it has a token of its own, and shows it.

    \b
    Example:
      datamap mock --port 8080
    """  # noqa: D301  click reads \b
    try:
        from dataarts_datamap_contract import mock as server  # noqa: PLC0415  an extra, and the other side
    except ModuleNotFoundError as error:
        raise click.UsageError(
            f"the mock server needs an extra: install dataarts-datamap with [mock] ({error})"
        ) from None

    token = os.environ.get("DATAMAP_TOKEN") or None
    access_key, secret_key = (os.environ.get(f"HUAWEICLOUD_SDK_{name}") or None for name in ("AK", "SK"))
    anchor = datetime.fromtimestamp(now / 1000, UTC) if isinstance(now, int) else in_zone(now, UTC)
    whom = _given(token=token, access_key=access_key, secret_key=secret_key, **known)
    config = server.MockConfig(seed=seed, now=cast("datetime | None", anchor), **whom)

    def announce(url: str) -> None:
        variables = {"ENDPOINT": url, "PROJECT_ID": config.project_id, "INSTANCE_ID": config.instance_id}
        if token is None:
            variables["TOKEN"] = config.token
        also = ", with the same DATAMAP_TOKEN" if token else ""
        click.echo(f"Serving at {url} until interrupted. In another shell{also}:", err=True)
        for name, value in variables.items():
            click.echo(f"  export DATAMAP_{name}={value}", err=True)
        click.echo(f"  datamap runs --table {server.TABLE_GUID} {_last_day(config.now)}", err=True)

    server.serve(config, host=host, port=port, on_ready=announce)


def _last_day(now: datetime | None) -> str:
    if now is None:
        return "--since 24h"
    return f"--start {now - timedelta(days=1):%Y-%m-%dT%H:%M%z} --end {now:%Y-%m-%dT%H:%M%z}"


def _connect(settings: dict[str, Any]) -> DataMapClient:
    from dataarts_datamap._client import DataMapClient  # noqa: PLC0415  loads what --help does not need

    return DataMapClient.from_env(**_given(**settings))


def _given(**values: Any) -> dict[str, Any]:  # noqa: ANN401
    return {name: value for name, value in values.items() if value is not None}


def _output(asked: Output | None) -> Output:
    from dataarts_datamap.cli._output import is_terminal  # noqa: PLC0415  loads what --help does not need

    return asked or ("table" if is_terminal() else "ndjson")


def _tell(text: str) -> None:
    click.echo(f"datamap: {text}", err=True)


def _tell_zone(times: Sequence[datetime | int | None], zone: tzinfo, output: Output) -> None:
    if output == "table":
        _tell(f"times are in {zone}")
    elif any(isinstance(time, datetime) and time.tzinfo is None for time in times):
        _tell(f"times without an offset are read as {zone}")


def _tell_if_none(count: int, what: str) -> None:
    if count == 0:
        _tell(f"no {what}")


def _show_warning(message: Warning | str, *_where: object, **_how: object) -> None:
    _tell(f"warning: {message}")
