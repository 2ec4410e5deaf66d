"""The words of a report in each language: English from the code itself, other languages from a table."""

from __future__ import annotations

import re
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dataarts_datamap._sentences import Length, Remark, Sentence
from dataarts_datamap._times import span_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

_OWN_WORDS: Final = re.compile(r"\{\{(.+?)\}\}")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Texts(Struct, frozen=True, kw_only=True):
    """The texts of the code in one language.

    Attributes:
        tag: The language for HTML, such as ``zh-CN``.
        table: The translation of each English text, with the same names in braces; a missing text stays English.
        units: The translation of each English unit of durations: ``d``, ``h``, ``min``, ``s``.
    """

    tag: str = "en"
    table: Mapping[str, str] = _NOTHING
    units: Mapping[str, str] = _NOTHING

    def __call__(self, text: str, /, **values: object) -> str:
        return self.table.get(text, text).format(**values)

    @property
    def english_mark(self) -> str:
        """The HTML attribute for English text in a page of the language, for screen readers."""
        return "" if self.tag == "en" else ' lang="en"'

    def sentence(self, said: Sentence) -> str:
        return self(said.words, **{name: self._value(value) for name, value in said.values.items()})

    def remark(self, text: str) -> str:
        """A remark in the language; any other text is unchanged."""
        return self.sentence(text.sentence) if isinstance(text, Remark) else text

    def mark(self, text: str) -> str:
        """The HTML attribute for a text shown by ``remark``: its language, if it stays English."""
        return "" if isinstance(text, Remark) else self.english_mark

    def _value(self, value: object) -> object:
        if isinstance(value, Sentence):
            return self.sentence(value)
        if isinstance(value, Remark):
            return self.sentence(value.sentence)
        return self._units(value) if isinstance(value, Length) else value

    def count(self, one: str, many: str, number: int) -> str:
        """A count: the text for one or the text for several, with the number in place of ``{n}``."""
        return self(one if number == 1 else many, n=f"{number:,}")

    def page(self, template: str) -> str:
        """A template of HTML, in which words of the language replace those in double braces.

        The result is a template for ``string.Template``: the words are escaped for it and for HTML.
        """
        return _OWN_WORDS.sub(lambda found: escape(self(found[1])).replace("$", "$$"), template)

    def span(self, span: timedelta) -> str:
        """A duration in its two largest units."""
        return self._units(span_text(span))

    def _units(self, length: str) -> str:
        return " ".join(self.units.get(word, word) for word in length.split(" "))


ENGLISH: Final = Texts()
