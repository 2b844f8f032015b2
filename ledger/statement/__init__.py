"""Provider bills as values: readers of what each provider, a CSV or a FOCUS file says. Posts nothing, opens no file."""
