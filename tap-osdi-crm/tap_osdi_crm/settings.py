"""The tap's settings that hold for every vendor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from osdi_crm_client.settings import setting, settings

from tap_osdi_crm import overrides


@settings
class TapSettings:
    """The tap's settings that hold for every vendor, beside those it shares with the target."""

    start_date: datetime | None = setting(
        "Start date",
        "Where the vendor filters by time: read only what changed since then, on the first run.",
        default=None,
    )
    overlap_seconds: float | None = setting(
        "Overlap",
        "How many seconds before its bookmark an incremental run begins to read; 120, unless the vendor's page says"
        " otherwise.",
        default=None,
    )
    full_sweep_hours: float = setting(
        "Hours of a full sweep",
        "Where parents count their children, a run asks those whose count has moved, and so many of the others that"
        " each is asked within these hours; within 24 until the counts have been right for a week. 0 asks all.",
        default=168,
    )
    reading_store: str | None = setting(
        "Reading store",
        "Where the tap remembers which parents it has asked: a file, or a database address such as"
        " postgresql://user@host/db. Without it, reading.db in the working folder.",
        default=None,
        secret=True,
    )
    unconfirmed_streams: bool = setting(
        "Unconfirmed streams",
        "Whether to offer streams that the vendor's documents do not confirm.",
        default=False,
    )
    stream_overrides: Mapping[str, Any] = overrides.SETTING
    emit_activate_version_messages: bool = setting(
        "Emit ACTIVATE_VERSION messages",
        "Whether a stream that was read whole, and nothing of which may be missing, ends with an ACTIVATE_VERSION"
        " message, and the STATE before it says how many records it had: what has not come is gone at the vendor.",
        default=False,
    )
    detect_deletes: tuple[str, ...] = setting(
        "Detect deletions",
        "Streams of which all ids are read on each run, and what is gone since the run before comes as its key and"
        " _sdc_deleted_at; * for all. Costs a reading of the whole stream where it is incremental.",
        default=(),
    )
    most_deletes: float = setting(
        "Most deletions told",
        "Tell of no deletion, but warn, where more than this share of the ids known is missing, from the 11th on.",
        default=0.1,
    )
    estimate: bool = setting(
        "Estimate only",
        "Tell the calls and minutes that a run would take, where the vendor lets one know, and stop.",
        default=False,
    )
