"""The words of a report, by language: English as they stand in the code, others by one table each."""

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
    """Says what the code says, in one language.

    Attributes:
        tag: The language for HTML, such as ``zh-CN``.
        table: What each English text is in the language, with the same names in braces; a text that is missing stays
            English.
        units: The units of a length of time, by what English has: ``d``, ``h``, ``min``, ``s``.
    """

    tag: str = "en"
    table: Mapping[str, str] = _NOTHING
    units: Mapping[str, str] = _NOTHING

    def __call__(self, text: str, /, **values: object) -> str:
        """A text in the language, with values in the place of the names in braces."""
        return self.table.get(text, text).format(**values)

    @property
    def english_mark(self) -> str:
        """What an element of HTML with English text has in a page of the language: those who read it aloud go by it."""
        return "" if self.tag == "en" else ' lang="en"'

    def sentence(self, said: Sentence) -> str:
        """A sentence in the language, and the sentences and lengths of time in it."""
        return self(said.words, **{name: self._value(value) for name, value in said.values.items()})

    def remark(self, text: str) -> str:
        """A remark in the language; any other text as it is."""
        return self.sentence(text.sentence) if isinstance(text, Remark) else text

    def mark(self, text: str) -> str:
        """What an element of HTML has that shows a text by ``remark``: its language, where it stays English."""
        return "" if isinstance(text, Remark) else self.english_mark

    def _value(self, value: object) -> object:
        if isinstance(value, Sentence):
            return self.sentence(value)
        if isinstance(value, Remark):
            return self.sentence(value.sentence)
        return self._units(value) if isinstance(value, Length) else value

    def count(self, one: str, many: str, number: int) -> str:
        """A count: the text for one or the text for several, each of which holds ``{n}``."""
        return self(one if number == 1 else many, n=f"{number:,}")

    def page(self, template: str) -> str:
        """A template of HTML for ``string.Template``, whose own words stand between two braces, in the language."""
        return _OWN_WORDS.sub(lambda found: escape(self(found[1])).replace("$", "$$"), template)

    def span(self, span: timedelta) -> str:
        """A length of time in its two largest units."""
        return self._units(span_text(span))

    def _units(self, length: str) -> str:
        return " ".join(self.units.get(word, word) for word in length.split(" "))


ENGLISH: Final = Texts()
