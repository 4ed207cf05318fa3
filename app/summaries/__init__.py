"""Transcripts → summaries, by a chat server that the operator names (SUMMARY_URL). Knows no queue."""
