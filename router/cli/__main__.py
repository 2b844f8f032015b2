"""`python -m router.cli` is `faregate`. Does nothing else."""

from .app import main

main()
