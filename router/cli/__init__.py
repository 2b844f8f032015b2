"""`faregate`: the one composition root, the only place that may know pricing, router and ledger."""

from .app import main

__all__ = ["main"]
