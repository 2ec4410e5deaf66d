"""The ``datamap`` command. Without the extra ``cli``, it only prints how to install the extra."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # avoids imports here, so that an interrupt while modules load shows no traceback
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_WRONG_USAGE = 3
_INTERRUPTED = 130
_EXTRA = frozenset({"click", "rich"})


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0 yes, 1 no, 2 could not be judged, 3 wrong usage, 130 interrupted."""
    try:
        from dataarts_datamap.cli._main import run  # noqa: PLC0415  it imports libraries of the extra

        code = run(arguments)
    except KeyboardInterrupt:  # while it loads, or while it exits
        code = _INTERRUPTED
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        from dataarts_datamap._extras import how_to_install  # noqa: PLC0415  only needed here

        sys.stderr.write(f"datamap: the command line needs an extra: {how_to_install('cli')}\n")
        code = _WRONG_USAGE
    sys.exit(code)
