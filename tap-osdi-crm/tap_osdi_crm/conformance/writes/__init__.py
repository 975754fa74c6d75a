"""By vendor, how its people are written, and what only writing answers."""
