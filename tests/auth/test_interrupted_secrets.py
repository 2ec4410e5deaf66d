"""A signal that interrupts a call leaves a traceback whose variables show no secret, wherever it comes."""

from __future__ import annotations

import json
import random
import signal
import sys
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pytest

from dataarts_datamap import AccessKeyCredentials, DataMapClient, PasswordCredentials, Retry, TokenCredentials
from support.answers import json_answer
from support.faces import SETTINGS
from support.iam import token_answer
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType

    from dataarts_datamap import Credentials
    from support.scripted_server import Asked

pytestmark = [  # an interrupt can come between the making of a socket and the keeping of it
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECRET: Final = "Zq-secret-0123456789"

CREDENTIALS: Final[dict[str, Callable[[str], Credentials]]] = {
    "access key": lambda _: AccessKeyCredentials("AKEXAMPLE", SECRET),
    "long key": lambda _: AccessKeyCredentials("AKEXAMPLE", SECRET * 9),
    "temporary access key": lambda _: AccessKeyCredentials("AKEXAMPLE", f"{SECRET}-key", f"{SECRET}-token"),
    "token": lambda _: TokenCredentials(SECRET),
    "password": lambda url: PasswordCredentials("ann", SECRET, "acme", project_id="p", iam_endpoint=url),
}


class Interrupted(BaseException):
    """What a signal raises."""


class Interrupting:
    """Raises after so many lines of Python, in this thread, of whatever module."""

    def __init__(self, lines: int) -> None:
        self.left = lines

    def __call__(self, frame: FrameType, event: str, _arg: object) -> Any:
        if frame.f_code.co_filename == __file__:
            return None
        if event in {"line", "call"}:
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise Interrupted
        return self


def frames_of(error: BaseException) -> Iterator[FrameType]:
    """The frames of the tracebacks of an error and of what it came from, but for those of this module."""
    seen: BaseException | None = error
    while seen is not None:
        step: TracebackType | None = seen.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename != __file__:
                yield step.tb_frame
            step = step.tb_next
        seen = seen.__context__


def shown(error: BaseException) -> Iterator[tuple[str, str]]:
    """What a debugger or an error tracker shows of the variables: where, and the text."""
    for frame in frames_of(error):
        for name, value in list(frame.f_locals.items()):
            text = ""
            with suppress(Exception):
                text = repr(value)
            yield f"{frame.f_code.co_filename}:{frame.f_lineno} {name}", text


def leaks(error: BaseException, server: ScriptedServer) -> list[str]:
    """Where a variable shows a secret, or a signature that was sent."""
    proofs = {asked.headers.get("authorization", "").rpartition("Signature=")[2] for asked in server.asked}
    secrets = {SECRET, b64encode(SECRET.encode()).decode(), SECRET.encode().hex(), *filter(None, proofs)}
    return [where for where, text in shown(error) if any(secret in text for secret in secrets)]


def answer(asked: Asked) -> Any:
    """A token, or operators."""
    return (
        token_answer("MIIissued-token") if asked.method == "POST" else json_answer([{"task_id": "1", "job_name": "a"}])
    )


def count_lines(call: Callable[[], object]) -> int:
    """How many lines of Python a call runs."""
    interrupting = Interrupting(10**9)
    sys.settrace(interrupting)
    try:
        call()
    finally:
        sys.settrace(None)
    return 10**9 - interrupting.left


@pytest.mark.skipif(sys.gettrace() is not None, reason="a debugger or the measurement of coverage traces already")
@pytest.mark.parametrize("kind", list(CREDENTIALS))
def test_interrupt_at_any_line(kind: str) -> None:
    """Of 250 lines at which a call is interrupted, be they ours, the parser's or the library's, none shows a secret."""
    # In a thread of its own: what a trace raises can leave the thread's state as if an error were still handled.
    with ThreadPoolExecutor(1) as thread:
        lines, found = thread.submit(interrupt_at_lines, kind).result()

    assert lines > 500
    assert set() == {where for where in found if "scripted_server" not in where}


def interrupt_at_lines(kind: str) -> tuple[int, set[str]]:
    """How many lines a call runs, and where variables showed a secret when it was interrupted at 250 of them."""
    generator = random.Random(1)
    found: set[str] = set()
    with ScriptedServer(answer) as server:

        def call(client: DataMapClient) -> object:
            return client.list_operators("a-table")

        def client() -> DataMapClient:
            settings = {**SETTINGS, "credentials": CREDENTIALS[kind](server.url), "retry": Retry(attempts=1)}
            return DataMapClient(endpoint=server.url, **settings)

        with client() as warm:
            call(warm)
        with client() as cold:
            lines = count_lines(lambda: call(cold))
        for line in generator.sample(range(1, lines), 250):
            # Not closed: a trace can end a block between its last line and its end, and so leave a lock held.
            one = client()
            sys.settrace(Interrupting(line))
            try:
                call(one)
            except Interrupted as error:
                found.update(leaks(error, server))
            finally:
                sys.settrace(None)
    return lines, found


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timer")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals go to the main thread")
def test_interrupt_by_a_signal() -> None:
    """A timer's signal at random times of signed calls shows no secret either."""
    generator = random.Random(2)
    came = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        came.set()
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    settings = {**SETTINGS, "credentials": CREDENTIALS["temporary access key"]("")}
    found: set[str] = set()
    interrupted = 0
    try:
        with ScriptedServer(answer) as server, DataMapClient(endpoint=server.url, **settings) as client:
            client.list_operators("a-table")
            for _ in range(150):
                came.clear()
                try:
                    signal.setitimer(signal.ITIMER_REAL, generator.uniform(0.0001, 0.004))
                    while not came.is_set():  # what is raised while the garbage collector runs reaches nobody
                        client.list_operators("a-table")
                except Interrupted as error:
                    interrupted += 1
                    found.update(leaks(error, server))
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)

    assert interrupted > 100
    assert set() == found


def test_leaks_are_seen() -> None:
    """The hunt finds a secret where there is one: in a variable, and in a value that is nested in one."""
    outer = {"a": [json.dumps({"key": SECRET})]}
    code = compile("def fail(value):\n    raise ValueError", "elsewhere.py", "exec")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  a frame of another file
    with ScriptedServer(answer) as server:
        with pytest.raises(ValueError) as caught:  # noqa: PT011  its traceback is looked at
            names["fail"](outer)
        assert ["elsewhere.py:2 value"] == leaks(caught.value, server)
