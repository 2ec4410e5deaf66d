"""``datamap doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._exit_codes import NO, NOT_JUDGED, YES
from dataarts_datamap.cli._options.connection import connect, connection_options, output_option, output_shape
from dataarts_datamap.cli._printing.notices import tell
from dataarts_datamap.cli._printing.streams import write

if TYPE_CHECKING:
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._doctor.findings import Finding
    from dataarts_datamap.cli._printing.output import Output


@click.command()
@output_option
@click.option("--report", "is_report", is_flag=True, help="A text to paste into an issue, without ids and addresses.")
@click.option("--with-ids", is_flag=True, help="With --report: include ids and addresses.")
@connection_options
def doctor(output: Output | None, *, is_report: bool, with_ids: bool, **settings: Any) -> int:  # noqa: ANN401
    """Find out, step by step, why the service cannot be used, and how to fix it.

    Checks the credentials, the address, the connection, the certificate, the clock, and whether the service accepts
    credentials, project and instance. No secret is shown. A wrong secret key is sent only once, since more than five
    failures in a row lock an access key. Exit code 0: all is well. 1: a step failed. 2: a step could not be judged.

    \b
    Examples:
      datamap doctor --region eu-west-101
      datamap doctor --report
    """  # noqa: D301  click reads \b
    from dataarts_datamap._doctor.examination import examine, input_of, unsettled
    from dataarts_datamap._doctor.report import report
    from dataarts_datamap._errors import ConfigurationError
    from dataarts_datamap.cli._printing.output import write_findings

    if is_report and output is not None:
        raise click.UsageError("--report has its own format: leave out --output")
    if with_ids and not is_report:
        raise click.UsageError("--with-ids needs --report")
    try:
        client, problem = _connected(settings)
    except ConfigurationError as error:
        if is_report:
            raise
        return _verdict(write_findings(unsettled(str(error)), output=output_shape(output)))
    with client:
        examined = input_of(client, credentials_problem=problem)
        if is_report:
            findings = list(examine(examined))
            write(report(findings, examined, with_ids=with_ids))
        else:
            findings = write_findings(examine(examined), output=output_shape(output))
    return _verdict(findings)


def _connected(settings: dict[str, Any]) -> tuple[DataMapClient, str | None]:
    """A client, and the reason if it has no credentials."""
    from dataarts_datamap._doctor.examination import Anonymous
    from dataarts_datamap._errors import CredentialsError, InvalidArgumentError

    try:
        return connect(settings), None
    except (CredentialsError, InvalidArgumentError) as error:  # any other invalid argument is raised again below
        return connect({**settings, "credentials": Anonymous()}), str(error)


def _verdict(findings: list[Finding]) -> int:
    outcomes = {finding.outcome.value for finding in findings}
    if "failed" in outcomes:
        return NO
    if "unknown" in outcomes:
        tell("nothing failed, but some steps could not be judged")
        return NOT_JUDGED
    return YES
