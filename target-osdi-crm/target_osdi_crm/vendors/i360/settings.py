"""What people can set about writing to i360."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from osdi_crm_client.settings import setting, settings


@settings
class Settings:
    """What people can set about writing to i360."""

    contacts_per_import: int = setting(
        "i360 contacts per import",
        "How many contacts travel in one import; no limit is published, so that this one will do is assumed. With"
        " 1, an import that fails tells which contact is to blame.",
        default=100,
        minimum=1,
        maximum=10_000,
    )
    wait_for_import: float = setting(
        "i360 wait for imports",
        "Seconds to wait for an import to come to its end; 0 takes i360 at its word when it has accepted one,"
        " which does not mean that the contacts exist. What the states are called is assumed.",
        default=0,
    )
    tag_format: Literal["pairs", "object"] = setting(
        "i360 tag format",
        "How a contact's tags are sent: as pairs of Key and Value, the way version 1.1 takes them, or as one"
        " object with category and tag, the way another client of 2.0 sends one.",
        default="pairs",
    )
    unconfirmed_writes: bool = setting(
        "i360 unconfirmed writes",
        "Whether tags and notes of volunteers and attendees of events are written. i360 names these resources and"
        " publishes neither their paths nor their fields: all of it is assumed.",
        default=False,
    )
    write_paths: Mapping[str, Any] = setting(
        "i360 paths",
        "Corrects where a stream is written, below the organisation, by the stream's name, such as"
        ' {"volunteer_notes": "Volunteers/{VolunteerID}/Notes"}; and as "imports", where imports are followed.',
        default={},
        additionalProperties={"type": "string"},
    )
