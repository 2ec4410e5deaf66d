"""``datamap conform``."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import click

from dataarts_datamap._extras import how_to_install
from dataarts_datamap.cli._exit_codes import NOT_JUDGED
from dataarts_datamap.cli._options.connection import allow_http_option, given, region_option, scope_options
from dataarts_datamap.cli._options.suggestions import suggest_levels
from dataarts_datamap.cli._options.values import NewFile
from dataarts_datamap.cli._printing.notices import tell
from dataarts_datamap.cli._printing.streams import write

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from dataarts_datamap_contract.suite import Target

_FILE = click.Path(dir_okay=False, path_type=Path)
_NEW_FILE = NewFile(path_type=Path)
_STORAGE: Final = "HYPOTHESIS_STORAGE_DIRECTORY"


@click.command()
@click.option("--target", "target_file", type=_FILE, help="TOML file that describes the server.  [env: DATAMAP_TARGET]")
@click.option("--endpoint", metavar="URL", help="Address of the server.  [env: DATAMAP_ENDPOINT]")
@region_option
@scope_options
@click.option("--table", "table_guid", metavar="GUID", help="A table of the server.  [env: DATAMAP_TABLE_GUID]")
@click.option("--discover", is_flag=True, help="Find an operator of the table, and a window with runs.")
@click.option("--mock", "is_mock", is_flag=True, default=None, help="The server is a mock, which cannot be harmed.")
@click.option(
    "--allow-credential-probes",
    is_flag=True,
    default=None,
    help="Send a token in the query, and more than two wrong signatures, which can lock a real key.",
)
@allow_http_option
@click.option(
    "--levels",
    metavar="LETTERS",
    default="ABCDE",
    show_default=True,
    shell_complete=suggest_levels,
    help="Levels to judge.",
)
@click.option("--seed", type=int, metavar="NUMBER", default=0, show_default=True, help="Seed of random requests.")
@click.option(
    "--budget",
    type=click.Choice(["quick", "default", "deep"]),
    default="default",
    show_default=True,
    help="Thoroughness: a minute without random requests, up to 15 minutes, or as long as it takes.",
)
@click.option(
    "--max-examples", type=click.IntRange(0), metavar="NUMBER", help="Number of random requests for each operation."
)
@click.option("--baseline", type=_FILE, help="TOML file with known deviations.")
@click.option("--junit", type=_NEW_FILE, help="Write the verdicts as JUnit XML.")
@click.option("--json", "json_file", type=_NEW_FILE, help="Write the report as JSON.")
@click.option("--sarif", type=_NEW_FILE, help="Write the verdicts as SARIF, for code scanning.")
@click.option("--html", type=_NEW_FILE, help="Write the report as one HTML page.")
@click.option(
    "--ci/--no-ci",
    default=None,
    help="Exit with 2 if a check that applies had nothing to judge, or the data is too poor.  [default: if CI is set]",
)
def conform(**options: Any) -> int:  # noqa: ANN401
    """Check whether a server conforms to the API's specification.

    The ids of real data come from a TOML file, from DATAMAP_… variables, or from --discover. Region, project, instance,
    credentials and proxies are found as in every other verb. Nothing is written to the server.

    \b
    Levels:
      A envelope, status, content type   B decoded body
      C paging, filters, window          D credentials
      E bad input

    Exit codes: 0 it conforms, 1 it does not, 2 it could not be judged, such as when the credentials expire during the
    run, 3 wrong usage.

    \b
    Example:
      datamap conform --discover --junit conformance.xml \\
        --region eu-west-101 --table 09318f28-939f-4ab6-a374-9e621096652c
    """  # noqa: D301  click reads \b
    is_random = options["budget"] != "quick" if options["max_examples"] is None else options["max_examples"] != 0
    if is_random and find_spec("schemathesis") is None:  # it is only loaded after all other requests
        raise _extra_is_missing("No module named 'schemathesis'")
    try:
        from dataarts_datamap_contract import suite
        from dataarts_datamap_contract.suite import reports
        from dataarts_datamap_contract.suite.baseline import BaselineError, apply_baseline, read_baseline
        from dataarts_datamap_contract.suite.catalogue import checks_of
        from dataarts_datamap_contract.suite.target_discovery import DiscoveryError
    except ModuleNotFoundError as error:
        raise _extra_is_missing(str(error)) from None
    try:
        checks_of(options["levels"])
        baseline = read_baseline(options["baseline"]) if options["baseline"] else ()
    except (BaselineError, ValueError) as error:
        raise click.UsageError(str(error)) from None

    from dataarts_datamap._auth.chain import OFF, allows_http

    if options["allow_http"] is None:
        options["allow_http"] = allows_http(os.environ)
    how = given(**{name: options[name] for name in ("seed", "levels", "budget", "max_examples")})
    try:
        target = _find_target(options)
        with _nothing_left_behind():
            report = apply_baseline(suite.run_suite(target, tell=tell, **how), baseline)
    except DiscoveryError as error:
        tell(str(error))
        return NOT_JUDGED
    except suite.TargetError as error:
        raise click.UsageError(str(error)) from None
    ci = os.environ.get("CI", "").lower() not in OFF if options["ci"] is None else options["ci"]
    write(reports.render_text(report, ci=ci))
    for write_report, path in (
        (reports.write_junit, options["junit"]),
        (partial(reports.write_json, ci=ci), options["json_file"]),
        (partial(reports.write_sarif, described_in=_description(options), ci=ci), options["sarif"]),
        (partial(reports.write_html, ci=ci), options["html"]),
    ):
        if path is not None:
            write_whole(path, partial(write_report, report))
    return report.exit_code(ci=ci)


def write_whole(path: Path, write_report: Callable[[Path], None]) -> None:
    """Replace a report atomically; a pipe or a device is written directly."""
    from dataarts_datamap._files import replaceable, replacing

    if path.exists() and not path.is_file():
        write_report(path)
        return
    with replacing(replaceable(path)) as made:
        write_report(made)


def _extra_is_missing(why: str) -> click.UsageError:
    return click.UsageError(f"the conformance suite needs an extra: {how_to_install('conform')} ({why})")


@contextmanager
def _nothing_left_behind() -> Generator[None]:
    """Keep the Unicode cache of Hypothesis, which makes the random requests, out of the current folder."""
    if _STORAGE in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="datamap-") as folder:
        os.environ[_STORAGE] = folder
        try:
            yield
        finally:
            del os.environ[_STORAGE]


def _description(options: dict[str, Any]) -> Path | None:
    """The file that describes the server; None if none is given."""
    named: Path | None = options["target_file"]
    return named or (Path(os.environ["DATAMAP_TARGET"]) if os.environ.get("DATAMAP_TARGET") else None)


def _find_target(options: dict[str, Any]) -> Target:
    from dataarts_datamap_contract.suite.target_discovery import discover_target
    from dataarts_datamap_contract.suite.target_sources import make_target, read_settings

    names = ("endpoint", "project_id", "instance_id", "table_guid", "is_mock", "allow_credential_probes")
    chosen = {name: options[name] for name in names}
    settings = _completed(read_settings(os.environ, options["target_file"], tell=tell, **chosen), options)
    target = make_target(settings, discovered=options["discover"], allow_http=options["allow_http"])
    return discover_target(target) if options["discover"] else target


def _completed(settings: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """The settings, with missing parts of the connection found as in every other verb."""
    region = options["region"] or os.environ.get("DATAMAP_REGION") or None
    if options["region"] and not options["endpoint"]:
        settings.pop("endpoint", None)
    is_whole = all(settings.get(name) for name in ("endpoint", "project_id", "instance_id"))
    if is_whole and (settings.get("token") or settings.get("access_key")):
        return settings
    if not settings.get("endpoint") and region is None:
        return settings  # the suite reports all missing settings together
    from dataarts_datamap._client.connection import find_connection

    found = find_connection(
        endpoint=settings.get("endpoint"),
        region=region,
        project_id=settings.get("project_id"),
        instance_id=settings.get("instance_id"),
        allow_http=options["allow_http"],
    )
    proof = given(**{name: getattr(found, name) for name in ("token", "access_key", "secret_key", "security_token")})
    ids = {"endpoint": found.endpoint, "project_id": found.project_id, "instance_id": found.instance_id}
    return {**settings, **ids, **proof}
