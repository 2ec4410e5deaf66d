"""Who may ask. Signed requests have their place here, beside the token."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._answers import RefusalError

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._requests import RequestParts

_HEADER = "X-Auth-Token"


class TokenAuthentication:
    """Accepts one token, exactly, in its header and nowhere else."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def check(self, request: RequestParts) -> None:
        """Return if the request may go on.

        Raises:
            RefusalError: It has no token, another one, or several; the texts are the gateway's documented ones.
        """
        tokens = request.header(_HEADER)
        if len(tokens) != 1:
            raise _refusal(f"{_HEADER} not found" if not tokens else f"{_HEADER} sent {len(tokens)} times")
        if not hmac.compare_digest(tokens[0], self._token):
            raise _refusal("decrypt token fail")


def _refusal(reason: str) -> RefusalError:
    return RefusalError(401, "APIGW.0301", f"Incorrect IAM authentication information: {reason}")
