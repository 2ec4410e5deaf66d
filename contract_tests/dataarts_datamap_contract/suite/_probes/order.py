"""Runs the probes in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from dataarts_datamap_contract.suite._http.caller import NoResponseError
from dataarts_datamap_contract.suite._judging.invariants.common import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    NODES,
    RUNS,
    SEARCH,
    UNAUTHORIZED,
)
from dataarts_datamap_contract.suite._probes import (
    bad_input,
    credentials,
    filters,
    gateway,
    grid,
    operators,
    replay,
)
from dataarts_datamap_contract.suite._probes.assets import bad_requests, details, lineage, searches
from dataarts_datamap_contract.suite._probes.assets.opening import open_assets
from dataarts_datamap_contract.suite._probes.session import Session
from dataarts_datamap_contract.suite._probes.study import Study, find_study

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap_contract.suite._judging.oracle import Exchange

_OK = 200
_DAY = 86_400_000
_IDS = ("project_id", "instance", "workspace_id", "task_id", "job_name", "start_time", "end_time")

_OF_NODES = ("A-nodes-shape", "C-nodes-operator", "C-nodes-unique", "C-nodes-chain", "C-table-other")

_Plain: TypeAlias = Callable[[Session], None]
_Studied: TypeAlias = Callable[[Session, Study], None]


@dataclass(frozen=True, slots=True)
class _Step:
    """A probe, its checks, and an operation. It runs if the operation is called and one of the checks is wanted."""

    probe: _Plain
    checks: tuple[str, ...]
    needs: str = RUNS


@dataclass(frozen=True, slots=True)
class _StudyStep:
    """A probe that needs a window with runs, and its checks. It runs if at least one of them is wanted."""

    probe: _Studied
    checks: tuple[str, ...]


_GATEWAY: Final = (
    _Step(gateway.probe_paths, ("A-undeclared-path",)),
    _Step(gateway.probe_methods, ("A-undeclared-method",)),
    _Step(gateway.probe_optional_methods, ("A-server-error",)),
    _Step(gateway.probe_codings, ("A-answer-whole",)),
)
_STUDY: Final = (
    _StudyStep(
        grid.probe_grid,
        (
            *("C-offset-slice", "C-offset-beyond-end", "C-limit-underfilled", "C-walk-complete", "C-walk-duplicate"),
            *(
                "C-run-id-unique",
                "C-run-content",
                "C-total-constant",
                "C-workspace-same",
                "C-window-adds-up",
                "B-fields-agree",
            ),
            "C-window-reversed",
        ),
    ),
    _StudyStep(
        filters.probe_near,
        (
            *(f"C-job-name-{each}" for each in ("other", "prefix", "case", "blank", "wildcard")),
            *("C-task-id-other", "C-workspace-other"),
        ),
    ),
)
_ASSETS: Final = (
    _Step(lineage.probe_all, ("C-bulk-pages", "B-lineage-shape", "C-asset-agrees"), BULK),
    _Step(searches.probe_pages, ("C-search-pages", "B-asset-shape", "C-asset-agrees"), SEARCH),
    _Step(details.probe_details, ("C-asset-agrees", "E-valid-refused"), DETAIL),
    _Step(details.probe_batches, ("C-details-batch", "C-asset-agrees"), DETAILS),
    _Step(searches.probe_names, ("C-search-finds",), SEARCH),
    _Step(searches.probe_narrowing, ("C-search-narrows",), SEARCH),
    _Step(
        lineage.probe_around,
        ("C-lineage-mirror", "C-lineage-agrees", "C-lineage-connected", "C-lineage-category"),
        LINEAGE,
    ),
    _Step(lineage.probe_nodes_of_tables, ("C-nodes-operator",), NODES),
    _Step(bad_requests.probe_bodies, ("E-body-invalid", "E-refusal-status", "A-server-error")),
    _Step(bad_requests.probe_listed, ("E-not-listed",)),
)
_SERVED: Final = (
    *_ASSETS,
    _Step(operators.probe_nodes, ("C-nodes-operator", "C-nodes-unique"), NODES),
    _Step(operators.probe_operators, ("C-nodes-chain", "C-job-name-unusual")),
    _Step(filters.probe_tables, ("A-error-shape", "C-table-other")),
    _Step(credentials.probe_tokens, ("A-error-shape", "D-missing", *credentials.TOKEN_CHECKS, "D-refusal-status")),
    _Step(credentials.probe_paths, ("D-missing",)),
    _Step(credentials.probe_signatures, credentials.SIGNATURE_CHECKS),
    _Step(credentials.probe_others, ("A-error-shape", *credentials.ID_CHECKS)),
    _Step(credentials.probe_second_tenant, ("D-tenant-isolated",)),
    _Step(bad_input.probe_missing, ("A-error-shape", "E-missing-parameter")),
    _Step(bad_input.probe_bad_numbers, ("E-below-minimum", "E-above-maximum", "E-wrong-type", "E-fraction")),
    _Step(bad_input.probe_minimum, ("E-minimum-refused",)),
    _Step(bad_input.probe_maximum, ("E-maximum-unserved",)),
    _Step(bad_input.probe_optional, ("E-optional-refused",)),
    _Step(bad_input.probe_doubtful, ("A-server-error",)),
    _Step(gateway.probe_parameters, ("C-replay",)),
    _Step(replay.probe_replay, ("C-replay",)),
)
EVERY_PROBE: Final = (*_GATEWAY, *_STUDY, *_SERVED)
"""Every probe with its checks, in the order in which they run."""


def run_probes(session: Session, *, rounds: int = 1) -> str | None:
    """Run all probes on the server.

    Args:
        session: The run.
        rounds: How many times the probes of windows, pages and filters are run; their random choices differ each time.

    Returns:
        Why the server cannot be judged any further: it refuses valid requests for runs. None if it serves one.

    Raises:
        NoResponseError: One of the first requests got no response.
        BudgetSpentError: No request is left.
        InterruptedRunError: The credentials, a quota or a gateway interrupted the run, or the server is gone.
        StopRunError: A check that stops the run failed.
    """
    first = session.runs()
    nodes = session.nodes() if session.asks_for(NODES) else None
    opened = [each for each in (first, nodes) if each is not None and each.response.status == _OK]
    session.ledger.served |= {each.operation_id for each in opened}
    if first.response.status == _OK:
        open_assets(session)
    for step in _GATEWAY:
        _run(session, step.checks, step.probe)
    reason = _reason_to_stop(session, first)
    if reason is not None:
        return reason
    if nodes is None:
        session.ledger.closed[NODES] = "the target names no table to call it with"
        session.ledger.excuse("the target names no table", *_OF_NODES)
    else:
        session.ledger.leave_untested(_shortcoming_of(nodes), "C-nodes-operator", "C-nodes-unique", "C-nodes-chain")
    _run_studied(session, rounds)
    for step in _SERVED:
        if session.asks_for(step.needs):
            _run(session, step.checks, step.probe)
    return None


def _reason_to_stop(session: Session, first: Exchange) -> str | None:
    status = first.response.status
    if status == _OK or (status != UNAUTHORIZED and _is_served_otherwise(session, first)):
        return None
    named = {name: session.target.real_values[name] for name in _IDS if name in session.target.real_values}
    ids = ", ".join(f"{name} {value}" for name, value in named.items())
    said = session.words_of(first.response)
    return (
        f"a valid request is answered {status}{f' ({said})' if said else ''}: check the credentials, and the ids "
        f"in the request: {ids}"
    )


def _is_served_otherwise(session: Session, refused: Exchange) -> bool:
    """Whether a variant of a refused request is served: with limit 1, offset 1, only a day, or no workspace."""
    day = {"start_time": max(session.target.window_start, session.target.window_end - _DAY)}
    for changes in ({"limit": 1}, {"offset": 1}, day, {"workspace_id": None}):
        if session.runs(**changes).response.status == _OK:
            session.ledger.served.add(RUNS)
            session.send(refused.request)
            return True
    return False


def _shortcoming_of(nodes: Exchange) -> str:
    return f"ShowNodes is answered {nodes.response.status} and names {len(nodes.response.operators)} operators"


def _run_studied(session: Session, rounds: int) -> None:
    wanted = [step for step in _STUDY if session.ledger.wants(step.checks)]
    checks = [check for step in wanted for check in step.checks]
    if not wanted:
        return
    try:
        study = find_study(session)
    except NoResponseError as error:
        session.ledger.note_error(str(error), checks)
        return
    if study is None or not study.walk.rows:
        session.ledger.leave_untested("no run was found in the window of the target", *checks)
        return
    for step in wanted * rounds:
        _run(session, step.checks, partial(_study_with, step.probe, study), name=_name(step.probe))


def _name(probe: Callable[..., None]) -> str:
    return probe.__name__.removeprefix("probe_").replace("_", " ")


def _study_with(probe: _Studied, study: Study, session: Session) -> None:
    probe(session, study)


def _run(session: Session, checks: Iterable[str], probe: _Plain, *, name: str = "") -> None:
    """Run a probe if there is time and one of its checks is wanted; if a request gets no response, note an error."""
    if session.ledger.wants(checks) and session.has_time_for(name or _name(probe)):
        try:
            probe(session)
        except NoResponseError as error:
            session.ledger.note_error(str(error), checks)
