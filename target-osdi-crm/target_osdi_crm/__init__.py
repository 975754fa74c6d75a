"""Writing to five organising CRMs: a Singer target."""
