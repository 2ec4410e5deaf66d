"""How a server of the fleet is declared: a broken one, or a correct one that differs from the reference mock."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Seam

Level: TypeAlias = Literal["A", "B", "C", "D", "E"]
Cohort: TypeAlias = Literal[
    "first", "late", "blind", "sealed", "lineage", "unseen", "apart", "outside", "elsewhere", "shipped"
]
"""When a server was written, in order of time: ``first``, before the checks were frozen; ``late``, after that. All
others were committed before the suite was run on them: ``blind``; ``sealed``, written from the specification only;
``lineage``, for the operations on assets and lineage, before the suite had checks of these; ``unseen``, when it had
such checks; ``apart``, by an author who had not read the checks; ``outside``, by another such author, who read only
the specification, the facts about the API, and the mock; ``elsewhere``, later and in the same way, from the changes
that teams make to such a service; ``shipped``, by two such authors, who wrote the bugs that they thought likeliest."""

Shown: TypeAlias = "Callable[[Caller], bool]"
"""Whether a caller sees the difference: false for the reference mock, true for the server."""


@dataclass(frozen=True, slots=True)
class BrokenServer:
    """The reference mock with one bug, and the checks that name it.

    Attributes:
        name: A stable name, in words joined by hyphens.
        rule: What a correct server does and this one does not.
        checks: Ids of the checks that name the defect; if only others fire, the bug does not count as caught.
        seam: Where and how it differs from the reference mock.
        shown: Proves that it misbehaves.
        level: The level of the suite that the broken rule belongs to.
        cohort: When it was written.
    """

    name: str
    rule: str
    checks: frozenset[str]
    seam: Seam
    shown: Shown
    _: KW_ONLY
    level: Level
    cohort: Cohort = "first"


@dataclass(frozen=True, slots=True)
class CorrectServer:
    """The reference mock with a difference that the documentation allows.

    Attributes:
        name: A stable name, in words joined by hyphens.
        difference: The difference, and why it is allowed.
        seam: Where and how it differs from the reference mock.
        shown: Proves that it differs.
        target: The fields of the suite's target that differ, by name.
        cohort: When it was written.
    """

    name: str
    difference: str
    seam: Seam
    shown: Shown
    _: KW_ONLY
    target: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cohort: Cohort = "first"
