"""The checks that name a relation between responses, for servers that break it in one way or another.

A server of the sealed cohort declares the relation that it breaks; which checks watch over it is said here alone.
"""

from __future__ import annotations

TOTALS = frozenset({"C-total-constant", "C-walk-complete", "C-window-adds-up", "B-total-covers-rows"})
"""One total for one question."""

PAGES = frozenset({"C-offset-slice", "C-limit-underfilled", "C-walk-complete", "C-walk-duplicate"})
"""Each page is a slice of one list, whatever offset and limit are."""

CONTENT = frozenset({"C-run-content", "C-run-id-unique", "C-replay"})
"""A run is the same run wherever it is shown."""

WINDOWS = frozenset({"C-window-adds-up"})
"""A window is the union of the windows that it is cut into."""

FILTERS = frozenset(
    {"C-workspace-same", "C-workspace-other", "C-rows-of-workspace", "C-rows-of-job", "E-optional-refused"}
)
"""A filter leaves out what is not asked for, and nothing else."""

OPERATORS = frozenset({"C-nodes-operator", "C-nodes-chain"})
"""What ShowNodes names and what can be asked for are the same operators."""

TRAVEL = frozenset({"C-replay", "D-signature-accepted"})
"""How a request is written, signed and sent changes nothing in its response."""

ARITHMETIC = frozenset({"B-fields-agree", "B-time-order", "B-count-range", "B-row-shape"})
"""The fields of a run bear each other out."""
