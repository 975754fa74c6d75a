"""What the target sends to Action Network, stream by stream, and how it takes the answers."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network", message_seconds=0.0)


def calls(account: Account, method: str, path: str = "") -> list[dict[str, Any]]:
    return [call for call in account.log() if call["method"] == method and path in call["path"]]


def uuid(record: dict[str, Any]) -> str:
    return next(
        str(i).removeprefix("action_network:") for i in record["identifiers"] if i.startswith("action_network:")
    )


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "given_name": f"Name{number}", "email": f"n{number}@example.org", **more}


def test_a_new_person_goes_through_the_signup_helper_with_all_its_fields(account: Account, target: Any) -> None:
    record = {
        "id": "7",
        "given_name": "Ada",
        "family_name": "Lo",
        "email_addresses": [{"primary": True, "address": "Ada@Example.org", "status": "subscribed"}],
        "phone_numbers": [{"number": "(202) 555-0143", "number_type": "Mobile", "status": "subscribed"}],
        "postal_addresses": [
            {
                "primary": True,
                "address_lines": ["1 Main St", "Apt 2"],
                "locality": "Berlin",
                "region": "BE",
                "postal_code": "10115",
                "country": "DE",
                "language": "de",
                "location": {"latitude": 52.5, "longitude": 13.4, "accuracy": "Rooftop"},
            }
        ],
        "languages_spoken": ["de"],
        "custom_fields": {"I am a parent": 1, "employer": "ACME"},
        "created_date": "2024-01-01T00:00:00Z",
        "identifiers": ["action_network:7", "other:7"],
    }

    done = target.write(account, "people", record)

    assert done.code == 0, done.log
    (sent,) = calls(account, "POST")
    assert sent["path"] == "/api/v2/people"
    assert sent["body"] == {
        "person": {
            "given_name": "Ada",
            "family_name": "Lo",
            "email_addresses": [{"address": "Ada@Example.org", "status": "subscribed"}],
            "phone_numbers": [{"number": "(202) 555-0143", "status": "subscribed"}],
            "postal_addresses": [
                {
                    "address_lines": ["1 Main St"],
                    "locality": "Berlin",
                    "region": "BE",
                    "postal_code": "10115",
                    "country": "DE",
                }
            ],
            "languages_spoken": ["de"],
            "custom_fields": {"I am a parent": "1", "employer": "ACME"},
        }
    }
    assert done.count("people", "created") == 1


def test_flat_columns_of_a_warehouse_arrive_where_they_belong(account: Account, target: Any) -> None:
    account.insert("custom_fields", [{"name": "I am a parent"}])
    record = {
        "ID": 12,
        "EMAIL": "flat@example.org",
        "EMAIL_STATUS": "subscribed",
        "PHONE": 12025550144,
        "GIVEN_NAME": "Flat",
        "familyName": "Row",
        "STREET": "2 Side St",
        "CITY": "Springfield",
        "REGION": "IL",
        "POSTAL_CODE": 62701,
        "COUNTRY": "US",
        "LANGUAGE": "es",
        "ADD_TAGS": '["vip"]',
        "CUSTOM_I_AM_A_PARENT": True,
        "custom_shoe_size": 42,
        "UNRELATED": "x",
    }

    done = target(account, target.messages("people", record, key=["ID"]))

    assert done.code == 0, done.log
    (stored,) = account.records("people")
    assert stored["given_name"] == "Flat"
    assert stored["family_name"] == "Row"
    assert stored["email_addresses"][0] == {"primary": True, "address": "flat@example.org", "status": "subscribed"}
    assert stored["phone_numbers"][0]["number"] == "12025550144"
    assert stored["postal_addresses"][0]["address_lines"] == ["2 Side St"]
    assert stored["postal_addresses"][0]["postal_code"] == "62701"
    assert stored["languages_spoken"] == ["es"]
    assert stored["custom_fields"] == {"I am a parent": "true", "shoe_size": "42"}
    assert [tag["name"] for tag in account.records("tags")] == ["vip"]
    assert len(account.records("taggings")) == 1
    assert "'UNRELATED' that nothing reads" in done.log


def test_a_known_person_is_changed_by_id_and_tagged_through_the_helper(account: Account, target: Any) -> None:
    target.write(account, "people", person(1))
    account.clear_log()

    done = target.write(account, "people", person(1, family_name="New", add_tags=["a"], remove_tags=["b"]))

    assert done.code == 0, done.log
    (known,) = account.records("people")
    (put,) = calls(account, "PUT")
    assert put["path"] == f"/api/v2/people/{uuid(known)}"
    assert put["body"]["family_name"] == "New"
    assert "status" not in put["body"]["email_addresses"][0]
    tagging = calls(account, "POST", "/people")[0]["body"]
    assert tagging == {
        "person": {"email_addresses": [{"address": "n1@example.org"}]},
        "add_tags": ["a"],
        "remove_tags": ["b"],
    }
    assert done.count("people", "updated") == 1


def test_a_new_address_of_a_person_known_by_key_reaches_the_same_person(account: Account, target: Any) -> None:
    target.write(account, "people", person(1))

    done = target.write(account, "people", person(1, email="new@example.org", add_tags=["a"]))

    assert done.code == 0, done.log
    (known,) = account.records("people")
    assert known["email_addresses"][0]["address"] == "new@example.org"
    assert known["email_addresses"][0]["status"] == "unsubscribed"
    assert len(account.records("taggings")) == 1


@pytest.mark.parametrize("setting", ["create", "reject"])
def test_an_unknown_tag_is_created_first_or_rejected(account: Account, target: Any, setting: str) -> None:
    account.insert("tags", [{"name": "known"}])
    records = [person(1, add_tags=["known"]), person(2, add_tags=["known", "unknown"])]

    done = target.write(account, "people", *records, action_network_unknown_tags=setting)

    names = {tag["name"] for tag in account.records("tags")}
    if setting == "create":
        assert done.code == 0, done.log
        assert names == {"known", "unknown"}
        assert len(account.records("taggings")) == 3
    else:
        assert done.code == 3
        assert names == {"known"}
        assert [reject["reason"] for reject in done.rejects] == ["unknown tags"]
        assert len(account.records("people")) == 1


def test_tags_are_read_to_their_end_also_without_links_to_the_next_page(account: Account, target: Any) -> None:
    account.insert("tags", [{"name": f"tag {number}"} for number in range(60)])
    account.fault(do="drop_field", field="next", path="/tags$", method="GET", times=None)
    records = [person(number, add_tags=[f"tag {number}"]) for number in range(60)]

    done = target.write(account, "people", *records, action_network_unknown_tags="reject")

    assert done.code == 0, done.rejects
    assert done.count("people", "created") == 60


def test_an_address_without_a_country_is_withheld_unless_a_default_is_set(account: Account, target: Any) -> None:
    one = person(1, city="Toronto", postal_code="M4B 1B3")

    withheld = target.write(account, "people", one)

    assert withheld.code == 0, withheld.log
    assert "postal_addresses" not in calls(account, "POST")[0]["body"]["person"]
    assert withheld.by("people", "withheld") == {"postal_addresses without a country": 1}

    given = target.write(account, "people", one, default_country="CA")

    assert given.code == 0, given.log
    assert account.records("people")[0]["postal_addresses"][0]["country"] == "CA"


def test_two_hundred_and_nothing_is_a_failure(account: Account, target: Any) -> None:
    account.fault(do="empty", method="POST", path="/people", times=1)

    done = target.write(account, "people", person(1), person(2))

    assert done.code == 3
    assert [reject["reason"] for reject in done.rejects] == ["empty answer"]
    assert done.rejects[0]["status"] == 200
    assert len(account.records("people")) == 1
    assert target.write(account, "people", person(1), person(2)).code == 0
    assert len(account.records("people")) == 2


def test_an_address_that_the_vendor_silently_keeps_is_a_failure(account: Account, target: Any) -> None:
    target.write(account, "people", person(1), person(2))

    done = target.write(account, "people", person(1, email="n2@example.org", given_name="Changed"))

    assert done.code == 3
    assert done.rejects[0]["reason"] == "not applied"
    assert "email_addresses" in done.rejects[0]["words"]
    assert "given_name" not in done.rejects[0]["words"]


def test_a_dropped_field_is_a_failure_that_names_it(account: Account, target: Any) -> None:
    account.fault(do="drop_field", field="family_name")

    done = target.write(account, "people", person(1, family_name="Gone"))

    assert done.code == 3
    assert done.rejects[0]["reason"] == "not applied"
    assert done.rejects[0]["words"].endswith("does not show family_name.")


def test_a_value_that_does_not_stick_is_sent_once_more(account: Account, target: Any) -> None:
    account.set(locality_sticks=False)
    address = {"locality": "Utica", "region": "NY", "country": "US"}

    done = target.write(account, "people", person(1, postal_addresses=[address]))

    assert (done.code, done.count("people", "created")) == (0, 1)
    (somebody,) = account.records("people")
    assert somebody["postal_addresses"][0]["locality"] == "Utica"
    assert [each["method"] for each in account.log() if each["method"] != "GET"] == ["POST", "PUT"]


def test_what_the_vendor_keeps_of_an_event_is_counted_and_rejects_nothing(account: Account, target: Any) -> None:
    account.set(events_keep=["visibility", "capacity"])
    event = {"id": "1", "title": "Fair", "visibility": "private", "capacity": 20, "start_date": "2027-01-01T10:00:00"}

    done = target.write(account, "events", event)

    assert (done.code, done.count("events", "created")) == (0, 1), done.rejects
    kept = dict.fromkeys(("visibility, which the vendor keeps", "capacity, which the vendor keeps"), 1)
    assert done.by("events", "withheld") == kept
    assert target.write(account, "events", event).count("events", "unchanged") == 1


def test_a_person_with_neither_address_nor_phone_is_rejected(account: Account, target: Any) -> None:
    done = target.write(account, "people", {"id": "1", "given_name": "Nobody"}, person(2))

    assert done.code == 3
    assert done.rejects[0]["reason"] == "nothing to know the person by"
    assert done.count("people", "created") == 1
    assert not calls(account, "POST", "Nobody")


def test_identifiers_of_other_systems_are_sent_only_if_asked(account: Account, target: Any) -> None:
    one = {"id": "1", "title": "T", "identifiers": ["action_network:1", "ours:1"]}
    target.write(account, "petitions", one)
    assert account.records("petitions")[0]["identifiers"][0].startswith("action_network:")
    assert len(account.records("petitions")[0]["identifiers"]) == 1

    target.write(account, "petitions", {**one, "id": "2"}, action_network_send_identifiers=True)

    assert sorted(len(each["identifiers"]) for each in account.records("petitions")) == [1, 2]


ACTIONS: dict[str, dict[str, Any]] = {
    "petitions": {"petition_text": "Please", "target": [{"name": "The Mayor"}]},
    "events": {
        "start_date": "2026-05-01T18:00:00Z",
        "location": {"venue": "Hall", "address_lines": ["1 Main St"], "locality": "Springfield", "country": "US"},
    },
    "forms": {"call_to_action": "Tell us"},
    "fundraising_pages": {"description": "<p>Give</p>"},
    "advocacy_campaigns": {"targets": "U.S. Senate", "type": "email"},
    "surveys": {"call_to_action": "Let us know"},
    "event_campaigns": {"host_pitch": "Host one"},
}


@pytest.mark.parametrize("stream", ACTIONS)
def test_an_action_is_created_once_and_then_changed_by_its_id(account: Account, target: Any, stream: str) -> None:
    record = {"id": "a1", "title": "First", "origin_system": "Ours", **ACTIONS[stream]}

    created = target.write(account, stream, record)
    changed = target.write(account, stream, {**record, "title": "Second"})

    assert (created.code, changed.code) == (0, 0), created.log + changed.log
    (stored,) = account.records(stream)
    assert stored["title"] == "Second"
    assert stored["origin_system"] == "Ours"
    for name, value in ACTIONS[stream].items():
        assert stored[name] == value if not isinstance(value, dict) else value.items() <= stored[name].items()
    assert created.count(stream, "created") == 1
    assert changed.count(stream, "updated") == 1


def test_an_event_of_a_campaign_is_created_there(account: Account, target: Any) -> None:
    messages = [
        *target.messages("events", {"id": "e1", "title": "Party", "event_campaign_id": "c1"}),
        *target.messages("event_campaigns", {"id": "c1", "title": "Parties"}),
    ]

    done = target(account, messages)

    assert done.code == 0, done.log
    (campaign,) = account.records("event_campaigns")
    assert calls(account, "POST", f"/event_campaigns/{uuid(campaign)}/events")
    again = target(account, [*target.messages("events", {"id": "e1", "title": "Big party", "event_campaign_id": "c1"})])
    assert again.code == 0, again.log
    (event,) = account.records("events")
    assert event["title"] == "Big party"


def test_the_creator_of_an_action_is_linked_if_known_and_left_out_if_nobody_knows_it(
    account: Account, target: Any
) -> None:
    messages = [
        *target.messages(
            "petitions",
            {"id": "1", "title": "Known", "creator_person_id": "p1"},
            {"id": "2", "title": "Unknown", "creator_person_id": "p99"},
        ),
        *target.messages("people", person(1)),
    ]

    done = target(account, messages)

    assert done.code == 0, done.log
    by_title = {petition["title"]: petition for petition in account.records("petitions")}
    (known,) = account.records("people")
    assert by_title["Known"]["_links"]["osdi:creator"]["href"].endswith(uuid(known))
    assert "osdi:creator" not in by_title["Unknown"]["_links"]
    assert done.by("petitions", "withheld") == {"creator_person_id unknown": 1}


DEEDS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any] | None]] = {
    "signatures": ("petitions", "petition_id", {"comments": "Yes"}, {"comments": "No"}),
    "attendances": ("events", "event_id", {"status": "accepted"}, {"status": "attended"}),
    "submissions": ("forms", "form_id", {}, None),
    "donations": (
        "fundraising_pages",
        "fundraising_page_id",
        {"recipients": [{"display_name": "Us", "amount": "3.00"}], "currency": "USD"},
        None,
    ),
    "outreaches": (
        "advocacy_campaigns",
        "advocacy_campaign_id",
        {"targets": [{"given_name": "Lee", "family_name": "Hoover"}], "subject": "Vote no", "message": "Please"},
        {"subject": "Vote yes"},
    ),
    "responses": ("surveys", "survey_id", {}, None),
}


@pytest.mark.parametrize("stream", DEEDS)
def test_what_a_person_did_is_linked_to_person_and_action_though_both_come_later(
    account: Account, target: Any, stream: str
) -> None:
    action, parent, fields, change = DEEDS[stream]
    deed = {"id": "d1", "person_id": "p1", parent: "a1", "created_date": "2024-01-01T00:00:00+01:00", **fields}
    before = [*target.messages(stream, deed)]
    after = [*target.messages(action, {"id": "a1", "title": "T"}), *target.messages("people", person(1))]

    done = target(account, [*before, *after])

    assert done.code == 0, done.log
    (stored,) = account.records(stream)
    (doer,) = account.records("people")
    (done_in,) = account.records(action)
    assert stored["action_network:person_id"] == uuid(doer)
    assert stored[f"action_network:{parent}"] == uuid(done_in)
    assert stored["created_date"] == "2023-12-31T23:00:00Z"
    assert "person" not in calls(account, "POST", f"/{stream}")[0]["body"]
    assert doer["email_addresses"][0]["status"] == "unsubscribed"
    assert target(account, [*before, *after]).count(stream, "unchanged") == 1
    if change:
        changed = target.write(account, stream, {**deed, **change})
        assert changed.code == 0, changed.log
        assert change.items() <= account.records(stream)[0].items()
        assert len(account.records(stream)) == 1


def test_a_donation_cannot_be_changed_and_is_not_made_twice(account: Account, target: Any) -> None:
    donation = {
        "id": "d1",
        "person_id": "p1",
        "fundraising_page_id": "f1",
        "recipients": [{"display_name": "Us", "amount": "3.00"}],
    }
    target(
        account,
        [*target.messages("people", person(1)), *target.messages("fundraising_pages", {"id": "f1", "title": "Give"})],
    )
    target.write(account, "donations", donation)

    done = target.write(account, "donations", {**donation, "recipients": [{"display_name": "Us", "amount": "4.00"}]})

    assert done.code == 3
    assert done.rejects[0]["reason"] == "cannot be changed"
    assert len(account.records("donations")) == 1


def test_tags_are_found_by_name_or_created(account: Account, target: Any) -> None:
    account.insert("tags", [{"name": "there"}])

    done = target.write(account, "tags", {"id": "t1", "name": "there"}, {"id": "t2", "name": "new"})

    assert done.code == 0, done.log
    assert done.count("tags", "created") == 1
    assert done.count("tags", "unchanged") == 1
    assert sorted(tag["name"] for tag in account.records("tags")) == ["new", "there"]


def test_taggings_are_added_and_deleted_only_if_allowed(account: Account, target: Any) -> None:
    tagging = {"tag_id": "t1", "id": "g1", "person_id": "p1"}
    key = ["tag_id", "id"]
    people = [*target.messages("people", person(1)), *target.messages("tags", {"id": "t1", "name": "vip"})]
    deleted = {**tagging, "_sdc_deleted_at": "2026-01-01T00:00:00Z"}

    added = target(account, [*people, *target.messages("taggings", tagging, key=key)])
    kept = target(account, target.messages("taggings", deleted, key=key))
    assert len(account.records("taggings")) == 1
    gone = target(account, target.messages("taggings", deleted, key=key), allow_delete=True)

    assert (added.code, kept.code, gone.code) == (0, 0, 0), gone.log
    assert "Deleted records of 'taggings' are ignored: 'allow_delete' is not set." in kept.log
    assert account.records("taggings") == []
    assert gone.count("taggings", "deleted") == 1
    back = target(account, target.messages("taggings", tagging, key=key), allow_delete=True)
    assert back.count("taggings", "created") == 1
    assert len(account.records("taggings")) == 1


def test_a_tagging_that_we_did_not_make_is_found_and_deleted(account: Account, target: Any) -> None:
    target(account, [*target.messages("people", person(1, add_tags=["vip"]))])
    target.write(account, "tags", {"id": "t1", "name": "vip"})
    deleted = {"tag_id": "t1", "id": "g9", "person_id": "p1", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}

    done = target(account, target.messages("taggings", deleted, key=["tag_id", "id"]), allow_delete=True)

    assert done.code == 0, done.log
    assert account.records("taggings") == []


def test_a_link_that_is_a_list_is_followed(account: Account, target: Any) -> None:
    target(account, [*target.messages("people", person(1, add_tags=["vip"]))])
    target.write(account, "tags", {"id": "t1", "name": "vip"})
    (tagging,) = account.records("taggings")
    links = {name: [link] for name, link in tagging["_links"].items()}
    page = {"_embedded": {"osdi:taggings": [{**tagging, "_links": links}]}, "_links": {}}
    account.fault(do="status", status=200, body=page, method="GET", path="/taggings$", times=1)
    deleted = {"tag_id": "t1", "id": "g9", "person_id": "p1", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}

    done = target(account, target.messages("taggings", deleted, key=["tag_id", "id"]), allow_delete=True)

    assert done.code == 0, done.log
    assert account.records("taggings") == []


def test_a_tagging_of_nobody_we_know_needs_no_deleting(account: Account, target: Any) -> None:
    deleted = {"tag_id": "t1", "id": "g9", "person_id": "p1", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}

    done = target(account, target.messages("taggings", deleted, key=["tag_id", "id"]), allow_delete=True)

    assert done.code == 0, done.log
    assert done.count("taggings", "skipped") == 1


def test_people_are_found_by_a_foreign_identifier_if_a_setting_says_so(account: Account, target: Any) -> None:
    email = [{"primary": True, "address": "old@example.org", "status": "subscribed"}]
    account.insert("people", [{"identifiers": ["ours-x:7"], "email_addresses": email}])
    record = {"id": "7", "identifiers": ["ours-x:7"], "email": "new@example.org"}

    done = target.write(account, "people", record, match_keys={"people": ["identifier"]})

    assert done.code == 0, done.log
    (stored,) = account.records("people")
    assert stored["email_addresses"][0]["address"] == "new@example.org"


def test_deleted_people_are_left_alone_with_one_warning(account: Account, target: Any) -> None:
    target.write(account, "people", person(1), person(2))

    done = target.write(
        account,
        "people",
        {**person(1), "_sdc_deleted_at": "2026-01-01T00:00:00Z"},
        {**person(2), "_sdc_deleted_at": "2026-01-01T00:00:00Z"},
        allow_delete=True,
    )

    assert done.code == 0
    assert done.log.count("Action Network documents no deletion of them") == 1
    assert len(account.records("people")) == 2


def test_members_of_a_unique_id_list_are_written_as_the_vendors_ids(account: Account, target: Any) -> None:
    messages = [
        *target.messages("unique_id_lists", {"id": "l1", "name": "Donors", "unique_ids": ["p1", "p2"]}),
        *target.messages("people", person(1), person(2)),
    ]

    done = target(account, messages)

    assert done.code == 0, done.log
    (sent,) = calls(account, "POST", "/unique_id_lists")
    assert sorted(sent["body"]["unique_ids"]) == sorted(uuid(each) for each in account.records("people"))
    renamed = target.write(account, "unique_id_lists", {"id": "l1", "name": "Donors", "unique_ids": ["p2"]})
    assert renamed.code == 0, renamed.log
    assert len(calls(account, "PUT", "/unique_id_lists")[0]["body"]["unique_ids"]) == 1
    assert len(account.records("unique_id_lists")) == 1


MESSAGE = {"id": "m1", "subject": "Hi", "body": "<p>Hi</p>", "from": "Us", "reply_to": "us@example.org"}


def test_a_message_is_written_as_a_draft_and_never_sent(account: Account, target: Any) -> None:
    done = target.write(account, "messages", MESSAGE)
    changed = target.write(account, "messages", {**MESSAGE, "subject": "Ho"})

    assert (done.code, changed.code) == (0, 0), done.log + changed.log
    (message,) = account.records("messages")
    assert message["subject"] == "Ho"
    assert not [call for call in account.log() if call["path"].endswith(("/send", "/schedule"))]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "sent"}, "not a draft"),
        ({"status": "scheduled"}, "not a draft"),
        ({"targets": [{"href": "https://actionnetwork.org/api/v2/queries/1"}]}, "targets of another account"),
        ({"subject": None}, "required fields missing"),
    ],
)
def test_a_message_that_is_no_complete_draft_of_this_account_is_rejected(
    account: Account, target: Any, more: dict[str, Any], reason: str
) -> None:
    done = target.write(account, "messages", {**MESSAGE, **more})

    assert done.code == 3
    assert done.rejects[0]["reason"] == reason
    assert account.records("messages") == []


@pytest.mark.parametrize(
    "stream", ["campaigns", "lists", "list_items", "queries", "wrappers", "embeds", "no_such_stream"]
)
def test_a_stream_that_cannot_be_written_is_refused_before_any_call(account: Account, target: Any, stream: str) -> None:
    messages = target.messages(stream, {"id": "1"})

    refused = target(account, messages)

    assert refused.code == 1
    assert f"Action Network: '{stream}' cannot be written." in refused.log
    assert account.counters()["calls"] == 0
    skipped = target(account, [*messages, *target.messages("people", person(1))], on_unknown_stream="skip")
    assert skipped.code == 0
    assert skipped.count(stream, "skipped") == 1
    assert skipped.count("people", "created") == 1


def test_an_action_without_what_the_vendor_requires_is_rejected_before_the_call(account: Account, target: Any) -> None:
    done = target.write(account, "petitions", {"id": "1", "description": "no title"})

    assert done.code == 3
    assert done.rejects[0]["words"] == "To create one, petitions need title."
    assert account.counters()["calls"] == 0


def test_the_vendors_words_are_kept_and_its_echo_of_the_key_is_not(account: Account, target: Any) -> None:
    account.fault(do="status", method="POST", path="/petitions", status=400, body={"error": f"no {account.key} today"})

    done = target.write(account, "petitions", {"id": "1", "title": "T"})

    assert done.code == 3
    assert done.rejects[0]["words"] == "no [secret] today"
    assert done.rejects[0]["status"] == 400


def test_a_wrong_key_ends_the_run_with_one_line(account: Account, target: Any) -> None:
    done = target.write(account, "people", person(1), action_network_api_token="wrong-key-123")

    assert done.code == 1
    assert "Stopped: GET /action_network/api/v2/people" in done.log
    assert "does not accept the credentials" in done.log
    assert "wrong-key-123" not in done.log
    assert target.write(account, "people", person(1)).code == 0
    assert len(account.records("people")) == 1
