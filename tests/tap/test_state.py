"""A state is taken as this tap and its first release write it, and told in a line where it is anything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_client.errors import ConfigurationError
from tap_osdi_crm.state import checked

FOLDER = Path(__file__).parents[1] / "end_to_end" / "first_release"
FIRST_RELEASE = sorted({*FOLDER.glob("*/*.json")} - {*FOLDER.glob("*/catalog.json")})
TIME = "2026-05-01T00:00:00+00:00"


def state(**bookmark: Any) -> dict[str, Any]:
    return {"bookmarks": {"people": bookmark}}


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"bookmarks": {}},
        state(replication_key="modified_date", replication_key_value="2026-05-01T00:00:00Z", progress_markers={}),
        state(slices=[[TIME, TIME]], replication_key_value=None),
        state(sweep={"started": TIME, "since": None, "after": "petitions/1"}),
        state(sweep=None, until="2026-05-01T00:00:00Z"),
        state(after=5),
    ],
)
def test_what_a_run_writes_is_taken(right: dict[str, Any]) -> None:
    assert checked(right) == right


@pytest.mark.parametrize("file", FIRST_RELEASE, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_the_first_release_wrote_is_taken(file: Path) -> None:
    found = json.loads(file.read_text())

    assert checked(found) == found


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bookmarks": []}, "does not hold a state of this tap"),
        ({"bookmarks": {"people": "2026"}}, "does not hold a state of this tap"),
        (state(replication_key_value="soon"), "'people' holds a bookmark that is not a time"),
        (state(until=5), "'people' holds a bookmark that is not a time"),
        (state(slices="all"), "'people' holds slices that are none"),
        (state(slices=[[TIME]]), "'people' holds slices that are none"),
        (state(slices=[[TIME, "soon"]]), "'people' holds slices that are none"),
        (state(sweep={"started": TIME}), "'people' holds a sweep that is none"),
        (state(sweep={"started": 1, "since": None, "after": ""}), "'people' holds a sweep that is none"),
        (state(progress_markers="x"), "'people' holds progress markers that are none"),
        (state(partitions=[{"context": {}}]), "'people' holds partitions"),
        (state(after="5"), "'people' holds an id to go on from that is not a number"),
    ],
)
def test_what_it_does_not_write_is_told_in_a_line(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        checked(wrong)


def test_times_with_offsets_are_brought_into_the_form_that_is_written() -> None:
    found = checked(
        {
            "bookmarks": {
                "people": {
                    "replication_key_value": "2026-03-01T20:00:00+09:00",
                    "slices": [["2026-03-01T00:00:00", "2026-03-02T00:00:00+00:00"]],
                },
                "signatures": {"sweep": {"after": "petitions/2026-03-01", "since": None, "started": "2026-03-01"}},
            }
        }
    )

    people, signatures = found["bookmarks"]["people"], found["bookmarks"]["signatures"]
    assert people["replication_key_value"] == "2026-03-01T11:00:00Z"
    assert people["slices"] == [["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]]
    assert signatures["sweep"] == {"after": "petitions/2026-03-01", "since": None, "started": "2026-03-01T00:00:00Z"}


AHEAD = "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "slices",
    [
        [["2020-01-01T00:00:00Z", AHEAD]],
        [["2021-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]],
        [["2020-01-01T00:00:00Z"]],
        [[None, "2020-01-01T00:00:00Z"]],
        "x",
    ],
    ids=str,
)
def test_odd_slices_are_the_states_fault(slices: Any) -> None:
    with pytest.raises(ConfigurationError, match="The state of the stream 'people' holds slices that are none"):
        checked({"bookmarks": {"people": {"slices": slices}}})
