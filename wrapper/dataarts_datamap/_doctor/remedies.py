"""The remedies for findings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from dataarts_datamap._auth.credentials import AccessKeyCredentials
from dataarts_datamap._auth.password import PasswordCredentials

if TYPE_CHECKING:
    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._errors import AuthenticationError, DataMapError

_EXPIRED: Final = 10
_OF_ANOTHER_HOST: Final = frozenset({62, 64})
# The gateway's codes for an operation that is not published, or that the user may not call in any project.
_CLOSED_OPERATION: Final = frozenset({"0101", "0302", "0304", "0306"})
# Errors that OpenSSL only reports in strict mode, as set by Python 3.13: 80 to 93 of its x509_vfy.h.
_STRICT: Final = range(80, 94)


def certificate_remedy(code: int) -> str:
    if code == _EXPIRED:
        return "it has expired: tell the operator of the service, or set this machine's clock"
    if code in _OF_ANOTHER_HOST:
        return "it belongs to another host: check the endpoint"
    if code in _STRICT:
        return (
            "it is signed by a trusted CA, but it or the CA's certificate breaks RFC 5280, which Python checks since "
            "3.13: ask the operator of the CA (often a company's proxy) for a valid one; Python 3.12 accepts it"
        )
    if given := next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None):
        return (
            f"{given} is set, but does not hold the CA that signed the certificate: if a company's proxy inspects TLS, "
            "add the certificate of the proxy's CA there, as PEM; else do not trust this server"
        )
    other = next((name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)), None)
    hint = f" ({other} is not read)" if other else ""
    return (
        "if a company's proxy inspects TLS, set SSL_CERT_FILE to a PEM file with the proxy's CA "
        f"certificate{hint}; else do not trust this server"
    )


def authentication_remedy(error: AuthenticationError, credentials: Credentials) -> str:
    if isinstance(credentials, PasswordCredentials):
        return "check user, password and account (the account is not the user); a refused password is not sent again"
    told = (error.error_message or "").lower()
    if "reach the limit" in told:
        return "the access key is locked after wrong signatures: wait five minutes without using it"
    if "expired" in told and "signature" in told:
        return "set this machine's clock (NTP): signatures are refused beyond 15 minutes"
    if "not exist" in told:
        return "the access key is unknown: check it, and that it belongs to this cloud and was not deleted"
    if isinstance(credentials, AccessKeyCredentials):
        return "check the secret key and, for a temporary key, its security token; a refused key is not sent again"
    return "get a new token with this project as its scope, from the region of the endpoint; it is valid for 24 hours"


def is_closed_operation(error: DataMapError) -> bool:
    return is_of_the_gateway(error) and (error.error_code or "")[-4:] in _CLOSED_OPERATION


def is_of_the_gateway(error: DataMapError) -> bool:
    return (error.error_code or "").startswith("APIG")
