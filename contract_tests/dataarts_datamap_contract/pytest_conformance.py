"""A pytest plugin that aims the conformance suite at a server: ``-p dataarts_datamap_contract.pytest_conformance``.

Each check of the catalogue is a test of its own, in ``dataarts_datamap_contract.pytest_suite``::

    PLUGIN=dataarts_datamap_contract.pytest_conformance
    pytest -p $PLUGIN --pyargs dataarts_datamap_contract.pytest_suite --datamap-endpoint URL

``--datamap-endpoint`` or ``--datamap-target`` names the server; the other options, environment variables and the
TOML file describe the rest, as for ``datamap conform``. Override the fixture ``conformance_target`` to aim at a server
that your tests start themselves.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from dataarts_datamap_contract.suite import Report, Target, run_suite
from dataarts_datamap_contract.suite.baseline import apply_baseline, read_baseline
from dataarts_datamap_contract.suite.budget import BUDGETS
from dataarts_datamap_contract.suite.catalogue import checks_of
from dataarts_datamap_contract.suite.target_sources import allows_http, make_target, read_settings

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_TARGET = pytest.StashKey[Target]()
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "endpoint": {"metavar": "URL", "help": "address of the server to test; variables or the file describe the rest"},
    "target": {"metavar": "FILE", "type": Path, "help": "a TOML file that describes the server"},
    "table": {"metavar": "GUID", "help": "a table of the server"},
    "discover": {"action": "store_true", "help": "find an operator of the table, and a window with runs"},
    "levels": {"default": "ABCDE", "help": "levels to judge (default: %(default)s)"},
    "seed": {"type": int, "default": 0, "help": "seed of the random choices"},
    "baseline": {"metavar": "FILE", "type": Path, "help": "a TOML file of known deviations"},
    "max-examples": {
        "metavar": "N",
        "type": int,
        "help": "how many random requests to send for each operation (default: what the budget says)",
    },
    "budget": {"choices": list(BUDGETS), "default": "default", "help": "how thorough to be (default: %(default)s)"},
}
_OLD_NAMES: Final = {
    **{name: f"--{name}" for name in ("endpoint", "target", "table", "discover", "levels", "baseline", "max-examples")},
    "seed": "--conformance-seed",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this plugin, each with the prefix ``--datamap-``."""
    group = parser.getgroup("datamap", "conformance of a Data Map server")
    for name, how in _OPTIONS.items():
        group.addoption(f"--datamap-{name}", dest=_dest(name), **how)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Generator[None]:
    """Accept the old names of options, too, unless another plugin has options of these names."""
    yield
    group = parser.getgroup("datamap")
    for name, old in _OLD_NAMES.items():
        how = {**_OPTIONS[name], "dest": f"{_dest(name)}_old", "default": None, "help": argparse.SUPPRESS}
        options = list(group.options)
        try:
            group.addoption(old, **how)
            parser.parse_known_args(args)  # before pytest 9, it is this that finds that another plugin has the name
        except (ValueError, argparse.ArgumentError):
            group.options[:] = options


def pytest_configure(config: pytest.Config) -> None:
    """Warn of old option names, and read the target if one is named. A wrong target or level ends pytest at once."""
    for name, old in _OLD_NAMES.items():
        if (value := getattr(config.option, f"{_dest(name)}_old", None)) is not None:
            moved = DeprecationWarning(f"{old} has moved: write --datamap-{name}")
            config.issue_config_time_warning(moved, stacklevel=2)
            setattr(config.option, _dest(name), value)
    try:
        checks_of(config.option.datamap_levels)
        if config.option.datamap_endpoint or config.option.datamap_target:
            config.stash[_TARGET] = _read_target(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _dest(name: str) -> str:
    return f"datamap_{name.replace('-', '_')}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each check of the chosen levels."""
    if "conformance_check" in metafunc.fixturenames:
        checks = checks_of(metafunc.config.option.datamap_levels)
        metafunc.parametrize("conformance_check", [check.id for check in checks])


@pytest.fixture(scope="session")
def named_target(pytestconfig: pytest.Config) -> Target | None:
    """The server that the options name; None if they do not name one."""
    return pytestconfig.stash.get(_TARGET, None)


@pytest.fixture(scope="session")
def conformance_target(named_target: Target | None) -> Target:
    """The server under test; if the options do not name one, every test ends in an error."""
    if named_target is None:
        pytest.fail("no server to test: name one with --datamap-endpoint or --datamap-target")
    return named_target


@pytest.fixture(scope="session")
def conformance_report(conformance_target: Target, pytestconfig: pytest.Config) -> Report:
    """The report of one run of the suite, with the baseline applied if there is one."""
    options = pytestconfig.option
    report = run_suite(
        conformance_target,
        levels=options.datamap_levels,
        seed=options.datamap_seed,
        budget=options.datamap_budget,
        max_examples=options.datamap_max_examples,
    )
    known = options.datamap_baseline
    return apply_baseline(report, read_baseline(known)) if known else report


def _read_target(config: pytest.Config) -> Target:
    options = config.option
    chosen: dict[str, Any] = {"endpoint": options.datamap_endpoint, "table_guid": options.datamap_table}
    settings = read_settings(os.environ, options.datamap_target, **chosen)
    discovered: bool = options.datamap_discover
    allowed = allows_http(os.environ)
    target = make_target(settings, discovered=discovered, allow_http=allowed, option_prefix="--datamap-")
    if discovered:
        from dataarts_datamap_contract.suite.target_discovery import discover_target  # noqa: PLC0415  seldom needed

        return discover_target(target)
    return target
