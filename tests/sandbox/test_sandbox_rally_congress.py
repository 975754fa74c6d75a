"""Rally Congress in the sandbox: signing in, paging, filters, writing, letters, and answers that are hard to read."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = json.loads((Path(__file__).parent / "documents" / "rally_congress.json").read_text(encoding="utf-8"))["cases"]


# Signing in, verbs, statuses


def test_only_the_account_and_its_token_are_let_in(make: Callable[..., Any]) -> None:
    api = make(size=3)
    user, token = api.account.credentials.values()
    for auth in ((user, "wrong"), ("wrong", token), (token, user), ("", "")):
        response = api.call("GET", "supporters", auth=auth, headers=None)
        assert response.status_code == 401
        assert response.json()["response"]["errors"]
    response = api.call("GET", "supporters", headers={"Authorization": "Bearer x"})
    assert response.status_code == 401
    assert api.call("GET", "supporters").status_code == 200


def test_nothing_found_is_no_error(make: Callable[..., Any]) -> None:
    page = make(size=3).get("supporters", email="nobody@example.org")
    assert (page["totalResults"], page["supporters"], page["nextpageuri"]) == (0, [], "")


def test_an_empty_account_is_empty(make: Callable[..., Any]) -> None:
    api = make()
    assert api.get("supporters")["supporters"] == []
    assert api.get("campaigns")["campaigns"] == []


# One call at a time


def test_a_second_simultaneous_call_is_refused(make: Callable[..., Any]) -> None:
    api = make(size=3, latency=0.6)
    with ThreadPoolExecutor(3) as threads:
        urls = [f"{api.url}/supporters"] * 3
        statuses = [done.status_code for done in threads.map(lambda url: requests.get(url, headers=api.headers), urls)]
    assert sorted(statuses) == [200, 429, 429]
    assert api.account.counters()["overlaps"] == 2
    for _ in range(3):
        api.get("supporters")
    assert api.account.counters()["overlaps"] == 2


# Paging


def follow(api: Any, path: str, wrapped: str | None = None, key: str = "supporters") -> list[dict[str, Any]]:
    """All records, by nextpageuri until there is none or it repeats itself."""
    records: list[dict[str, Any]] = []
    seen = set()
    url: str | None = path
    while url and url not in seen:
        seen.add(url)
        response = api.call("GET", url)
        assert response.status_code == 200
        page = response.json()[wrapped] if wrapped else response.json()
        records += page[key]
        next_uri = page.get("nextpageuri")
        url = urljoin(response.url, next_uri) if next_uri else None
    return records


@pytest.mark.parametrize(
    ("options", "wrapped", "key"),
    [
        ({}, None, "supporters"),
        ({"last_next_uri": "null"}, None, "supporters"),
        ({"last_next_uri": "missing"}, None, "supporters"),
        ({"last_next_uri": "self"}, None, "supporters"),
        ({"uris": "absolute"}, None, "supporters"),
        ({"wrapped": True}, "response", "supporters"),
        ({"records_key": "items"}, None, "items"),
        ({"max_page_size": 4}, None, "supporters"),
    ],
)
def test_every_form_of_the_envelope_leads_to_every_record_once(
    make: Callable[..., Any], options: dict[str, Any], wrapped: str | None, key: str
) -> None:
    api = make(size=25, **options)
    records = follow(api, "supporters?pagesize=7", wrapped, key)
    ids = [record["id"] for record in records]
    assert sorted(ids) == sorted(record["id"] for record in api.account.records("supporters"))
    assert len(set(ids)) == 25


@pytest.mark.parametrize(
    ("option", "expected"), [("empty", ""), ("null", None), ("missing", "absent"), ("self", "itself")]
)
def test_the_last_page_says_so_in_its_own_way(make: Callable[..., Any], option: str, expected: str | None) -> None:
    api = make(size=5, last_next_uri=option)
    first, last = (api.get("supporters", pagesize=3, page=number) for number in (0, 1))
    assert first["nextpageuri"] == last["uri"] == "/rally_congress/v3/supporters?page=1&pagesize=3"
    assert last.get("nextpageuri", "absent") == (last["uri"] if expected == "itself" else expected)
    assert first["previouspageuri"] == ""
    assert last["previouspageuri"] == first["uri"] == first["firstpageuri"]


def test_pages_count_from_zero_and_may_lack_links_altogether(make: Callable[..., Any]) -> None:
    api = make(size=5, next_uri="missing")
    pages = [api.get("supporters", pagesize=2, page=number) for number in range(4)]
    assert [len(page["supporters"]) for page in pages] == [2, 2, 1, 0]
    assert [page["page"] for page in pages] == [0, 1, 2, 3]
    assert not any("nextpageuri" in page for page in pages)


def test_uris_keep_the_filters(make: Callable[..., Any]) -> None:
    page = make(size=20).get("supporters", optinStatus="yes", pagesize=1)
    assert page["nextpageuri"] == "/rally_congress/v3/supporters?optinStatus=yes&page=1&pagesize=1"


def test_numbers_may_be_text_and_next_may_lead_away(make: Callable[..., Any]) -> None:
    page = make(size=5, numbers_as_text=True, next_host="http://elsewhere.example").get("supporters", pagesize=2)
    assert (page["page"], page["pagesize"], page["totalResults"]) == ("0", "2", "5")
    assert page["nextpageuri"] == "http://elsewhere.example/v3/supporters?page=1&pagesize=2"


def test_the_total_moves_while_supporters_come_in(make: Callable[..., Any]) -> None:
    api = make(size=20)
    api.account.churn("supporters", adds_per_call=2)
    totals = [api.get("supporters", pagesize=5, page=number)["totalResults"] for number in range(3)]
    assert totals == [22, 24, 26]


# Filters


def test_filters_find_what_they_should(make: Callable[..., Any]) -> None:
    api = make(size=90)
    records = api.account.records("supporters")

    def expected(test: Callable[[dict[str, Any]], bool]) -> list[str]:
        return sorted(record["id"] for record in records if test(record))

    some = next(record for record in records if record["customId"] and record["addresses"])
    place = some["addresses"][0]
    assert api.ids(email=some["email"].upper()) == [some["id"]]
    assert api.ids(customId=some["customId"]) == [some["id"]]
    assert api.ids(firstName=some["firstName"]) == expected(lambda record: record["firstName"] == some["firstName"])
    assert api.ids(lastName=some["lastName"]) == expected(lambda record: record["lastName"] == some["lastName"])
    assert api.ids(optinStatus="unsubscribed") == expected(lambda record: record["emailOptin"] == "unsubscribed") != []
    for parameter, name in (("city", "city"), ("state", "state"), ("zipCode", "zipcode")):
        wanted = expected(lambda record, name=name: place[name] in [a[name] for a in record["addresses"]])  # type: ignore[misc]
        assert api.ids(**{parameter: place[name]}) == wanted
    assert api.ids(email=some["email"], state="XX") == []
    assert api.ids(state=place["state"], lastName=some["lastName"]) == expected(
        lambda record: (
            record["lastName"] == some["lastName"]
            and place["state"] in [address["state"] for address in record["addresses"]]
        )
    )


def test_the_district_is_filtered_by_but_not_served(make: Callable[..., Any]) -> None:
    api = make(size=30)
    state = next(record for record in api.account.records("supporters") if record["addresses"])["addresses"][0]["state"]
    found = [one for number in range(1, 31) for one in api.ids(congressDistrict=f"{state}{number:02d}")]
    with_address = [
        r["id"] for r in api.account.records("supporters") if (r["addresses"] or [{}])[0].get("state") == state
    ]
    assert sorted(found) == sorted(with_address) != []


def test_updated_since_is_after_not_at(make: Callable[..., Any]) -> None:
    api = make(size=5)
    first, second = api.account.insert("supporters", [{"email": "a@x.org"}, {"email": "b@x.org"}])
    api.account.change("supporters", [first["id"]], modified_date="2999-01-02T03:04:05Z")
    api.account.change("supporters", [second["id"]], modified_date="2999-01-02T03:04:06Z")
    assert api.ids(updatedSince="2999-01-02") == sorted([first["id"], second["id"]])
    assert api.ids(updatedSince="2999-01-02T03:04:05Z") == [second["id"]]
    assert api.ids(updatedSince="2999-01-02T04:04:05+01:00") == [second["id"]]
    assert api.ids(updatedSince="2999-01-02T03:04:06") == []


def test_updates_move_the_moment(make: Callable[..., Any]) -> None:
    api = make(size=5)
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2))
    assert api.ids(updatedSince=before) == []
    record = api.account.records("supporters")[0]
    api.post(f"supporters/{record['id']}", 200, firstName="New")
    assert api.ids(updatedSince=before) == [record["id"]]


def test_the_filters_lag_while_the_record_itself_does_not(make: Callable[..., Any], until: Any) -> None:
    api = make(size=5, index_lag=4)
    record = api.account.records("supporters")[0]
    api.post(f"supporters/{record['id']}", 200, customId="fresh")
    assert api.get(f"supporters/{record['id']}")["customId"] == "fresh"
    assert api.ids(customId="fresh") == []
    until(lambda: api.ids(customId="fresh") == [record["id"]])


def test_join_dates_by_day_and_range(make: Callable[..., Any]) -> None:
    api = make()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    [record] = api.account.insert("supporters", [{"email": "a@x.org"}])
    assert api.ids(joinDate=today) == api.ids(joinDate=f"2000-01-01/{today}") == [record["id"]]
    assert api.ids(joinDate="2000-01-01/2000-12-31") == []


# Writing supporters


STYLES = CASES["form keys"]
PHONES = {"camel": "telephone", "lower": "phone", "bracket": "phones[0][telephone]"}


@pytest.mark.parametrize("style", STYLES)
def test_one_key_style_is_understood_and_the_others_are_passed_over(make: Callable[..., Any], style: str) -> None:
    api = make(form_key_style=style)
    record = api.post("supporters", 201, email="a@x.org", **STYLES[style], **{PHONES[style]: "2025550100"})
    assert record["firstName"] == "Pat"
    [address] = record["addresses"]
    assert (address["addressType"], address["street1"], address["zipcode"]) == ("work", "1 Main St", "20002")
    assert record["phones"] == [{"telephone": "2025550100"}]
    foreign = {"camel": "lower", "lower": "bracket", "bracket": "camel"}[style]
    keys = {key: value for key, value in STYLES[foreign].items() if key not in STYLES[style]}
    keys[PHONES[foreign]] = "2025550100"
    other = api.post("supporters", 201, email="b@x.org", **keys)
    assert (other["addresses"], other["phones"]) == ([], [])


def test_json_is_not_accepted(make: Callable[..., Any]) -> None:
    api = make()
    response = api.call("POST", "supporters", json={"email": "a@x.org"})
    assert response.status_code == 400
    assert api.account.records("supporters") == []


# Letters


LETTER: dict[str, str | None] = {
    "prefix": "Other",
    "firstname": "Pat",
    "lastname": "Example",
    "street": "1 Main St",
    "city": "Washington",
    "state": "DC",
    "zipcode": "20002",
    "phone": "2025550100",
    "email": "pat@example.org",
    "subject": "Test",
    "message": "Hello",
    "mode": "no_delivery",
}


def form(**changes: str | None) -> dict[str, str]:
    return {name: value for name, value in {**LETTER, **changes}.items() if value is not None}


def test_a_letter_without_delivery_is_kept_as_such(make: Callable[..., Any]) -> None:
    api = make(size=3)
    sent = api.post(f"campaigns/{api.campaign}/letter", 201, **form())
    [letter] = api.account.records("letters")
    assert (letter["id"], letter["delivered"], letter["mode"]) == (sent["id"], False, "no_delivery")
    assert (letter["campaignId"], letter["actionType"], letter["message"]) == (api.campaign, "letter", "Hello")
    assert "delivered" not in sent


def test_a_letter_is_delivered_unless_told_otherwise(make: Callable[..., Any]) -> None:
    api = make(size=3)
    for mode in (None, "deliver"):
        api.post(f"campaigns/{api.campaign}/letter", 201, **form(mode=mode))
    assert sum(letter["delivered"] for letter in api.account.records("letters")) == 2
    assert api.account.counters()["resources"]["letters"] == 2


def test_a_letter_stores_its_supporter_and_leaves_the_opt_in(make: Callable[..., Any]) -> None:
    api = make(size=3)
    known = api.account.insert("supporters", [{"email": "pat@example.org", "emailOptin": "unsubscribed"}])[0]
    for email in ("pat@example.org", "new@example.org"):
        api.post(f"campaigns/{api.campaign}/letter", 201, **form(email=email))
    records = {record["email"]: record for record in api.account.records("supporters")}
    assert records["pat@example.org"]["id"] == known["id"]
    assert records["pat@example.org"]["emailOptin"] == "unsubscribed"
    assert records["pat@example.org"]["addresses"][0]["street1"] == "1 Main St"
    assert (records["new@example.org"]["firstName"], records["new@example.org"]["emailOptin"]) == (
        "Pat",
        "not_collected",
    )


def test_an_incomplete_letter_is_answered_with_what_is_missing(make: Callable[..., Any]) -> None:
    api = make(size=3)
    path = f"campaigns/{api.campaign}/letter"
    answer = api.post(path, 202, **form(prefix=None, subject=None))
    assert answer["missing"] == ["prefix", "subject"]
    assert api.account.records("letters") == []
    api.post(path, 201, id=answer["id"], prefix="Ms.", subject="Now")
    [letter] = api.account.records("letters")
    assert (letter["prefix"], letter["subject"], letter["message"], letter["delivered"]) == (
        "Ms.",
        "Now",
        "Hello",
        False,
    )


def test_bad_letters_and_unknown_campaigns(make: Callable[..., Any]) -> None:
    api = make(size=3)
    refused = api.post(f"campaigns/{api.campaign}/letter", 400, **form(email="no", phone="1"))
    assert refused["response"]["errors"] == ["Email is not valid", "Telephone is not valid"]
    api.post("campaigns/none/letter", 404, **form())
    api.post(f"campaigns/{api.campaign}/none", 404, **form())
    assert api.account.records("letters") == []


def test_a_letter_whose_answer_is_cut_has_gone_out(make: Callable[..., Any]) -> None:
    api = make(size=3)
    api.account.fault(do="cut_after", method="POST", path="/letter$", times=1)
    with pytest.raises(requests.ConnectionError):
        api.call("POST", f"campaigns/{api.campaign}/letter", data=form(mode=None))
    assert [letter["delivered"] for letter in api.account.records("letters")] == [True]


# Campaigns


def test_closed_campaigns_drop_out_of_the_list(make: Callable[..., Any]) -> None:
    api = make(size=3)
    first, second = (record["campaignId"] for record in api.account.records("campaigns"))
    api.account.change("campaigns", [first], _current=False)
    assert [record["campaignId"] for record in api.get("campaigns")["campaigns"]] == [second]
    assert api.get(f"campaigns/{first}")["campaignId"] == first


def test_a_zip_code_adds_place_and_targets(make: Callable[..., Any]) -> None:
    api = make(size=3)
    path = f"campaigns/{api.campaign}/letter"
    plain, placed = api.get(path), api.get(path, zipcode="20002")
    assert placed.keys() - plain.keys() == {"city", "state"}
    assert len(placed["targets"]) > len(plain["targets"])
    assert placed["targets"] == api.get(path, zipcode="200021234")["targets"]
    assert api.call("GET", path, params={"zipcode": "2"}).status_code == 400


# Answers that are hard to read


def test_bytes_may_not_be_utf_8(make: Callable[..., Any]) -> None:
    api = make(size=40)
    plain = api.call("GET", "supporters").content.decode()
    api.account.set(charset="latin-1")
    body = api.call("GET", "supporters").content
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert json.loads(body.decode("latin-1")) == json.loads(plain)
    assert "Zoë" in plain


def test_control_characters_may_stand_raw_in_strings(make: Callable[..., Any]) -> None:
    api = make(size=60)
    backslash = api.account.insert("supporters", [{"email": "a@x.org", "lastName": "a\\nb\\\\"}])[0]
    plain = api.call("GET", "supporters", params={"pagesize": 100}).json()
    api.account.set(control_characters=True)
    text = api.call("GET", "supporters", params={"pagesize": 100}).content.decode()
    with pytest.raises(ValueError, match="control character"):
        json.loads(text)
    assert json.loads(text, strict=False) == plain
    assert {"\n", "\t"} <= {*text}
    assert backslash["lastName"] == "a\\nb\\\\"


def test_a_byte_order_mark_may_come_first(make: Callable[..., Any]) -> None:
    body = make(size=2, byte_order_mark=True).call("GET", "supporters").content
    assert body.startswith(b"\xef\xbb\xbf{")


def test_errors_are_spoilt_alike(make: Callable[..., Any]) -> None:
    api = make(size=2, byte_order_mark=True, wrapped=True)
    response = api.call("GET", "supporters/none")
    assert json.loads(response.content.decode("utf-8-sig")) == {"response": {"errors": ["Resource not found"]}}
    api.account.fault(do="status", status=503, times=1)
    assert api.call("GET", "supporters").status_code == 503


# What the documents show


@pytest.fixture(scope="module")
def seeded(make: Callable[..., Any]) -> Any:
    return make(size=400)


def test_a_page_and_one_of_its_supporters(seeded: Any) -> None:
    page = seeded.get("supporters", pagesize=100, page=1)
    records = page["supporters"]
    assert (page["page"], page["pagesize"], page["totalResults"], len(records)) == (1, 100, 400, 100)
    assert any(len(record["addresses"]) > 1 for record in records)
    assert seeded.get(f"supporters/{records[0]['id']}") == records[0]
    actions = {
        action["actionType"] for campaign in seeded.account.records("campaigns") for action in campaign["actions"]
    }
    assert "letter" in actions
    assert len(actions) >= 3


def test_every_code_of_the_enumerations_is_served(seeded: Any) -> None:
    records = seeded.account.records("supporters")
    for name, codes in (
        ("emailOptin", {"not_collected", "no", "yes", "pending", "unsubscribed", "spam"}),
        ("emailStatus", {"unknown", "validated", "opened", "hard_bounce", "soft_bounce", "dns_fail"}),
    ):
        assert {record[name] for record in records} == codes
    for name in records[0]:
        assert any(record[name] for record in records), name


def test_no_time_stands_in_a_supporter(seeded: Any) -> None:
    for record in seeded.account.records("supporters"):
        assert not re.search(r"\d{4}-\d\d-\d\d", str(record))


def test_the_form_of_a_letter_asks_for_what_clients_send(seeded: Any) -> None:
    """github.com/swt83/php-rallycongress, README.md."""
    form = seeded.get(f"campaigns/{seeded.campaign}/letter")
    names = {field["name"]: field["isRequired"] for field in form["fields"]}
    sent = ["prefix", "firstname", "lastname", "street", "city", "state", "zipcode", "phone", "email"]
    assert list(names) == [*sent, "subject", "message"]
    assert names["prefix"] is True
    assert form["letters"][0].keys() == {"subject", "body"}
