"""An account at a vendor: its options, its data, and what was done to it."""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox import deviations
from osdi_crm_sandbox.limits import Limit, limit
from osdi_crm_sandbox.population import Population
from osdi_crm_sandbox.records import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from osdi_crm_sandbox.faults import Fault
    from osdi_crm_sandbox.population import Person
    from osdi_crm_sandbox.records import Resource

OPTIONS: dict[str, Any] = {
    "rate": None,
    "at_once": None,
    "latency": 0.0,
    "jitter": 0.0,
    "index_lag": 0.0,
    "counts": {},
    "moved": {},
    "altered": [],
}
"""Options of every vendor's accounts: see the README for what they mean."""
PAGES_KEPT = 20_000


class Account:
    """One account and its credential.

    Attributes:
        key: the credential by which clients are told apart; what it is called differs by vendor.
        name: what the vendor would call the account.
        tables: its records by resource.
        options: OPTIONS and the vendor's own.
        state: what the vendor's module keeps besides records.
        numbers: the last one given out, by what was counted.
        neighbours: all accounts of the vendor by key, this one included.
        random: for what need not be the same each time (churn, shares).
    """

    def __init__(
        self,
        key: str,
        name: str,
        options: Mapping[str, Any],
        resources: Mapping[str, Resource],
        neighbours: dict[str, Account],
    ) -> None:
        self.key = key
        self.name = name
        self.neighbours = neighbours
        self.options: dict[str, Any] = OPTIONS | dict(options)
        self.tables = {resource: Table(self, index) for resource, index in resources.items()}
        self.state: dict[str, Any] = {}
        self.random = random.Random()  # noqa: S311
        self.numbers: Counter[str] = Counter()
        self.limit: Limit | None = None
        self.busy = 0
        self.overlaps = 0
        self.faults: list[Fault] = []
        self.pages: dict[tuple[str, bytes, bytes], Response] = {}
        self.log: list[dict[str, Any]] = []
        self.statuses: Counter[str] = Counter()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._lagging: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    @cached_property
    def population(self) -> Population:
        """Where new ids and people come from."""
        return Population(f"{self.key} {time.time_ns()}")

    def next(self, name: str, first: int = 1) -> int:
        """The next number of this name, counted from the first."""
        self.numbers[name] = max(self.numbers[name] + 1, first)
        return self.numbers[name]

    def newcomer(self) -> Person:
        """Somebody nobody has met, for a new record."""
        return self.population.person(900_000_000 + self.next("invented"))

    def wanted(self, defaults: dict[str, int]) -> dict[str, int]:
        """How many of each resource to seed: these, unless the option `counts` says otherwise.

        Raises:
            ValueError: it names a resource that cannot be counted.
        """
        asked: dict[str, int] = self.options["counts"]
        unknown = asked.keys() - defaults.keys()
        if unknown:
            raise ValueError(f"No resource {', '.join(sorted(unknown))} to count: choose from {', '.join(defaults)}")
        return defaults | asked

    def set(self, options: dict[str, Any]) -> None:
        """Changes options.

        Raises:
            ValueError: there is no such option, or not with such a value.
        """
        unknown = options.keys() - self.options.keys()
        if unknown:
            raise ValueError(f"No option {', '.join(sorted(unknown))}: choose from {', '.join(sorted(self.options))}")
        deviations.checked(options.get("altered", ()))
        if "rate" in options:
            self.limit = limit(options["rate"])
        if "index_lag" in options:
            self._run(self._lagging, float("inf"))
        self.options |= options
        self.touched()

    def touched(self) -> None:
        """Something changed: no page rendered so far is true any more."""
        self.pages.clear()

    def keep_page(self, key: tuple[str, bytes, bytes], page: Response) -> None:
        """Keeps a rendered page until something changes."""
        if len(self.pages) >= PAGES_KEPT:
            del self.pages[next(iter(self.pages))]
        self.pages[key] = page

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Does something before the first call after so many seconds."""
        heapq.heappush(self._due, (time.time() + seconds, next(self._order), action))

    def after_lag(self, action: Callable[[], None]) -> None:
        """Does something when the search index catches up."""
        lag = self.options["index_lag"]
        if lag:
            heapq.heappush(self._lagging, (time.time() + lag, next(self._order), action))
        else:
            action()

    def settle(self) -> None:
        """Does what has become due."""
        now = time.time()
        self._run(self._due, now)
        self._run(self._lagging, now)

    @staticmethod
    def _run(waiting: list[tuple[float, int, Callable[[], None]]], now: float) -> None:
        while waiting and waiting[0][0] <= now:
            heapq.heappop(waiting)[2]()

    def clear_log(self) -> None:
        """Forgets the calls so far."""
        self.log.clear()
        self.statuses.clear()
        self.overlaps = 0

    def counters(self) -> dict[str, Any]:
        """Calls so far, by status, overlapping ones, unix times of the first and the last, and records by resource."""
        return {
            "calls": len(self.log),
            "statuses": dict(self.statuses),
            "overlaps": self.overlaps,
            "first": self.log[0]["at"] if self.log else None,
            "last": self.log[-1]["at"] if self.log else None,
            "resources": {name: len(table.records) for name, table in self.tables.items()},
        }

    def any_of(self, resource: str) -> str:
        """The id of some record."""
        everything = self.tables[resource].select(live=True)
        return everything.page(self.random.randrange(len(everything)) + 1, 1)[0]
