"""A signal that interrupts a call leaves a traceback whose variables show no secret, wherever it comes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.interrupted_calls import BY_A_SIGNAL, IN_EVENT_LOOP, KINDS, SECRET, answer, leaks
from support.scripted_server import ScriptedServer

TESTS = Path(__file__).parents[1]


def interrupted(how: str) -> tuple[int, list[str]]:
    """What the program counts, and where it saw a secret."""
    command = [sys.executable, "-m", "support.interrupted_calls", how]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=TESTS, timeout=120)
    count, places = json.loads(done.stdout)
    return count, places


# In an event loop a trace that raises can crash CPython 3.11 itself, once in many runs: a long proof, to be run again.
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.prove] if kind.endswith(IN_EVENT_LOOP) else []) for kind in KINDS]
)
def test_interrupt_at_any_line(kind: str) -> None:
    """Of the lines at which a call is interrupted, be they ours, the parser's or the library's, none shows a secret."""
    lines, places = interrupted(kind)

    assert lines > 500
    assert [] == [place for place in places if "scripted_server" not in place]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timer")
def test_interrupt_by_a_signal() -> None:
    """A timer's signal at random times of signed calls shows no secret either."""
    calls, places = interrupted(BY_A_SIGNAL)

    assert calls > 100
    assert [] == places


def test_leaks_are_seen() -> None:
    """The hunt finds a secret where there is one: in a variable, and in a value that is nested in one."""
    outer = {"a": [json.dumps({"key": SECRET})]}
    code = compile("def fail(value):\n    raise ValueError", "elsewhere.py", "exec")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  a frame of another file
    with ScriptedServer(answer) as server:
        with pytest.raises(ValueError) as caught:  # noqa: PT011  its traceback is looked at
            names["fail"](outer)
        places = leaks(caught.value, server)
    assert ["elsewhere.py:2 value"] == [place for place in places if __file__ not in place]
