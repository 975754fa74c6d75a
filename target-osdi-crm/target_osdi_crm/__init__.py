"""Writing to organising CRMs: a Singer target."""
