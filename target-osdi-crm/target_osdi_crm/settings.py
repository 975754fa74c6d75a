"""The target's settings, beside those it shares with the tap."""

from __future__ import annotations

import hashlib
import math
import time
from typing import TYPE_CHECKING, Any

import msgspec
from osdi_crm_client.settings import NUMBER, settings_schema

from target_osdi_crm.vendor import vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARED: dict[str, dict[str, Any]] = {
    "source": {
        "type": "string",
        "default": "default",
        "title": "Source",
        "description": "A name for where the records come from; one name per upstream, kept for good. Keys of two "
        "sources are never mistaken for one another.",
    },
    "mode": {
        "type": "string",
        "enum": ["upsert", "create", "update"],
        "default": "upsert",
        "title": "Mode",
        "description": "'upsert' creates and updates, 'create' skips what exists, 'update' skips what does not.",
    },
    "match_keys": {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
        "title": "Match keys",
        "description": 'By stream, what a record is searched by at the vendor, such as {"people": ["email"]}.',
    },
    "ids_are_this_accounts": {
        "type": "boolean",
        "default": False,
        "title": "Ids are this account's",
        "description": "Whether the ids in the records are the vendor's own, of this very account.",
    },
    "new_person_consent": {
        "type": "string",
        "enum": ["reject", "unsubscribed", "subscribed"],
        "default": "unsubscribed",
        "title": "Consent of new people",
        "description": "What becomes of a new person whose record carries no subscription status.",
    },
    "allow_resubscribe": {
        "type": "boolean",
        "default": False,
        "title": "Allow resubscribing",
        "description": "Whether a record may subscribe somebody who opted out. Bounces and complaints always stand.",
    },
    "default_country": {
        "type": "string",
        "title": "Default country",
        "description": "The country of addresses without one, as two letters; without this setting such addresses are "
        "withheld.",
    },
    "allow_delete": {
        "type": "boolean",
        "default": False,
        "title": "Allow deleting",
        "description": "Whether a record with _sdc_deleted_at deletes, where the vendor can.",
    },
    "on_unknown_stream": {
        "type": "string",
        "enum": ["fail", "skip"],
        "default": "fail",
        "title": "Unknown streams",
        "description": "What to do when a stream arrives that the vendor lacks or does not let anybody write.",
    },
    "dry_run": {
        "type": "boolean",
        "default": False,
        "title": "Dry run",
        "description": "Find out what would be written, by reading only, noted in plan.jsonl. Passes no STATE on.",
    },
    "plan_values": {
        "type": "boolean",
        "default": False,
        "title": "Values in the plan",
        "description": "Whether plan.jsonl shows values beside field names.",
    },
    "resend": {
        "type": "boolean",
        "default": False,
        "title": "Send all again",
        "description": "Send records although they are equal to what was last acknowledged.",
    },
    "resend_after_days": {
        **NUMBER,
        "title": "Send again after days",
        "description": "Send an unchanged record again when it was last acknowledged so many days ago.",
    },
    "retry_rejected": {
        "type": "boolean",
        "default": False,
        "title": "Retry rejected records",
        "description": "Try rejected records again although neither they nor the settings have changed.",
    },
    "max_attempts": {
        "type": "integer",
        "default": 5,
        "title": "Attempts",
        "description": "Runs in which a record is tried again that failed for no fault of its own.",
    },
    "max_rejects": {
        **NUMBER,
        "title": "Most rejects",
        "description": "Stop the run at so many newly rejected records; below 1, at that share of 100 records or more.",
    },
    "max_creates": {
        "type": "integer",
        "title": "Most creations",
        "description": "Stop the run before it creates more records than this.",
    },
    "max_updates": {
        "type": "integer",
        "title": "Most updates",
        "description": "Stop the run before it changes or deletes more records than this.",
    },
    "max_field_bytes": {
        "type": "integer",
        "default": 1_000_000,
        "title": "Largest field",
        "description": "Reject records with a field larger than this.",
    },
    "fail_on": {
        "type": "string",
        "enum": ["new", "any", "none"],
        "default": "new",
        "title": "Fail on",
        "description": "When to exit with 3: on newly rejected or unknown records, on any in the journal, or never.",
    },
    "state_interval_seconds": {
        **NUMBER,
        "default": 30,
        "title": "STATE interval",
        "description": "Seconds between the STATE messages passed on while the run goes on.",
    },
    "grace_seconds": {
        **NUMBER,
        "default": 60,
        "title": "Grace",
        "description": "Seconds that calls under way get to end when the run is told to.",
    },
    "journal": {
        "type": "string",
        "secret": True,
        "writeOnly": True,
        "title": "Journal",
        "description": "Where the journal is kept: a file, or a database address such as postgresql://user@host/db. "
        "Without it, journal.db in the working folder. It holds people's data.",
    },
    "journal_retention_days": {
        "type": "integer",
        "default": 90,
        "title": "Journal retention",
        "description": "Days after which the contents of records that were not written are erased from the journal; "
        "0 keeps them. Keys, ids and hashes stay, so that nothing is sent twice.",
    },
}

_SHAPING = ("ids_are_this_accounts", "default_country", "allow_resubscribe")
"""Settings that change what is sent for a record, beside the vendor's."""

_DECIDING = (*_SHAPING, "mode", "match_keys", "new_person_consent", "allow_delete", "max_field_bytes")
"""Settings that decide whether a record is sent or rejected, beside the vendor's."""

SCHEMA = settings_schema(SHARED, {name: vendor(name).settings for name in vendor_names()})


def shaping(config: Mapping[str, Any]) -> bytes:
    """A hash of the settings that change what is sent for a record."""
    return _hash(config, (*_SHAPING, *vendor(config["vendor"]).shaping))


def deciding(config: Mapping[str, Any]) -> bytes:
    """A hash of the settings that decide whether a record is sent or rejected."""
    return _hash(config, (*_DECIDING, *vendor(config["vendor"]).settings))


def _hash(config: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    chosen = [config["vendor"], vendor(config["vendor"]).version, [(name, config.get(name)) for name in names]]
    return hashlib.blake2b(msgspec.json.encode(chosen, order="deterministic"), digest_size=16).digest()


def fresh_after(config: Mapping[str, Any]) -> float:
    """The time, in seconds since 1970, before which an acknowledgement does not spare a record from being sent."""
    if config.get("resend"):
        return math.inf
    days = config.get("resend_after_days")
    return time.time() - float(days) * 86400 if days is not None else -math.inf
