"""What a server of the fleet declares of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Seam

Level: TypeAlias = Literal["A", "B", "C", "D", "E"]
Cohort: TypeAlias = Literal["first", "late", "blind", "sealed", "lineage", "unseen", "apart"]
"""When a server was written: before the checks were frozen; after; later, and committed before the suite met it; after
that, by what the specification says alone, and committed before the suite met it, too; for the operations on assets
and their lineage, before the suite had a check of them; when it had, and committed before it met them; or apart from
the suite, by an author who had not read its checks, and committed before it met them."""

Shown: TypeAlias = "Callable[[Caller], bool]"
"""Whether a caller sees the difference: false of the reference mock, true of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenServer:
    """The reference mock with one bug, declared before anything was run against it.

    Attributes:
        name: A stable name, in words joined by hyphens.
        level: The level of the suite that the broken rule belongs to.
        rule: What a right server does and this one does not.
        checks: Ids of the checks that name the defect; another that fires does not count as having caught it.
        seam: Where and how it differs from the reference.
        shown: Proves that it misbehaves.
        cohort: When it was written.
    """

    name: str
    level: Level
    rule: str
    checks: frozenset[str]
    seam: Seam
    shown: Shown
    cohort: Cohort = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectServer:
    """The reference mock with a difference that the documentation leaves open.

    Attributes:
        name: A stable name, in words joined by hyphens.
        difference: What is different, and why it may be.
        seam: Where and how it differs from the reference.
        shown: Proves that it differs.
        target: What the target of the suite says of it, by the names of the target's fields.
        cohort: When it was written.
    """

    name: str
    difference: str
    seam: Seam
    shown: Shown
    target: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cohort: Cohort = "first"
