"""The conformance suite: runs its checks against a server, and reports the verdict of each."""

from __future__ import annotations

from dataarts_datamap_contract.suite.run import run_suite
from dataarts_datamap_contract.suite.target import KnownJob, SecondTenant, Target, TargetError
from dataarts_datamap_contract.suite.verdicts import Evidence, Report, Verdict

__all__ = ["Evidence", "KnownJob", "Report", "SecondTenant", "Target", "TargetError", "Verdict", "run_suite"]
