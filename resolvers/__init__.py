"""What each field does: authorise, act, return models."""
