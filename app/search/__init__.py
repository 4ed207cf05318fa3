"""What of a transcript is found by which words, and where: the same for every database."""
