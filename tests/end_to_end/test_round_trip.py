"""From one account into a second, empty one, and out again: people, actions and deeds are the same, at every vendor."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osdi_crm_schemas
import pytest
from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands

Record = dict[str, Any]


@dataclass(frozen=True)
class Trip:
    """What goes round at one vendor, and in what the two accounts differ afterwards.

    Attributes:
        vendor: The vendor.
        streams: What can be read and written.
        size: People in the first account.
        made_by_the_vendor: Fields that differ between two accounts with the same data, and why.
        known_as: What a record that others refer to is known by in both accounts, by its stream and what gives a field.
        settle: Takes out of a record whatever else differs; a comment at each says why.
        reading: Further settings of the tap.
        writing: Further settings of the target.
        rejected: Streams and reasons of what cannot be written.
        is_carried: Whether a record can be written at all, by stream and all records by stream and key.
        prepare: Makes the second account like the first in what no call can write.
    """

    vendor: str
    streams: tuple[str, ...]
    size: int
    made_by_the_vendor: dict[str, str]
    known_as: Callable[[str, Callable[[str], Any]], Any]
    settle: Callable[[str, Record], Any] = lambda *_: None
    reading: dict[str, Any] = field(default_factory=dict)
    writing: dict[str, Any] = field(default_factory=dict)
    rejected: frozenset[tuple[str, str]] = frozenset()
    is_carried: Callable[[str, Record, dict[tuple[str, str], Record]], bool] = lambda *_: True
    prepare: Callable[[Account, Account], Any] = lambda *_: None


# Action Network


def _action_network(stream: str, record: Record) -> None:
    (record.get("action_network_referrer_data") or {}).pop("referrer", None)
    for place in [*(record.get("postal_addresses") or []), record.get("location") or {}]:
        place.pop("location", None)  # found by the vendor from the rest of the address
        place.pop("language", None)
    if stream == "people":
        record.pop("origin_system", None)  # where it was first written from
    if stream not in {"signatures", "attendances", "submissions", "donations", "outreaches", "responses"}:
        record.pop("created_date", None)  # only that of deeds can be set
    for channel in [*(record.get("email_addresses") or []), *(record.get("phone_numbers") or [])]:
        channel.pop("number_type", None)  # found by the vendor
        if channel.get("status") != "subscribed":
            channel["status"] = "unsubscribed"  # only the vendor says of somebody that mail bounces


def _first_address(stream: str, field_of: Callable[[str], Any]) -> Any:
    if stream != "people":
        return field_of("name" if stream == "tags" else "title")
    channels = [*(field_of("email_addresses") or []), *(field_of("phone_numbers") or [])]
    return next(each.get("address") or each.get("number") for each in channels)


ACTION_NETWORK = Trip(
    vendor="action_network",
    streams=(
        *("people", "tags", "taggings", "petitions", "signatures", "event_campaigns", "events", "attendances"),
        *("forms", "submissions", "fundraising_pages", "donations", "advocacy_campaigns", "outreaches"),
        *("surveys", "responses"),
    ),
    size=80,
    made_by_the_vendor={
        **dict.fromkeys(("identifiers", "modified_date"), "each account has its own"),
        **dict.fromkeys(("browser_url", "featured_image_url", "host_url"), "pages of the account's own"),
        **dict.fromkeys(("action_network_hidden", "action_network_sponsor"), "nobody can set it"),
        **dict.fromkeys(("payment", "currency"), "how the account is paid"),
        **dict.fromkeys(("total_signatures", "total_accepted", "total_submissions", "total_donations"), "reckoned"),
        **dict.fromkeys(("total_amount", "total_outreaches", "total_responses"), "reckoned"),
        **dict.fromkeys(("total_events", "total_rsvps"), "reckoned"),
        **dict.fromkeys(("transparence", "reminders"), "nobody can set it"),
    },
    known_as=_first_address,
    settle=_action_network,
    reading={"action_network_taggings_of": ["*"]},
    writing={"default_country": "US"},
    rejected=frozenset({("donations", "reference not written")}),
    # what points to somebody whom the key cannot see cannot be written
    is_carried=lambda stream, record, all_: stream != "donations" or ("people", record["person_id"]) in all_,
)


# NationBuilder


def _nation(stream: str, record: Record) -> None:
    for name in [name for name in record if "broadcaster" in name]:
        del record[name]  # broadcasters are made in the control panel
    if "custom_values" in record:
        record["custom_values"] = {slug: each for slug, each in record["custom_values"].items() if each is not None}
    if stream == "pages" and record["page_type_name"] != "Basic":
        record.pop("external_id", None)  # by which the page of an event or petition is found again
    if stream == "signups":
        record.pop("page_id", None)  # the page that somebody signed up on
        if record.get("unsubscribed_at"):
            record["email_opt_in"] = False  # somebody who unsubscribed is written as one
        for slot in ("email1", "email2", "email3", "email4"):
            if record.pop(f"{slot}_is_bouncing", None):
                record[f"{slot}_is_bad"] = True  # only the vendor says of somebody that mail bounces


NATION_NAMES = {
    "signups": ("email", "full_name"),
    "signup_tags": ("name",),
    "precincts": ("code",),
    "membership_types": ("name",),
    "memberships": ("signup_id", "started_at"),
    "donation_tracking_codes": ("slug",),
    "pledges": ("signup_id", "amount_in_cents"),
    "events": ("page_id",),
    "event_ticket_levels": ("event_id", "name"),
    "petitions": ("page_id",),
    "pages": ("slug",),
}
"""What records that others refer to are known by in both nations; a reference among them by what it stands for."""


def _with_custom_fields(like: Account, nation: Account) -> None:
    """Give a nation the custom fields of another, which is done in the control panel."""
    names = ("slug", "name", "field_type", "resource_type", "options", "position")
    fields = [{name: each["attributes"][name] for name in names} for each in like.records("custom_fields")]
    nation.insert("custom_fields", [{"attributes": each} for each in fields])


NATION = Trip(
    vendor="nationbuilder",
    streams=(
        *("signups", "signup_tags", "signup_taggings", "precincts", "membership_types", "memberships"),
        *("donation_tracking_codes", "pledges", "donations", "events", "event_ticket_levels", "event_rsvps"),
        *("petitions", "petition_signatures", "pages"),
    ),
    size=60,
    made_by_the_vendor={
        **dict.fromkeys(("created_at", "updated_at", "profile_image_url", "suspended_at"), "nobody can set it"),
        **dict.fromkeys(("note_updated_at", "priority_level_changed_at", "support_level_changed_at"), "when it came"),
        **dict.fromkeys(("published_at", "responded_at"), "when it came"),
        "is_cpu": "who may use the control panel",
        "payout_id": "NationBuilder's own payments",
        **dict.fromkeys(("imported", "from_sharing_nation", "shared_with_nations"), "how the tag came here"),
        **dict.fromkeys(("import_id", "mailing_id"), "made in the control panel"),
        "site_id": "each nation has its own sites",
        **dict.fromkeys(("is_donor", "amount_left_in_cents"), "reckoned from donations"),
        "profile_content_html": "rendered from profile_content",
        **dict.fromkeys(("parent_slug", "ancestors_permission_level", "effective_permission_level"), "of pages above"),
    },
    known_as=lambda stream, field_of: " ".join(str(field_of(name)) for name in NATION_NAMES[stream]),
    settle=_nation,
    reading={"nationbuilder_extra_fields": ["*"]},
    writing={"nationbuilder_write_totals": True, "nationbuilder_donor_details": True},
    rejected=frozenset({("pages", "page of another record")}),
    # types of pages that can be made: by themselves, or with an event or petition
    is_carried=lambda _, record, __: record.get("page_type_name", "Basic") in {"Basic", "Event", "Petition"},
    prepare=_with_custom_fields,
)


# i360


ORGANISATION = Trip(
    vendor="i360",
    streams=("contacts", "volunteers", "volunteer_notes", "volunteer_tags"),
    size=20,
    made_by_the_vendor={
        "OrgID": "each organisation has its own",
        "CoordinatorID": "coordinators are made in the portal",
        "Author": "who wrote it here",
        "CreatedDate": "when it was written here",
    },
    known_as=lambda _, field_of: field_of("Email"),
    reading={
        "unconfirmed_streams": True,
        "i360_states": [str(number) for number in range(1, 52)],
        "i360_list_type": "my_data",
        "i360_record_limit": 10_000,
    },
    writing={"i360_unconfirmed_writes": True},
)


# Rally Congress


def _supporter(_: str, record: Record) -> None:
    # somebody who has not confirmed is not subscribed by a copy; only the vendor says who complained
    record["emailOptin"] = "yes" if record["emailOptin"] == "yes" else "unsubscribed"


RALLY = Trip(
    vendor="rally_congress",
    streams=("supporters",),
    size=30,
    made_by_the_vendor={
        "updated_since": "when the tap read it",
        "emailStatus": "found out by the vendor",
    },
    known_as=lambda _, field_of: field_of("email"),
    settle=_supporter,
    writing={"rally_congress_form_key_style": "bracket"},
    prepare=lambda _, second: second.set(form_key_style="bracket"),
)


# Crowdskout


OUR_ID = "First account"


def _without_numbers(value: Any) -> Any:
    """The value without the numbers by which the account counts items and options, and times in one spelling."""
    if isinstance(value, list):
        return sorted((_without_numbers(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    if isinstance(value, str) and value.startswith("20"):
        return value.replace(".000Z", "Z").replace("+00:00", "Z")
    if not isinstance(value, dict):
        return value
    return {name: _without_numbers(each) for name, each in value.items() if name not in {"id", "AttributeId"}}


def _profile(_: str, record: Record) -> None:
    ids = record.get("ExternalIDs") or []
    record["ExternalIDs"] = [each for each in ids if each["ExternalIDType"]["value"] != OUR_ID]  # to be found again by
    record |= {name: _without_numbers(value) for name, value in record.items()}


PROFILES = Trip(
    vendor="crowdskout",
    streams=("attributes", "profiles"),
    size=40,
    made_by_the_vendor=dict.fromkeys(("CrowdskoutScores", "PoliticalOrientationScores"), "reckoned"),
    known_as=lambda _, field_of: field_of("name"),
    settle=_profile,
    reading={
        "crowdskout_collections": [
            name for name in osdi_crm_schemas.schema("crowdskout", "profiles")["properties"] if name[0].isupper()
        ]
    },
    writing={"crowdskout_external_id_type": OUR_ID},
)

TRIPS = [ACTION_NETWORK, NATION, ORGANISATION, RALLY, PROFILES]


def comparable(trip: Trip, run: Any) -> dict[str, Counter[str]]:
    """Every record without what the vendor makes, its keys replaced by what they stand for."""
    properties = {stream: osdi_crm_schemas.schema(trip.vendor, stream)["properties"] for stream in trip.streams}
    keys = {each["stream"]: each["key_properties"] for each in run.messages if each["type"] == "SCHEMA"}
    found = {(s, "/".join(r[name] for name in keys[s])): r for s in trip.streams for r in run.records(s)}
    records = {key: record for key, record in found.items() if trip.is_carried(key[0], record, found)}

    def value(stream: str, name: str, record: Record) -> Any:
        """A field of a record; what another is known as, in the place of that other's key."""
        to = properties[stream].get(name, {}).get("x-refers-to")
        if to not in trip.streams or record.get(name) is None:
            return record.get(name)
        other = records.get((to, str(record[name])))
        return None if other is None else trip.known_as(to, lambda field_of: value(to, field_of, other))

    def plain(stream: str, record: Record) -> str:
        left = json.loads(json.dumps({name: value(stream, name, record) for name in record}))
        trip.settle(stream, left)
        nothing: tuple[Any, ...] = (None, [], {}, "")
        own = {name for name in keys[stream] if "x-refers-to" not in properties[stream][name]}
        left = {name: each for name, each in left.items() if name not in {*trip.made_by_the_vendor, *own}}
        kept = {name: each for name, each in left.items() if each not in nothing}
        return json.dumps(kept, sort_keys=True)

    counts: dict[str, Counter[str]] = {stream: Counter() for stream in trip.streams}
    for (stream, _), record in records.items():
        counts[stream][plain(stream, record)] += 1
    return counts


def write(folder: Path, config: dict[str, Any], messages: str) -> subprocess.CompletedProcess[str]:
    """The target's command, fed with a tap's output."""
    file = folder / "target.json"
    file.write_text(json.dumps({"work_dir": str(folder / "target"), **config}), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "target-osdi-crm"), "--config", str(file)]
    return commands.run(command, input=messages)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "trip", [pytest.param(trip, id=trip.vendor, marks=() if trip is TRIPS[0] else pytest.mark.whole) for trip in TRIPS]
)
def test_what_comes_out_of_the_second_account_is_what_came_out_of_the_first(
    sandbox: Sandbox, tap: Any, tmp_path: Path, trip: Trip
) -> None:
    first = sandbox.account(trip.vendor, size=trip.size)
    second = sandbox.account(trip.vendor, seed=2)
    trip.prepare(first, second)

    read = tap(tap.settings(first, **trip.reading), *trip.streams)
    config = {**tap.settings(second), "account": "second", **trip.writing}
    written = write(tmp_path, config, read.out)
    (tmp_path / "target" / "rejected.jsonl").rename(tmp_path / "rejected.jsonl")
    time.sleep(3.5)  # until the vendor's index must show what was written
    again = tap(tap.settings(second, **trip.reading), *trip.streams)
    repeated = write(tmp_path, config, read.out)

    assert read.code == again.code == 0, read.log + again.log
    rejected = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert {(each["stream"], each["reason"]) for each in rejected} <= trip.rejected, written.stderr
    assert written.returncode == (3 if rejected else 0), written.stderr
    before, after = comparable(trip, read), comparable(trip, again)
    for stream in trip.streams:
        assert before[stream], stream
        assert before[stream] == after[stream], stream
    assert repeated.returncode == 0, repeated.stderr
    summary = json.loads((tmp_path / "target" / "summary.json").read_text())
    assert all(not counts["created"] and not counts["updated"] for counts in summary["streams"].values())
