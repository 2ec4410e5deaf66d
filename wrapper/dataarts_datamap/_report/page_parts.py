"""Assembles a page from its parts: files in the folder of this module, whose text is included in the page."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Final

from dataarts_datamap._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap._report.texts import Texts

_HYPHENATED: Final = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b|--[a-z]+(?:-[a-z]+)+")


def whole_page(body: str, say: Texts, *, style: str, scripts: Iterable[str], **values: str) -> str:
    """A page in a language, with lines that end in LF: the common frame around a body.

    Args:
        body: The file of the body: a template with ``$name`` for each value, and the page's own words in double braces.
        say: The language.
        style: The file of a style sheet that is added to the common one.
        scripts: The files that are added to the common script, in the order of their dependencies.
        values: The values of the template, as HTML.
    """
    css = f"{_part('style.css')}\n{_part(style)}"
    code = "".join(map(_part, ("theme.js", "copying.js", *scripts)))
    script = f'"use strict";\n(() => {{\n{code}}})();\n'
    template = _part("frame.html").replace("[[page]]\n", _part(body)).replace("[[theme]]\n", _part("theme.html"))
    return Template(say.page(template)).substitute(
        lang=say.tag,
        style=css,
        script=script,
        style_hash=_policy_hash(css),
        script_hash=_policy_hash(script),
        version=escape(__version__),
        **values,
    )


def unbroken(html: str) -> str:
    """Escaped text in which hyphens of times and of option names allow no line break."""
    return _HYPHENATED.sub(r'<span class="unbroken">\g<0></span>', html)


def _part(name: str) -> str:
    return files("dataarts_datamap._report").joinpath(name).read_text(encoding="utf-8")


def _policy_hash(text: str) -> str:
    """The hash by which a content security policy allows a text."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
