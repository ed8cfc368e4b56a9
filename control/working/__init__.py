"""A worker: what takes tasks and has them run, and how it is linked to the queue."""
