"""The hourly work on the sources: fetch what the provider has, then reconcile; and what people ask for in between."""

from .jobs import JobLost, claim, open_job
from .work import Settings, TimeUp, work_job

__all__ = ["JobLost", "Settings", "TimeUp", "claim", "open_job", "work_job"]
