"""Reads the text of a small file, up to a limit, whatever the path points to."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import os

LARGEST: Final = 16 * 1024 * 1024
"""The maximum size of a file in bytes."""


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file in UTF-8, without a byte order mark at its beginning.

    Raises:
        OSError: It cannot be read, the system does not allow its name, or it is larger than 16 MiB, such as an endless
            device.
        UnicodeDecodeError: It is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except ValueError:
        raise OSError(errno.EINVAL, "the system does not allow such a name") from None
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, "it is larger than 16 MiB")
    return content.decode("utf-8-sig")
