"""The former location of ``dataarts_datamap.integrations.otel``, to be removed in the next minor version."""

from __future__ import annotations

import warnings

from dataarts_datamap.integrations.otel import attempt_hook

__all__ = ["attempt_hook"]

warnings.warn(
    "dataarts_datamap.otel has moved: import attempt_hook from dataarts_datamap.integrations.otel",
    DeprecationWarning,
    stacklevel=2,
)
