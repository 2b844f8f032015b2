"""The bill against our books: matched by exact keys, each difference with its cause. Reads no database, no clock."""
