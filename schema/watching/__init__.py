"""What can be watched, as the API shows it."""
