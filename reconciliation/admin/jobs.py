"""The worker's queue and records in the desk's look: read by superusers, and a job may be removed or tried again."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_q.admin import FailAdmin, QueueAdmin, ScheduleAdmin, TaskAdmin
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

for model in (Failure, OrmQ, Schedule, Success):
    admin.site.unregister(model)


class JobAdmin(ModelAdmin):
    """A job names a function to call: nobody types one into a form."""

    list_fullwidth = True
    show_full_result_count = False
    paginator = InfinitePaginator

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Jobs are made by the program."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Jobs are not edited."""
        return False


@admin.register(OrmQ)
class QueuedAdmin(JobAdmin, QueueAdmin):
    """Waiting or being worked."""

    list_display = ("id", "key", "name", "func", "lock")  # what fits a page


@admin.register(Success)
class SucceededAdmin(JobAdmin, TaskAdmin):
    """Done."""


@admin.register(Failure)
class FailedAdmin(JobAdmin, FailAdmin):
    """Failed."""


@admin.register(Schedule)
class ScheduledAdmin(JobAdmin, ScheduleAdmin):
    """To come."""
