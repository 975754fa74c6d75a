"""Records that are refused: why, as a stable code and as a sentence, and when they are tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

CHANGE = "change"
"""Tried again when the record or the settings change."""
EACH_RUN = "each run"
REFERENCE = "reference"
"""Tried again on each run, for what it refers to may have been written by then."""

CANNOT_BE_KEPT = "opt_out_cannot_be_held"
AMBIGUOUS = "more_than_one_match"
INVALID = "invalid_record"
NO_ANSWER = "no_answer"

LACKING = ("person_not_identifiable", "required_fields_missing", "nothing_to_write", "no_giver")
"""Codes of records that lack what the vendor needs to create one."""


class Kind(NamedTuple):
    """What rejections of one code have in common: what happened in a few words, and what to do about it."""

    words: str
    to_do: str


KINDS = {
    "not_a_singer_message": Kind("not a Singer message", "Look at the line, and correct the tap."),
    "not_mapped": Kind(
        "not mapped",
        "Let the expression in 'stream_maps' allow for such a value: email.lower() if email else None.",
    ),
    "no_key": Kind("no key", "Correct the key at the source, or have the tap name other key properties."),
    INVALID: Kind("invalid record", "Correct the fields that the words name, at the source or by 'stream_maps'."),
    "field_too_large": Kind("field too large", "Shorten the field, or raise 'max_field_bytes'."),
    "person_not_identifiable": Kind(
        "nothing to know the person by",
        "Give the person what the words name, such as an e-mail address.",
    ),
    "no_usable_address": Kind(
        "no usable e-mail address or phone number",
        "Correct the address at the source; a national phone number needs 'default_country'.",
    ),
    "required_fields_missing": Kind(
        "required fields missing",
        "Supply the fields that the words name, or map other columns to them.",
    ),
    "unknown_status": Kind(
        "unknown status",
        "Map the column to a status that the words name, or to subscribed and unsubscribed.",
    ),
    "no_consent_status": Kind("no consent status", "Supply the status, or choose another 'new_person_consent'."),
    CANNOT_BE_KEPT: Kind(
        "opt-out cannot be held",
        "Take the address away at the vendor by hand: the person opted out of it.",
    ),
    "unknown_tags": Kind(
        "unknown tags",
        "Create the tags at the vendor, or let 'action_network_unknown_tags' create them.",
    ),
    "unknown_attributes": Kind("unknown attributes", "Leave the attribute out, or map it to one that the vendor has."),
    "unknown_custom_fields": Kind(
        "unknown custom fields",
        "Create the field at the vendor, name it as it is called there, or set '<vendor>_unknown_custom_fields'.",
    ),
    AMBIGUOUS: Kind("more than one match", "Merge the records at the vendor, or choose other 'match_keys'."),
    "match_at_odds": Kind("match at odds", "Correct either side, or match by fewer 'match_keys'."),
    "shared_address": Kind("shared address", "Correct the address, or choose another 'shared_address'."),
    "reference_not_written": Kind(
        "reference not written",
        "Write the stream that it refers to, too, and look for a rejection of that record.",
    ),
    "unexpected": Kind(
        "unexpected failure of ours",
        "Run again with TARGET_OSDI_CRM_LOGLEVEL=DEBUG, and report the class and the place.",
    ),
    "vendor_refused": Kind("the vendor refused", "Correct what the vendor's words complain of."),
    "vendor_failed": Kind(
        "the vendor did not manage",
        "Wait for the next run; if it stays with one record, look at that record.",
    ),
    "vendor_points_elsewhere": Kind("the vendor points elsewhere", "Check the vendor's address in the settings."),
    "empty_answer": Kind("empty answer", "Wait for the next run; if it stays, look at the record at the vendor."),
    "not_applied": Kind(
        "not applied",
        "Look at the fields in the words: somebody else's address, or a value that the vendor does not know.",
    ),
    "cannot_be_changed": Kind("cannot be changed", "Change it at the vendor by hand, or leave it."),
    "not_allowed": Kind("not allowed", "Grant the credentials this right, or leave the stream out."),
    "not_signed_in": Kind("not signed in", "Correct the setting that the last line of the log names."),
    "not_reached": Kind("not reached", "Check the network, and the setting that the last line of the log names."),
    NO_ANSWER: Kind(
        "no answer",
        "Look whether it is at the vendor, then 'osdi-crm-journal settle' or 'retry --unknown'.",
    ),
    "import_failed": Kind("import failed", "Correct what the vendor's words about the import say."),
    "incomplete": Kind("incomplete", "Supply what the words name."),
    "incomplete_attribute": Kind("incomplete attribute", "Supply AttributeId and AttributeValue."),
    "letters_not_allowed": Kind(
        "letters are not allowed",
        "Set 'rally_congress_allow_letters' if letters are to be sent in people's names.",
    ),
    "locked": Kind("locked", "Leave the attribute: neither users nor calls can change it."),
    "no_address_to_tag_by": Kind("no address to tag by", "Give the person an e-mail address or a phone number."),
    "no_external_id_type": Kind("no type of external ID", "Set 'crowdskout_external_id_type'."),
    "no_giver": Kind("nobody to give it to", "Write the person first, or name it in the record."),
    "not_a_draft": Kind("not a draft", "Send or schedule the message at the vendor by hand."),
    "not_confirmed": Kind("not confirmed", "Set 'i360_unconfirmed_writes' if your account takes them."),
    "not_one_target": Kind("not one target", "Give the record exactly one target."),
    "nothing_to_write": Kind(
        "nothing to write",
        "Map a column to something that the vendor can hold, or leave the record out.",
    ),
    "page_of_another_record": Kind("page of another record", "Write the event or petition that the page belongs to."),
    "search_not_understood": Kind(
        "search not understood",
        "Wait for the next run: the vendor's search had not caught up.",
    ),
    "sent_already": Kind("sent already", "Give a new letter a new key: one that is sent cannot be changed."),
    "tags_went_to_another_person": Kind(
        "tags went to another person",
        "Look at both people at the vendor: the address has passed from one to the other.",
    ),
    "targets_of_another_account": Kind(
        "targets of another account",
        "Set 'ids_are_this_accounts' if they are this account's, or leave the targets out.",
    ),
    "which_site": Kind(
        "which site",
        "Give the record the 'site_id' of one of the nation's sites, with 'ids_are_this_accounts'.",
    ),
}


def sentence(code: str) -> str:
    """What a code means, in a few words of ours."""
    return KINDS[code].words if code in KINDS else code.replace("_", " ")


def to_do(codes: Iterable[str | None]) -> list[tuple[str, str]]:
    """What to do about rejections: each code once, in this order, with a sentence."""
    return [(code, KINDS[code].to_do) for code in dict.fromkeys(codes) if code in KINDS]


class Rejection(Exception):
    """This record is not written.

    Attributes:
        code: Why, the same for all records of its kind.
        reason: What the code means, in a few words of ours.
        words: What exactly was wrong, in the vendor's words where it has said so: they may hold people's data.
        why: What was wrong with a call, in words of ours, which hold none.
        retry: When to try again: `CHANGE`, `EACH_RUN` or `REFERENCE`.
        status: The HTTP status, where a call was refused.
    """

    def __init__(
        self, code: str, words: str = "", *, why: str = "", retry: str = CHANGE, status: int | None = None
    ) -> None:
        self.code = code
        self.reason = sentence(code)
        self.words = words
        self.why = why
        self.retry = retry
        self.status = status
        super().__init__(f"{self.reason}: {words}" if words else self.reason)
