"""The exit codes of all verbs."""

from __future__ import annotations

from typing import Final

YES: Final = 0
NO: Final = 1
NOT_JUDGED: Final = 2
WRONG_USAGE: Final = 3
INTERRUPTED: Final = 130
