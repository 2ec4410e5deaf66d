"""What to do about a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._auth.credentials import AccessKeyCredentials
from dataarts_datamap._auth.password import PasswordCredentials

if TYPE_CHECKING:
    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._errors import AuthenticationError, DataMapError


# What the gateway says to whom it knows: that user has no right, whatever the project.
_RIGHTS: Final = frozenset({"0101", "0302", "0304", "0306"})


def certificate_remedy(code: int) -> str:
    match code:
        case 10:
            return "it has expired: tell whoever runs the service, or set this machine's clock"
        case 62 | 64:
            return "it is another host's: check the endpoint"
        case _:
            return (
                "if a company's proxy opens TLS, name its certificate in SSL_CERT_FILE; else do not trust this server"
            )


def authentication_remedy(error: AuthenticationError, credentials: Credentials) -> str:
    if isinstance(credentials, PasswordCredentials):
        return "check user, password and account (the account is not the user); a refused password is not sent again"
    told = (error.error_message or "").lower()
    if "reach the limit" in told:
        return "the access key is locked by wrong signatures: wait five minutes, and let nothing use it meanwhile"
    if "expired" in told and "signature" in told:
        return "set this machine's clock (NTP): signatures are refused beyond 15 minutes"
    if "not exist" in told:
        return "the access key is unknown: check it, and that it belongs to this cloud and was not deleted"
    if isinstance(credentials, AccessKeyCredentials):
        return "check the secret key and, for a temporary key, its security token; what was refused is not sent again"
    return "get a new token with this project as its scope, from the region of the endpoint: it lives for 24 hours"


def is_about_rights(error: DataMapError) -> bool:
    return is_of_the_gateway(error) and (error.error_code or "")[-4:] in _RIGHTS


def is_of_the_gateway(error: DataMapError) -> bool:
    return (error.error_code or "").startswith("APIG")
