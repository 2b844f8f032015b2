"""One self-contained HTML page of a report: no script, no network address, nothing beside it. Reads no database."""

from .page import page

__all__ = ["page"]
