"""Writing to i360: contacts as imports, volunteers, and what little else is known to be writable.

i360, API 2.0 (api.i-360.com; github.com/i-360/API-Examples).
"""

from __future__ import annotations

from target_osdi_crm.consent import Channel, Keeps
from target_osdi_crm.vendor import Vendor
from target_osdi_crm.vendors.i360.contacts import Contacts
from target_osdi_crm.vendors.i360.settings import Settings
from target_osdi_crm.vendors.i360.stream import NAME, PATHS
from target_osdi_crm.vendors.i360.volunteers import Tags, Unconfirmed, Volunteers


def _channels(phones: tuple[str, ...]) -> dict[str, Channel]:
    """How people are reached, about which i360 keeps nothing."""
    calls = ("calls", "federal calls", "contact")
    return {
        "email": Channel(Keeps.NOTHING, includes=("contact",), fields=("Email", "Email2")),
        "phone": Channel(Keeps.NOTHING, includes=calls, fields=phones),
    }


STREAMS = (
    Contacts(
        name="contacts",
        path=PATHS["contacts"],
        id_name="ContactID",
        read_before_update=True,
        batched=True,
        channels=_channels(phones=("CellNumber", "Phone", "Phone2", "Phone3")),
    ),
    Volunteers(
        name="volunteers",
        path=PATHS["volunteers"],
        id_name="VolunteerID",
        can_delete=True,
        read_before_update=True,
        required=("Email",),
        optional_refers=("CoordinatorID",),
        match_keys=("email",),
        channels=_channels(phones=("Phone1", "Phone2")),
    ),
    Tags(
        name="volunteer_tags",
        path=PATHS["volunteer_tags"],
        id_name="TagID",
        can_update=False,
        required=("VolunteerID", "Name"),
        refers={"VolunteerID": "volunteers"},
        subject="VolunteerID",
    ),
    Unconfirmed(
        name="volunteer_notes",
        path=PATHS["volunteer_notes"],
        id_name="NoteID",
        read_before_update=True,
        required=("VolunteerID", "Text"),
        refers={"VolunteerID": "volunteers"},
        subject="VolunteerID",
    ),
    Unconfirmed(
        name="event_attendees",
        path=PATHS["event_attendees"],
        id_name="AttendeeID",
        read_before_update=True,
        required=("EventID",),
        refers={"EventID": "events"},
        optional_refers=("ContactID", "VolunteerID"),
    ),
)

VENDOR = Vendor(
    name=NAME,
    streams={stream.name: stream for stream in STREAMS},
    people="volunteers",
    settings=Settings,
)
