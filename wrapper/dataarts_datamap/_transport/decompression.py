"""Undoes the compression of an answer, piece by piece and never further than asked."""

from __future__ import annotations

import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


class Decompressor:
    """Undoes one content encoding, in the order of the pieces.

    Args:
        encoding: Value of ``Content-Encoding``: none, ``identity`` or ``gzip``.

    Raises:
        LookupError: It is another.
    """

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in {"", "identity", "gzip", "x-gzip"}:
            raise LookupError(encoding)
        self._inflate = zlib.decompressobj(_GZIP) if name.endswith("gzip") else None
        self._began = False

    @property
    def is_whole(self) -> bool:
        """Whether what came so far can be all."""
        return self._inflate is None or not self._began or self._inflate.eof

    def unpack(self, piece: bytes, most: int) -> bytes:
        """The content of a piece: at most so many bytes of it, if it is compressed.

        Raises:
            zlib.error: It is not what its encoding says.
        """
        if self._inflate is None:
            return piece
        parts: list[bytes] = []
        while piece and most > 0:
            if self._inflate.eof:  # one member may follow another
                self._inflate = zlib.decompressobj(_GZIP)
            self._began = True
            parts.append(self._inflate.decompress(piece, most))
            most -= len(parts[-1])
            piece = self._inflate.unused_data
        return b"".join(parts)
