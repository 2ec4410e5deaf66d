"""The probes of each level, and what each can judge beside the invariants."""

from __future__ import annotations

from dataarts_datamap_contract._probes._run import run_probes

__all__ = ["run_probes"]
