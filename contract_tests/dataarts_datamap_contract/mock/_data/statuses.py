"""The type of a row, and the statuses of runs that wait, are under way, have not started or have not ended."""

from __future__ import annotations

from typing import TypeAlias

Row: TypeAlias = "dict[str, int | float | str | None]"
"""A run as a JSON object."""

WAITING = frozenset({"waiting", "waiting-confirm"})
UNDER_WAY = frozenset({"running", "pause", "running-exception"})
NOT_STARTED = WAITING | {"skip", "skip-by-depend", "freeze"}
NOT_ENDED = WAITING | UNDER_WAY | {"freeze"}
