"""By vendor, what is asked beside its streams."""
