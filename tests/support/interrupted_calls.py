"""Interrupts calls and looks at what the variables of their tracebacks show: ``python -m support.interrupted_calls``.

It is a program of its own, since other tests should not meet what an interrupt leaves behind: a socket that nobody
closes, a thread's state as if an error were still handled. It writes JSON: a count, and where a secret was shown.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import threading
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap import AccessKeyCredentials, DataMapClient, PasswordCredentials, Retry, Run, TokenCredentials
from support.answers import json_answer
from support.faces import SETTINGS
from support.iam import token_answer
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType

    from dataarts_datamap import Credentials
    from support.scripted_server import Asked

BY_A_SIGNAL: Final = "signal"
FOR_A_LOG: Final = ", for a log"
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
    sent = [asked.headers.get("authorization", "") for asked in server.asked]
    proofs = {one.rpartition(":" if one.startswith("OBS ") else "Signature=")[2] for one in sent}
    secrets = {SECRET, b64encode(SECRET.encode()).decode(), SECRET.encode().hex(), *filter(None, proofs)}
    return [where for where, text in shown(error) if any(secret in text for secret in secrets)]


def answer(asked: Asked) -> Any:
    """A token, a log, or operators."""
    if asked.target == "/a-log":
        return Answer(b"a log", headers={"ETag": "a-tag"})
    return (
        token_answer("MIIissued-token") if asked.method == "POST" else json_answer([{"task_id": "1", "job_name": "a"}])
    )


def list_operators(client: DataMapClient) -> object:
    """A call of the service."""
    return client.list_operators("a-table")


def read_log(client: DataMapClient) -> object:
    """A call of object storage."""
    return client.read_log(Run(execution_log_path="obs://bucket/a-log"))


def count_lines(call: Callable[[], object]) -> int:
    """How many lines of Python a call runs."""
    interrupting = Interrupting(10**9)
    sys.settrace(interrupting)
    try:
        call()
    finally:
        sys.settrace(None)
    return 10**9 - interrupting.left


def interrupt_at_lines(kind: str) -> tuple[int, set[str]]:
    """How many lines a call runs, and where variables showed a secret when it was interrupted at 250 of them."""
    generator = random.Random(1)
    found: set[str] = set()
    who = kind.removesuffix(FOR_A_LOG)
    call = read_log if kind.endswith(FOR_A_LOG) else list_operators
    with ScriptedServer(answer) as server:

        def client() -> DataMapClient:
            settings = {**SETTINGS, "credentials": CREDENTIALS[who](server.url), "retry": Retry(attempts=1)}
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


def interrupt_by_a_signal() -> tuple[int, set[str]]:
    """How many signed calls a timer's signal interrupted, and where variables showed a secret."""
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
    return interrupted, found


if __name__ == "__main__":
    count, places = interrupt_by_a_signal() if sys.argv[1] == BY_A_SIGNAL else interrupt_at_lines(sys.argv[1])
    json.dump([count, sorted(places)], sys.stdout)
