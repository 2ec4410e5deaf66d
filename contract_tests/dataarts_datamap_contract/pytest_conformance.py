"""A plugin of pytest that aims the conformance suite at a server: ``-p dataarts_datamap_contract.pytest_conformance``.

Each check of the catalogue is a test of its own, in ``dataarts_datamap_contract.pytest_suite``::

    PLUGIN=dataarts_datamap_contract.pytest_conformance
    pytest -p $PLUGIN --pyargs dataarts_datamap_contract.pytest_suite --datamap-endpoint URL

What is real at the server comes from the options below, from ``DATAMAP_`` variables and a TOML file, as for
``datamap conform``. Override the fixture ``conformance_target`` to aim at a server that a test starts itself.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.suite import Report, Target, run_suite
from dataarts_datamap_contract.suite.baseline import apply_baseline, read_baseline
from dataarts_datamap_contract.suite.budget import BUDGETS
from dataarts_datamap_contract.suite.catalogue import checks_of
from dataarts_datamap_contract.suite.target_sources import allows_http, make_target, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_TARGET = pytest.StashKey[Target]()
_SETTINGS = ("endpoint", "table_guid")
_RENAMED = "datamap_renamed"


class _Option(argparse.Action):
    """An option that remembers whether it was given by its old name."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Take the value."""
        _ = parser
        setattr(namespace, self.dest, values if self.nargs != 0 else True)
        if option_string is not None and option_string != self.option_strings[0]:
            known: dict[str, str] = getattr(namespace, _RENAMED, {})
            setattr(namespace, _RENAMED, {**known, option_string: self.option_strings[0]})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say which server, and how thoroughly."""
    group = parser.getgroup("datamap", "conformance of a Data Map server")

    def add(name: str, old: str, **how: Any) -> None:  # noqa: ANN401  each has its own type
        """An option with a prefix of its own, and by its old name where no other plugin has that."""
        try:
            group.addoption(f"--datamap-{name}", old, action=_Option, **how)
        except ValueError:
            group.addoption(f"--datamap-{name}", action=_Option, **how)

    add("endpoint", "--endpoint", dest="endpoint", metavar="URL", help="the server to test, described by variables")
    add("target", "--target", dest="target", metavar="FILE", type=Path, help="a TOML file that describes the server")
    add("table", "--table", dest="table_guid", metavar="GUID", help="a table of the server")
    add(
        *("discover", "--discover"),
        dest="discover",
        nargs=0,
        default=False,
        help="find an operator of the table, and a window with runs",
    )
    add("levels", "--levels", dest="levels", default="ABCDE", help="levels to judge (default: %(default)s)")
    add(
        *("seed", "--conformance-seed"),
        dest="conformance_seed",
        type=int,
        default=0,
        help="what random requests are made from",
    )
    add("baseline", "--baseline", dest="baseline", metavar="FILE", type=Path, help="a TOML file of known deviations")
    add(
        *("max-examples", "--max-examples"),
        dest="max_examples",
        metavar="N",
        type=int,
        default=None,
        help="how many random requests to send for each operation (default: what the budget says)",
    )
    group.addoption(
        *("--datamap-budget",),
        dest="datamap_budget",
        choices=list(BUDGETS),
        default="default",
        help="how thorough to be (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an incomplete target or a wrong level before anything is collected, and warn of old names of options."""
    renamed: dict[str, str] = getattr(config.option, _RENAMED, {})
    for old, new in renamed.items():
        warning = pytest.PytestDeprecationWarning(f"{old} is now {new}; the old name goes in 0.3.0")
        config.issue_config_time_warning(warning, stacklevel=2)
    try:
        checks_of(config.option.levels)
        if config.option.endpoint or config.option.target:
            config.stash[_TARGET] = _read_target(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each check of the levels that were asked for."""
    if "conformance_check" in metafunc.fixturenames:
        checks = checks_of(metafunc.config.option.levels)
        metafunc.parametrize("conformance_check", [check.id for check in checks])


@pytest.fixture(scope="session")
def named_target(pytestconfig: pytest.Config) -> Target | None:
    """The server that the options name; None if they name none."""
    return pytestconfig.stash.get(_TARGET, None)


@pytest.fixture(scope="session")
def conformance_target(named_target: Target | None) -> Target:
    """The server under test."""
    if named_target is None:
        pytest.fail("no server to test: name one with --datamap-endpoint or --datamap-target")
    return named_target


@pytest.fixture(scope="session")
def conformance_report(conformance_target: Target, pytestconfig: pytest.Config) -> Report:
    """What one run of the suite found."""
    options = pytestconfig.option
    report = run_suite(
        conformance_target,
        levels=options.levels,
        seed=options.conformance_seed,
        budget=options.datamap_budget,
        max_examples=options.max_examples,
    )
    return apply_baseline(report, read_baseline(options.baseline)) if options.baseline else report


def _read_target(config: pytest.Config) -> Target:
    chosen: dict[str, Any] = {name: config.getoption(name) for name in _SETTINGS}
    settings = read_settings(os.environ, config.option.target, **chosen)
    discovered: bool = config.option.discover
    target = make_target(settings, discovered=discovered, allow_http=allows_http(os.environ))
    if discovered:
        from dataarts_datamap_contract.suite.target_discovery import discover_target  # noqa: PLC0415  seldom asked for

        return discover_target(target)
    return target
