"""What was spent, promised and billed, in the shapes people ask for. Reads; never moves money."""
