"""A job's money from hold to charge: each verb inside one transaction."""
