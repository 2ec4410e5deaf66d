"""The old place of ``dataarts_datamap.integrations.otel``; it goes with the next minor version."""

from __future__ import annotations

import warnings

from dataarts_datamap.integrations.otel import attempt_hook

__all__ = ["attempt_hook"]

warnings.warn(
    "dataarts_datamap.otel has moved: import attempt_hook from dataarts_datamap.integrations.otel",
    DeprecationWarning,
    stacklevel=2,
)
