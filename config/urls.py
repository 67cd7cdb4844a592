"""Every address Tieout answers."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from billing.admin import saved_views
from billing.admin.choosing import choose_organization
from config.health import healthz
from config.login.pages import end_other_sessions, second_factor
from reconciliation.admin.as_of import as_of, as_of_discrepancy
from reconciliation.api.metrics import metrics

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/as-of/", admin.site.admin_view(as_of), name="as_of"),
    path("admin/as-of/<int:discrepancy_id>/", admin.site.admin_view(as_of_discrepancy), name="as_of_discrepancy"),
    path("admin/second-factor/", second_factor, name="second_factor"),
    path("admin/second-factor/end-other-sessions", end_other_sessions, name="end_other_sessions"),
    path("admin/views/", admin.site.admin_view(saved_views.change), name="saved_views"),
    path("admin/choose-organization/", admin.site.admin_view(choose_organization), name="choose_organization"),
    path("admin/", admin.site.urls),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    # Its answer to OPTIONS has no template.
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=["get"]), name="docs"),
    path("api/v1/billing/", include("billing.api.urls")),
    path("api/v1/reconciliation/", include("reconciliation.api.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
