"""What the course promises about speed, measured. See ``__main__`` for the commands."""
