"""The invariants as checks of schemathesis, named by their ids in lower case; importing this module registers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import schemathesis

from dataarts_datamap_contract.suite._judging.invariants.registry import INVARIANTS
from dataarts_datamap_contract.suite._random.replay import replay_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.suite._judging.invariants.common import Invariant


def check_name(check: str) -> str:
    """The name of a check in schemathesis: ``C-limit-exceeded`` is ``c_limit_exceeded``."""
    return check.lower().replace("-", "_")


def _register(check: str, invariant: Invariant) -> str:
    def judge(
        ctx: schemathesis.CheckContext,  # noqa: ARG001  the signature is schemathesis's
        response: schemathesis.Response,
        case: schemathesis.Case[Any],
    ) -> bool | None:
        replay = replay_of(case)
        problems = None if replay is None else invariant(replay.exchange(response), replay.target)
        if problems:
            raise AssertionError("\n".join(problems))
        return None if problems is not None else True

    judge.__name__ = judge.__qualname__ = check_name(check)
    register: Callable[[Any], Any] = schemathesis.check
    register(judge)
    return judge.__name__


NAMES: Final = tuple(_register(check, invariant) for check, invariant in INVARIANTS.items())
"""The names of all checks, for schemathesis's configuration."""
