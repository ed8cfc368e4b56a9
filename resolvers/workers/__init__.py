"""Workers elsewhere, of teams: made, listed, removed."""
