"""Stand-ins for secrets. A library has the stand-ins in its variables and errors; the bytes sent have the secrets."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from dataarts_datamap._secrets import Hidden, Secret
from dataarts_datamap._transport.wire import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARK: Final = os.urandom(16).hex().encode()
_NOTHING: Final = Hidden(b"")
_FIELD_VALUE: Final = re.compile(rb"(?:[^\0\s]+(?:[ \t]+[^\0\s]+)*)?")


class StandIns(Secret):
    """A request as a library gets it, with stand-ins for secrets.

    Each hidden value of a header has a stand-in, and the content as many zeros.

    Raises:
        InvalidRequestError: A hidden value holds characters that HTTP cannot send.
    """

    def __init__(
        self, headers: Sequence[tuple[bytes, bytes | Hidden[bytes]]], content: Hidden[bytes] = _NOTHING
    ) -> None:
        secrets = [value for _, value in headers if isinstance(value, Hidden)]
        if not all(_FIELD_VALUE.fullmatch(secret.value) for secret in secrets):
            raise InvalidRequestError("a header holds characters that HTTP cannot send")
        marks = [b"%s-%d;" % (_MARK, number) for number in range(len(secrets))]
        unused = iter(marks)
        self.headers = [(name, next(unused) if isinstance(value, Hidden) else value) for name, value in headers]
        self.content = bytes(len(content.value))
        self._secrets = list(zip(marks, secrets, strict=True))
        self._content = content

    def revealed(self, encoded: bytes) -> Hidden[bytes]:
        """The bytes that a library made for the head or the content, with the secrets in place of the stand-ins."""
        if encoded and encoded == self.content:
            return self._content
        hidden = Hidden(encoded)
        for mark, secret in self._secrets:
            hidden = Hidden(hidden.value.replace(mark, secret.value))
        return hidden
