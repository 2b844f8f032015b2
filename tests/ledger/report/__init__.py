"""Reports, from a real database."""
