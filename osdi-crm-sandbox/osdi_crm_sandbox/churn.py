"""Churn: records of an account that change, and new ones that come, by themselves."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.vendor import Vendor

TICK = 0.02


class Churn:
    """Moves one account's records, by the second or by the call; nothing until it is started."""

    def __init__(self, vendor: Vendor, account: Account) -> None:
        self._vendor = vendor
        self._account = account
        self._task: asyncio.Task[None] | None = None
        self._pace: tuple[str, float, float] | None = None
        self._owed = [0.0, 0.0]

    def start(self, resource: str, changes: float, adds: float, *, by_call: bool) -> None:
        """From now on so many records change and are added each second, or between one call and the next."""
        self.stop()
        self._pace = (resource, changes, adds)
        if not by_call:
            self._task = asyncio.create_task(self._keep_moving())

    def stop(self) -> None:
        """Nothing changes by itself any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._pace = None
        self._owed = [0.0, 0.0]

    def called(self) -> None:
        """A call comes."""
        if self._task is None:
            self._move(1)

    async def _keep_moving(self) -> None:
        then = time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            self._move(now - then)
            then = now

    def _move(self, times: float) -> None:
        if self._pace is None:
            return
        account, (resource, changes, adds) = self._account, self._pace
        self._owed = [self._owed[0] + changes * times, self._owed[1] + adds * times]
        while self._owed[0] >= 1 and account.tables[resource].records:
            self._owed[0] -= 1
            self._vendor.change(account, resource, account.any_of(resource), {}, None)
        while self._owed[1] >= 1:
            self._owed[1] -= 1
            self._vendor.insert(account, resource, self._vendor.invent(account, resource))
