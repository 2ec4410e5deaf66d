"""Which operators of a table count, and how."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Operator
    from dataarts_datamap._monitoring.producers import ChosenOperators, OperatorRole, Producers

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, kw_only=True)
class OperatorChoice:
    """Which operators of a table count, and whether one of them is enough.

    Attributes:
        only: Names of those that count; all, if there are none.
        ignore: Names of those that do not.
        any_operator: Whether one that keeps the table fresh is enough.
        role: Which of them count otherwise: those that lineage says write the table, or all.
    """

    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    any_operator: bool = False
    role: OperatorRole = "producers"

    def find(self, client: DataMapClient, table_guid: str) -> Producers:
        """The operators of a table that count, and how that is known.

        Raises:
            InvalidArgumentError: A name fits none, or none is left.
            DataMapError: They could not be read.
        """
        return client.find_producers(table_guid, role=self.role, only=self.only or None, ignore=self.ignore)

    def narrow(self, operators: Iterable[Operator]) -> ChosenOperators:
        """Those of a table that are not left out by name, and those that are.

        Raises:
            InvalidArgumentError: A name fits none, or none is left.
        """
        from dataarts_datamap._monitoring.producers import choose_operators

        return choose_operators(operators, only=self.only or None, ignore=self.ignore)


def operator_options(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Add the options that say which operators count; the command gets them as one ``choice``."""

    @wraps(command)
    def call(**options: Any) -> ResultT:  # noqa: ANN401
        chosen = {field.name: options.pop(field.name) for field in fields(OperatorChoice)}
        return command(choice=OperatorChoice(**chosen), **options)

    for option in reversed(
        (
            click.option(
                "--operator",
                "only",
                multiple=True,
                metavar="NAME",
                help="Judge this operator alone, by job name, workspace/job name or task id; may be repeated.",
            ),
            click.option(
                "--ignore",
                multiple=True,
                metavar="NAME",
                help="Leave this operator out, named likewise; may be repeated.",
            ),
            click.option(
                "--any", "any_operator", is_flag=True, help="One operator that keeps the table fresh is enough."
            ),
            click.option(
                "--role",
                type=click.Choice(["producers", "associated"]),
                default="producers",
                help="Judge the operators that lineage says write it, or all, readers among them (producers).",
            ),
        )
    ):
        call = option(call)
    return call
