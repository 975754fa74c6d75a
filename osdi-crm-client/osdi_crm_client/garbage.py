"""Looking for circular garbage seldom: records hold none, and a search stops every thread."""

from __future__ import annotations

import gc

NEW_OBJECTS = 50_000
"""How many objects more than before make Python look. With its default of hundreds, looking took a third of a run's
time, in pauses of a tenth of a second in which no call could leave."""


def look_seldom() -> None:
    """Look no more through what there is by now, and through what is new seldom; for the main program to say."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
