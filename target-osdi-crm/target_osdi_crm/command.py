"""The target's command, which can be told to end while the rest is still being loaded."""

from __future__ import annotations

from osdi_crm_client import ending


def main() -> None:
    """Run the target."""
    ending.from_the_first_moment()
    from target_osdi_crm.target import TargetOSDICRM  # noqa: PLC0415

    TargetOSDICRM.cli()
