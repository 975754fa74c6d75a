"""What the tests of writing need to know of a vendor: how its people come in, are sent and are shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass(frozen=True)
class WritingCase:
    """One vendor as the tests of writing see it.

    Attributes:
        vendor: Its name.
        people: The stream of people.
        key: Its key.
        given: The name of the given name.
        family: The name of something that a person has one of, such as the family name.
        creates: Method and path of the calls that create people.
        changes: The method of those that change them.
        stored: Makes a subscribed person with an e-mail address and a given name as the sandbox holds one.
        seen: Id, e-mail address and family name of a person as the sandbox holds one.
        nested: How `family` comes in.
        named: What else a person comes in with, by the e-mail address.
        status: The property that says whether somebody is subscribed, and how it says so of one who is and who is not.
        state: What a person as the sandbox holds one says of that.
        is_made: Whether somebody at the vendor is there because a test put them there.
        settings: Further settings of the target.
        reads: Paths of calls that read, whatever their method.
        cannot: Tests that do not apply to the vendor, by name without `test_`, and why.
        account: The account of a test.
    """

    vendor: str
    people: str
    key: str
    given: str
    family: str
    creates: tuple[str, str]
    changes: str
    stored: Callable[[str, str], Message]
    seen: Callable[[Message], tuple[str, str, Any]]
    nested: Callable[[str], Any] = str
    named: Callable[[str], Message] = lambda _: {}
    status: tuple[str, Any, Any] = ("", None, None)
    state: Callable[[Message], Any] = lambda _: None
    is_made: Callable[[Message], bool] = bool
    settings: dict[str, Any] = field(default_factory=dict)
    reads: str = "^$"
    cannot: dict[str, str] = field(default_factory=dict)
    account: Any = None

    def person(self, number: int, **more: Any) -> Message:
        """A person as it comes in; `family` is the family name, `subscribed` the status."""
        return self.record(f"p{number}", f"n{number}@example.org", **{self.given: f"Name{number}", **more})

    def record(self, key: str, email: str, **more: Any) -> Message:
        """The same, with a key and an e-mail address."""
        if "family" in more:
            more[self.family] = self.nested(more.pop("family"))
        if "subscribed" in more:
            name, into, out = self.status
            more[name] = into if more.pop("subscribed") else out
        return {self.key: key, "email": email, **self.named(email), **more}

    def insert(self, email: str, given: str = "Somebody") -> str:
        """Put a subscribed person into the account; its id."""
        (there,) = self.account.insert(self.people, [self.stored(email, given)])
        return self.seen(there)[0]

    def shown(self) -> list[Message]:
        """The people whom tests have made: id, e-mail address and family name."""
        found = [each for each in self.account.records(self.people) if self.is_made(each)]
        return [dict(zip(("id", "email", "family"), self.seen(each), strict=True)) for each in found]

    def is_subscribed(self) -> bool:
        """Whether the only person there is subscribed."""
        (there,) = filter(self.is_made, self.account.records(self.people))
        return bool(self.state(there) == self.status[1])

    def writes(self) -> list[Message]:
        """The calls that were meant to write."""
        methods = {"POST", "PUT", "PATCH", "DELETE"}
        log = self.account.log()
        return [each for each in log if each["method"] in methods and not re.search(self.reads, each["path"])]


NO_STATUS = dict.fromkeys(
    (
        "a_new_person_of_any_vendor_is_not_subscribed_unless_the_setting_says_so",
        "the_status_of_a_new_person_of_any_vendor_is_the_records",
        "a_record_without_a_status_touches_nobodys_at_any_vendor",
        "an_opt_out_reaches_any_vendor_and_is_reversed_only_if_allowed",
        "an_opt_out_counts_at_any_vendor_though_its_record_is_no_good",
        "an_address_that_opted_out_stays_so_at_any_vendor_when_somebody_else_gets_it",
        "an_opt_out_wins_over_another_record_of_the_same_run_at_any_vendor",
    ),
    "the vendor knows no subscription status",
)
