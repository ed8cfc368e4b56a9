"""Runs a pipeline: a job goes in, events come out. Knows no database, no HTTP, no GraphQL."""
