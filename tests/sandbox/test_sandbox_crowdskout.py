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


def test_items_are_sorted_filtered_and_limited(make: Callable[..., Any]) -> None:
    api = make()
    knocks = [
        {
            "KnockWhen": f"2020-01-0{day}T12:00:00Z",
            "KnockDayTrip": {"value": trip},
            "KnockState": {"value": "Completed"},
        }
        for day, trip in ((2, "B"), (3, "A"), (1, "B"))
    ]
    own = api.create(Knocks=knocks)["id"]

    def days(**params: str) -> list[str]:
        return [item["KnockWhen"][9] for item in api.read(own, "Knocks", **params)["Knocks"]]

    assert days() == ["2", "3", "1"]
    assert days(Knocks_sort="KnockWhen") == days(Knocks_sort="+KnockWhen") == ["1", "2", "3"]
    assert days(Knocks_sort="-KnockWhen") == ["3", "2", "1"]
    assert days(Knocks_sort="+KnockDayTrip_value,-KnockWhen") == ["3", "2", "1"]
    assert days(Knocks_sort="-KnockDayTrip_value,+KnockWhen") == ["1", "2", "3"]
    trip = api.read(own, "Knocks")["Knocks"][0]["KnockDayTrip"]["id"]
    assert days(Knocks_KnockDayTrip_id=str(trip)) == ["2", "1"]
    assert days(Knocks_KnockState_id="completed", Knocks_sort="-KnockWhen", Knocks_limit="1") == ["3"]
    assert days(Knocks_KnockState_value="Refused") == []


def test_profiles_may_be_spelled_otherwise(make: Callable[..., Any]) -> None:
    api = make(size=2, other_spellings=True, top_level_date=True)
    profile = api.read(1, "IndependentUnsubscribes,Attributes,EventRegistrations,Votes")
    assert isinstance(profile["Date"], str)
    assert "AttributeID" in profile["Attributes"][0]
    assert "EventRegistrationType" in profile["EventRegistrations"][0]
    assert "VotedPrimaryParty" in profile["Votes"][0]
    assert profile["Independent Unsubscribes"]


def test_external_ids_find_none_one_or_many(make: Callable[..., Any]) -> None:
    api = make(size=10)
    assert api.data("GET", "/external-id/nothing/CRM%20ID") == {"ids": []}
    assert api.data("GET", "/external-id/CRM2/Mailchimp%20ID") == {"ids": []}
    assert api.data("GET", "/external-id/CRM2/CRM%20ID") == {"ids": [2]}
    assert api.data("GET", "/external-id/shared/Mailchimp%20ID") == {"ids": [2, 3]}
    own = api.create(ExternalIDs=[{"ExternalID": "a/b c", "ExternalIDType": {"value": "Our System"}}])["id"]
    assert api.data("GET", "/external-id/a%2Fb%20c/our%20system") == {"ids": [own]}


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


def test_a_create_ignores_ids_and_never_matches(make: Callable[..., Any]) -> None:
    api = make(size=3)
    sent = {"id": 1, "Names": [{"id": 1, "FullName": "F Magellan"}], "EmailAddresses": [{"id": 9, "Email": "f@x.org"}]}
    first, second = api.create(**sent), api.create(**sent)
    assert (first["id"], second["id"]) == (4, 5)
    assert first["Names"][0]["id"] != second["Names"][0]["id"] != 1
    assert len(api.account.records("profiles")) == 5


@pytest.mark.parametrize(("full", "parts"), CASES["full names"])
def test_a_full_name_is_split(make: Callable[..., Any], full: str, parts: list[str | None]) -> None:
    [name] = make().create(Names=[{"FullName": full}])["Names"]
    assert name["FullName"] == full
    names = ("NameTitle", "FirstName", "MiddleName", "LastName", "NameSuffix")
    assert [name[part] for part in names] == parts


def test_an_update_changes_adds_and_deletes_items(make: Callable[..., Any]) -> None:
    """The documentation's example of updating a profile."""
    api = make()
    own = api.create(
        Names=[{"FullName": "Fernando Magellan"}, {"FullName": "X"}], Genders=[{"Gender": {"value": "Male"}}]
    )
    one, two = (item["id"] for item in own["Names"])
    changes = [{"id": one, "FirstName": "Ferdinand"}, {"id": two, "delete": True}, {"id": 0, "FullName": "F Magellan"}]
    answer = api.update(own["id"], Names=changes)
    assert answer.keys() == {"id", "Names"}
    assert [item["FullName"] for item in answer["Names"]] == ["Ferdinand Magellan", "F Magellan"]
    assert answer["Names"][0]["id"] == one
    assert api.read(own["id"], "Names,Genders") == {**answer, "Genders": own["Genders"]}
    emptied = api.update(own["id"], Genders=[{"id": own["Genders"][0]["id"], "delete": True, "Gender": {"value": "?"}}])
    assert emptied["Genders"] == []
    again = api.update(own["id"], Names=[{"FullName": "F Magellan"}])
    assert len(again["Names"]) == 3, "an item without an id is new each time"


def test_fields_are_updated_one_by_one_and_cleared_with_null(make: Callable[..., Any]) -> None:
    api = make()
    own = api.create(PhysicalAddresses=[{"Address1": "1 Main St", "Address2": "Apt 4", "AddressPostalCode": "02134"}])
    [address] = api.update(
        own["id"],
        PhysicalAddresses=[
            {"id": own["PhysicalAddresses"][0]["id"], "Address2": None, "AddressCity": {"value": "Rome"}}
        ],
    )["PhysicalAddresses"]
    assert (address["Address1"], address["Address2"], address["AddressPostalCode"]) == ("1 Main St", None, "02134")
    assert address["AddressCity"]["value"] == "Rome"


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


def test_an_invalid_change_leaves_the_item_as_it_was(make: Callable[..., Any]) -> None:
    api = make()
    own = api.create(EmailAddresses=[{"Email": "a@x.org"}])
    item = own["EmailAddresses"][0]["id"]
    for change in ({"id": item, "Email": "nobody"}, {"id": 999, "Email": "b@x.org"}, {"id": 999, "delete": True}):
        assert api.update(own["id"], EmailAddresses=[change]) == own


def test_values_come_back_in_one_form(make: Callable[..., Any]) -> None:
    own = make().create(
        EmailAddresses=[{"Email": " Fernao@Circumnavigation.NET "}],
        PhoneNumbers=[{"PhoneNumber": "(773) 555-1234"}, {"PhoneNumber": "1-773-555-1234"}],
        Donations=[{"DonationWhen": "2020-01-01T07:00:00-05:00", "DonationAmount": "5.50"}],
        Notes=[{"Note": " Hello ", "NoteWhen": "2020-01-01T12:00:00.000Z"}],
    )
    assert own["EmailAddresses"][0]["Email"] == "fernao@circumnavigation.net"
    assert {item["PhoneNumber"] for item in own["PhoneNumbers"]} == {"+17735551234"}
    [donation] = own["Donations"]
    assert (donation["DonationWhen"], donation["DonationAmount"]) == ("2020-01-01T12:00:00+00:00", 5.5)
    assert donation["DonationOrganization"] == {"id": 1, "value": "Crowdskout"}
    assert own["Notes"][0]["Note"] == "Hello"


def test_nested_values_are_kept(make: Callable[..., Any]) -> None:
    own = make().create(
        Submissions=[
            {
                "SubmissionWhen": "2020-01-01T12:00:00Z",
                "SubmissionForm": {"value": "Survey"},
                "SubmissionResponses": [{"Question": {"value": "Favorite color?"}, "Answers": [{"value": "Blue"}]}],
            }
        ],
        Conversations=[
            {
                "ConversationWhen": "2020-01-01T12:00:00Z",
                "ConversationSender": {"externalId": "1848", "service": "Operator", "value": "1848"},
                "ConversationMessages": [{"ConversationMessageContent": "Hi", "ConversationMessageOutbound": True}],
            }
        ],
        OneOnOnes=[{"OneOnOneWhen": "2020-01-01T12:00:00Z", "OneOnOneAnswerArray": {"Again?": "Yes"}}],
    )
    [submission] = own["Submissions"]
    assert submission["SubmissionResponses"] == [
        {"Question": {"id": "favorite-color", "value": "Favorite color?"}, "Answers": [{"id": 1, "value": "Blue"}]}
    ]
    assert own["Conversations"][0]["ConversationMessages"] == [
        {"ConversationMessageContent": "Hi", "ConversationMessageOutbound": True}
    ]
    assert own["OneOnOnes"][0]["OneOnOneAnswerArray"] == {"Again?": "Yes"}


def test_bulk_calls_answer_in_order_and_leave_out_what_they_cannot_do(make: Callable[..., Any]) -> None:
    api = make()
    given = [{"Genders": [{"Gender": {"value": value}}]} for value in ("Male", "Female", "Nothing")]
    created = api.data("POST", "/profile/bulk", {"profiles": given})
    assert [len(profile["Genders"]) for profile in created] == [1, 1, 0]
    assert [item["Gender"]["value"] for profile in created for item in profile["Genders"]] == ["Male", "Female"]
    ids = [profile["id"] for profile in created]
    changes = [
        {"id": ids[1], "Names": [{"FullName": "B B"}]},
        {"id": 999, "Names": [{"FullName": "X"}]},
        {"Names": [{"FullName": "Y"}]},
        {"id": ids[0], "Names": [{"FullName": "A A"}]},
    ]
    for wrapper in ("profiles", "profile"):
        assert [one["id"] for one in api.data("PUT", "/profile/bulk", {wrapper: changes})] == [ids[1], ids[0]]
    assert len(api.account.records("profiles")) == 3


def test_bulk_options(make: Callable[..., Any]) -> None:
    api = make(bulk_reverses=True, drop_empty_profiles=True, max_bulk=3)
    given = [{"Names": [{"FullName": name}]} for name in ("A", "B")] + [{"Names": [{"FullName": ""}]}]
    created = api.data("POST", "/profile/bulk", {"profiles": given})
    assert [profile["Names"][0]["FullName"] for profile in created] == ["B", "A"]
    assert len(api.account.records("profiles")) == 2
    assert api.call("POST", "/profile/bulk", {"profiles": given * 2}).status_code == 400


def test_the_answer_to_an_update_may_show_only_what_it_touched(make: Callable[..., Any]) -> None:
    api = make(put_shows_whole=False)
    own = api.create(Interests=[{"Interest": {"value": value}} for value in ("Football", "Chess")])
    answer = api.update(own["id"], Interests=[{"Interest": {"value": "Sailing"}}])
    assert [item["Interest"]["value"] for item in answer["Interests"]] == ["Sailing"]
    assert len(api.read(own["id"], "Interests")["Interests"]) == 3


def test_the_non_match_check_is_certain_or_false(make: Callable[..., Any]) -> None:
    api = make()
    own = api.create(Names=[{"FullName": "Ann Lee"}], EmailAddresses=[{"Email": "ann@x.org"}])["id"]

    def check(**collections: Any) -> Any:
        return api.data("POST", f"/profile/{own}/non-match-check", {"profile": collections})

    stranger = {"Names": [{"FullName": "Bob Roe"}], "EmailAddresses": [{"Email": "bob@x.org"}]}
    assert check(**stranger) is True
    assert check(Names=stranger["Names"]) is False
    assert check(**stranger | {"EmailAddresses": [{"Email": "ANN@x.org"}]}) is False
    assert check(**stranger | {"Names": [{"FirstName": "ann", "LastName": "LEE"}]}) is False


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


def test_attributes_are_made_changed_and_deleted(make: Callable[..., Any]) -> None:
    """The documentation's examples."""
    api = make()
    radio = {"name": "Ready to set sail", "type": "Radio", "options": [{"value": "Yes"}, {"value": "No"}]}
    made = api.data("POST", "/attribute", radio)
    assert made == {
        "id": 1,
        "name": "Ready to set sail",
        "type": "Radio",
        "locked": False,
        "options": [{"id": 1, "value": "Yes"}, {"id": 2, "value": "No"}],
    }
    own = api.create(Attributes=[{"AttributeId": 1, "AttributeValue": {"value": "Yes"}}])
    assert own["Attributes"] == [
        {
            "id": 1,
            "AttributeId": 1,
            "AttributeName": "Ready to set sail",
            "AttributeType": "Radio",
            "AttributeValue": {"id": 1, "value": "Yes"},
        }
    ]
    changes = [{"id": 1, "value": "Aye"}, {"id": 2, "delete": True, "value": "No"}, {"id": 0, "value": "Not Quite"}]
    changed = api.data("PUT", "/attribute/1", {"name": "Ready", "options": changes, "type": "Text"})
    assert changed == {**made, "name": "Ready", "options": [{"id": 1, "value": "Aye"}, {"id": 3, "value": "Not Quite"}]}
    assert api.data("DELETE", "/attribute/1") == {}
    assert api.call("GET", "/attribute/1").status_code == 404
    assert api.read(own["id"], "Attributes")["Attributes"] == []


@pytest.mark.parametrize(("kind", "given", "stored"), CASES["attribute values"])
def test_attribute_values_by_type(make: Callable[..., Any], kind: str, given: Any, stored: Any) -> None:
    api = make()
    options = [{"value": "Yes"}, {"value": "No"}]
    own = api.data("POST", "/attribute", {"name": "A", "type": kind, "options": options})["id"]
    [item] = api.create(Attributes=[{"AttributeId": own, "AttributeValue": given}])["Attributes"]
    assert (item["AttributeType"], item["AttributeValue"]) == (kind, stored)
    bad = {"Text": {}, "Number": "x", "Tag": "no", "Date": "x", "Datetime": "x"}.get(kind, "Perhaps")
    assert api.create(Attributes=[{"AttributeId": own, "AttributeValue": bad}])["Attributes"] == []


def test_attribute_items_are_told_apart_by_attribute_and_id(make: Callable[..., Any]) -> None:
    api = make()
    for name in ("A", "B"):
        api.data("POST", "/attribute", {"name": name, "type": "Text"})
    values = [{"AttributeId": own, "AttributeValue": "old"} for own in (1, 2)]
    own = api.create(Attributes=values)
    assert [item["id"] for item in own["Attributes"]] == [1, 1]
    changed = api.update(own["id"], Attributes=[{"id": 1, "AttributeId": 2, "AttributeValue": "new"}])
    assert [item["AttributeValue"] for item in changed["Attributes"]] == ["old", "new"]


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


def test_the_documentations_example_of_a_profile(seeded: Any) -> None:
    sent = {"Names": [{"FullName": "Mr. Ferdinand Magellan"}], "Genders": [{"Gender": {"value": "Male"}}]}
    created = seeded.data("POST", "/profile", {"profile": sent})
    profile = seeded.data("GET", f"/profile/{created['id']}", collections="Names,Genders")
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


def test_the_documentations_example_of_attributes(seeded: Any) -> None:
    found = seeded.data("GET", "/attribute")
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
    assert seeded.data("GET", "/attribute/1") == found["list"][0]


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
