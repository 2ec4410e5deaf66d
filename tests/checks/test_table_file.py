"""The file of tables: what it says, and what is wrong with one, in which line."""

from __future__ import annotations

import os
from datetime import UTC, date, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from dataarts_datamap import DueTime, InvalidArgumentError, TableFileError, TableRule, load_tables
from dataarts_datamap._checks.table_file import load_dataset_names, parse_tables
from dataarts_datamap._files import LARGEST
from support.marks import needs_posix

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GUID = "09318f28-939f-4ab6-a374-9e621096652c"
WHOLE = f"""
[defaults]
owner = "data-platform"
max_age = "26h"
tz = "Asia/Shanghai"

[[tables]]
name = "sales.orders"
min_rows = 1_000
rows_drop = "50%"

[[tables]]
guid = "{GUID}"
label = "订单 🚚"
owner = "alice"
severity = "page"
due = "08:00"
days = ["mon", "Fri"]
except = [2026-12-25, "2027-01-01"]
planned_from = 20:00:00
producers = ["ws/load_orders", "repair"]
"""


def problems(text: str) -> list[str]:
    """What is wrong with the text of a file."""
    with pytest.raises(TableFileError) as caught:
        parse_tables(text)
    return str(caught.value).splitlines()


def test_a_whole_file(tmp_path: Path) -> None:
    """Defaults hold where a table does not say otherwise, and its due time replaces their maximum age."""
    file = tmp_path / "datamap.toml"
    file.write_text(WHOLE, encoding="utf-8")
    due = DueTime(
        at=time(8),
        zone=ZoneInfo("Asia/Shanghai"),
        days=frozenset({0, 4}),
        exceptions=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
        planned_from=time(20),
    )
    assert [
        TableRule(
            name="sales.orders", owner="data-platform", max_age=timedelta(hours=26), min_rows=1000, rows_drop=0.5
        ),
        TableRule(
            guid=GUID,
            label="订单 🚚",
            owner="alice",
            severity="page",
            due=due,
            producers=("ws/load_orders", "repair"),
        ),
    ] == load_tables(file)


def test_a_maximum_age_replaces_a_default_due_time() -> None:
    """A table has one of the two."""
    text = '[defaults]\ndue = "08:00"\ntz = "UTC"\n[[tables]]\nname = "a"\n[[tables]]\nname = "b"\nmax_age = "2d"\n'
    assert [
        TableRule(name="a", due=DueTime(at=time(8), zone=UTC)),
        TableRule(name="b", max_age=timedelta(days=2)),
    ] == parse_tables(text)


TABLE = '[[tables]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n" + TABLE, "1: no key is called 'x': the known keys are defaults, tables"),
        ("[default]\n" + TABLE, "1: no key is called 'default': did you mean defaults?"),
        (TABLE + 'max-age = "1h"\n', "3: no key is called 'max-age': did you mean max_age?"),
        (TABLE + '"Ower" = "x"\n', "3: no key is called 'Ower': did you mean owner?"),
        ('[defaults]\n\nname = "x"\n' + TABLE, "3: no key is called 'name': the known keys are owner, "),
        (TABLE + 'max_age = "26 hours"\n', '3: max_age must be a number with a unit (s, m, h, d or w), such as "26h"'),
        (TABLE + 'max_age = "0h"\n', "3: max_age must be a number with a unit"),
        (TABLE + "min_rows = 0\n", "3: min_rows must be a whole number from 1, not 0"),
        (TABLE + 'min_rows = "10"\n', "3: min_rows must be a whole number from 1, not '10'"),
        (
            TABLE + "rows_drop = 0.5\n",
            '3: rows_drop must be a percentage such as "50%", from 1% to 99%, not 0.5',
        ),
        (TABLE + 'rows_drop = "100%"\n', "3: rows_drop must be a percentage"),
        (TABLE + "max_age = 26\n", '3: max_age must be a number with a unit (s, m, h, d or w), such as "26h", not 26'),
        (TABLE + 'due = "8 am"\ntz = "UTC"\n', "3: due must be a time of day, such as \"08:00\", not '8 am'"),
        (TABLE + 'due = "25:00"\ntz = "UTC"\n', "3: due must be a time of day"),
        (TABLE + 'due = "08:00"\n', '3: due needs a zone: tz = "Asia/Shanghai"'),
        (TABLE + 'due = "08:00"\ntz = "Asia/Shangai"\n', "(did you mean Asia/Shanghai?), not 'Asia/Shangai'"),
        (TABLE + 'due = "08:00"\ntz = "Shanghai"\n', "(did you mean Asia/Shanghai?), not 'Shanghai'"),
        (TABLE + 'due = "08:00"\ntz = "../etc/passwd"\n', "4: tz must be a zone such as"),
        (TABLE + 'due = "08:00"\ntz = "Asia"\n', "4: tz must be a zone such as"),
        (TABLE + 'due = "08:00"\ntz = "UTC"\ndays = ["tues"]\n', "(did you mean tue?), not ['tues']"),
        (TABLE + 'due = "08:00"\ntz = "UTC"\ndays = []\n', "5: days must be a list of some of mon, tue"),
        (
            TABLE + 'due = "08:00"\ntz = "UTC"\nexcept = ["Christmas"]\n',
            "5: except must be a list of dates, such as [2026",
        ),
        (TABLE + 'due = "08:00"\ntz = "UTC"\nexcept = [2026-02-01T00:00:00]\n', "5: except must be a list of dates"),
        (TABLE + 'days = ["mon"]\n', "3: days needs due, which this table lacks"),
        (TABLE + 'due = "08:00"\ntz = "UTC"\nmax_age = "1h"\n', "3: a table has either max_age or due, not both"),
        (
            '[defaults]\ndue = "08:00"\ntz = "UTC"\nmax_age = "1h"\n' + TABLE,
            "2: give either max_age or due as a default",
        ),
        (TABLE + f'guid = "{GUID}"\n', "1: a table has either a name or a guid"),
        ('\n[[tables]]\nlabel = "x"\n', "2: a table has either a name or a guid"),
        ('[[tables]]\nguid = "a/../b"\n', "2: guid"),
        (TABLE + "\n" + TABLE, "5: the table 'a' occurs twice: first in line 2"),
        (TABLE + 'producers = "load"\n', "3: producers must be a list of operators"),
        (TABLE + 'owner = ""\n', "3: owner must be a text that is not blank, not ''"),
        ("", "1: there are no tables: begin each with [[tables]]"),
        ("tables = 1\n", "1: there are no tables: begin each with [[tables]]"),
        ("tables = [1]\n", "1: each entry of tables must be a table, [[tables]], not 1"),
        ("\ndefaults = 1\n" + TABLE, "2: defaults must be a table, [defaults], not 1"),
        (TABLE + "owner = \n", "3: invalid TOML: Invalid value"),
        ("[[tables]]\nname = 'a", "2: invalid TOML: "),
        (TABLE + TABLE.replace("a", "b", 1).replace('"a"', '"b') + "\n", ": invalid TOML: "),
        (TABLE + f'due = "08:00"\ntz = "UTC"\ndays = [0x{"f" * 5_000}]\n', "5: days must be a list of some of mon"),
        (TABLE + 'owner = "\\u001b[2J"\nmax_age = "\\u001b"\n', "4: max_age must be"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, expected: str) -> None:
    """File, line, value, and the nearest right key."""
    found = problems(text)
    assert len(found) == 1
    assert found[0].startswith("datamap.toml:")
    assert expected in found[0]
    assert found[0].isprintable()


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 5_000])
def test_values_that_no_reader_of_toml_takes(value: str) -> None:
    """Too many digits or brackets are an error of the file, too."""
    (problem,) = problems(f"{TABLE}min_rows = {value}\n")
    assert problem.startswith("datamap.toml cannot be read: ")


def test_a_key_is_found_in_its_own_table() -> None:
    """Not in one before it, in a comment, or in a name that begins alike; indented and quoted ones are found."""
    text = (
        "# [[tables]]\n"
        "[[tables]]\n"
        'name = "a"\n'
        "owner = \"max_age = 'x'\"\n"
        "\n"
        "[[ tables ]] # the second\n"
        '  name = "b"\n'
        "  # max_age = 1\n"
        "  'max_age' = 2\n"
    )
    assert ["datamap.toml:9: max_age"] == [problem.partition(" must")[0] for problem in problems(text)]


def test_tables_in_a_list_have_the_line_of_the_list() -> None:
    """They have no header of their own."""
    assert ["datamap.toml:2: no key is called 'ownr': did you mean owner?"] == problems(
        '\ntables = [{name = "a"},\n {name = "b", ownr = "c"}]\n'
    )


def test_lines_that_only_look_like_headers_name_the_first_table() -> None:
    """Where they mislead, a problem is not put into a line that has nothing to do with it."""
    text = '[[tables]]\nname = "a"\nowner = """\n[[tables]]\n"""\n\n[[tables]]\nname = "b"\nownr = "c"\n'
    assert ["datamap.toml:1: no key is called 'ownr': did you mean owner?"] == problems(text)


def test_a_default_that_lacks_something_is_said_at_the_table() -> None:
    """Not at the key of another one."""
    text = '[defaults]\ndue = "08:00"\n[[tables]]\nname = "a"\n[[tables]]\nname = "b"\ndue = "09:00"\ntz = "UTC"\n'
    assert ['datamap.toml:3: due needs a zone: tz = "Asia/Shanghai"'] == problems(text)


def test_all_problems_come_at_once() -> None:
    """In the order of their lines, twenty at the most."""
    text = "".join(f'[[tables]]\nname = "t{number}"\nmaxage = "1h"\n' for number in range(23))
    found = problems("[defaults]\nseverty = 1\n" + text)
    assert "datamap.toml:2: no key is called 'severty': did you mean severity?" == found[0]
    assert "datamap.toml:5: no key is called 'maxage': did you mean max_age?" == found[1]
    assert (21, "and 4 more problems") == (len(found), found[-1])


def test_a_broken_default_is_said_once() -> None:
    """And not again for each table that it holds for."""
    text = '[defaults]\ndue = "08:00"\ntz = "Mars"\n' + TABLE + '[[tables]]\nname = "b"\n'
    assert ["datamap.toml:3: tz must be a zone such as \"Asia/Shanghai\", not 'Mars'"] == problems(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Or is no text, is said by its name."""
    with pytest.raises(TableFileError, match=r"there is no file of tables .*datamap\.toml"):
        load_tables(tmp_path / "datamap.toml")
    with pytest.raises(TableFileError, match="cannot be read"):
        load_tables(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    with pytest.raises(TableFileError, match=r"latin\.toml is not UTF-8: byte 2"):
        load_tables(tmp_path / "latin.toml")


ENDLESS = pytest.param("/dev/zero", "larger than 16 MiB", marks=needs_posix)
NO_NAMES = [
    ("a\0b", "the system does not allow such a name"),
    ("a\ud800b", "the system does not allow such a name"),
    ("a" * 5000, ""),
]


@pytest.mark.parametrize(("name", "said"), [*NO_NAMES, ENDLESS])
@pytest.mark.parametrize("read", [load_tables, load_dataset_names])
def test_a_path_that_leads_to_no_file(tmp_path: Path, read: Callable[[Path], object], name: str, said: str) -> None:
    """What no file can be called, and a device that can be read without an end."""
    with pytest.raises(TableFileError, match=f"cannot be read: .*{said}"):
        read(tmp_path / name)


@needs_posix
def test_a_pipe_is_read(tmp_path: Path) -> None:
    """As a shell hands on what another command writes; no more than a file may have."""
    reader, writer = os.pipe()
    os.write(writer, TABLE.encode())
    os.close(writer)
    assert 1 == len(load_tables(f"/dev/fd/{reader}"))
    os.close(reader)
    (tmp_path / "large.toml").write_text(TABLE + "#" * LARGEST, encoding="utf-8")
    with pytest.raises(TableFileError, match="larger than 16 MiB"):
        load_tables(tmp_path / "large.toml")


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"name": "a", "guid": GUID},
        {"name": ""},
        {"guid": "a/b"},
        {"name": "a", "max_age": timedelta(0)},
        {"name": "a", "max_age": "26h"},
        {"name": "a", "due": "08:00"},
        {"name": "a", "label": 5},
        {"name": "a", "min_rows": 0},
        {"name": "a", "min_rows": "5"},
        {"name": "a", "min_rows": True},
        {"name": "a", "rows_drop": "5"},
        {"name": "a", "producers": "load"},
        {"name": "a", "producers": (5,)},
        {"name": "a", "rows_drop": 1.0},
        {"name": "a", "max_age": timedelta(1), "due": DueTime(at=time(8), zone=UTC)},
    ],
)
def test_a_rule_is_checked(rule: dict[str, object]) -> None:
    """One that is made in Python, too."""
    with pytest.raises(InvalidArgumentError):
        TableRule(**rule)  # type: ignore[arg-type]  # that is what is tested


def test_a_rule_that_looks_like_a_guid_is_a_name_if_it_is_one() -> None:
    """``name`` is never taken for a GUID."""
    assert f"name:{GUID}" == TableRule(name=GUID).subject
