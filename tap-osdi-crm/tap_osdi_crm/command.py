"""The tap's command, which can be told to end while the rest is still being loaded."""

from __future__ import annotations

from osdi_crm_client import ending


def main() -> None:
    """Run the tap."""
    ending.from_the_first_moment()
    from tap_osdi_crm.tap import TapOSDICRM  # noqa: PLC0415

    TapOSDICRM.cli()
