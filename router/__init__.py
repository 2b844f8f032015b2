"""Who makes the job: choose, submit once, follow, settle by evidence."""
