"""Every error that the package raises.

::

    DataMapError
    ├── InvalidArgumentError          an argument that cannot be sent; nothing was sent
    ├── ConfigurationError            what the client needs to begin is missing or unusable
    │   ├── CredentialsError          no credentials were found
    │   ├── DiscoveryError            an id that was not given is not the only one, or there is none
    │   └── MissingExtraError         a library that is an extra is not installed
    ├── ClientClosedError             the client was closed before or during this call
    ├── TransportError                no whole answer came back
    │   ├── ConnectionFailedError     no connection: name, route, refusal or TLS
    │   │   └── CertificateError      the server's certificate is not trusted
    │   ├── RequestTimeoutError       a connection, but no answer in time
    │   └── AnswerTooLargeError       an answer beyond the limit, cut off
    ├── ServiceError                  an answer came back, and it says no
    │   ├── StatusError               HTTP status of 400 or more
    │   │   ├── BadRequestError       400
    │   │   ├── AuthenticationError   401
    │   │   ├── PermissionDeniedError 403
    │   │   ├── NotFoundError         404
    │   │   ├── RateLimitError        429
    │   │   └── ServerError           500 and above
    │   ├── ErrorBodyError            HTTP 200 that carries an error body
    │   ├── UpstreamError             HTTP 200 around an envelope whose status_code is not 200
    │   └── UnsuccessfulError         HTTP 200 around a body that says success: false
    ├── InvalidResponseError          an answer came back, and it is not what the API describes
    │   ├── InvalidEnvelopeError      the outer document
    │   ├── InvalidBodyError          the document inside: null, empty, not JSON, without rows
    │   └── InvalidRowError           a field of a row, when strict decoding was asked for
    ├── IncompleteWalkError           it can't be shown that all runs were read
    ├── ExportError                   a file that runs were to be added to, or read from, is not fit for it
    └── WaitTimeoutError              no run had ended when the time to wait was over
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from dataarts_datamap._models import Run


class DataMapError(Exception):
    """The base of all errors of this package.

    What is known of the exchange is on the error; what is not, is None. Two errors are equal if they are of one class
    and have the same text and attributes, so that one that crossed a process is equal to the one raised there;
    the traceback and the chain of causes do not count.

    Attributes:
        status: HTTP status of the answer.
        error_code: Code that the service or the gateway gave, such as ``APIGW.0301``.
        error_message: Text that came with the code. Untrusted: escape it before you show it.
        request_id: Id of the exchange, for a support ticket; from the header, else from the body. Untrusted.
        method: HTTP method.
        path: Path of the request, percent-encoded, without its query.
        attempts: How many times the request was sent.
        elapsed: Seconds from the first attempt to the failure.
        retry_after: Seconds that the server asked to wait.
        raw: The text that could not be used. Of a text of more than 65,536 characters the first ones, and an ellipsis
            that says so; the same holds for ``error_code``, ``error_message`` and ``request_id``. Untrusted.
        resume_token: Where the walk stood that the error ended; pass it to the same call to go on there.
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
        return hash((type(self), self.args))  # attributes can be set later, and an error may be in a set by then

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else ""
        known = [
            *([f"{self.method} {self.path}"] if self.path else []),
            *([f"request id {printable(self.request_id, limit=80)}"] if self.request_id else []),
        ]
        return f"{text} ({', '.join(known)})" if known else text


class InvalidArgumentError(DataMapError, ValueError):
    """An argument that cannot be sent. Nothing was sent."""


class ConfigurationError(DataMapError):
    """What the client needs to begin is missing or unusable."""


class CredentialsError(ConfigurationError):
    """No credentials were found; the text names each place that was looked at."""


class DiscoveryError(ConfigurationError):
    """An id that was not given could not be found: there is none, or more than one; the text lists them.

    Attributes:
        candidates: Id and name of each; the name is None if it has none. Untrusted.
    """

    candidates: tuple[tuple[str, str | None], ...] = ()


class MissingExtraError(ConfigurationError):
    """A library that is an extra is not installed; the text names the extra."""


class ClientClosedError(DataMapError):
    """The client was closed, before this call or while it went on."""


class TransportError(DataMapError):
    """No whole answer came back."""


class ConnectionFailedError(TransportError):
    """No connection could be made: the name, the route, a refusal or TLS."""


class RequestTimeoutError(TransportError):
    """The server did not answer in time: within the timeout, or before the deadline of the call."""


class CertificateError(ConnectionFailedError):
    """The server's certificate is not trusted: self-signed, expired or another host's. Never tried again."""


class AnswerTooLargeError(TransportError):
    """An answer is larger than the client's ``max_answer_size``, and was cut off there. Never tried again."""


class ServiceError(DataMapError):
    """An answer came back, and it says no."""


class StatusError(ServiceError):
    """An answer with an HTTP status of 400 or more."""


class BadRequestError(StatusError):
    """HTTP 400. The service answers many a "not found" with it, too."""


class AuthenticationError(StatusError):
    """HTTP 401: the credentials are missing, wrong or expired."""


class PermissionDeniedError(StatusError):
    """HTTP 403: the credentials are good, but not for this."""


class NotFoundError(StatusError):
    """HTTP 404."""


class RateLimitError(StatusError):
    """HTTP 429: too many requests, by this user or by all."""


class ServerError(StatusError):
    """HTTP 500 or above."""


class ErrorBodyError(ServiceError):
    """HTTP 200 that carries an error body instead of an answer."""


class UpstreamError(ServiceError):
    """HTTP 200 around an envelope whose own ``status_code`` is not 200.

    Attributes:
        upstream_status: That ``status_code``.
    """

    upstream_status: int | None = None


class UnsuccessfulError(ServiceError):
    """HTTP 200 around a body that says ``success: false``."""


class InvalidResponseError(DataMapError):
    """An answer came back, and it is not what the API describes."""


class InvalidEnvelopeError(InvalidResponseError):
    """The outer document is not what the API describes."""


class InvalidBodyError(InvalidResponseError):
    """The document inside is null, empty, not JSON, or without rows."""


class InvalidRowError(InvalidResponseError):
    """A row has a field of an unexpected type, and strict decoding was asked for."""


class IncompleteWalkError(DataMapError):
    """It can't be shown that all runs were read: the pages do not fit together, or contradict themselves.

    Attributes:
        rows_read: Runs that were given before.
        totals: The different totals that the server told, the latest last.
        last_run: The run before the gap; None if none was given.
    """

    rows_read: int = 0
    totals: tuple[int, ...] = ()
    last_run: Run | None = None


class WaitTimeoutError(DataMapError):
    """No run of the window had ended when the time to wait was over.

    Attributes:
        last_run: The run that was seen last; None if there was none.
    """

    last_run: Run | None = None


class ExportError(DataMapError):
    """A file that runs were to be added to, or read from, is not fit for it; it was left as it is."""


class RowProblemWarning(UserWarning):
    """A row came with fields of an unexpected type; given once per walk. ``Run.problems`` names them."""


class DamagedValueWarning(UserWarning):
    """A credential or a name looks damaged, such as by a blank at its end; it was used as it is. No secret is shown."""


class InsecureFileWarning(UserWarning):
    """A file that holds credentials may be read by others; the text says how to mend it."""
