"""Fits what stands in for silence; see app/engines/faster_whisper/suffix.py."""
