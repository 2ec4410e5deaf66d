"""The Chinese pages: each is linked with its English sister, has its blocks, and knows whether it is behind."""

from __future__ import annotations

import posixpath

import pytest

from docs_build import symptoms_zh
from docs_build.documents import ROOT
from docs_build.symptoms import SYMPTOMS, all_symptoms
from docs_build.translations import Translation, TranslationError, hash_of_words, translations, with_blocks_of

KNOWN = translations()
SISTER = "# A\n\nSome words.\n\n<!-- stays running -->\n```console\n$ a\n```\n\nMore.\n\n````text\n```\n````\n"


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("one", KNOWN, ids=lambda one: one.page)
def test_sisters_are_linked(one: Translation) -> None:
    """Each page leads to the other."""
    there = posixpath.relpath(one.sister, posixpath.dirname(one.page) or ".")
    back = posixpath.relpath(one.page, posixpath.dirname(one.sister) or ".")

    assert f"[English]({there})" in read(one.page)
    assert f"[简体中文]({back})" in read(one.sister)


@pytest.mark.parametrize("one", KNOWN, ids=lambda one: one.page)
def test_blocks_are_those_of_the_sister(one: Translation) -> None:
    """What is run on a page is what is run on its sister; ``make translations`` copies it."""
    if one.is_behind:
        pytest.skip(f"{one.page} is behind {one.sister}")
    text = read(one.page)

    assert with_blocks_of(read(one.sister), text) == text


def test_blocks_are_copied() -> None:
    """A block takes the place of that of the same number, with the markers before it; words stay."""
    text = "<!-- of: a.md 000000000000 -->\n\n# 甲\n\n```console\n$ old\n```\n\n话。\n\n```text\nold\n```\n"
    blocks = "<!-- stays running -->\n```console\n$ a\n```", "````text\n```\n````"

    expected = f"<!-- of: a.md 000000000000 -->\n\n# 甲\n\n{blocks[0]}\n\n话。\n\n{blocks[1]}\n"
    assert expected == with_blocks_of(SISTER, text)


def test_blocks_of_another_number() -> None:
    """A translation that lacks a block is refused, not filled up."""
    with pytest.raises(TranslationError, match="1 blocks instead of 2"):
        with_blocks_of(SISTER, "```console\n$ a\n```\n")


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        (SISTER.replace("$ a", "$ b"), True),
        (SISTER.replace("Some words.", "Some\nwords."), True),
        (SISTER.replace("More.", "Much more."), False),
    ],
)
def test_words_that_change(text: str, is_same: bool) -> None:  # noqa: FBT001
    """A page is behind where the words of its sister change, not where a block or the width of lines does."""
    assert is_same == (hash_of_words(SISTER) == hash_of_words(text))


def test_every_symptom_is_translated() -> None:
    """The troubleshooting page in Chinese has each line and title of the English one, and none else."""
    assert {one.shown for one in all_symptoms()} == set(symptoms_zh.TEXTS)
    assert set(SYMPTOMS) == set(symptoms_zh.TITLES)
