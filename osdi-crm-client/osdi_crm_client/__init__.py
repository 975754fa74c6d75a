"""Reaching a vendor: settings, sign-in, pacing, transport and errors, for tap and target alike."""
