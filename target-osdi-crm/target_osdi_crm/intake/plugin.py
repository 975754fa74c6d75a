"""What reader and sinks ask of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading

    from osdi_crm_client.account import Account

    from target_osdi_crm.intake.arrivals import Line
    from target_osdi_crm.run import Run
    from target_osdi_crm.settings import TargetSettings


class Plugin(Protocol):
    """The target.

    Attributes:
        told_to_end: Set when a signal has told the run to end.
    """

    told_to_end: threading.Event

    @property
    def reader(self) -> Line:
        """What reads the messages."""

    @property
    def run(self) -> Run:
        """The run, begun when first needed."""

    @property
    def settings(self) -> TargetSettings:
        """The settings that hold for every vendor."""

    @property
    def account(self) -> Account:
        """The account that is written to."""

    def drain_all(self) -> None:
        """Write the STATE that was passed on."""
