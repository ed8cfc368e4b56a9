"""What is read of tasks as it comes: their journals, and where they stand."""
