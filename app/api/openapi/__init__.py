"""What the docs tell of requests and answers beyond what FastAPI reads from the code."""
