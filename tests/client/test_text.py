"""Untrusted text, made fit to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap._text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("订单汇总_日报📊", "订单汇总_日报📊"),
        ("👩\u200d🔧 ❤\ufe0f", "👩\u200d🔧 ❤\ufe0f"),
        ("a b", "a b"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("line\nbreak\r\t", "line\\nbreak\\r\\t"),
        ("abc\u202edef\u2066", "abc\\u202edef\\u2066"),
        ("a\u00a0b\u2028c", "a\\xa0b\\u2028c"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("half\ud800", "half\\ud800"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """What is seen stays; what acts on a terminal or hides is shown as its escape."""
    assert shown == printable(text)


@given(st.text())
def test_no_text_acts_on_a_terminal(text: str) -> None:
    """Whatever the text, nothing is left that a terminal would act on, and it can be encoded."""
    shown = printable(text)

    assert [] == [char for char in shown if not char.isprintable() and char not in "\u200d\ufe0f"]
    assert shown == shown.encode().decode()


def test_limit() -> None:
    """A text over the limit ends in an ellipsis; one at the limit is whole."""
    assert ["abc", "ab…"] == [printable("abc", limit=3), printable("abcd", limit=3)]
