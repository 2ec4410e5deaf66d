"""Interrupts calls and checks the variables in their tracebacks for secrets: ``python -m support.interrupted_calls``.

It is a separate program, so that other tests do not meet the effects of an interrupt: an open socket, a thread's state
as if an error were still handled. It writes JSON: a count, and the places where a secret was shown.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import threading
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from dataarts_datamap import (
    AccessKeyCredentials,
    AsyncDataMapClient,
    DataMapClient,
    DataMapError,
    PasswordCredentials,
    Retry,
    Run,
    TokenCredentials,
)
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
SECRET: Final = "Zq-secret-0123456789"

CREDENTIALS: Final[dict[str, Callable[[str], Credentials]]] = {
    "access key": lambda _: AccessKeyCredentials("AKEXAMPLE", SECRET),
    "long key": lambda _: AccessKeyCredentials("AKEXAMPLE", SECRET * 9),
    "temporary access key": lambda _: AccessKeyCredentials("AKEXAMPLE", f"{SECRET}-key", f"{SECRET}-token"),
    "token": lambda _: TokenCredentials(SECRET),
    "password": lambda url: PasswordCredentials("ann", SECRET, "acme", project_id="p", iam_endpoint=url),
}

WAYS: Final[dict[str, dict[str, Any]]] = {
    "forwarding proxy": {"endpoint": "http://datamap.example.com", "allow_http": True},
    "tunnel": {"endpoint": "https://datamap.example.com"},
}
"""The name for a client with a proxy, whose password is the secret; the proxy makes no tunnel."""

_HTTP: Final = ("dataarts_datamap", "httpcore2", "h11")
IN_EVENT_LOOP: Final = " in an event loop"
FOR_A_LOG: Final = " for a log"
KINDS: Final = [
    *(kind + where for kind in (*CREDENTIALS, *WAYS) for where in ("", IN_EVENT_LOOP)),
    *(kind + FOR_A_LOG for kind in CREDENTIALS if kind.endswith("key")),
]


class Interrupted(BaseException):
    """The exception that a signal raises."""


class Interrupting:
    """Raises after a number of lines of Python in this thread, in any module.

    In an event loop, only lines of ours and of the HTTP library count: the loop itself does not survive every
    interrupt.
    """

    def __init__(self, lines: int, *, in_event_loop: bool) -> None:
        self.left = lines
        self._in_event_loop = in_event_loop

    def __call__(self, frame: FrameType, event: str, _arg: object) -> Any:
        name = frame.f_code.co_filename
        if name == __file__ or (self._in_event_loop and not any(part in name for part in _HTTP)):
            return None
        if event in {"line", "call"}:
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise Interrupted
        return self


def frames_of(error: BaseException) -> Iterator[FrameType]:
    """The frames of the tracebacks of an error and its causes, except those of this module."""
    seen: BaseException | None = error
    while seen is not None:
        step: TracebackType | None = seen.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename != __file__:
                yield step.tb_frame
            step = step.tb_next
        seen = seen.__context__


def shown(error: BaseException) -> Iterator[tuple[str, str]]:
    """The variables as a debugger or an error tracker shows them: place and text."""
    for frame in frames_of(error):
        for name, value in list(frame.f_locals.items()):
            text = ""
            with suppress(Exception):
                text = repr(value)
            yield f"{frame.f_code.co_filename}:{frame.f_lineno} {name}", text


def leaks(error: BaseException, server: ScriptedServer) -> list[str]:
    """The places where a variable shows a secret, or a signature that was sent."""
    sent = [asked.headers.get("authorization", "") for asked in server.asked]
    proofs = {one.rpartition(":" if one.startswith("OBS ") else "Signature=")[2] for one in sent}
    encoded = {b64encode(text.encode()).decode() for text in (SECRET, f"ann:{SECRET}")}
    secrets = {SECRET, *encoded, SECRET.encode().hex(), *filter(None, proofs)}
    return [where for where, text in shown(error) if any(secret in text for secret in secrets)]


def answer(asked: Asked) -> Any:
    """A token, a log, or operators."""
    if asked.target == "/a-log":
        return Answer(b"a log", headers={"ETag": "a-tag"})
    if asked.method == "CONNECT":
        return json_answer({}, status=407)
    return (
        token_answer("MIIissued-token") if asked.method == "POST" else json_answer([{"task_id": "1", "job_name": "a"}])
    )


def count_lines(call: Callable[[], object], *, in_event_loop: bool) -> int:
    """The number of lines of Python of a call at which it can be interrupted."""
    interrupting = Interrupting(10**9, in_event_loop=in_event_loop)
    sys.settrace(interrupting)
    try:
        call()
    finally:
        sys.settrace(None)
    return 10**9 - interrupting.left


def client_of(kind: str, server: ScriptedServer) -> DataMapClient | AsyncDataMapClient:
    """A client with a secret in its credentials or its proxy; nobody closes it."""
    what = kind.removesuffix(IN_EVENT_LOOP).removesuffix(FOR_A_LOG)
    made = AsyncDataMapClient if kind.endswith(IN_EVENT_LOOP) else DataMapClient
    settings = {**SETTINGS, "endpoint": server.url, "retry": Retry(attempts=1)}
    if what in WAYS:
        proxy = f"http://ann:{SECRET}@{urlsplit(server.url).netloc}"
        return made(**{**settings, **WAYS[what], "proxy": proxy, "credentials": TokenCredentials(SECRET)})
    return made(**{**settings, "credentials": CREDENTIALS[what](server.url)})


def call(client: DataMapClient | AsyncDataMapClient, kind: str) -> None:
    """Request the operators of a table or a log, and get them, or an error of ours."""
    with suppress(DataMapError):
        found: object
        if kind.endswith(FOR_A_LOG):
            found = client.read_log(Run(execution_log_path="obs://bucket/a-log"))
        else:
            found = client.list_operators("a-table")
        if asyncio.iscoroutine(found):
            asyncio.run(found)


def interrupt_at_lines(kind: str) -> tuple[int, set[str]]:
    """The lines of a call, and the places where variables showed a secret when it was interrupted at some of them."""
    generator = random.Random(1)
    found: set[str] = set()
    in_event_loop = kind.endswith(IN_EVENT_LOOP)
    with ScriptedServer(answer) as server:

        def client() -> DataMapClient | AsyncDataMapClient:
            return client_of(kind, server)

        call(client(), kind)
        cold = client()
        lines = count_lines(lambda: call(cold, kind), in_event_loop=in_event_loop)
        for line in generator.sample(range(1, lines), 60 if in_event_loop else 250):
            # Not closed: a trace can leave a block between its last line and its end, and so leave a lock held.
            one = client()
            sys.settrace(Interrupting(line, in_event_loop=in_event_loop))
            try:
                call(one, kind)
            except (Interrupted, RuntimeError) as error:
                # The library cannot always close a generator that was interrupted, and so replaces the error.
                if not isinstance(error, Interrupted) and not isinstance(error.__context__, Interrupted):
                    raise
                found.update(leaks(error, server))
            finally:
                sys.settrace(None)
    return lines, found


def interrupt_by_a_signal() -> tuple[int, set[str]]:
    """The signed calls that a timer's signal interrupted, and the places where variables showed a secret."""
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
                    while not came.is_set():  # an exception during garbage collection is lost
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
