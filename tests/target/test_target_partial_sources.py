"""A source that shows only a part of what there is deletes nothing on the other side, whatever makes it so."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from osdi_crm_sandbox.control import Sandbox

from tests.tap_command import TapCommand, TapRun
from tests.target_command import Message, TargetCommand

STREAMS = {
    "action_network": ("people", "tags", "taggings"),
    "nationbuilder": ("signups", "signup_tags", "signup_taggings", "lists", "list_signups", "donations"),
}
TAGGINGS = {"action_network": "taggings", "nationbuilder": "signup_taggings"}
CHILDREN = {"action_network": "taggings", "nationbuilder": "list_signups"}
TAP = {"emit_activate_version_messages": True, "detect_deletes": ["*"], "action_network_taggings_of": ["*"]}
TARGET = {
    "mirror": ["*"],
    "allow_delete": True,
    "on_delete": "delete",
    "new_person_consent": "unsubscribed",
    "fail_on": "none",
}


class Pipe:
    """An account that is read, another that is written, and what connects them."""

    def __init__(self, sandbox: Sandbox, vendor: str, tap: TapCommand, target: TargetCommand) -> None:
        self.vendor = vendor
        self.streams = list(STREAMS[vendor])
        self.here, self.there = sandbox.account(vendor, size=20), sandbox.account(vendor)
        self.sandbox = sandbox
        self.state: Message = {}
        self.settings: dict[str, Any] = {**tap.settings(self.here), **TAP}
        self.method: str | None = None
        self._tap, self._target = tap, target
        target.settings.update(TARGET, nationbuilder_unknown_custom_fields="withhold")

    @property
    def children(self) -> str:
        """A stream that is read by asking parents."""
        return CHILDREN[self.vendor]

    def read(self) -> TapRun:
        return self._tap(self.settings, *self.streams, state=self.state, method=self.method)

    def run(self, change: Callable[[list[Message]], list[Message]] = list) -> TapRun:
        read = self.read()
        wanted = [each for each in read.messages if each.get("stream", self.streams[0]) in self.streams]
        written = self._target(self.there, change(wanted))
        assert written.code == 0, written.log
        self.state = read.state
        return read

    def held(self) -> dict[str, int]:
        names = {"list_signups": "list_members"}
        return {name: len(self.there.records(names.get(name, name))) for name in STREAMS[self.vendor]}

    def untag(self) -> None:
        tagging = self.here.records(TAGGINGS[self.vendor])[0]
        found = tagging.get("id") or tagging["identifiers"][0].removeprefix("action_network:")
        self.here.delete(TAGGINGS[self.vendor], [found])

    def deletions(self) -> list[str]:
        log = self.there.log()
        return [each["path"] for each in log if each["method"] == "DELETE" or "remove_signups" in each["path"]]


def deselected(pipe: Pipe) -> None:
    pipe.streams.remove(pipe.children)


def filtered(pipe: Pipe) -> None:
    pipe.settings["stream_maps"] = {stream: {"__filter__": "False"} for stream in pipe.streams}


def half_filtered(pipe: Pipe) -> None:
    pipe.settings["stream_maps"] = {pipe.children: {"__filter__": "hash(str(record)) % 2 == 0"}}


def of_late_alone(pipe: Pipe) -> None:
    pipe.settings["start_date"] = "2026-11-30T00:00:00Z"
    pipe.state = {}


def with_less_rights(pipe: Pipe) -> None:
    fewer = pipe.sandbox.account(pipe.vendor, size=4)
    pipe.settings = {**pipe.settings, **fewer.settings}


def empty(pipe: Pipe) -> None:
    nobody = pipe.sandbox.account(pipe.vendor)
    pipe.settings = {**pipe.settings, **nobody.settings}


def barred(pipe: Pipe) -> None:
    pipe.here.fault(
        do="status", status=403, path="/taggings" if pipe.vendor == "action_network" else "/signups", skip=2
    )


def failing(pipe: Pipe) -> None:
    pipe.here.fault(
        do="status", status=422, path="/taggings" if pipe.vendor == "action_network" else "/signups", skip=1
    )


def resumed(pipe: Pipe) -> None:
    pipe.state = copy.deepcopy(pipe.state)
    sweep = {"after": "zzz", "started": None, "since": None}
    pipe.state["bookmarks"].setdefault(pipe.children, {})["sweep"] = sweep


def without_state(pipe: Pipe) -> None:
    pipe.state = {}


@pytest.mark.chaos
@pytest.mark.parametrize("vendor", STREAMS)
@pytest.mark.parametrize(
    "part",
    [
        deselected,
        filtered,
        half_filtered,
        of_late_alone,
        with_less_rights,
        empty,
        barred,
        failing,
        resumed,
        without_state,
    ],
)
def test_a_part_deletes_nothing_of_the_rest(
    sandbox: Sandbox, tap: TapCommand, target: TargetCommand, vendor: str, part: Callable[[Pipe], None]
) -> None:
    pipe = Pipe(sandbox, vendor, tap, target)
    pipe.run()
    whole, settings = pipe.held(), pipe.settings
    assert all(whole.values()), whole

    part(pipe)
    read = pipe.run()
    assert pipe.deletions() == [], read.log
    pipe.here.clear_faults()
    pipe.settings, pipe.streams = settings, list(STREAMS[vendor])
    after = pipe.run()

    assert pipe.deletions() == [], after.log
    pipe.untag()
    pipe.run()
    assert len(pipe.deletions()) == 1
    assert all(count >= whole[stream] - (stream == TAGGINGS[vendor]) for stream, count in pipe.held().items())
