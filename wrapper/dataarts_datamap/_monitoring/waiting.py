"""Waits for one run to end, or for the latest run of each operator: logic without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from dataarts_datamap._errors import DataMapError, RequestTimeoutError, WaitTimeoutError
from dataarts_datamap._messages import Send, Sleep, Wait
from dataarts_datamap._models.runs import ENDED_STATES, Run, RunPage
from dataarts_datamap._monitoring.freshness import group_runs
from dataarts_datamap._paging.walk_options import READ_ERRORS, go_on
from dataarts_datamap._retry.policy import is_passing
from dataarts_datamap._text import printable, shown
from dataarts_datamap._times import EPOCH, iso_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dataarts_datamap._clock import Clock
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._paging.walk_options import PageRead, Walk

T = TypeVar("T")

_GROWTH: Final = 1.5
_SMEAR: Final = 0.1  # spreads the requests of callers that began together
_LAST_LOOK: Final = 10.0  # seconds that the last look, at the deadline, may take


def read_all(
    walk: Walk,
    ask: Callable[[PageRead], Steps[RunPage]],
    is_enough: Callable[[RunPage, list[Run]], bool] = lambda _page, _runs: False,
) -> Steps[list[Run]]:
    """The runs of a walk, page after page, until ``is_enough`` is true for a page and the runs up to its end."""
    runs: list[Run] = []
    step = next(walk, None)
    while step is not None:
        if isinstance(step, RunPage):
            runs += step.runs
            step = None if is_enough(step, runs) else next(walk, None)
            continue
        try:
            page = yield from ask(step.read)
        except READ_ERRORS as error:
            step = go_on(walk, error)
        else:
            step = go_on(walk, page)
    return runs


class Waits(NamedTuple):
    """The timeout of a wait, its first pause and its longest pause, in seconds."""

    timeout: float
    first: float
    longest: float


def wait_for_run(look: Callable[[], Steps[list[Run]]], clock: Clock, waits: Waits, *, run_id: int | None) -> Steps[Run]:
    """Look again and again until a run has ended: the one with the id; without an id, the one planned last so far.

    After a temporary failure the wait goes on, as if the run were still active; any other failure ends it.
    """

    def find(runs: list[Run]) -> list[Run]:
        latest = _latest(run for run in runs if run_id is None or run.run_id == run_id)
        return [] if latest is None else [latest]

    what = "the run planned last had not ended" if run_id is None else f"run {shown(run_id)} had not ended"
    (run,) = yield from _look_until_ended(look, find, clock, waits, what)
    return run


def wait_for_runs(look: Callable[[], Steps[list[Run]]], clock: Clock, waits: Waits) -> Steps[list[Run]]:
    """Look again and again until the run planned last so far has ended, for each operator.

    Operators without runs do not count; at least one operator must have runs.
    """

    def find(runs: list[Run]) -> list[Run]:
        latest = map(_latest, group_runs(runs).values())
        return [run for run in latest if run is not None]

    return (yield from _look_until_ended(look, find, clock, waits, "not all runs had ended"))


def _look_until_ended(
    look: Callable[[], Steps[list[Run]]],
    find: Callable[[list[Run]], list[Run]],
    clock: Clock,
    waits: Waits,
    what: str,
) -> Steps[list[Run]]:
    """Look again and again until there are runs and all of them have ended."""
    now = clock.monotonic()
    until = now + waits.timeout
    wait = waits.first
    last_run: Run | None = None
    failure: DataMapError | None = None
    while True:
        try:
            runs = yield from _in_time(look(), max(until, clock.monotonic() + _LAST_LOOK), clock)
        except DataMapError as error:
            if not is_passing(error):
                raise
            failure = error
        else:
            failure = None
            found = find(runs)
            going = [run for run in found if run.state not in ENDED_STATES]
            last_run = _latest(going) or _latest(found) or last_run
            if found and not going:
                return found
        now = max(now, clock.monotonic())
        left = until - now
        if left <= 0:
            break
        nap = min(left, wait * (1 + _SMEAR * clock.random()))
        yield Sleep(nap)
        now += nap  # for a clock that a test has frozen
        wait = min(waits.longest, wait * _GROWTH)
    raise _timeout(waits.timeout, what, last_run) from failure


def _in_time(steps: Steps[T], until: float, clock: Clock) -> Steps[T]:
    """The steps, ended when their time is over.

    Raises:
        DataMapError: The time was over: the last error given to the steps, else a ``RequestTimeoutError``.
    """
    failure: DataMapError = RequestTimeoutError("the runs had not been read when the time was over")
    try:
        step = next(steps)
        while (now := clock.monotonic()) < until:
            try:
                response = yield _shortened(step, now, until)
            except DataMapError as error:
                failure = error
                step = steps.throw(error)
            else:
                step = steps.send(response)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()
    raise failure


def _shortened(step: Send | Sleep | Wait, now: float, until: float) -> Send | Sleep | Wait:
    match step:
        case Send():
            return Send(step.request, min(step.until, until))
        case Sleep():
            return Sleep(min(step.seconds, until - now))
        case Wait():
            return Wait(step.event, min(step.until, until))


def _latest(runs: Iterable[Run]) -> Run | None:
    """The run that was planned last; of several, the last one in the server's order."""
    return max(enumerate(runs), key=lambda item: (item[1].plan_time or EPOCH, item[0]), default=(0, None))[1]


def _timeout(timeout: float, what: str, last_run: Run | None) -> WaitTimeoutError:
    seen = "none was seen" if last_run is None else f"the last one seen is {_described(last_run)}"
    error = WaitTimeoutError(f"{what} after {timeout:g} second{'' if timeout == 1 else 's'}: {seen}")
    error.last_run = last_run
    return error


def _described(run: Run) -> str:
    name = "a run without an id" if run.run_id is None else f"run {shown(run.run_id)}"
    job = f" of {printable(run.job_name, limit=80)}" if run.job_name else ""
    status = f"status {printable(run.status, limit=40)}" if run.status else "without a status"
    plan = "without a planned time" if run.plan_time is None else f"planned for {iso_text(run.plan_time)}"
    return f"{name}{job}, {status}, {plan}"
