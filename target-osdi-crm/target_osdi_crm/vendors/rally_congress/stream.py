"""What Rally Congress's streams have in common: answers to a POST, which may say that the vendor needs more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Garbled
from osdi_crm_client.vendors import rally_congress as wire

from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Record, Session, Stream

if TYPE_CHECKING:
    import requests

    from target_osdi_crm.vendors.rally_congress.settings import Settings

NAME = "rally_congress"


class RallyCongressStream(Stream):
    """A stream of one organisation."""

    session: Session[Settings]

    def written(self, answer: requests.Response) -> Record:
        """The record in an answer to a POST.

        Raises:
            Rejection: If the vendor needs more to take it (202).
            Garbled: If it shows none.
        """
        shown = record_of(answer.json() if answer.content else None)
        if answer.status_code == 202:
            lacking = shown.get("missing") or shown.get("fields") or shown.get("required") or ()
            names = ", ".join(str(each) for each in (lacking if isinstance(lacking, list) else [lacking]))
            own = shown.get("id") or shown.get("messageId") or shown.get("uniqueId")
            raise Rejection(
                "incomplete",
                f"The vendor needs more, and wrote nothing yet: {names or 'it does not say what'}"
                + (f". It keeps what came under {own}." if own else "."),
                status=202,
            )
        if not shown:
            raise Garbled("the answer shows no record", method="POST", path=self.path)
        return shown


def record_of(body: Any) -> Record:
    """The one record of an answer; empty if it shows none."""
    return wire.record(body, "supporters") or {}
