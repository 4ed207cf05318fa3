"""Requests to addresses that a client named; none of them reaches what lies behind the service."""
