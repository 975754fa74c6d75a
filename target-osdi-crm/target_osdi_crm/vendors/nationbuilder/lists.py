"""Lists, and who is on them: many people travel in one call, which NationBuilder carries out in its own time."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Garbled
from typing_extensions import override

from target_osdi_crm.answers import object_of
from target_osdi_crm.rejects import EACH_RUN, Rejection
from target_osdi_crm.vendors.nationbuilder.stream import NationBuilderStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import osdi_crm_schemas

    from target_osdi_crm.vendor import Order, Record

LONGEST_ACTION = 600.0
"""Seconds that NationBuilder gets to finish what it does on a list."""


class Lists(NationBuilderStream):
    """Lists; the token's owner is the author of those whose record names none."""

    @override
    def document(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        document = super().document(order, operation)
        attributes = document["data"]["attributes"]
        if operation == "create" and not attributes.get("author_id"):
            attributes["author_id"] = self.session.owner()
        return document


class ListSignups(NationBuilderStream):
    """Who is on a list."""

    @override
    def write_batch(self, orders: Sequence[Order], *, deleted: bool) -> list[Record | Exception]:
        """Put people on a list or take them off it, and wait until that is done (released.yaml, "/lists/{id}/…")."""
        key, action = orders[0].refers["list_id"], "remove_signups" if deleted else "add_signups"
        data = {"id": key, "type": "lists", "signup_ids": [order.refers["signup_id"] for order in orders]}
        path = f"lists/{key}/{action}"
        self._wait_for(self.session.ask("PATCH", path, partial(_token, path), json={"data": data}, repeatable=True))
        return [dict(order.refers) for order in orders]

    def _wait_for(self, token: str) -> None:
        """Wait until NationBuilder has done what it took (released.yaml, "/async_processes/{token}").

        Raises:
            VendorError: If it does not tell.
            Rejection: If it did not do it.
        """
        deadline, pause = time.monotonic() + LONGEST_ACTION, 0.1
        while True:
            process = self.session.get(f"async_processes/{token}", object_of)
            status = str(process.get("status")).lower()
            if status == "completed":
                return
            if any(word in status for word in ("fail", "error", "cancel")) or time.monotonic() > deadline:
                words = f"The action on the list ended as '{status}': {process.get('message')}"
                raise Rejection("vendor_failed", words, retry=EACH_RUN)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    @override
    def id_of(self, record: Record) -> str | None:
        return f"{record['list_id']}/{record['signup_id']}"


def _token(path: str, body: Any) -> str:
    """What an action on a list is followed by.

    Raises:
        Garbled: If the answer does not show it.
    """
    token = object_of(body).get("token")
    if not token:
        raise Garbled("the answer shows no token", method="PATCH", path=path, status=202)
    return str(token)
