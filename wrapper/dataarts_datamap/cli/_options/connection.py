"""Options that verbs share: for the connection, the time zone, the table, paging and the output."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from dataarts_datamap.cli._options.suggestions import (
    suggest_regions,
    suggest_tables,
    suggest_workspaces,
    suggest_zones,
)
from dataarts_datamap.cli._options.times import parse_zone
from dataarts_datamap.cli._options.values import options, span_option
from dataarts_datamap.cli._printing.notices import be_quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._paging.walk_options import PageSize
    from dataarts_datamap.cli._printing.output import Output

CommandT = TypeVar("CommandT", bound="Callable[..., Any]")
ResultT = TypeVar("ResultT")

output_option = click.option(
    "--output", type=click.Choice(["table", "ndjson"]), help="Table (to a terminal) or JSON lines (to a pipe)."
)


def parse_page_size(text: str) -> PageSize:
    if text == "auto":
        return "auto"
    if not (text.isascii() and text.isdecimal()):
        raise click.BadParameter(f"{text!r} is neither a number of rows nor auto")
    return int(text)


_PAGING: Final = ("page_size", "offset_unit", "slice_span")
_PAGING_OPTIONS = options(
    click.option(
        "--page-size",
        type=parse_page_size,
        metavar="ROWS",
        help="Page size to request (auto: 100, then 1,000 if there are more rows and the server allows it).",
    ),
    click.option(
        "--offset-unit", type=click.Choice(["auto", "row", "page"]), help="Unit of the server's offset (auto)."
    ),
    span_option("--slice-span", help="Longest window to request; a longer one is read in slices (28d)"),
)


def paging_options(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add the options for paging; the command's ``paging`` has the given ones, as keywords of a client's calls."""

    @wraps(command)
    def call(**values: Any) -> ResultT:  # noqa: ANN401
        paging = given(**{name: values.pop(name) for name in _PAGING})
        return command(paging=paging, **values)

    return _PAGING_OPTIONS(call)


obs_endpoint_option = click.option(
    "--obs-endpoint", metavar="URL", help="Address of object storage (the region's).  [env: DATAMAP_OBS_ENDPOINT]"
)

max_age_option = span_option("--max-age", help="Maximum age of the last success: 90m, 26h, 2d")


def parse_name(text: str) -> str:
    """A name as it was typed; warns of signs that it is damaged, such as a blank at its end."""
    from dataarts_datamap._arguments import warn_of_damage

    warn_of_damage("the name", text)
    return text


def zone_option(of_what: str) -> Callable[[CommandT], CommandT]:
    return click.option(
        "--tz",
        type=parse_zone,
        shell_complete=suggest_zones,
        default="UTC",
        envvar="DATAMAP_TZ",
        metavar="ZONE",
        help=f"Zone of {of_what} (UTC).  [env: DATAMAP_TZ]",
    )


def _refuse_table(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError(f"the table is an argument here: {context.command_path} {value}", context)


_no_table_option = click.option(
    "--table", hidden=True, is_eager=True, expose_value=False, callback=_refuse_table, help="An argument here."
)
table_argument = options(click.argument("table_guid", metavar="TABLE", shell_complete=suggest_tables), _no_table_option)
"""The argument for the table, and a hidden option ``--table`` whose error names the argument."""

optional_table_argument = options(
    click.argument("table_guid", metavar="[TABLE]", required=False, shell_complete=suggest_tables), _no_table_option
)
"""Like ``table_argument``, for a verb that needs no table when it handles all tables of a file."""


region_option = click.option(
    "--region",
    metavar="ID",
    shell_complete=suggest_regions,
    help="Region, if there is no address.  [env: DATAMAP_REGION]",
)
allow_http_option = click.option(
    "--allow-http",
    is_flag=True,
    default=None,
    help="Allow plain http to another machine.  [env: DATAMAP_ALLOW_HTTP=1]",
)
scope_options = options(
    click.option(
        "--project-id",
        metavar="ID",
        help="Project (the one with the region's name).  [env: DATAMAP_PROJECT_ID]",
    ),
    click.option(
        "--instance-id",
        metavar="ID",
        help="DataArts Studio instance (the only one).  [env: DATAMAP_INSTANCE_ID]",
    ),
)
connection_options = options(
    click.option("--endpoint", metavar="URL", help="Address of the service.  [env: DATAMAP_ENDPOINT]"),
    region_option,
    click.option(
        "--iam-endpoint",
        metavar="URL",
        help="Address of IAM (the region's).  [env: HUAWEICLOUD_SDK_IAM_ENDPOINT]",
    ),
    scope_options,
    click.option(
        "--workspace-id",
        metavar="ID",
        shell_complete=suggest_workspaces,
        help="Workspace for operators without one; auto for the instance's only one.  [env: DATAMAP_WORKSPACE_ID]",
    ),
    allow_http_option,
    click.option("--timeout", type=float, metavar="SECONDS", help="Longest wait for the next bytes (60)."),
    click.option(
        "--deadline",
        type=float,
        metavar="SECONDS",
        help="Longest time for a request with all its attempts (120).",
    ),
    click.option(
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=be_quiet,
        help="Print nothing on stderr except warnings and errors, such as for cron.",
    ),
)
"""The options for the service, the ids that requests name, timeouts, and ``--quiet``."""


def connect(settings: dict[str, Any]) -> DataMapClient:
    """A client with the given options, and the environment for the others."""
    from dataarts_datamap._client.clients import DataMapClient

    return DataMapClient.from_env(**given(**settings))


def given(**values: Any) -> dict[str, Any]:  # noqa: ANN401
    return {name: value for name, value in values.items() if value is not None}


def output_shape(asked: Output | None) -> Output:
    """The given output; else a table for a terminal and JSON lines for a pipe."""
    from dataarts_datamap.cli._printing.output import is_terminal

    return asked or ("table" if is_terminal() else "ndjson")
