"""From one account into a second, empty one, and out again: people, tags, actions and deeds are the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox

STREAMS = [
    "people",
    "tags",
    "taggings",
    "petitions",
    "signatures",
    "event_campaigns",
    "events",
    "attendances",
    "forms",
    "submissions",
    "fundraising_pages",
    "donations",
    "advocacy_campaigns",
    "outreaches",
    "surveys",
    "responses",
]

MADE_BY_THE_VENDOR = {
    "id",
    "identifiers",
    "modified_date",
    "browser_url",
    "featured_image_url",
    "host_url",
    "action_network_hidden",
    "action_network_sponsor",
    "payment",
    "total_signatures",
    "total_accepted",
    "total_submissions",
    "total_donations",
    "total_amount",
    "total_outreaches",
    "total_responses",
    "total_events",
    "total_rsvps",
    "currency",
    "transparence",
    "reminders",
}
"""Fields that differ between two accounts with the same data: the vendor sets them, and nobody else can."""

DATED_BY_THE_VENDOR = {"people", "tags", "taggings", "petitions", "events", "event_campaigns", "forms"} | {
    "fundraising_pages",
    "advocacy_campaigns",
    "surveys",
}
"""Streams whose `created_date` nobody can set."""


def known_as(stream: str, record: dict[str, Any]) -> str:
    """What a record is known by in both accounts."""
    if stream == "people":
        addresses = [*(record.get("email_addresses") or []), *(record.get("phone_numbers") or [])]
        return str(next(a.get("address") or a.get("number") for a in addresses))
    return str(record.get("name") if stream == "tags" else record.get("title"))


def comparable(run: Any, phantom: set[str]) -> dict[str, Counter[str]]:
    """Every record without what the vendor makes, its keys replaced by what they stand for."""
    names = {
        record["id"]: f"{stream} {known_as(stream, record)}"
        for stream in STREAMS
        for record in run.records(stream)
        if stream
        not in {"taggings", "signatures", "attendances", "submissions", "donations", "outreaches", "responses"}
    }

    def plain(stream: str, record: dict[str, Any]) -> str:
        left = {k: v for k, v in record.items() if k not in MADE_BY_THE_VENDOR and v not in (None, [], {}, "")}
        if stream in DATED_BY_THE_VENDOR:
            left.pop("created_date", None)
        (left.get("action_network_referrer_data") or {}).pop("referrer", None)
        for field in ("postal_addresses", "location"):
            for place in left.get(field) or [] if field == "postal_addresses" else [left.get(field) or {}]:
                place.pop("location", None)
                place.pop("language", None)
        if stream == "people":
            left.pop("origin_system", None)
        for channel in [*(left.get("email_addresses") or []), *(left.get("phone_numbers") or [])]:
            channel.pop("number_type", None)
            if channel.get("status") != "subscribed":
                channel["status"] = "unsubscribed"  # only the vendor says of somebody that mail bounces
        left |= {key: names.get(value, value) for key, value in left.items() if key.endswith("_id")}
        return json.dumps(left, sort_keys=True)

    return {
        stream: Counter(plain(stream, r) for r in run.records(stream) if r.get("person_id") not in phantom)
        for stream in STREAMS
    }


def write(folder: Path, config: dict[str, Any], messages: str) -> subprocess.CompletedProcess[str]:
    """The target's command, fed with a tap's output."""
    file = folder / "target.json"
    file.write_text(json.dumps({"work_dir": str(folder / "target"), **config}), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "target-osdi-crm"), "--config", str(file)]
    return subprocess.run(command, input=messages, capture_output=True, text=True)


@pytest.mark.timeout(300)
def test_people_tags_actions_and_deeds_are_equal(sandbox: Sandbox, tap: Any, tmp_path: Path) -> None:
    first = sandbox.account("action_network", size=80)
    second = sandbox.account("action_network", seed=2)
    phantom = {  # what points to somebody whom the key cannot see cannot be written
        raw["action_network:person_id"] for raw in first.records("donations")
    } - {raw["identifiers"][0].removeprefix("action_network:") for raw in first.records("people")}

    read = tap(tap.settings(first, action_network_taggings_of=["*"]), *STREAMS)
    config = {**tap.settings(second, default_country="US"), "account": "second"}
    written = write(tmp_path, config, read.out)
    time.sleep(2.5)  # until the vendor's index must show what was written
    again = tap(tap.settings(second, action_network_taggings_of=["*"]), *STREAMS)
    repeated = write(tmp_path, config, read.out)

    assert written.returncode == (3 if phantom else 0), written.stderr
    before, after = comparable(read, phantom), comparable(again, set())
    for stream in STREAMS:
        assert before[stream] == after[stream], stream
    assert repeated.returncode == 0, repeated.stderr
    summary = json.loads((tmp_path / "target" / "summary.json").read_text())
    assert all(not counts["created"] and not counts["updated"] for counts in summary["streams"].values())
