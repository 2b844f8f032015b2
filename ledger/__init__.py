"""Who owes what: budgets, holds, the journal, verification."""
