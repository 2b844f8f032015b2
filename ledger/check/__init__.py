"""Are the books whole: judged from the facts, named row by row, and put right again."""
