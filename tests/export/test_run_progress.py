"""Which runs are handed on: each once, again when it changed, and none that ended late is missed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataarts_datamap import InvalidArgumentError, Run, RunProgress

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def run_of(
    number: int,
    plan: datetime,
    status: str = "success",
    end: datetime | None = None,
    start: datetime | None = None,
) -> Run:
    """A run."""
    times = {"planTime": plan, "startTime": start, "endTime": end}
    milliseconds = {name: int(time.timestamp() * 1000) for name, time in times.items() if time}
    return Run.from_raw({"taskRunningLogId": number, "jobName": "load", "status": status, **milliseconds})


def stored(progress: RunProgress, **how: Any) -> RunProgress:
    """The same, by way of JSON."""
    return RunProgress(json.loads(json.dumps(progress.to_dict())), **how)


def test_each_run_is_new_once_and_again_when_it_changed() -> None:
    """A status or an end that differs is a change; reading the same again is none."""
    progress = RunProgress()
    runs = [run_of(1, NOW - DAY, end=NOW), run_of(2, NOW, "running")]
    assert progress.is_new
    assert runs == progress.advance(runs, NOW)
    assert [] == stored(progress).advance(runs, NOW)
    ended = run_of(2, NOW, end=NOW + timedelta(minutes=1))
    assert [ended] == stored(progress).advance([runs[0], ended, ended], NOW)
    rerun = run_of(1, NOW - DAY, end=NOW + timedelta(hours=1))
    assert [rerun] == stored(progress).advance([rerun, runs[1]], NOW)


def test_a_window_reaches_back_to_the_oldest_run_that_goes_on() -> None:
    """However old it is; else to the lookback, and at first as far as is asked."""
    progress = RunProgress(lookback=2 * DAY)
    assert NOW - 30 * DAY == progress.start(NOW, first=30 * DAY)
    progress.advance([run_of(1, NOW - 20 * DAY, "running"), run_of(2, NOW - DAY, end=NOW)], NOW)
    assert NOW - 20 * DAY == stored(progress, lookback=2 * DAY).start(NOW, first=DAY)
    progress.advance([run_of(1, NOW - 20 * DAY, end=NOW)], NOW)
    assert NOW - 2 * DAY == stored(progress, lookback=2 * DAY).start(NOW, first=30 * DAY)
    assert NOW == stored(progress, lookback=DAY).start(NOW + DAY, first=DAY)
    assert datetime(1970, 1, 1, tzinfo=UTC) == stored(progress, lookback=timedelta.max).start(NOW, first=DAY)
    assert datetime(1970, 1, 1, tzinfo=UTC) == RunProgress().start(NOW, first=timedelta(weeks=999_999))


def test_what_is_known_does_not_grow() -> None:
    """Runs that are read no more are forgotten, and so are those that no later window can hold."""
    progress = RunProgress()
    progress.advance([run_of(1, NOW - 9 * DAY, end=NOW - 8 * DAY), run_of(2, NOW - 6 * DAY, end=NOW)], NOW)
    assert 1 == len(progress.to_dict()["seen"])
    progress.advance([run_of(number, NOW, end=NOW) for number in range(1, 100)], NOW)
    progress.advance([run_of(100, NOW, end=NOW)], NOW)
    assert 1 == len(progress.to_dict()["seen"])


@pytest.mark.parametrize("start", [NOW - timedelta(hours=3), None])
def test_a_run_that_ended_within_the_lookback_is_known(start: datetime | None) -> None:
    """However early it was planned or began: it is not documented which of its times a window filters on."""
    progress = RunProgress(lookback=timedelta(hours=1))
    run = run_of(1, NOW - timedelta(hours=3), end=NOW - timedelta(minutes=10), start=start)
    polls = (NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))
    assert [1, 0, 0] == [len(progress.advance([run], now)) for now in polls]


@pytest.mark.parametrize(
    "known",
    [[], 7, {"open_since": "1"}, {"open_since": True}, {"open_since": -1}, {"open_since": 10**18}, {"seen": []}],
)
def test_what_is_no_progress_is_refused(known: Any) -> None:
    """With an error, not a start from nothing."""
    with pytest.raises(InvalidArgumentError, match="not the progress of runs"):
        RunProgress(known)


def test_a_lookback_is_a_length_of_time() -> None:
    """Nothing, or a number, is refused."""
    wrong: Any
    for wrong in (timedelta(0), 7):
        with pytest.raises(InvalidArgumentError, match="lookback must be a positive timedelta"):
            RunProgress(lookback=wrong)


def test_a_run_that_goes_on_without_a_time_narrows_nothing() -> None:
    """It may be anywhere in the window."""
    progress = RunProgress(lookback=DAY)
    undated = Run.from_raw({"taskRunningLogId": 1, "status": "running"})
    progress.advance([run_of(2, NOW - 9 * DAY, end=NOW), undated], NOW)
    assert NOW - 9 * DAY == progress.start(NOW, first=DAY)


def test_a_system_that_merges_needs_no_single_runs() -> None:
    """Each run of the window is handed on again; the window is the same."""
    progress = RunProgress(lookback=DAY, remembers_runs=False)
    runs = [run_of(1, NOW - 9 * DAY, "running"), run_of(2, NOW, end=NOW)]
    assert runs == progress.advance(runs, NOW) == progress.advance(runs, NOW)
    assert {"open_since": int((NOW - 9 * DAY).timestamp() * 1000), "seen": {}} == progress.to_dict()


def test_what_was_not_taken_is_not_known() -> None:
    """A reader that goes away in the middle begins anew."""
    progress = RunProgress()
    next(progress.changed([run_of(1, NOW, end=NOW), run_of(2, NOW, end=NOW)], NOW))
    assert progress.is_new
