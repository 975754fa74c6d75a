"""Reading organising CRMs: a Singer tap."""
