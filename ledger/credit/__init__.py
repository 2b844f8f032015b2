"""Credits bought in advance: lots, and what jobs drew from them."""
