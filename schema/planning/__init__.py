"""Queries answered by one statement of the database, which writes their JSON."""
