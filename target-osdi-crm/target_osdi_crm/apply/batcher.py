"""Orders that are made one by one and travel together, where a vendor takes many in one call."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osdi_crm_client.errors import NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_osdi_crm.vendor import Order, Record

SECONDS_TO_GATHER = 0.2
"""How long an order waits for one more to travel with."""

Replies = list["Record | Exception"]


@dataclass(slots=True, eq=False)
class _Batch:
    orders: list[Order] = field(default_factory=list)
    replies: Replies = field(default_factory=list)
    full: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


class RequestBatcher:
    """Gathers the orders of many threads into calls; each thread gets the reply to its own."""

    def __init__(self, most: int, send: Callable[[Sequence[Order]], Replies]) -> None:
        """Make ready.

        Args:
            most: How many orders a call takes.
            send: Makes one call and returns, for each order, its reply or what is wrong with it; raises what is wrong
                with the call as a whole. A call that is refused is split, until what is wrong stands alone.
        """
        self._most = most
        self._send = send
        self._lock = threading.Lock()
        self._open: _Batch | None = None

    def __call__(self, order: Order) -> Record:
        """Send an order, with others, and return the reply to it; raises what `send` raises."""
        with self._lock:
            leads = self._open is None
            batch = self._open = self._open or _Batch()
            place = len(batch.orders)
            batch.orders.append(order)
            if len(batch.orders) >= self._most:
                self._open = None
                batch.full.set()
        if leads:
            self._lead(batch)
        batch.done.wait()
        reply = batch.replies[place]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _lead(self, batch: _Batch) -> None:
        batch.full.wait(SECONDS_TO_GATHER)
        with self._lock:
            if self._open is batch:
                self._open = None
        try:
            batch.replies = sent_together(batch.orders, self._send)
        finally:
            batch.done.set()


def sent_together(orders: Sequence[Order], send: Callable[[Sequence[Order]], Replies]) -> Replies:
    """Send orders in one call, or in ever smaller ones until what is refused stands alone; raises nothing."""
    try:
        return send(orders)
    except Exception as error:  # noqa: BLE001
        if len(orders) == 1 or not isinstance(error, Refused) or isinstance(error, NotFound):
            return [error] * len(orders)
    middle = len(orders) // 2
    return [*sent_together(orders[:middle], send), *sent_together(orders[middle:], send)]
