"""Rates: how much of a measure becomes how much money, stage by stage, exactly. Reads no file."""
