"""Milliseconds since the epoch, as the service counts time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
LAST_MILLISECOND: Final = 253_402_300_799_999
"""The end of year 9999, the last that a datetime can hold."""
