"""What Crowdskout's documentation tells of the bodies it serves; their tables stand in documents/crowdskout.json."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = json.loads((Path(__file__).parent / "documents" / "crowdskout.json").read_text(encoding="utf-8"))
TABLES = DOCUMENT["tables"] | DOCUMENT["interactions"]


@pytest.fixture(scope="module")
def api(make: Callable[..., Any]) -> Any:
    return make(size=200)


def test_there_are_83_collections_and_14_of_them_of_what_happened() -> None:
    assert (len(TABLES), len(DOCUMENT["interactions"])) == (83, 14)
    for fields in DOCUMENT["interactions"].values():
        organization = list(fields)[1]
        assert fields[organization.replace("Organization", "When")] == "time"


def test_item_ids(api: Any) -> None:
    records = api.account.records("profiles")
    for collection in TABLES:
        items = [item for record in records for item in record.get(collection, ())]
        names = ("AttributeId", "id") if collection == "Attributes" else ("id",)
        ids = [tuple(item[name] for name in names) for item in items]
        assert len(set(ids)) == len(ids), collection
    attributes = [item["id"] for record in records for item in record.get("Attributes", ())]
    assert len(set(attributes)) < len(attributes), "of attributes, only with the attribute's own id"


def test_times_come_in_several_spellings(api: Any) -> None:
    text = str(api.account.records("profiles"))
    ends = {found[1] for found in re.finditer(r"T\d\d:\d\d:\d\d(\+00:00|\+00|\.000Z|Z)'", text)}
    assert ends == {"+00:00", "+00", ".000Z", "Z"}


def test_the_documentations_example_of_a_profile(api: Any) -> None:
    sent = {"Names": [{"FullName": "Mr. Ferdinand Magellan"}], "Genders": [{"Gender": {"value": "Male"}}]}
    created = api.data("POST", "/profile", {"profile": sent})
    profile = api.data("GET", f"/profile/{created['id']}", collections="Names,Genders")
    assert profile == created
    assert profile["Names"] == [
        {
            "id": profile["Names"][0]["id"],
            "FullName": "Mr. Ferdinand Magellan",
            "NameTitle": "Mr.",
            "FirstName": "Ferdinand",
            "MiddleName": None,
            "LastName": "Magellan",
            "NameSuffix": None,
        }
    ]
    assert profile["Genders"] == [{"id": profile["Genders"][0]["id"], "Gender": {"id": 1, "value": "Male"}}]


def test_the_documentations_example_of_attributes(api: Any) -> None:
    found = api.data("GET", "/attribute")
    assert found.keys() == {"total", "list"}
    assert found["total"] == 7
    assert [(one["id"], one["type"], one["locked"], one["name"]) for one in found["list"]] == [
        (1, "Radio", False, "Ready to set sail"),
        (2, "Checkbox", False, "Types of Livestock Owned"),
        (3, "Text", False, "Favorite Island Discovered"),
        (4, "Number", False, "Number of Parakeets Owned"),
        (5, "Tag", True, "Circumnavigated the Globe"),
        (6, "Date", False, "Date Arrived at the Spice Islands"),
        (7, "Datetime", False, "Date and Time Circumnavigated the Globe"),
    ]
    assert found["list"][0]["options"] == [{"id": 1, "value": "Yes"}, {"id": 2, "value": "No"}]
    assert {name for one in found["list"][2:] for name in one} == {"id", "type", "locked", "name"}
    assert api.data("GET", "/attribute/1") == found["list"][0]


def test_other_answers(api: Any) -> None:
    scan = api.data("PUT", "/segment/scan", query='(NameExists = "Yes")')
    assert scan.keys() == {"scrollId", "profileIds", "total"}
    assert isinstance(scan["scrollId"], str)
    assert scan["total"] == len(scan["profileIds"]) > 0
    assert all(type(one) is int for one in scan["profileIds"])
    assert api.data("GET", "/external-id/CRM1/CRM%20ID") == {"ids": [1]}
    options = api.data("GET", "/fields/AddressCity/options", AddressRegion=1)
    assert options.keys() == {"collection", "options"}
    assert options["collection"] == "PhysicalAddresses"
    assert all(option.keys() == {"id", "value"} for option in options["options"])
    check = {"Names": [{"FirstName": "Fernão"}], "EmailAddresses": [{"Email": "fernao@circumnavigation.net"}]}
    assert api.data("POST", "/profile/1/non-match-check", {"profile": check}) is True
    assert api.data("GET", "/tracking") == {"source": 1, "organization": 2, "client": 3}


def test_times_that_are_written_come_back_as_the_same_instant(api: Any) -> None:
    for text in ("2014-01-01T12:00:00+00", "2014-01-01T12:00:00.000Z", "2014-01-01T07:00:00-05:00"):
        created = api.data("POST", "/profile", {"profile": {"Notes": [{"NoteWhen": text, "Note": "x"}]}})
        when = datetime.fromisoformat(created["Notes"][0]["NoteWhen"])
        assert when == datetime.fromisoformat("2014-01-01T12:00:00+00:00")
