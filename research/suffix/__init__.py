"""Fits what stands in for silence; see app/asr/backends/faster_whisper/suffix.py."""
