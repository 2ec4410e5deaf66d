"""The logs of a report's failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from dataarts_datamap._errors import ConfigurationError, DataMapError, LogError
from dataarts_datamap._models.runs import RunIdentity, run_identity
from dataarts_datamap._report.failure_logs import FailureLog
from dataarts_datamap.cli._printing.notices import note, tell

if TYPE_CHECKING:
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._report.contents import Report

_MOST: Final = 50
_TAIL: Final = 16 * 1024


def with_logs(report: Report, client: DataMapClient) -> Report:
    """The report, with the last 16 KiB of the log of each of its fifty newest failures, or why it cannot be read.

    After an error that is not a ``LogError``, no more logs are requested.

    Raises:
        ConfigurationError: The credentials, or the address of object storage or IAM, are missing or unusable.
    """
    failures, logs = report.failures, dict[RunIdentity, FailureLog]()
    for run in failures[:_MOST]:
        try:
            logs[run_identity(run)] = _read(client, run)
        except ConfigurationError:
            raise
        except DataMapError as error:
            tell(f"the other logs are not requested: {error}")
            break
    read = sum(log.problem is None for log in logs.values())
    if failures:
        note(f"logs of {read} of {len(failures)} failure{'s' * (len(failures) != 1)} read")
    return structs.replace(report, logs=logs)


def _read(client: DataMapClient, run: Run) -> FailureLog:
    try:
        log = client.read_log(run, tail=_TAIL)
    except LogError as error:
        return FailureLog(problem=str(error))
    return FailureLog(text=log.text, size=log.size, is_whole=log.is_whole)
