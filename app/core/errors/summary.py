"""A transcript that was to be summarised, and was not: these end an attempt, and no request."""

from app.core.errors.base import ServiceError


class SummaryError(ServiceError):
    """An attempt to summarise a transcript failed."""

    code = "summary_failed"
    title = "Summary failed"
    retryable = True


class SummaryUnreachable(SummaryError):
    """The server of SUMMARY_URL does not answer, not in time, not to the end, or that it cannot now."""

    code = "summary_unreachable"
    title = "Summary server unreachable"


class SummaryUnreadable(SummaryError):
    """The server of SUMMARY_URL answers with what is no chat completion, or an empty or endless one."""

    code = "summary_unreadable"
    title = "Summary server makes no sense"


class SummaryRefused(SummaryError):
    """The server of SUMMARY_URL refuses the request: its key, its model or its length."""

    code = "summary_refused"
    title = "Summary refused"
    retryable = False
