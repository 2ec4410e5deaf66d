"""The ``datamap`` command: finds the verb, runs it, and converts its outcome to an exit code."""

from __future__ import annotations

import traceback
import warnings
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import click
from click.shell_completion import CompletionItem

from dataarts_datamap._errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
    DamagedValueWarning,
    DataMapError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    RowProblemWarning,
    TableNotFoundError,
)
from dataarts_datamap._version import __version__
from dataarts_datamap.cli._exit_codes import INTERRUPTED, NO, NOT_JUDGED, WRONG_USAGE, YES
from dataarts_datamap.cli._printing.notices import tell
from dataarts_datamap.cli._printing.streams import telling

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERBS: Final = {
    "check": "Check whether all tables of a file are fresh.",
    "completion": "Print the script with which a shell completes this command.",
    "conform": "Check whether a server conforms to the API's specification.",
    "doctor": "Find out why the service cannot be used.",
    "export": "Write runs to a file, or add them to one.",
    "exporter": "Check all tables of a file again and again, for Prometheus.",
    "lineage": "Show the tables that a table is made of, and the operators between them.",
    "log": "Show the log of a run: of a table's newest failure, or by id.",
    "mcp": "Serve tools to an AI agent.",
    "mock": "Serve invented runs, and the documented one, until interrupted.",
    "openlineage": "Send runs to a lineage catalog.",
    "operators": "List the operators of a table.",
    "report": "Report on a table's runs: what failed, and what took long.",
    "runs": "List the runs of a table, or of one operator.",
    "status": "Check whether a table is fresh.",
    "tables": "Find tables by name.",
    "wait": "Wait until the load of a table, or a run, has ended.",
    "watch": "Show a table's runs as they change.",
    "why": "Find the run that broke a table.",
}
"""The summary of each verb. A verb is the command in the module of the same name, which is loaded when it is called."""

_FOR_THE_DOCTOR: Final = (AuthenticationError, ConnectionFailedError, PermissionDeniedError)


class _Verbs(click.Group):
    """Loads a verb only when it is used: to list or complete the names of verbs, none is loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  as in click
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  as in click
        if cmd_name not in _VERBS:
            return None
        return cast("click.Command", getattr(import_module(f"dataarts_datamap.cli._verbs.{cmd_name}"), cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _VERBS and not ctx.resilient_parsing:
            nearest = get_close_matches(args[0], _VERBS, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else "datamap --help lists the commands."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  as in click
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        verbs = (CompletionItem(name, help=text) for name, text in _VERBS.items() if name.startswith(incomplete))
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]


def run(arguments: Sequence[str] | None = None) -> int:
    with warnings.catch_warnings():
        for kind in (DamagedValueWarning, RowProblemWarning):
            warnings.simplefilter("always", kind)
        warnings.showwarning = _show_warning
        return _exit_code(arguments)


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        code = cast("object", datamap.main(arguments, prog_name="datamap", standalone_mode=False))
    except click.ClickException as error:
        with telling():
            _explained(error).show()
        return WRONG_USAGE
    except (InvalidArgumentError, ConfigurationError) as error:
        tell(str(error))
        return NOT_JUDGED if isinstance(error, CredentialsError) else WRONG_USAGE
    except (DataMapError, OSError) as error:
        tell(f"{error}{_advice(error)}")
        return NOT_JUDGED
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception:  # noqa: BLE001  a defect of ours must not end with 1, which means "no"
        with telling():
            traceback.print_exc()
        return NOT_JUDGED
    except SystemExit as ended:  # click ends with 1 if the reader of a help text has gone
        code = YES if ended.code == NO else ended.code
    return code if isinstance(code, int) else YES


def _explained(error: click.ClickException) -> click.ClickException:
    """The error; for an option that does not exist, with a suggestion if there is one."""
    if not isinstance(error, click.NoSuchOption):
        return error
    from dataarts_datamap.cli._options.unknown_options import hint_on  # noqa: PLC0415  loads all verbs

    return click.UsageError(f"No such option {error.option_name!r}. {hint_on(error)}".rstrip(), error.ctx)


def _advice(error: DataMapError | OSError) -> str:
    if isinstance(error, _FOR_THE_DOCTOR):
        from dataarts_datamap._client.catalog import is_refusal  # noqa: PLC0415  not needed to list the verbs

        return "" if is_refusal(error) else ": datamap doctor finds out why"
    if isinstance(error, NotFoundError) and (error.path or "").endswith("/node"):
        return ": no table has this GUID; datamap tables lists the existing ones"
    if isinstance(error, TableNotFoundError) and not error.nearest:
        return "; datamap tables lists the existing ones"
    return ""


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="datamap")
def datamap() -> None:
    """Which runs produced a table, when, and how they ended.

    Credentials are never given on the command line. They come from DATAMAP_TOKEN, or HUAWEICLOUD_SDK_AK and
    HUAWEICLOUD_SDK_SK, or the profile file ~/.huaweicloud/credentials. With DATAMAP_CREDENTIALS=password, they are
    DATAMAP_USER, DATAMAP_PASSWORD and DATAMAP_ACCOUNT; with DATAMAP_CREDENTIALS=ecs-metadata, the key of the cloud
    server that this runs on.

    In the help of a verb, the default of an option is in parentheses, or after "default:". A TIME is a date, a time,
    or milliseconds since the epoch; a SPAN is a text such as 90m, 24h or 7d.

    Exit codes: 0 yes, 1 no, 2 could not be judged, 3 wrong usage, 130 interrupted.

    \b
    Examples:
      datamap mock --port 8080     # a server for a trial, without an account
      datamap doctor               # why the service cannot be used
      datamap status TABLE         # whether a table is fresh
    """  # noqa: D301  click reads \b


def _show_warning(message: Warning | str, *_where: object, **_how: object) -> None:
    tell(f"warning: {message}")
