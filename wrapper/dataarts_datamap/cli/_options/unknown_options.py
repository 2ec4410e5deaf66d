"""Suggestions for an option that a verb does not have."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

import click

_CLOSE: Final = 0.75
_MOST_NAMED: Final = 5
_TABLE_NAMES: Final = frozenset({"guid", "name", "table-guid", "table-name"})
"""Names of options that mean a table."""


def hint_on(error: click.NoSuchOption) -> str:
    """A suggestion for an unknown option: an argument of that name, a similar option, or verbs that have the option.

    If it was given before the verb, the suggestion is to put it after the verb. Empty if nothing matches.
    """
    context = error.ctx
    if context is None:
        return ""
    if isinstance(context.command, click.Group):
        return _behind_the_verb(error.option_name, context)
    return (
        _argument_hint(error.option_name, context)
        or _nearest_hint(error.option_name, context.command)
        or _sister_hint(error.option_name, context)
    )


def _behind_the_verb(option: str, context: click.Context) -> str:
    is_known = bool(_verbs_with(option, context))
    return f"Put options after the verb: {context.command_path} VERB {option}" if is_known else ""


def _argument_hint(option: str, context: click.Context) -> str:
    """A hint if the verb has an argument for what was given as an option."""
    name = option.removeprefix("--")
    for parameter in context.command.params:
        if isinstance(parameter, click.Argument):
            shown = (parameter.metavar or str(parameter.name).upper()).strip("[]").split("|")[0]
            if name == shown.lower() or (shown == "TABLE" and name in _TABLE_NAMES):
                return f"{shown} needs no option: {context.command_path} {shown}"
    return ""


def _nearest_hint(option: str, command: click.Command) -> str:
    nearest = get_close_matches(option, _options_of(command), cutoff=_CLOSE)
    return f"Did you mean {' or '.join(nearest)}?" if nearest else ""


def _sister_hint(option: str, context: click.Context) -> str:
    """A hint that names the other verbs with the option."""
    verbs = [] if context.parent is None else _verbs_with(option, context.parent)
    if not verbs:
        return ""
    more = len(verbs) - _MOST_NAMED
    names = ", ".join(verbs[:_MOST_NAMED])
    return f"It is an option of {names}{f' and {more} more' if more > 0 else ''}, not of {context.info_name}."


def _verbs_with(option: str, context: click.Context) -> list[str]:
    group = context.command
    if not isinstance(group, click.Group):
        return []
    commands = ((name, group.get_command(context, name)) for name in group.list_commands(context))
    return [name for name, command in commands if command is not None and option in _options_of(command)]


def _options_of(command: click.Command) -> list[str]:
    shown = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    return [name for option in shown for name in (*option.opts, *option.secondary_opts)]
