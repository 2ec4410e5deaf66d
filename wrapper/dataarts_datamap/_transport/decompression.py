"""Decompresses a response chunk by chunk, never beyond a limit."""

from __future__ import annotations

import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


class Decompressor:
    """Undoes a content encoding, chunk by chunk.

    Args:
        encoding: Value of ``Content-Encoding``: ``identity``, ``gzip`` or ``x-gzip``; empty for none.

    Raises:
        LookupError: It is not one of these.
    """

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in {"", "identity", "gzip", "x-gzip"}:
            raise LookupError(encoding)
        self._inflate = zlib.decompressobj(_GZIP) if name.endswith("gzip") else None
        self._began = False

    @property
    def is_whole(self) -> bool:
        """Whether the chunks so far can be the whole content."""
        return self._inflate is None or not self._began or self._inflate.eof

    def unpack(self, chunk: bytes, most: int) -> bytes:
        """The content of a chunk; if it is compressed, only the first ``most`` bytes."""
        if self._inflate is None:
            return chunk
        parts: list[bytes] = []
        while chunk and most > 0:
            if self._inflate.eof:  # gzip allows several members in a row
                self._inflate = zlib.decompressobj(_GZIP)
            self._began = True
            parts.append(self._inflate.decompress(chunk, most))
            most -= len(parts[-1])
            chunk = self._inflate.unused_data
        return b"".join(parts)
