"""What the status of a run says of its times."""

from __future__ import annotations

WAITING = frozenset({"waiting", "waiting-confirm"})
UNDER_WAY = frozenset({"running", "pause", "running-exception"})
NOT_STARTED = WAITING | {"skip", "skip-by-depend", "freeze"}
NOT_ENDED = WAITING | UNDER_WAY | {"freeze"}
