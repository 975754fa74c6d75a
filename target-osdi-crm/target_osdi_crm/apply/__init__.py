"""A decision is carried out: the intent is journaled, sent, verified, and the outcome settled."""
