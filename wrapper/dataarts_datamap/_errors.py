"""The errors and the warnings of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._models.tables import Table


class DataMapError(Exception):
    """The base of all errors of this package.

    Unknown attributes are None. Two errors are equal if they have the same class, text and attributes, such as an error
    and its unpickled copy. Traceback and causes do not count.

    Attributes:
        status: HTTP status of the response, or of a proxy's refusal to connect.
        error_code: Code from the service or the gateway, such as ``APIGW.0301``.
        error_message: Text that came with the code. Untrusted: escape it before you show it.
        request_id: Id of the request, for a support ticket; from the header, else from the body. Untrusted.
        method: HTTP method.
        path: Path of the request, percent-encoded, without its query.
        attempts: Number of times that the request was sent.
        elapsed: Seconds from the first attempt to the failure.
        retry_after: Seconds that the server asked to wait.
        raw: The text that could not be used. A text of more than 65,536 characters is cut off there, with an ellipsis;
            so are ``error_code``, ``error_message`` and ``request_id``. Untrusted.
        resume_token: The position of the walk when it failed; pass it to the same call to continue there.
    """

    def __init__(  # noqa: PLR0913  one keyword for each fact that an error can carry
        self,
        message: str,
        *,
        status: int | None = None,
        error_code: str | None = None,
        error_message: str | None = None,
        request_id: str | None = None,
        method: str | None = None,
        path: str | None = None,
        attempts: int | None = None,
        elapsed: float | None = None,
        retry_after: float | None = None,
        raw: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.error_message = error_message
        self.request_id = request_id
        self.method = method
        self.path = path
        self.attempts = attempts
        self.elapsed = elapsed
        self.retry_after = retry_after
        self.raw = raw
        self.resume_token: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DataMapError) or type(self) is not type(other):
            return NotImplemented
        return self is other or (self.args, vars(self)) == (other.args, vars(other))

    def __hash__(self) -> int:
        return hash((type(self), self.args))  # not the attributes, which can change while an error is in a set

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else ""
        known = [
            *([f"{self.method} {self.path}"] if self.path else []),
            *([f"request id {printable(self.request_id, limit=80)}"] if self.request_id else []),
        ]
        return f"{text} ({', '.join(known)})" if known else text


class InvalidArgumentError(DataMapError, ValueError):
    """An argument is invalid. Nothing was sent."""


class ConfigurationError(DataMapError):
    """A setting of the client is missing or unusable."""


class CredentialsError(ConfigurationError):
    """No credentials were found, or they are unusable; the text names where they were looked for, or found."""


class DiscoveryError(ConfigurationError):
    """An id had to be looked up, and there is not exactly one to use; the text lists up to 20 of those found.

    Attributes:
        candidates: Id and name of each that was found; the name is None if it has none. Untrusted.
    """

    candidates: tuple[tuple[str, str | None], ...] = ()


class MissingExtraError(ConfigurationError):
    """An optional library is not installed; the text names the extra."""


class TableFileError(ConfigurationError):
    """A file of tables cannot be read, or is invalid.

    For an invalid file, the text has a line for each of the first 20 problems: file, line number and what is wrong.
    """


class ClientClosedError(DataMapError):
    """The client was closed before or during this call."""


class TransportError(DataMapError):
    """No complete response arrived."""


class ConnectionFailedError(TransportError):
    """No connection could be made: unknown name, no route, refused, not made in time, or TLS failed."""


class RequestTimeoutError(TransportError):
    """The server did not respond within the timeout, or before the deadline of the call."""


class CertificateError(ConnectionFailedError):
    """The server's certificate is not trusted: self-signed, expired or issued for another host. Never retried."""


class AnswerTooLargeError(TransportError):
    """A response is larger than the client's ``max_answer_size``, and was cut off there. Never retried."""


class ServiceError(DataMapError):
    """The response is an error."""


class StatusError(ServiceError):
    """The HTTP status is 400 or more."""


class BadRequestError(StatusError):
    """HTTP 400. The service also sends it if something was not found."""


class AuthenticationError(StatusError):
    """HTTP 401: the credentials are missing, wrong or expired. Or they were refused before, and were not sent again."""


class PermissionDeniedError(StatusError):
    """HTTP 403: the credentials are valid, but do not allow this request."""


class NotFoundError(StatusError):
    """HTTP 404."""


class RateLimitError(StatusError):
    """HTTP 429: too many requests, by this user or by all users."""


class ServerError(StatusError):
    """HTTP 500 or above."""


class ErrorBodyError(ServiceError):
    """HTTP 200 that carries an error body instead of a result."""


class UpstreamError(ServiceError):
    """HTTP 200 around an envelope whose own ``status_code`` is not 200.

    Attributes:
        upstream_status: The envelope's ``status_code``.
    """

    upstream_status: int | None = None


class UnsuccessfulError(ServiceError):
    """HTTP 200 around a body that says ``success: false``, or has no rows and a message other than ``success``."""


class InvalidResponseError(DataMapError):
    """The response is not what the API describes."""


class InvalidEnvelopeError(InvalidResponseError):
    """The outer document, its encoding or its HTTP status (below 400) is not what the API describes."""


class InvalidBodyError(InvalidResponseError):
    """The document inside is null, empty, not JSON, or without rows."""


class InvalidRowError(InvalidResponseError):
    """With strict decoding: a field of a page or of its rows has an unexpected type or an invalid value."""


class IncompleteWalkError(DataMapError):
    """It cannot be shown that all runs, tables or lineage were read.

    The pages contradict each other, end early, or have no end.

    Attributes:
        rows_read: Number of runs, assets or rows of lineage that had been read.
        totals: The latest 20 totals that the server reported, oldest first, without direct repetitions; for assets and
            lineage, only the latest.
        last_run: The last run that was yielded; None if there was none.
    """

    rows_read: int = 0
    totals: tuple[int, ...] = ()
    last_run: Run | None = None


class TableNameError(DataMapError):
    """A name does not belong to exactly one table."""


class TableNotFoundError(TableNameError):
    """No table has the given name.

    Attributes:
        nearest: Similar full names, the most similar first. Untrusted.
    """

    nearest: tuple[str, ...] = ()


class AmbiguousTableError(TableNameError):
    """Several tables have the given name; the text lists them.

    Attributes:
        candidates: The tables.
    """

    candidates: tuple[Table, ...] = ()


class WaitTimeoutError(DataMapError):
    """A run that a call waited for did not end within the timeout.

    Attributes:
        last_run: That run, as it was seen last; None if no such run was seen.
    """

    last_run: Run | None = None


class LogError(DataMapError):
    """A run's log cannot be read.

    Attributes:
        log_path: Path of the log, as ``obs://bucket/key``; None if the run names no such path. Untrusted.
    """

    log_path: str | None = None


class LogPathError(LogError):
    """The run names no log in object storage. Nothing was sent."""


class LogNotFoundError(LogError):
    """There is no object at the log's path: the log is not written yet, or was removed."""


class LogBucketNotFoundError(LogError):
    """The bucket of the log path does not exist."""


class LogForbiddenError(LogError):
    """Access to the log was denied: a permission is missing, or a key, token, clock or address is wrong."""


class LogArchivedError(LogError):
    """The log is archived: it must be restored before it can be read."""


class LogRegionError(LogError):
    """The bucket of the log is in another region than the request."""


class LogChangedError(LogError):
    """The log was replaced while it was read, such as by a run that started again."""


class ExportError(DataMapError):
    """A file cannot be read or continued as an export, or cannot be replaced; a local file is left unchanged.

    The integrations also raise it if an event, or a file for object storage, could not be sent.
    """


class StateFileError(DataMapError):
    """The state of earlier checks cannot be used.

    Its file cannot be read or written, is damaged, locked, of another instance or a newer version, or is no state file.
    """


class RowProblemWarning(UserWarning):
    """Fields have an unexpected type or an invalid value; issued once per walk. ``Run.problems`` names those of a run.

    An export also issues it, if it leaves out an integer of more than 64 bits.
    """


class DamagedValueWarning(UserWarning):
    """A credential or a name looks damaged, such as by a blank at its end; it was used as it is. No secret is shown."""


class ProducersUnknownWarning(UserWarning):
    """Readers and producers of a table cannot be distinguished, so all its operators count; the text has the reason."""


class InsecureFileWarning(UserWarning):
    """Others may read a file that holds credentials; the text says how to fix it."""
