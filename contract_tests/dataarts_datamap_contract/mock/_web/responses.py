"""HTTP responses and their error shapes, apart from what any operation says."""

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
    """What an operation answers when it does not refuse.

    Attributes:
        document: The JSON document.
        status: HTTP status.
        headers: Header fields beside those of every response.
    """

    document: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class HttpError(Exception):
    """A request that is answered with an error.

    Attributes:
        status: HTTP status.
        code: Error code. One of the gateway (``APIGW.xxxx``) puts the request id into the body, as the gateway does.
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
        """The body, in the shape that the specification documents."""
        return {"error_msg": self.message, "error_code": self.code}


class ResponseWriter:
    """Writes responses, each under a request id of its own: ids count up from a start that the seed gives."""

    def __init__(self, seed: int | str) -> None:
        self._prefix = hashlib.sha256(str(seed).encode()).hexdigest()[:20]
        self._numbers = count(1)

    def success(self, reply: Reply) -> Response:
        """A JSON document."""
        return self._write(reply.status, reply.document, self._request_id(), reply.headers)

    def error_response(self, error: HttpError) -> Response:
        """An error in the shape of whoever refuses; the gateway puts the request id into it."""
        request_id = self._request_id()
        document = error.document()
        if error.code.startswith(_GATEWAY):
            document["request_id"] = request_id
        body = json.dumps(document, ensure_ascii=False).encode()
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
