"""What the pages name in their sentences, which no test runs: verbs, their options, and the extras of examples."""

from __future__ import annotations

import re
from typing import Final

import click
import pytest

from dataarts_datamap.cli._main import datamap
from docs_build.documents import ROOT, documents

NAMED: Final = re.compile(r"`(?:[A-Z_]+=\S+ )?datamap ([a-z]+)([^`|]*)`?")
FENCE: Final = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)


CODE: Final = re.compile(r"^(`{3,})[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
EXTRAS: Final = {
    "cli": r"^ *(?:- run: |\$ )?(?:[A-Z_]+=\S+ )*datamap [a-z]+",
    "mock": r"\bdatamap mock\b|datamap_mock|FakeService|MockServer",
    "conform": r"\bdatamap conform\b|run_suite",
    "exporter": r"\bdatamap exporter\b",
    "mcp": r"\bdatamap mcp\b",
    "openlineage": r"\bdatamap openlineage\b|integrations\.openlineage",
    "notify": r"--notify\b",
    "duckdb": r"\.duckdb\b|import duckdb",
    "arrow": r"export_runs\(.*\.parquet|export .*\.parquet|to_arrow",
    "pandas": r"import pandas|to_pandas",
    "polars": r"import polars|to_polars",
    "otel": r"attempt_hook\(",
    "dlt": r"integrations\.dlt",
    "spark": r'format\("datamap"\)',
    "airflow": r"integrations\.airflow",
}
"""What in the blocks of a page needs an extra."""
BRINGS_ARROW: Final = {"duckdb", "pandas", "polars", "dlt", "spark"}


@pytest.mark.parametrize("document", [one for one in documents() if one.startswith("docs/how-to/")])
def test_extras_of_examples_are_named(document: str) -> None:
    """Each extra that the examples of a page need is named on it: in a sentence about extras, or as what to install."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = "\n".join(code for _, code in CODE.findall(text))
    needed = {extra for extra, sign in EXTRAS.items() if re.search(sign, blocks, re.MULTILINE)}
    sentences = re.findall(r"\bextras?\b(?:[^.\n]|\n(?!\n))*", text)
    named = {extra for sentence in sentences for extra in re.findall(r"`([a-z]+)`", sentence)}
    for installed in re.findall(r"dataarts[-_]datamap[^\s[]*\[([a-z,]+)\]", text):
        named |= {*installed.split(",")}
    named |= {"arrow"} if named & BRINGS_ARROW else set()

    assert [] == sorted(needed - named)


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
