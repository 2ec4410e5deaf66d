"""The languages of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from dataarts_datamap._report.texts import ENGLISH

if TYPE_CHECKING:
    from dataarts_datamap._report.texts import Texts

Language: TypeAlias = Literal["en", "zh"]


def texts_in(language: Language) -> Texts:
    if language == "zh":
        from dataarts_datamap._report.chinese import CHINESE  # noqa: PLC0415  rarely needed

        return CHINESE
    return ENGLISH
