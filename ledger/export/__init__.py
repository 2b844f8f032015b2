"""Exports: the ledger as files for others. Each room says which; nothing is exported from here."""
