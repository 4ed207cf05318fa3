"""Beside their own work, all APIs and workers compare storage with Redis, so that no task is lost."""
