"""Invented people and moments, the same for every vendor: any number of them from a small pool and a seed."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR = 3600
DAY = 24 * HOUR
YEARS = 6


class City(NamedTuple):
    """A town with its region (ISO 3166-2 subdivision), postal code and place on earth."""

    name: str
    region: str
    postal_code: str
    latitude: float
    longitude: float


class Person(NamedTuple):
    """Somebody invented; e-mail and phone are nobody else's of the same population."""

    given_name: str
    family_name: str
    email: str
    phone: str
    street: str
    city: City
    employer: str


class Pool(NamedTuple):
    """What people are put together from."""

    given_names: list[str]
    family_names: list[str]
    streets: list[str]
    cities: list[City]
    employers: list[str]
    sentences: list[str]
    paragraphs: list[str]
    words: list[str]


@lru_cache
def pool() -> Pool:
    """The pool, the same in every process."""
    fake = Faker("en_US")
    fake.seed_instance(20_240_101)
    regions = [fake.unique.state_abbr(include_territories=False) for _ in range(40)]
    return Pool(
        given_names=[fake.first_name() for _ in range(300)],
        family_names=[fake.last_name() for _ in range(500)],
        streets=[fake.street_address() for _ in range(500)],
        cities=[
            City(
                fake.city(),
                fake.random_element(regions),
                fake.postcode(),
                round(float(fake.latitude()) / 9 + 38, 4),
                round(float(fake.longitude()) / 9 - 95, 4),
            )
            for _ in range(200)
        ],
        employers=[fake.company() for _ in range(200)],
        sentences=[fake.sentence(8) for _ in range(300)],
        paragraphs=[fake.paragraph(5) for _ in range(100)],
        words=sorted({fake.word() for _ in range(300)}),
    )


class Population:
    """People and moments drawn with a seed.

    Nothing but dates depends on the day: the same seed gives the same on another one, dates shifted by whole days.

    Attributes:
        end: a unix time, the last midnight UTC more than an hour ago. All moments are before it.
    """

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(str(seed))  # noqa: S311
        self.pool = pool()
        self.end = (int(time.time()) - HOUR) // DAY * DAY

    def pick(self, choices: list[str]) -> str:
        """One of them."""
        return choices[int(self.random.random() * len(choices))]

    def person(self, number: int) -> Person:
        """Somebody; the number makes e-mail and phone unique."""
        draw = self.random.random
        given = self.pick(self.pool.given_names)
        family = self.pick(self.pool.family_names)
        cities = self.pool.cities
        return Person(
            given,
            family,
            f"{given}.{family}.{number}@example.org".lower(),
            f"12{number * 7_919 % 1_000_000_000:09d}",
            self.pick(self.pool.streets),
            cities[int(draw() * len(cities))],
            self.pick(self.pool.employers),
        )

    def uuid(self) -> str:
        """A random-looking UUID."""
        digits = f"{self.random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def moments(self, count: int) -> list[int]:
        """So many unix times: over six years, most in the last one, a third in bursts that share a second."""
        bursts = [self._moment() for _ in range(count // 300 + 1)]
        draw = self.random.random
        return [bursts[int(draw() * len(bursts))] if draw() < 1 / 3 else self._moment() for _ in range(count)]

    def _moment(self) -> int:
        draw = self.random.random
        span = 365 * DAY if draw() < 3 / 4 else YEARS * 365 * DAY
        return self.end - 1 - int(draw() * span)


class Share:
    """How many records there are around so many people: a table's `least`, one more `per` so many, and a `share`."""

    def __init__(self, row: Mapping[str, str]) -> None:
        self._least = int(row["least"] or 0)
        self._per = int(row["per"] or 0)
        self._share = Fraction(row["share"] or 0)

    def of(self, people: int) -> int:
        """That many; none around nobody."""
        more = people // self._per if self._per else 0
        return self._least + more + math.ceil(people * self._share) if people else 0


def iso(moment: float | None = None) -> str:
    """A unix time, or now, as 2024-05-02T09:00:00Z."""
    return four_digits(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() if moment is None else moment)))


def utc(text: Any) -> str | None:
    """A time in any form and zone as `iso` writes it, UTC unless it has an offset; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return four_digits(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def four_digits(text: str) -> str:
    """A time with a year of four digits, which `strftime` does not write everywhere of the first thousand years."""
    return text.zfill(len("2024-05-02T09:00:00Z"))
