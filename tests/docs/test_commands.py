"""Commands that the pages name in their sentences, which no test runs: verb and options are there."""

from __future__ import annotations

import re
from typing import Final

import click
import pytest

from dataarts_datamap.cli._main import datamap
from docs_build.documents import ROOT, documents

NAMED: Final = re.compile(r"`(?:[A-Z_]+=\S+ )?datamap ([a-z]+)([^`|]*)`?")
FENCE: Final = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)


def options_of(verb: str) -> set[str]:
    """The options of a verb; none if there is no such verb."""
    context = click.Context(datamap)
    command = datamap.get_command(context, verb)
    if command is None:
        return set()
    return {name for one in command.get_params(click.Context(command)) for name in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("document", documents())
def test_named_commands(document: str) -> None:
    """Each verb that is named in a sentence or a table is one, and has the options that are named with it."""
    text = FENCE.sub("", (ROOT / document).read_text(encoding="utf-8"))
    named = {(verb, option) for verb, rest in NAMED.findall(text) for option in re.findall(r"--[a-z][a-z-]*", rest)}
    verbs = {verb for verb, _ in NAMED.findall(text)}

    assert [] == sorted(verb for verb in verbs if not options_of(verb))
    assert [] == sorted(f"{verb} {option}" for verb, option in named if option not in options_of(verb))
