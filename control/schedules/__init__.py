"""Schedules: cron lines, what is due by them, and who deploys that."""
