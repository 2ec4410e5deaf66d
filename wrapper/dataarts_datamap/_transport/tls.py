"""The TLS context with the trusted certificates, and the failure of a handshake with a port that has no TLS."""

from __future__ import annotations

import os
import ssl
from functools import cache
from typing import Final

from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._text import printable

# The errors of OpenSSL's versions for a response in plain text.
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"})

NO_TLS_ADVICE: Final = "check the port; if it serves plain HTTP, write http:// in place of https://"


def is_without_tls(error: object) -> bool:
    """Whether a handshake failed because the other side does not use TLS at that port."""
    return isinstance(error, ssl.SSLError) and error.reason in _NO_TLS


@cache
def tls_context() -> ssl.SSLContext:
    """A TLS context that trusts the certificates of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, else those of certifi."""
    context = _trusting()
    context.set_alpn_protocols(["http/1.1"])  # as the HTTP library sets it, so that all connections offer the same
    return context


def _trusting() -> ssl.SSLContext:
    # Loading the certificates takes 20 ms of CPU: clients share them.
    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file, capath=folder)
        except OSError as error:
            problem = printable(f"SSL_CERT_FILE is {file!r}: {error.strerror}", limit=200)
        raise ConfigurationError(f"{problem}: set it to a PEM file of certificates, or unset it")
    import certifi  # noqa: PLC0415  not needed with a company's own certificates

    return ssl.create_default_context(cafile=certifi.where())
