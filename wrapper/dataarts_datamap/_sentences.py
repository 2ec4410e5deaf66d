"""Sentences that can be translated: their words, separate from their values."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads the annotations
from typing import Self

from msgspec import Struct, field


class Length(str):
    """A duration as text, such as ``1 h 5 min``, whose units can be translated."""

    __slots__ = ()


class Sentence(Struct, frozen=True):
    """A sentence, or a part of a sentence. Its text (``str``) is English.

    Attributes:
        words: Its words in English, with names in braces for its values.
        values: The values by their names: text, numbers, durations, and sentences within the sentence.
    """

    words: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])

    def __str__(self) -> str:
        return self.words.format(**self.values)


class Remark(str):
    """A sentence as English text that keeps its parts, so that a page can translate it.

    Attributes:
        sentence: The sentence of the text.
    """

    __slots__ = ("sentence",)
    sentence: Sentence

    def __new__(cls, said: Sentence) -> Self:
        made = super().__new__(cls, str(said))
        made.sentence = said
        return made

    def __reduce__(self) -> tuple[type[Remark], tuple[Sentence]]:
        return Remark, (self.sentence,)


def remark(words: str, /, **values: object) -> Remark:
    return Remark(Sentence(words, values))


def sentence(words: str, /, **values: object) -> Sentence:
    return Sentence(words, values)
