"""How an operation is executed: found, charged, confined, bounded, and in turns with others."""
