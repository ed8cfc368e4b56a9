"""What is looked at in a document before it runs, and kept of it."""
