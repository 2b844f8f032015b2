"""What a job costs: money, rate cards, quotes. No network, no database, no clock."""
