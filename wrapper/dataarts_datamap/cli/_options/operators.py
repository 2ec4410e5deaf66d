"""The options that choose which operators of a table count."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dataarts_datamap.cli._options.values import options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Operator
    from dataarts_datamap._monitoring.producers import ChosenOperators, OperatorRole, Producers

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, kw_only=True)
class OperatorChoice:
    """The choice of a table's operators that count.

    Attributes:
        only: Names of those that count; if empty, ``role`` decides.
        ignore: Names of those that do not count.
        any_operator: Whether the last success of any operator counts.
        role: The operators that count if ``only`` is empty: those that write the table according to lineage, or all.
    """

    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    any_operator: bool = False
    role: OperatorRole = "producers"

    def find(self, client: DataMapClient, table_guid: str) -> Producers:
        return client.find_producers(table_guid, role=self.role, only=self.only or None, ignore=self.ignore)

    def narrow(self, operators: Iterable[Operator]) -> ChosenOperators:
        """The operators that ``only`` and ``ignore`` let count, and those that they leave out."""
        from dataarts_datamap._monitoring.producers import choose_operators

        return choose_operators(operators, only=self.only or None, ignore=self.ignore)


_OPTIONS = options(
    click.option(
        "--operator",
        "only",
        multiple=True,
        metavar="NAME",
        help="Only judge this operator, by job name, workspace/job name or task id; may be repeated.",
    ),
    click.option(
        "--ignore",
        multiple=True,
        metavar="NAME",
        help="Ignore this operator, named in the same way; may be repeated.",
    ),
    click.option("--any", "any_operator", is_flag=True, help="The last success of any operator counts."),
    click.option(
        "--role",
        type=click.Choice(["producers", "associated"]),
        default="producers",
        help="Judge the operators that write the table according to lineage, or also its readers (default: producers).",
    ),
)


def operator_options(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add the options for the operators that count; the command gets them as one ``choice``."""

    @wraps(command)
    def call(**values: Any) -> ResultT:  # noqa: ANN401
        chosen = {field.name: values.pop(field.name) for field in fields(OperatorChoice)}
        return command(choice=OperatorChoice(**chosen), **values)

    return _OPTIONS(call)
