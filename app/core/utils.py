"""Validation of what clients send, under the name that the layout of app/core knows: app.core.validation."""

from app.core.validation import (
    RECORDING_EXTENSIONS,
    base_name,
    extension_of,
    host_matches,
    is_loopback,
    number_within,
    parse_choice,
    parse_flag,
    parse_number,
    parse_trim,
    quoted,
    shown_name,
    single_value,
)

__all__ = [
    "RECORDING_EXTENSIONS",
    "base_name",
    "extension_of",
    "host_matches",
    "is_loopback",
    "number_within",
    "parse_choice",
    "parse_flag",
    "parse_number",
    "parse_trim",
    "quoted",
    "shown_name",
    "single_value",
]
