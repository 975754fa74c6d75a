"""From one nation into a second, empty one, and out again: people, their tags, money and deeds are the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import osdi_crm_schemas
import pytest
from osdi_crm_sandbox.control import Account, Sandbox

STREAMS = [
    "signups",
    "signup_tags",
    "signup_taggings",
    "precincts",
    "membership_types",
    "memberships",
    "donation_tracking_codes",
    "pledges",
    "donations",
    "events",
    "event_ticket_levels",
    "event_rsvps",
    "petitions",
    "petition_signatures",
    "pages",
]

MADE_BY_THE_VENDOR = {
    "id": "the nation counts its own",
    "created_at": "nobody can set it",
    "updated_at": "nobody can set it",
    "note_updated_at": "when it was written here",
    "priority_level_changed_at": "when it was written here",
    "support_level_changed_at": "when it was written here",
    "published_at": "when it was published here",
    "responded_at": "when it was answered here",
    "is_cpu": "who may use the control panel",
    "profile_image_url": "nobody can set it",
    "payout_id": "NationBuilder's own payments",
    "suspended_at": "nobody can set it",
    "imported": "how the tag came here",
    "from_sharing_nation": "how the tag came here",
    "shared_with_nations": "how the tag came here",
    "import_id": "imports are made in the control panel",
    "mailing_id": "mailings are made in the control panel",
    "broadcaster": "broadcasters are made in the control panel",
    "site_id": "each nation has its own sites",
    "is_donor": "reckoned from donations that have succeeded",
    "amount_left_in_cents": "reckoned from donations",
    "profile_content_html": "rendered from profile_content",
    "parent_slug": "of the parent page",
    "ancestors_permission_level": "of the pages above",
    "effective_permission_level": "of the pages above",
}
"""Fields that differ between two nations with the same data, and why."""

NAMED_BY = {
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
"""What records that others refer to are known by in both nations."""

PAGES = {"Basic", "Event", "Petition"}
"""Types of pages that can be made: by themselves, or with an event or petition."""


def comparable(run: Any) -> dict[str, Counter[str]]:
    """Every record without what the vendor makes, its keys replaced by what they stand for."""
    records = {(stream, record["id"]): record for stream in STREAMS for record in run.records(stream)}
    records = {key: record for key, record in records.items() if record.get("page_type_name", "Basic") in PAGES}
    properties = {stream: osdi_crm_schemas.schema("nationbuilder", stream)["properties"] for stream in STREAMS}

    def name(stream: str, key: str | None) -> str | None:
        record = records.get((stream, str(key)))
        if record is None or key is None:
            return None
        return " ".join(str(value(stream, field, record)) for field in NAMED_BY[stream])

    def value(stream: str, field: str, record: dict[str, Any]) -> Any:
        to = properties[stream][field].get("x-refers-to")
        return name(to, record[field]) if to in NAMED_BY else record.get(field)

    def carried_over(stream: str, record: dict[str, Any]) -> bool:
        return stream != "pages" or record["page_type_name"] in PAGES

    def plain(stream: str, record: dict[str, Any]) -> str:
        left = {field: value(stream, field, record) for field in record if field in properties[stream]}
        for field in list(left):
            if field in MADE_BY_THE_VENDOR or "broadcaster" in field or left[field] in (None, [], {}, ""):
                del left[field]
        if "custom_values" in left:
            left["custom_values"] = {slug: each for slug, each in left["custom_values"].items() if each is not None}
        if stream == "pages" and left["page_type_name"] != "Basic":
            left.pop("external_id", None)  # by which the page of an event or petition is found again
        if stream == "signups":
            left.pop("page_id", None)  # the page that somebody signed up on
        if stream == "signups" and left.get("unsubscribed_at"):
            left["email_opt_in"] = False  # somebody who unsubscribed is written as one
        for slot in ("email1", "email2", "email3", "email4"):
            if stream == "signups" and left.pop(f"{slot}_is_bouncing", None):
                left[f"{slot}_is_bad"] = True  # only the vendor says of somebody that mail bounces
        return json.dumps(left, sort_keys=True)

    return {
        stream: Counter(plain(stream, record) for record in run.records(stream) if carried_over(stream, record))
        for stream in STREAMS
    }


def write(folder: Path, config: dict[str, Any], messages: str) -> subprocess.CompletedProcess[str]:
    """The target's command, fed with a tap's output."""
    file = folder / "target.json"
    file.write_text(json.dumps({"work_dir": str(folder / "target"), **config}), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "target-osdi-crm"), "--config", str(file)]
    return subprocess.run(command, input=messages, capture_output=True, text=True)


def with_custom_fields(nation: Account, like: Account) -> None:
    """Give a nation the custom fields of another, which is done in the control panel."""
    names = ("slug", "name", "field_type", "resource_type", "options", "position")
    fields = [{name: field["attributes"][name] for name in names} for field in like.records("custom_fields")]
    nation.insert("custom_fields", [{"attributes": field} for field in fields])


@pytest.mark.timeout(300)
def test_people_tags_money_and_deeds_are_equal(sandbox: Sandbox, tap: Any, tmp_path: Path) -> None:
    first = sandbox.account("nationbuilder", size=60)
    second = sandbox.account("nationbuilder", seed=2)
    with_custom_fields(second, first)
    whole = {"nationbuilder_extra_fields": ["*"]}
    totals = {"nationbuilder_write_totals": True, "nationbuilder_donor_details": True}

    read = tap(tap.settings(first, **whole), *STREAMS)
    config = {**tap.settings(second), "account": "second", **totals}
    write(tmp_path, config, read.out)
    (tmp_path / "target" / "rejected.jsonl").rename(tmp_path / "rejected.jsonl")
    time.sleep(2.5)  # until the vendor's index must show what was written
    again = tap(tap.settings(second, **whole), *STREAMS)
    repeated = write(tmp_path, config, read.out)

    rejected = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert {(each["stream"], each["reason"]) for each in rejected} <= {("pages", "page of another record")}
    before, after = comparable(read), comparable(again)
    for stream in STREAMS:
        assert before[stream] == after[stream], stream
    assert repeated.returncode == 0, repeated.stderr
    summary = json.loads((tmp_path / "target" / "summary.json").read_text())
    assert all(not counts["created"] and not counts["updated"] for counts in summary["streams"].values())
