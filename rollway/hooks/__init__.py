"""What services and scripts call to have something deployed."""
