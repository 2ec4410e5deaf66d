"""Pages as columns hold what the runs of the same page hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap._columns import decode_columns
from dataarts_datamap._envelope import decode_page
from dataarts_datamap._errors import DataMapError
from dataarts_datamap._messages import Request, Response
from dataarts_datamap._models import Run
from support.answers import documented_row, envelope, run_page

STORED = {name.removeprefix("_"): name for name in Run.__struct_fields__}
ODD: st.SearchStrategy[object] = st.sampled_from([None, "text", -1, 0, 1.5, True, "日报📊", [], {}, 10**30])


def response(answer: Any) -> Response:
    """The answer as it was received."""
    request = Request(method="GET", endpoint="http://h", path="/")
    return Response(request=request, status=answer.status, headers={}, content=answer.content)


@given(
    st.lists(st.dictionaries(st.sampled_from([*documented_row(), "unknown"]), ODD, max_size=3), max_size=4),
    st.lists(st.sampled_from(sorted(STORED)), min_size=1, max_size=5, unique=True),
)
def test_columns_are_those_of_the_runs(changes: list[dict[str, object]], names: list[str]) -> None:
    """Whatever the rows hold, each column is the stored value of each run; a value of an odd type is None."""
    page = response(run_page(*({**documented_row(), **change} for change in changes)))

    runs = decode_page(page, offset=0).runs
    expected = tuple(tuple(getattr(run, STORED[name]) for run in runs) for name in names)
    assert expected == decode_columns(page, tuple(names))


@pytest.mark.parametrize(
    "answer",
    [
        envelope('{"success": false, "msg": "no", "rows": []}'),
        envelope('{"success": true, "rows": [{}], "error_code": "DLM.1"}'),
        envelope('{"msg": "no", "rows": []}'),
        envelope('{"success": true}'),
        envelope("{"),
        envelope("{}", status_code=500),
        envelope(None),
    ],
)
def test_broken_page(answer: Any) -> None:
    """A page that is an error for the runs is the same error for the columns."""
    with pytest.raises(DataMapError) as expected:
        decode_page(response(answer), offset=0)
    with pytest.raises(type(expected.value)) as raised:
        decode_columns(response(answer), ("run_id",))
    assert str(expected.value) == str(raised.value)


def test_no_rows() -> None:
    """A page without rows has every column, empty."""
    assert ((), ()) == decode_columns(response(run_page()), ("run_id", "status"))


def test_unknown_column() -> None:
    """A name that is no field of a row is an error."""
    with pytest.raises(KeyError, match="duration"):
        decode_columns(response(run_page({})), ("duration",))
