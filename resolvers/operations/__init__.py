"""What one operation may ask for, cost and be written as."""
