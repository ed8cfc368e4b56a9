"""What a worker on another machine needs: events as text, a spool on its disk, lost answers."""
