"""Limits of a scope: what is left of them, the terms they have, and why a hold was refused."""
