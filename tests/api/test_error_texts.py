"""What is kept of an error's text is bounded, in characters and in time, and no secret shows at the cut."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataarts_datamap import (
    BadRequestError,
    DataMapError,
    InvalidBodyError,
    InvalidEnvelopeError,
    ServerError,
    StatusError,
    TokenCredentials,
    UpstreamError,
)
from dataarts_datamap._secrets import LARGEST_TEXT, mask
from support.answers import envelope, json_answer
from support.echoes import ESCAPES
from support.faces import SETTINGS
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Face

MEGABYTES: Final = 8_000_000

UNITS: Final = {
    "backslashes": "\\\\",
    "percent": "%41",
    "percent of percent": "%252541",
    "JSON": "\\u0041",
    "pairs": "\\ud83d\\ude00",
    "HTML": "&amp;",
    "numbers": "&#65;",
    "Python": "\\xe5\\xaf\\x86",
    "words": 'a \\"word\\" in a row ',
    "page": '<p class="a">Hello &amp; bye</p>\n',
    "Chinese": "密码错误",
    "echo": "ak:a,canonicalRequest:b",
}


@pytest.mark.parametrize("unit", list(UNITS))
@pytest.mark.parametrize("status", [500, 200])
def test_cost_of_an_error(face: Face, unit: str, status: int) -> None:
    """Whatever megabytes of text an error response has, it costs a fraction of a second, and 64 Ki are kept."""
    content = (UNITS[unit] * (MEGABYTES // len(UNITS[unit].encode()))).encode()
    with ScriptedServer(Answer(content, status=status)) as server:
        started = time.process_time()
        with pytest.raises((ServerError, InvalidEnvelopeError)) as caught:
            face.list_operators(server)
        seconds = time.process_time() - started

    error = caught.value
    assert 4 * 1.0 > seconds  # four attempts, in which this process also serves the megabytes
    assert error.raw is not None
    assert error.raw.endswith("…")
    for text in (error.raw, error.error_message or ""):
        assert LARGEST_TEXT + len("…") >= len(text)
    assert len(str(error)) < 1000


# Megabytes of JSON take seconds to make: a response is made when a test sends it, not whenever tests are collected.
ANSWERS: Final[dict[str, Callable[[], Answer]]] = {
    "code": lambda: json_answer({"error_code": "A" * MEGABYTES, "error_msg": "no"}, status=400),
    "request id": lambda: json_answer(
        {"error_code": "A", "error_msg": "no", "request_id": "i" * MEGABYTES}, status=400
    ),
    "of IAM": lambda: json_answer({"error": {"message": "no " * MEGABYTES}}, status=400),
    "lists": lambda: json_answer([[]] * MEGABYTES, status=400),
    "objects": lambda: json_answer({str(number): {} for number in range(MEGABYTES // 16)}, status=400),
    "upstream": lambda: envelope("%41" * MEGABYTES, status_code=500),
    "body": lambda: envelope("%41" * MEGABYTES),
    "message of the body": lambda: envelope(json.dumps({"success": False, "msg": "%41" * MEGABYTES})),
    "no text": lambda: json_answer({"status_code": 500, "body": ["%41"] * (MEGABYTES // 6)}),
}


@pytest.mark.parametrize("place", ANSWERS)
def test_memory_of_an_error(face: Face, place: str) -> None:
    """An error response is kept in a few hundred kilobytes, wherever its megabytes are."""
    kinds = (BadRequestError, UpstreamError, InvalidBodyError, DataMapError)
    with ScriptedServer(ANSWERS[place]()) as server, pytest.raises(kinds) as caught:
        face.list_runs(server)

    kept = [value for value in vars(caught.value).values() if isinstance(value, str)]
    assert max(map(len, kept)) <= LARGEST_TEXT + len("…")
    assert len(str(caught.value)) < 1000


def test_memory_while_masking() -> None:
    """Masking takes memory for the text that is kept, not for the one that came."""
    text = "\\\\" * MEGABYTES
    tracemalloc.start()
    try:
        mask(text, {"X-Auth-Token": "Zq-secret-0123456789"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 40_000_000


def test_text_that_fits(face: Face) -> None:
    """A text of 64 Ki characters is kept whole, and one more is told by an ellipsis."""
    for size, expected in ((LARGEST_TEXT, "密" * LARGEST_TEXT), (LARGEST_TEXT + 1, "密" * LARGEST_TEXT + "…")):
        with ScriptedServer(Answer(("密" * size).encode(), status=404)) as server:
            with pytest.raises(StatusError) as caught:
                face.list_operators(server)
            assert expected == caught.value.raw
            assert expected == caught.value.error_message


SECRETS: Final = st.sampled_from([
    "Zq-secret-0123456789",
    'Zq"sec\\ret/0123456789',
    "Zq密码-secret-0123456789",
    "Zq" + "0123456789abcdef" * 300,
    "Zq" + '"\\/&<' * 2000,
])  # fmt: skip


@example(secret='Zq"sec\\ret/0123456789', escapes=["JSON", "URL", "HTML", "JSON of Java"], overhang=5, limit=1000)
@example(secret="Zq" + '"\\/&<' * 2000, escapes=["JSON", "JSON", "URL"], overhang=9000, limit=LARGEST_TEXT)
@given(
    secret=SECRETS,
    escapes=st.lists(st.sampled_from(list(ESCAPES)), max_size=4),
    overhang=st.integers(0, 12_000),
    limit=st.sampled_from([300, 1000, LARGEST_TEXT]),
)
def test_secret_at_the_cut(secret: str, escapes: list[str], overhang: int, limit: int) -> None:
    """Wherever the cut goes through a secret, and however that is escaped, no part of it is left."""
    written = secret
    for name in escapes:
        written = ESCAPES[name](written)
    before = "." * (limit - min(overhang, limit, len(written)))
    masked = mask(before + written + " ~" * 100_000, {"X-Auth-Token": secret}, limit=limit)

    assert "Zq" not in masked
    assert before + "***" == masked[: len(before) + 3] or len(before) == limit
    assert set(masked) <= {*".*…~ "}


@pytest.mark.parametrize("secret", ["t", "p", "e", "to", "abc", "S3cret!", "a-b", "1"])
def test_short_secret(secret: str) -> None:
    """A short token is masked where it is a word of its own, and leaves the letters of other words alone."""
    text = f"the patterned abstract: token {secret}, '{secret}' and x{secret}y"

    assert f"the patterned abstract: token ***, '***' and x{secret}y" == mask(text, {"X-Auth-Token": secret})


def test_short_secret_in_an_error(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token of one letter, the message can still be read."""
    monkeypatch.setitem(SETTINGS, "credentials", TokenCredentials("t"))
    refusal = json_answer({"error_code": "DLM.4001", "error_msg": "no such table, token t"}, status=400)
    with (
        ScriptedServer(refusal) as server,
        pytest.raises(BadRequestError, match=r"DLM\.4001 no such table, token \*\*\* \("),
    ):
        face.list_operators(server)


@pytest.mark.parametrize("around", ["密码{}错误", '{{"password":"{}"}}', "%22{}%22", "\\n{}\\n", "密{}."])
def test_short_secret_beside_other_scripts(around: str) -> None:
    """A short password is masked where its neighbours are no letters of its own script, or escapes."""
    assert around.format("***") == mask(around.format("S3cret7"), secrets=["S3cret7"])
