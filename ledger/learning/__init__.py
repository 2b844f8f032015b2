"""What bills teach: prices that drift, opaque units, how good quotes are. Proposes; changes no card and no fact."""
