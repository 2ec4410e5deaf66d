"""The checks that name a relation between responses, for servers that break it in one way or another.

A server of the sealed cohort declares the relation that it breaks; only this module names the checks for it.
"""

from __future__ import annotations

TOTALS = frozenset({"C-total-constant", "C-walk-complete", "C-window-adds-up", "B-total-covers-rows"})
"""Equal requests have equal totals."""

PAGES = frozenset({"C-offset-slice", "C-limit-underfilled", "C-walk-complete", "C-walk-duplicate"})
"""Each page is a slice of one list, whatever offset and limit are."""

CONTENT = frozenset({"C-run-content", "C-run-id-unique", "C-replay"})
"""A run is the same run wherever it is shown."""

WINDOWS = frozenset({"C-window-adds-up"})
"""A window is the union of its parts."""

FILTERS = frozenset(
    {"C-workspace-same", "C-workspace-other", "C-rows-of-workspace", "C-rows-of-job", "E-optional-refused"}
)
"""A filter leaves out exactly what does not match it."""

OPERATORS = frozenset({"C-nodes-operator", "C-nodes-chain"})
"""ShowNodes lists exactly the operators that can be requested."""

TRAVEL = frozenset({"C-replay", "D-signature-accepted"})
"""The response does not depend on how a request is written, signed and sent."""

ARITHMETIC = frozenset({"B-fields-agree", "B-time-order", "B-count-range", "B-row-shape"})
"""The fields of a run agree with each other."""
