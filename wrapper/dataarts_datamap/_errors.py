"""Every error that the package raises.

::

    DataMapError
    ├── InvalidArgumentError          an argument that cannot be sent; nothing was sent
    ├── ConfigurationError            what the client needs to begin is missing or unusable
    │   ├── CredentialsError          no credentials were found
    │   └── MissingExtraError         a library that is an extra is not installed
    ├── ClientClosedError             the client was closed before this call
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
    ├── IncompleteWalkError           the pages ended before all the runs were read
    └── ExportError                   a file that runs were to be added to, or read from, is not fit for it
"""

from __future__ import annotations

from dataarts_datamap._text import printable


class DataMapError(Exception):
    """The base of all errors of this package.

    What is known of the exchange is on the error; what is not, is None.

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
        raw: The text that could not be used, whole. Untrusted.
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


class MissingExtraError(ConfigurationError):
    """A library that is an extra is not installed; the text names the extra."""


class ClientClosedError(DataMapError):
    """The client was closed before this call."""


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
    """The pages ended, or went in circles, before all the runs were read.

    Attributes:
        rows_read: Runs that were yielded before.
        total: How many there are by the first page; 0 if it did not say.
    """

    rows_read: int = 0
    total: int = 0


class ExportError(DataMapError):
    """A file that runs were to be added to, or read from, is not fit for it; it was left as it is."""


class RowProblemWarning(UserWarning):
    """A row came with fields of an unexpected type; given once per walk. ``Run.problems`` names them."""


class InsecureFileWarning(UserWarning):
    """A file that holds credentials may be read by others; the text says how to mend it."""
