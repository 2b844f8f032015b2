"""What changed between two books, and what past jobs would have cost. Pure."""
