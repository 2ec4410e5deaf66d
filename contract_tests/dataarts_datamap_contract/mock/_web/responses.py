"""HTTP responses and the forms of errors, for all operations."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

_GATEWAY = "APIGW."


@dataclass(frozen=True, slots=True)
class Reply:
    """The response of an operation that succeeds.

    Attributes:
        document: The JSON document.
        status: HTTP status.
        headers: Header fields beside those of every response.
    """

    document: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class HttpError(Exception):
    """A request whose response is an error.

    Attributes:
        status: HTTP status.
        code: Error code. If it is one of the gateway (``APIGW.xxxx``), the body also has the request id.
        message: What is wrong.
        headers: Header fields beside those of every response.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def document(self) -> dict[str, Any]:
        """The body, in the documented form."""
        return {"error_msg": self.message, "error_code": self.code}


class ResponseWriter:
    """Writes responses, each with its own request id: a prefix derived from the seed, and a number that counts up."""

    def __init__(self, seed: int | str) -> None:
        self._prefix = hashlib.sha256(str(seed).encode()).hexdigest()[:20]
        self._numbers = count(1)

    def success(self, reply: Reply) -> Response:
        """The response with the document of an operation that succeeded."""
        return self._write(reply.status, reply.document, self._request_id(), reply.headers)

    def error_response(self, error: HttpError) -> Response:
        """An error response. With a code of the gateway, its body has the request id."""
        request_id = self._request_id()
        document = error.document()
        if error.code.startswith(_GATEWAY):
            document["request_id"] = request_id
        # A message may quote half of a surrogate pair out of a request, which UTF-8 cannot encode.
        body = json.dumps(document, ensure_ascii=False).encode(errors="replace")
        return self._write(error.status, body, request_id, error.headers)

    def _request_id(self) -> str:
        return f"{self._prefix}{next(self._numbers):012x}"

    @staticmethod
    def _write(status: int, body: bytes, request_id: str, headers: Mapping[str, str]) -> Response:
        return Response(
            body,
            status_code=status,
            headers={"Server": "api-gateway", "X-Request-Id": request_id, **headers},
            media_type="application/json",
        )
