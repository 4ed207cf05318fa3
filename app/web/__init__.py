"""The page: its files, read once."""
