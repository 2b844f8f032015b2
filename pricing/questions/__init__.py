"""Questions about prices, asked backwards: the longest, the most, where the cheaper one changes. Pure."""
