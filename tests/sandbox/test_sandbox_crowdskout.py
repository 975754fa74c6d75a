"""Crowdskout in the sandbox: the code grant, scans, reading and writing profiles, silent drops, attributes, errors."""

from __future__ import annotations

import http.client
import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = json.loads((Path(__file__).parent / "documents" / "crowdskout.json").read_text(encoding="utf-8"))
CASES, INTERACTIONS = DOCUMENT["cases"], DOCUMENT["interactions"]
TABLES = DOCUMENT["tables"] | INTERACTIONS


# Signing in


REDIRECT = "https://app.example.org/back"


def code_for(api: Any, **more: str) -> dict[str, str]:
    """What the login page sends along, where everybody agrees at once."""
    query = {"client_id": api.account.credentials["client_id"], "redirect_uri": REDIRECT, "response_type": "code"}
    page = api.send("GET", "/crowdskout/oauth/authorize", params=query | more)
    assert page.status_code == 302
    assert page.headers["location"].startswith(f"{REDIRECT}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()}


def exchange(api: Any, code: str, **changes: str) -> Any:
    form = {**api.account.credentials, "code": code, "redirect_uri": REDIRECT, "grant_type": "authorization_code"}
    return api.send("POST", "/crowdskout/oauth/access_token", data=form | changes)


def test_the_code_grant_ends_with_a_token_for_ten_years(make: Callable[..., Any]) -> None:
    api = make(size=2)
    given = code_for(api, state="s1")
    assert given["state"] == "s1"
    assert exchange(api, given["code"], client_secret="x").status_code == 401
    token = {"access_token": api.account.key, "token_type": "Bearer", "expires_in": 315360000}
    assert exchange(api, given["code"]).json() == token
    again = exchange(api, given["code"])
    assert again.status_code == 400, "a code is good for once"
    assert again.json().keys() == {"error", "error_description"}


def test_a_code_is_for_its_own_redirect(make: Callable[..., Any]) -> None:
    api = make(expires_in_text=True)
    assert exchange(api, code_for(api)["code"], redirect_uri="https://b.example").status_code == 400
    assert exchange(api, code_for(api)["code"]).json()["expires_in"] == "315360000"


def test_other_tokens_are_turned_away(make: Callable[..., Any]) -> None:
    api = make(size=2)
    url = f"{api.account.url}/profile/1?collections=Names"
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {api.account.key}"}):
        response = api.session.get(url, headers=headers, timeout=20)
        assert response.status_code == 401
        assert response.json().keys() == {"success", "messages", "data"}


# Scanning


def test_a_scan_goes_over_a_segment_batch_by_batch(make: Callable[..., Any]) -> None:
    api = make(size=120, scan_batch=50)
    records = api.account.records("profiles")
    named = {record["id"] for record in records if record.get("Names")}
    first = api.scan()
    assert (len(first["profileIds"]), first["total"]) == (50, len(named))
    second = api.scan(token=first["scrollId"])
    assert second["scrollId"] == first["scrollId"]
    assert not {*second["profileIds"]} & {*first["profileIds"]}
    assert {*api.scan_all()} == named
    assert {*api.scan_all('(NameExists = "No")')} == {50, 100}
    women = {r["id"] for r in records if any(i["Gender"]["value"] == "Female" for i in r.get("Genders", ()))}
    assert {*api.scan_all('(Gender = "Female")')} == women
    city = next(r for r in records if r.get("PhysicalAddresses"))["PhysicalAddresses"][0]["AddressCity"]["value"]
    living = {r["id"] for r in records for i in r.get("PhysicalAddresses", ()) if i["AddressCity"]["value"] == city}
    assert {*api.scan_all(f'(City = "{city}")')} == living


def test_a_scan_stays_what_it_was_when_it_began(make: Callable[..., Any]) -> None:
    api = make(size=20, scan_batch=10)
    first = api.scan()
    api.create(Names=[{"FullName": "New Person"}])
    rest = api.scan(token=first["scrollId"])
    assert (rest["total"], len(first["profileIds"] + rest["profileIds"])) == (20, 20)
    assert api.scan()["total"] == 21


def test_a_scroll_left_alone_dies_and_looks_finished(make: Callable[..., Any]) -> None:
    api = make(size=30, scan_batch=10, scroll_seconds=3)
    batch = api.scan()
    for _ in range(2):
        time.sleep(1.7)
        batch = api.scan(token=batch["scrollId"])
        assert len(batch["profileIds"]) == 10, "each request keeps it alive"
    batch = api.scan()
    time.sleep(3.2)
    dead = api.scan(token=batch["scrollId"])
    assert (dead["profileIds"], dead["total"]) == ([], 30)
    assert api.scan(token="unknown")["profileIds"] == []


def test_scroll_ids_may_change(make: Callable[..., Any]) -> None:
    api = make(size=30, scan_batch=10, scroll_id_changes=True)
    first = api.scan()
    second = api.scan(token=first["scrollId"])
    assert second["scrollId"] != first["scrollId"]
    assert api.scan(token=first["scrollId"])["profileIds"] == [], "the old one is spent"
    assert len(api.scan(token=second["scrollId"])["profileIds"]) == 10


def test_a_batch_whose_answer_is_lost_is_lost(make: Callable[..., Any]) -> None:
    api = make(size=30, scan_batch=10)
    token = api.scan()["scrollId"]
    api.account.fault(do="cut_after", path="/segment/scan", times=1)
    with pytest.raises(OSError, match=r".*"):
        api.scan(token=token)
    assert len(api.scan(token=token)["profileIds"]) == 10
    assert api.scan(token=token)["profileIds"] == []


# Reading


def test_only_the_collections_asked_for_come(make: Callable[..., Any]) -> None:
    api = make(size=5)
    profile = api.read(2, "Genders,Names,Veterans,Unknown")
    assert list(profile) == ["id", "Genders", "Names", "Veterans"]
    assert profile["Veterans"] == []
    api.account.set(empty_collections=False)
    assert list(api.read(2, "Genders,Names,Veterans")) == ["id", "Genders", "Names"]


def test_profiles_may_be_spelled_otherwise(make: Callable[..., Any]) -> None:
    api = make(size=2, other_spellings=True, top_level_date=True)
    profile = api.read(1, "IndependentUnsubscribes,Attributes,EventRegistrations,Votes")
    assert isinstance(profile["Date"], str)
    assert "AttributeID" in profile["Attributes"][0]
    assert "EventRegistrationType" in profile["EventRegistrations"][0]
    assert "VotedPrimaryParty" in profile["Votes"][0]
    assert profile["Independent Unsubscribes"]


def test_the_lookup_lags_while_the_profile_does_not(make: Callable[..., Any], until: Any) -> None:
    api = make(index_lag=4)
    own = api.create(ExternalIDs=[{"ExternalID": "1", "ExternalIDType": {"value": "X"}}], Names=[{"FullName": "A B"}])[
        "id"
    ]
    assert api.read(own, "Names")["Names"]
    assert api.data("GET", "/external-id/1/X") == {"ids": []}
    assert api.scan()["total"] == 0
    until(lambda: api.data("GET", "/external-id/1/X") == {"ids": [own]})
    assert api.scan()["total"] == 1


# Writing


INVALID = CASES["invalid items"]
VALID = CASES["valid items"]


@pytest.mark.parametrize("collection", INVALID)
def test_invalid_items_vanish_and_the_rest_is_saved(make: Callable[..., Any], collection: str) -> None:
    api = make(counts={"attributes": 7})
    valid = [VALID[collection]] if collection in VALID else []
    answer = api.create(**{collection: [*INVALID[collection], *valid]})
    assert len(answer[collection]) == len(valid)
    assert api.read(answer["id"], collection) == answer
    if valid:
        updated = api.update(answer["id"], **{collection: INVALID[collection]})
        assert updated == answer, "an update drops them too"


# Options and attributes


def test_options_of_fields(make: Callable[..., Any]) -> None:
    api = make(size=40)

    def options(name: str, **depends: int) -> dict[str, Any]:
        found = api.data("GET", f"/fields/{name}/options", **depends)
        return {option["value"]: option["id"] for option in found["options"]}

    assert options("Gender") == {"Male": 1, "Female": 2}
    regions = options("AddressRegion")
    cities = [options("AddressCity", AddressRegion=own) for own in regions.values()]
    assert sum(len(part) for part in cities) == len(options("AddressCity"))
    assert all(cities)
    own = api.create(
        PhysicalAddresses=[{"AddressRegion": {"value": "Estremadura"}, "AddressCity": {"value": "Lisbon"}}]
    )
    region = own["PhysicalAddresses"][0]["AddressRegion"]["id"]
    assert options("AddressCity", AddressRegion=region) == {"Lisbon": own["PhysicalAddresses"][0]["AddressCity"]["id"]}
    again = api.create(PhysicalAddresses=[{"AddressRegion": {"value": "estremadura"}}])
    assert again["PhysicalAddresses"][0]["AddressRegion"] == {"id": region, "value": "Estremadura"}


def test_attributes_page(make: Callable[..., Any]) -> None:
    api = make(size=2)
    page = api.data("GET", "/attribute", limit=2, offset=4)
    assert ([one["id"] for one in page["list"]], page["total"]) == ([5, 6], 7)
    assert api.data("GET", "/attribute", offset=7)["list"] == []
    api.account.set(limit_caps=False)
    assert len(api.data("GET", "/attribute", limit=2, offset=0)["list"]) == 7
    assert api.call("GET", "/attributes").status_code == 404
    api.account.set(plural_attributes=True, delete_status=204)
    assert api.call("GET", "/attribute").status_code == 404
    assert api.data("GET", "/attributes")["total"] == 7
    deleted = api.call("DELETE", "/attribute/3")
    assert (deleted.status_code, deleted.content) == (204, b"")


# Errors


@pytest.mark.parametrize(("shape", "status", "body"), CASES["shapes of errors"])
def test_errors_have_several_shapes(
    make: Callable[..., Any], shape: str, status: int, body: dict[str, Any] | None
) -> None:
    api = make(size=2, errors=shape)
    response = api.call("GET", "/profile/99", collections="Names")
    assert response.status_code == status
    if body is None:
        assert response.text == "There is no profile 99"
    else:
        assert response.json() == body
    api.account.fault(do="status", status=503, times=1)
    assert api.call("GET", "/tracking").status_code == 503, "what is no refusal keeps its status"


def test_limits(make: Callable[..., Any]) -> None:
    api = make(size=2, rate={"calls": 2, "seconds": 60, "window": "sliding"})
    assert [api.call("GET", "/tracking").status_code for _ in range(3)] == [200, 200, 429]


# Data


def test_an_empty_account_has_only_closed_options(make: Callable[..., Any]) -> None:
    api = make()
    assert api.scan()["total"] == 0
    assert api.data("GET", "/attribute") == {"total": 0, "list": []}
    assert api.data("GET", "/fields/AddressCity/options")["options"] == []
    assert api.data("GET", "/fields/EmailUsable/options")["options"]


def test_ten_thousand_profiles_are_there_at_once_and_read_fast(make: Callable[..., Any]) -> None:
    start = time.monotonic()
    api = make(size=10_000)
    assert time.monotonic() - start < 60
    ids = api.scan_all()
    assert len(ids) == 9_800
    place = urlsplit(api.account.url)
    line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    collections = "Names,EmailAddresses,PhoneNumbers,PhysicalAddresses,Donations,Submissions,Attributes"

    def seconds(paths: list[str]) -> float:
        start = time.monotonic()
        for path in paths:
            line.request("GET", place.path + path, headers={"Authorization": f"Bearer {api.account.key}"})
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200
        return time.monotonic() - start

    parts = (ids[:500], ids[500:1000], ids[1000:1500])
    reading = min(seconds([f"/profile/{own}?collections={collections}" for own in part]) for part in parts)
    least = min(seconds(["/attribute"] * 500) for _ in parts)
    line.close()
    assert reading < 4 * least, "little more than what any call takes"


# What the documents show


@pytest.fixture(scope="module")
def seeded(make: Callable[..., Any]) -> Any:
    return make(size=200)


def test_there_are_83_collections_and_14_of_them_of_what_happened() -> None:
    assert (len(TABLES), len(INTERACTIONS)) == (83, 14)
    for fields in INTERACTIONS.values():
        organization = list(fields)[1]
        assert fields[organization.replace("Organization", "When")] == "time"


def test_item_ids(seeded: Any) -> None:
    records = seeded.account.records("profiles")
    for collection in TABLES:
        items = [item for record in records for item in record.get(collection, ())]
        names = ("AttributeId", "id") if collection == "Attributes" else ("id",)
        ids = [tuple(item[name] for name in names) for item in items]
        assert len(set(ids)) == len(ids), collection
    attributes = [item["id"] for record in records for item in record.get("Attributes", ())]
    assert len(set(attributes)) < len(attributes), "of attributes, only with the attribute's own id"


def test_times_come_in_several_spellings(seeded: Any) -> None:
    text = str(seeded.account.records("profiles"))
    ends = {found[1] for found in re.finditer(r"T\d\d:\d\d:\d\d(\+00:00|\+00|\.000Z|Z)'", text)}
    assert ends == {"+00:00", "+00", ".000Z", "Z"}


def test_other_answers(seeded: Any) -> None:
    scan = seeded.data("PUT", "/segment/scan", query='(NameExists = "Yes")')
    assert scan.keys() == {"scrollId", "profileIds", "total"}
    assert isinstance(scan["scrollId"], str)
    assert scan["total"] == len(scan["profileIds"]) > 0
    assert all(type(one) is int for one in scan["profileIds"])
    assert seeded.data("GET", "/external-id/CRM1/CRM%20ID") == {"ids": [1]}
    options = seeded.data("GET", "/fields/AddressCity/options", AddressRegion=1)
    assert options.keys() == {"collection", "options"}
    assert options["collection"] == "PhysicalAddresses"
    assert all(option.keys() == {"id", "value"} for option in options["options"])
    check = {"Names": [{"FirstName": "Fernão"}], "EmailAddresses": [{"Email": "fernao@circumnavigation.net"}]}
    assert seeded.data("POST", "/profile/1/non-match-check", {"profile": check}) is True
    assert seeded.data("GET", "/tracking") == {"source": 1, "organization": 2, "client": 3}


def test_times_that_are_written_come_back_as_the_same_instant(seeded: Any) -> None:
    for text in ("2014-01-01T12:00:00+00", "2014-01-01T12:00:00.000Z", "2014-01-01T07:00:00-05:00"):
        created = seeded.data("POST", "/profile", {"profile": {"Notes": [{"NoteWhen": text, "Note": "x"}]}})
        when = datetime.fromisoformat(created["Notes"][0]["NoteWhen"])
        assert when == datetime.fromisoformat("2014-01-01T12:00:00+00:00")
