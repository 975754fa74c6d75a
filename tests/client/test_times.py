"""Times as vendors write them, at any depth, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from osdi_crm_client.times import counted, epoch, read

if TYPE_CHECKING:
    from osdi_crm_client.times import Places


@pytest.mark.parametrize(
    ("value", "per_second", "expected"),
    [
        (1_700_000_000, 1, "2023-11-14T22:13:20Z"),
        ("1700000000", 1, "2023-11-14T22:13:20Z"),
        (1_700_000_000_250, 1000, "2023-11-14T22:13:20.250000Z"),
        (0, 1, "1970-01-01T00:00:00Z"),
        ("2023-11-14", 1, None),
        (1e30, 1, None),
        (True, 1, None),
        (None, 1, None),
    ],
)
def test_times_may_be_counted_since_1970(value: Any, per_second: int, expected: str | None) -> None:
    assert epoch(per_second)(value) == expected


def test_a_record_may_count_each_of_its_times_in_another_way() -> None:
    places: Places = {"made": epoch(), "seen": {"at": epoch(1000)}, "list": {"made": epoch()}}
    row = {
        "made": 1_700_000_000,
        "seen": [{"at": 1_700_000_001_000}, {"at": "soon"}, {"at": None}, "odd"],
        "list": None,
    }

    assert read(row, places) == {
        "made": "2023-11-14T22:13:20Z",
        "seen": [{"at": "2023-11-14T22:13:21Z"}, {"at": "soon"}, {"at": None}, "odd"],
        "list": None,
    }
    assert read({"id": 1, "list": {"made": 0}}, places) == {"id": 1, "list": {"made": "1970-01-01T00:00:00Z"}}
    assert row["made"] == 1_700_000_000


def test_what_is_no_record_is_told() -> None:
    with pytest.raises(TypeError):
        read([], {})  # type: ignore[arg-type]


@pytest.mark.parametrize("per_second", [1, 1000])
@pytest.mark.parametrize("number", [1_700_000_000, 0, -1])
def test_a_time_is_counted_back_as_it_came(number: int, per_second: int) -> None:
    text = epoch(per_second)(number * per_second)

    assert text is not None
    assert counted(text, per_second) == number * per_second
