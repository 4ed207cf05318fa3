"""What was fitted or tried for the engine. It may use `app` and `benchmark`; neither imports it."""
