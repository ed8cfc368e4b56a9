"""The queue: what is true of a task, and who decides which task runs next."""
