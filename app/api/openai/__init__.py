"""OpenAI's audio API, as its official clients speak it, on top of this service's queue."""
