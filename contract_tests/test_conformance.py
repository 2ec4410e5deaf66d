"""Whether a server does what the specification says, and whether the run saw enough of it to judge."""

from __future__ import annotations

from dataarts_datamap_contract.pytest_suite import test_conforms, test_saw_enough

__all__ = ["test_conforms", "test_saw_enough"]
