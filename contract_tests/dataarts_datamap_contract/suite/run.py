"""Runs the conformance suite against a server."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.suite._http.caller import (
    BudgetSpentError,
    Caller,
    InterruptedRunError,
    NoResponseError,
    Pace,
)
from dataarts_datamap_contract.suite._judging.data_classes import RUN_CLASSES
from dataarts_datamap_contract.suite._judging.ledger import Ledger, StopRunError
from dataarts_datamap_contract.suite._judging.oracle import oracle_of
from dataarts_datamap_contract.suite._judging.strength import Strength, measure_strength
from dataarts_datamap_contract.suite._probes.order import run_probes
from dataarts_datamap_contract.suite._probes.session import Session
from dataarts_datamap_contract.suite.budget import BUDGETS
from dataarts_datamap_contract.suite.catalogue import CHECKED_OPERATIONS, checks_of, current_id
from dataarts_datamap_contract.suite.coverage import measure_coverage
from dataarts_datamap_contract.suite.text import shortened
from dataarts_datamap_contract.suite.verdicts import Evidence, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from dataarts_datamap_contract.suite.budget import Budget
    from dataarts_datamap_contract.suite.target import Target

_LONGEST_LIMIT = 400
"""The most characters of one of a report's limits, which can repeat what the server said."""


def run_suite(  # noqa: PLR0913  the options of a run
    target: Target,
    *,
    levels: str = "ABCDE",
    seed: int = 0,
    stop_on: AbstractSet[str] | None = None,
    budget: str = "default",
    max_examples: int | None = None,
    tell: Callable[[str], object] = str,
) -> Report:
    """Test a server.

    Args:
        target: The server, and values that exist there.
        levels: Letters of the levels to judge.
        seed: Seed of the random choices; the same seed sends the same server the same requests.
        stop_on: Ids of checks; the run ends as soon as one of them fails, and checks without a verdict stay untested.
        budget: How thorough to be, a key of `BUDGETS`; the report's limits name what it left no time for.
        max_examples: How many random requests to send for each operation, beyond those that follow from the
            specification; 0 leaves out schemathesis altogether, None takes the budget's number.
        tell: Called with a text before each wait that a 429 causes.

    Raises:
        ValueError: ``levels`` is empty; or ``levels``, ``stop_on`` or ``budget`` names something unknown.
        TargetError: The environment names an unusable proxy.
    """
    levels = "".join(sorted({check.level for check in checks_of(levels)}))
    stop_on = frozenset(map(current_id, stop_on or ()))
    if budget not in BUDGETS:
        raise ValueError(f"budget {budget!r}: name one of {', '.join(BUDGETS)}")
    spend = BUDGETS[budget]
    examples = spend.max_examples if max_examples is None else max_examples
    ledger = Ledger(target, levels, stop_on)
    oracle = oracle_of(CHECKED_OPERATIONS)
    stopped = False
    notes: list[str] = []
    try:
        with Caller(target.endpoint, _pace(target, spend, tell), may_write=target.is_mock) as caller:
            generator = random.Random(seed)  # noqa: S311  random choices of a test, not a secret
            session = Session(target, caller, ledger, oracle, generator=generator)
            session.limit_time(spend.seconds)
            reason = run_probes(session, rounds=spend.rounds)
            ledger.judge_patterns()
            if reason is None and examples and session.has_time_for("random requests"):
                from dataarts_datamap_contract.suite._random.requests import run_random  # noqa: PLC0415  slow to load

                notes += run_random(session, seed=seed, max_examples=examples)
            elif reason is not None:
                notes.append(reason)
                ledger.leave_untested(reason, *(check.id for check in checks_of(levels)))
    except StopRunError:
        stopped = True
    except BudgetSpentError as error:
        notes.append(f"{error}: raise max_requests, or ask for fewer levels")
        ledger.leave_untested(str(error), *(check.id for check in checks_of(levels)))
    except InterruptedRunError as error:
        notes.append(str(error))
        ledger.leave_untested(str(error), *(check.id for check in checks_of(levels)))
    except NoResponseError as error:
        notes.append(f"{urlsplit(target.endpoint).netloc} does not answer: {error}")
        ledger.note_error(str(error), [check.id for check in checks_of(levels)])
    verdicts = ledger.verdicts()
    no_time = [f"the {budget} budget left no time for {', '.join(ledger.cut)}"] if ledger.cut else []
    met = {each.data_class for each in ledger.exercised if each.judged}
    unmet = [each for each in RUN_CLASSES if each not in met] if "C" in levels and met else []
    no_time += [f"no relation was tested with {', '.join(unmet)}"] if unmet else []
    not_asked = [f"{name}: {why}" for name, why in sorted(ledger.closed.items())]
    not_asked += [f"{name}: its data changed during the run" for name in sorted(map(str, ledger.moved))]
    notes += _missing_evidence(levels, ledger.evidence)
    coverage = measure_coverage(load_specification(), oracle.operations, ledger.seen)
    coverage = replace(coverage, relations=ledger.exercised)
    strength = measure_strength(ledger.world) if "C" in levels else Strength()
    report = Report(
        *(target.endpoint, levels, seed, verdicts, ledger.evidence, tuple(notes), coverage, stopped),
        weaknesses=strength.weaknesses,
        limits=(*no_time, *not_asked, *strength.limits),
    )
    return _without_secrets(report, ledger.redact)


def _without_secrets(report: Report, redact: Callable[[str], str]) -> Report:
    """The report without secrets in any text that can repeat what the server sent."""
    return replace(
        report,
        verdicts=tuple(
            replace(each, reason=redact(each.reason), curl=None if each.curl is None else redact(each.curl))
            for each in report.verdicts
        ),
        shortcomings=tuple(map(redact, report.shortcomings)),
        weaknesses=tuple(map(redact, report.weaknesses)),
        limits=tuple(shortened(redact(each), _LONGEST_LIMIT) for each in report.limits),
    )


def _pace(target: Target, budget: Budget, tell: Callable[[str], object]) -> Pace:
    return Pace(target.max_requests * budget.requests, 1 / target.rate_limit if target.rate_limit else 0.0, tell=tell)


def _missing_evidence(levels: str, evidence: Evidence) -> Iterator[str]:
    """The evidence that a passing run needs and this one lacks."""
    if not evidence.rows and set(levels) & set("ABC"):
        yield "no response was a 200 with rows: check the ids and the window"
    if not evidence.refusals and set(levels) & set("AE"):
        yield "no response was a 4xx other than 401 and 429: how the server refuses requests was not seen"
    if not evidence.unauthorized and "D" in levels:
        yield "no response was a 401: the server's authentication was not seen at work"
