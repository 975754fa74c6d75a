"""The target's settings, beside those it shares with the tap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from osdi_crm_client.settings import ByStream, setting, settings


@settings
class TargetSettings:
    """The target's settings that hold for every vendor, beside those it shares with the tap."""

    source: str = setting(
        "Source",
        "A name for where the records come from; one name per upstream, kept for good. Keys of two sources are"
        " never mistaken for one another.",
        default="default",
    )
    mode: Literal["upsert", "create", "update"] = setting(
        "Mode",
        "'upsert' creates and updates, 'create' skips what exists, 'update' skips what does not.",
        default="upsert",
    )
    match_keys: Mapping[str, Any] = setting(
        "Match keys",
        'By stream, what a record is searched by at the vendor, such as {"people": ["email"]}.',
        default={},
        additionalProperties={"type": "array", "items": {"type": "string"}},
    )
    ids_are_this_accounts: bool = setting(
        "Ids are this account's",
        "Whether the ids in the records are the vendor's own, of this very account.",
        default=False,
    )
    new_person_consent: Literal["reject", "unsubscribed", "subscribed"] = setting(
        "Consent of new people",
        "What becomes of a new person whose record carries no subscription status.",
        default="unsubscribed",
    )
    allow_resubscribe: bool = setting(
        "Allow resubscribing",
        "Whether a record may subscribe somebody who opted out. Bounces and complaints always stand.",
        default=False,
    )
    people_index: bool = setting(
        "Index of people",
        "Whether an index of all the account's people is kept in the journal, and people are found in it instead of"
        " being looked up one by one, where that takes fewer calls.",
        default=True,
    )
    shared_address: Mapping[str, Any] = setting(
        "Shared addresses",
        "What becomes of an address by which people are matched and that another person has, by 'email' and 'phone':"
        " 'merge' makes both one person, of whom the later record only fills what is empty; 'first' leaves the address"
        " with whom it is written; 'reject' rejects the later record. Without it 'merge' for email, 'first' for phone.",
        default={},
        properties={each: {"enum": ["merge", "first", "reject"]} for each in ("email", "phone")},
        additionalProperties=False,
    )
    unkept_opt_outs: Literal["withhold", "send"] = setting(
        "Opt-outs that cannot be kept",
        "What becomes of an address that is not to be used where the vendor has no place to say so: 'withhold' leaves"
        " it out, 'send' sends it all the same.",
        default="withhold",
    )
    default_country: str | None = setting(
        "Default country",
        "The country, as two letters, of addresses without one, which are withheld without this setting, and of phone"
        " numbers without one, which are of the US without it.",
        default=None,
    )
    source_time_zone: str | None = setting(
        "Time zone of the source",
        "The time zone of times that come without one, such as America/New_York; without this setting, UTC.",
        default=None,
    )
    empty_fields: Mapping[str, Any] = setting(
        "Fields to empty",
        'By stream, fields that a blank or null empties at the vendor, such as {"people": ["family_name"]}. What is not'
        " named is left as it is, and so is what a record has no column for.",
        default={},
        additionalProperties={"type": "array", "items": {"type": "string"}},
    )
    allow_delete: bool = setting(
        "Allow deleting",
        "Whether records may be deleted at the vendor, where it documents that; see 'on_delete'.",
        default=False,
    )
    on_delete: ByStream[Literal["ignore", "unsubscribe", "delete"]] = setting(
        "Deleted records",
        "What a record with _sdc_deleted_at does, one word or one by stream: 'delete', which needs 'allow_delete';"
        " 'unsubscribe', of people; or 'ignore'. Without it 'delete' where that is allowed, but people are left alone.",
        default=ByStream(),
    )
    max_deletes: int = setting(
        "Most deletions",
        "Stop the run before it deletes or unsubscribes more records of a stream than this, from the 11th on.",
        default=100,
    )
    max_deletes_share: float = setting(
        "Largest share of deletions",
        "Stop the run before it deletes or unsubscribes more than this share of what the journal knows of a stream,"
        " from the 11th on.",
        default=0.1,
    )
    mirror: tuple[str, ...] = setting(
        "Mirrored streams",
        "Streams of which what the source has sent before, and a complete version of it does not bring any more, counts"
        " as deleted at the source; * for all. Needs a tap that proves the version (see docs/operations.md).",
        default=(),
    )
    on_vanished: ByStream[Literal["skip", "recreate"]] = setting(
        "Vanished records",
        "What becomes of a record that was written and that the vendor does not have any more, one word or one by"
        " stream: 'skip' leaves it alone, 'recreate' makes it anew; nobody is subscribed by that.",
        default=ByStream(),
    )
    on_unknown_stream: Literal["fail", "skip"] = setting(
        "Unknown streams",
        "What to do when a stream arrives that the vendor lacks or does not let anybody write.",
        default="fail",
    )
    dry_run: bool = setting(
        "Dry run",
        "Find out what would be written, by reading only, noted in plan.jsonl. Passes no STATE on.",
        default=False,
    )
    plan_values: bool = setting(
        "Values in the plan",
        "Whether plan.jsonl shows values beside field names.",
        default=False,
    )
    resend: bool = setting(
        "Send all again",
        "Send records although they are equal to what was last acknowledged.",
        default=False,
    )
    resend_after_days: float | None = setting(
        "Send again after days",
        "Send an unchanged record again when it was last acknowledged so many days ago.",
        default=None,
    )
    retry_rejected: bool = setting(
        "Retry rejected records",
        "Try rejected records again although neither they nor the settings have changed.",
        default=False,
    )
    max_attempts: int = setting(
        "Attempts",
        "Runs in which a record is tried again that failed for no fault of its own.",
        default=5,
    )
    max_rejects: float | None = setting(
        "Most rejects",
        "Stop the run at so many newly rejected records; below 1, at that share of 100 records or more.",
        default=None,
    )
    max_creates: int | None = setting(
        "Most creations",
        "Stop the run before it creates more records than this.",
        default=None,
    )
    max_updates: int | None = setting(
        "Most updates",
        "Stop the run before it changes or deletes more records than this.",
        default=None,
    )
    max_field_bytes: int = setting(
        "Largest field",
        "Reject records with a field larger than this.",
        default=1000000,
    )
    fail_on: Literal["new", "any", "none"] = setting(
        "Fail on",
        "When to exit with 3: on newly rejected or unknown records, on any in the journal, or never.",
        default="new",
    )
    notify_url: str | None = setting(
        "Notify",
        "An address to post to when a run did not write some records, was stopped, or got far fewer records than the"
        " one before: the run's numbers as JSON, in Slack's form to hooks.slack.com. Nobody's data is in it.",
        default=None,
        secret=True,
    )
    state_interval_seconds: float = setting(
        "STATE interval",
        "Seconds between the STATE messages passed on while the run goes on.",
        default=30,
    )
    grace_seconds: float = setting(
        "Grace",
        "Seconds that calls under way get to end when the run is told to.",
        default=60,
    )
    journal: str | None = setting(
        "Journal",
        "Where the journal is kept: a file, or a database address such as postgresql://user@host/db. Without it,"
        " journal.db in the working folder. It holds people's data.",
        default=None,
        secret=True,
    )
    journal_retention_days: int = setting(
        "Journal retention",
        "Days after which the contents of records that were not written are erased from the journal, and those of"
        " deleted ones from deleted.jsonl; 0 keeps them. Keys, ids and hashes stay, so that nothing is sent twice.",
        default=90,
    )
