"""i360 as the tests of reading and writing see it."""

from __future__ import annotations

from tests.reading_case import NO_CHILDREN, NO_TIMES, ReadingCase
from tests.writing_case import NO_STATUS, WritingCase

READING = ReadingCase(
    vendor="i360",
    stream="contacts",
    swept=("volunteer_notes", "volunteers"),
    key=lambda raw: str(raw.get("NoteID") or raw["ContactID"]),
    names={
        "voicemail_messages": "voice_mail_messages",
        "national_contacts": None,
        "volunteer_permissions": None,
        "volunteer_walkbooks": None,
        "searches": None,
    },
    per_page=100,
    extra={
        "unconfirmed_streams": True,
        "stream_overrides": {"voice_mail_messages": {"path": "Surveys/VoicemailMessages"}},
        "i360_states": [str(number) for number in range(1, 52)],
        "i360_list_type": "my_data",
        "i360_record_limit": 100_000,
    },
    many=400,
    is_full=True,
    faulty="Searches",
    cannot={
        **NO_TIMES,
        **NO_CHILDREN,
        "an_estimate_tells_calls_and_stops": "contacts cost a call a state, however many there are",
    },
)

WRITING = WritingCase(
    vendor="i360",
    people="volunteers",
    key="VolunteerID",
    given="FirstName",
    family="LastName",
    creates=("POST", "/Volunteers$"),
    changes="PUT",
    stored=lambda email, given: {"Email": email, "FirstName": given},
    seen=lambda raw: (str(raw["VolunteerID"]), raw["Email"], raw.get("LastName")),
    reads="/Search$|/connect/token$",
    cannot=NO_STATUS,
)
