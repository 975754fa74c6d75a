"""Records that are refused: why, as a stable code and as a sentence, and when they are tried again."""

from __future__ import annotations

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

SENTENCES = {
    "not_a_singer_message": "not a Singer message",
    "not_mapped": "not mapped",
    "no_key": "no key",
    INVALID: "invalid record",
    "field_too_large": "field too large",
    "person_not_identifiable": "nothing to know the person by",
    "no_usable_address": "no usable e-mail address or phone number",
    "required_fields_missing": "required fields missing",
    "unknown_status": "unknown status",
    "no_consent_status": "no consent status",
    CANNOT_BE_KEPT: "opt-out cannot be held",
    "unknown_tags": "unknown tags",
    "unknown_attributes": "unknown attributes",
    "unknown_custom_fields": "unknown custom fields",
    AMBIGUOUS: "more than one match",
    "match_at_odds": "match at odds",
    "shared_address": "shared address",
    "reference_not_written": "reference not written",
    "unexpected": "unexpected failure of ours",
    "vendor_refused": "the vendor refused",
    "vendor_failed": "the vendor did not manage",
    "vendor_points_elsewhere": "the vendor points elsewhere",
    "empty_answer": "empty answer",
    "not_applied": "not applied",
    "cannot_be_changed": "cannot be changed",
    "not_allowed": "not allowed",
    "not_signed_in": "not signed in",
    "not_reached": "not reached",
    NO_ANSWER: "no answer",
    "import_failed": "import failed",
    "incomplete": "incomplete",
    "incomplete_attribute": "incomplete attribute",
    "letters_not_allowed": "letters are not allowed",
    "locked": "locked",
    "no_address_to_tag_by": "no address to tag by",
    "no_external_id_type": "no type of external ID",
    "no_giver": "nobody to give it to",
    "not_a_draft": "not a draft",
    "not_confirmed": "not confirmed",
    "not_one_target": "not one target",
    "nothing_to_write": "nothing to write",
    "page_of_another_record": "page of another record",
    "search_not_understood": "search not understood",
    "sent_already": "sent already",
    "tags_went_to_another_person": "tags went to another person",
    "targets_of_another_account": "targets of another account",
    "which_site": "which site",
}
"""What the codes mean, in a few words; a code that is not here means what it says."""


def sentence(code: str) -> str:
    """What a code means, in a few words of ours."""
    return SENTENCES.get(code, code.replace("_", " "))


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
