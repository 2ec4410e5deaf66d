"""``datamap check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._exit_codes import NO, NOT_JUDGED, YES
from dataarts_datamap.cli._options.connection import connect, connection_options, zone_option
from dataarts_datamap.cli._options.typed_options import refuse_typed
from dataarts_datamap.cli._options.values import TABLES_FILE, file_option, span_option, state_option
from dataarts_datamap.cli._printing.notices import note, tell

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo

    from dataarts_datamap._checks.check import TableCheck
    from dataarts_datamap._checks.check_state import CheckState
    from dataarts_datamap._checks.message_addresses import MessageAddress
    from dataarts_datamap._checks.notifications import Message
    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap.cli._printing.check_table import CheckOutput

_FAIL_ON = "failed,late,stale"
_CAN_FAIL = ("failed", "late", "stale", "unknown", "few_rows", "slow")


def _parse_fail_on(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in _CAN_FAIL:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(_CAN_FAIL)}")
    return frozenset(names)


@click.command(short_help="Check whether all tables of a file are fresh.")
@file_option("--tables", "file", default=TABLES_FILE, help="The tables, each with its rule")
@click.option("--only", multiple=True, metavar="NAME", help="Only this table, by name, label or GUID; may be repeated.")
@click.option("--owner", "owners", multiple=True, metavar="NAME", help="Only tables of this owner; may be repeated.")
@click.option(
    "--fail-on",
    type=_parse_fail_on,
    default=_FAIL_ON,
    metavar="VERDICTS",
    help=f"The verdicts that make the exit code 1 ({_FAIL_ON}).",
)
@state_option(help="State of earlier checks; created if it does not exist. Later checks cost fewer requests")
@click.option(
    "--explain", is_flag=True, help="Find the cause of each failed, late, stale or unknown table, as in datamap why."
)
@click.option(
    "--notify",
    "is_notifying",
    is_flag=True,
    help="Send a message when verdicts change, to the addresses in DATAMAP_NOTIFY. Needs --state.",
)
@span_option("--remind", help="Remind of tables that are still not fresh, after this time (24h)")
@zone_option("the times in a table")
@click.option(
    "--output",
    type=click.Choice(["table", "ndjson", "junit", "prometheus"]),
    help="Table (to a terminal), JSON lines (to a pipe), test cases for CI, or metrics for Prometheus.",
)
@connection_options
def check(  # noqa: PLR0913  one parameter for each option
    *,
    file: str,
    only: tuple[str, ...],
    owners: tuple[str, ...],
    fail_on: frozenset[str],
    state_file: str | None,
    explain: bool,
    is_notifying: bool,
    remind: timedelta | None,
    tz: tzinfo,
    output: CheckOutput | None,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Check all tables of a file in parallel: one row per table, the worst first.

    For each table, the file can say how old its last success may be, or by when a run planned for the day must have
    succeeded; otherwise its latest outcome must be a success. A table that cannot be read is unknown, and does not
    affect the others.

    Exit code 0: no table has a verdict of --fail-on, and none is unknown. 1: a table has one. 2: none has one, but a
    table is unknown.

    \b
    Examples:
      datamap check
      datamap check --tables sales.toml --owner alice --explain
      datamap check --state tables.state --output prometheus > tables.prom
      datamap check --state tables.state --notify --quiet
      datamap check --output junit > tables.xml
    """  # noqa: D301  click reads \b
    from contextlib import nullcontext

    from dataarts_datamap._checks.check import is_explainable, worst_first
    from dataarts_datamap._checks.check_state import CheckState
    from dataarts_datamap._checks.table_file import load_tables
    from dataarts_datamap._monitoring.freshness import Verdict
    from dataarts_datamap.cli._printing.check_table import summary, write_checks
    from dataarts_datamap.cli._printing.output import is_terminal
    from dataarts_datamap.cli._printing.progress import counted_tables

    if output not in (None, "table"):
        refuse_typed("tz", "only goes with --output table")
    addresses = _addresses(state_file) if is_notifying else []
    if remind is not None and not is_notifying:
        raise click.UsageError("--remind needs --notify")
    rules = _chosen(load_tables(file), only=only, owners=owners)
    failures = frozenset(map(Verdict, fail_on))
    opened = nullcontext() if state_file is None else CheckState(state_file)
    with opened as state, connect(settings) as client, counted_tables(len(rules)) as count:
        checks = worst_first(client.check_tables(rules, state=state, explain=explain, on_checked=lambda _: count()))
        if state is not None:
            _notify(checks, addresses, state, remind)
    shape = output or ("table" if is_terminal() else "ndjson")
    if shape == "table":
        note(f"times are in {tz}")
    write_checks(checks, output=shape, zone=tz, fail_on=failures)
    _tell_doubts(checks)
    verdicts = {one.verdict for one in checks}
    code = NO if verdicts & failures else NOT_JUDGED if Verdict.UNKNOWN in verdicts else YES
    (note if code == YES else tell)(summary(checks))
    if shape == "table" and not explain and any(map(is_explainable, checks)):
        note("--explain also finds the causes")
    return code


def _addresses(state_file: str | None) -> list[MessageAddress]:
    """The addresses for messages; an error without a state, which records earlier messages."""
    import os

    from dataarts_datamap._checks.message_addresses import addresses_of

    if state_file is None:
        raise click.UsageError("--notify needs --state FILE, which records earlier messages")
    return addresses_of(os.environ)


def _notify(
    checks: list[TableCheck], addresses: list[MessageAddress], state: CheckState, remind: timedelta | None
) -> None:
    """Send each address a message, if there is news for it. If sending fails, the next check tries again."""
    from datetime import UTC, datetime, timedelta

    from dataarts_datamap._checks.notifications import Notified, message_of

    now = datetime.now(UTC)
    for address in addresses:
        fact, claim = f"notified {address.key}", f"notifying {address.key}"

        def message(fact: str = fact) -> Message | None:
            notified = Notified.from_text(state.fact(fact))
            return message_of(checks, notified, now=now, remind=remind or timedelta(hours=24))

        if message() is None:
            continue
        if not state.claim(claim):
            note(f"another check is sending a message to {address.name}: the next check sends what is missing")
            continue
        try:
            _send(message(), address, state, fact, now)  # another check may have sent it meanwhile
        finally:
            state.release(claim)


def _send(message: Message | None, address: MessageAddress, state: CheckState, fact: str, now: datetime) -> None:
    from functools import partial

    from dataarts_datamap._checks.notifications import kept_after

    if message is None:
        return
    if address.send(message):
        state.change_fact(fact, partial(kept_after, checks=message.checks, now=now))
    else:
        tell(f"the message to {address.name} could not be sent: the next check tries again")


def _chosen(rules: list[TableRule], *, only: tuple[str, ...], owners: tuple[str, ...]) -> list[TableRule]:
    """The tables of these names and owners; a name or an owner of no table is refused."""
    for what, wanted, known in (
        ("table", only, [name for rule in rules for name in _names(rule)]),
        ("owner", owners, [rule.owner for rule in rules if rule.owner]),
    ):
        for name in wanted:
            if name not in known:
                raise click.UsageError(f"the file has no {what} {name!r}{_hint(name, known)}")
    chosen = [
        rule
        for rule in rules
        if (not only or not _names(rule).isdisjoint(only)) and (not owners or rule.owner in owners)
    ]
    if not chosen:
        raise click.UsageError("the file has no table that matches both --only and --owner")
    return chosen


def _names(rule: TableRule) -> set[str]:
    return {name for name in (rule.name, rule.guid, rule.label) if name is not None}


def _hint(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    nearest = get_close_matches(name, known, n=1)
    return f": did you mean {nearest[0]!r}?" if nearest else ""


def _tell_doubts(checks: list[TableCheck]) -> None:
    from dataarts_datamap._errors import AuthenticationError, ConnectionFailedError

    if checks and all(isinstance(one.error, (AuthenticationError, ConnectionFailedError)) for one in checks):
        tell("no table could be read: datamap doctor finds out why")
    unclear = sum(one.status is not None and not one.producers_known for one in checks)
    if unclear:
        what = "table" if unclear == 1 else "tables"
        note(f"the operators that write {unclear} {what} are not known: all operators count that the service lists")
