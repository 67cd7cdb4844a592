"""The admin's look: names, colours, sidebar. Everything is served from here, nothing from other sites."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

SIDEBAR = "reconciliation.admin.sidebar"


def asset(path: str) -> Callable[[HttpRequest], str]:
    """Address of a static file, asked for when a page is built."""
    return lambda _request: static(path)


def entry(title: Any, icon: str, view: str, permission: str, **more: Any) -> dict[str, Any]:
    """A link of the sidebar."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{view}"),
        "permission": f"{SIDEBAR}.{permission}",
        **more,
    }


PAST = entry(_("As it stood"), "history_toggle_off", "index", "sees_evidence", link=reverse_lazy("as_of"))

UNFOLD = {
    "SITE_TITLE": "Tieout",
    "SITE_HEADER": "Tieout",
    "SITE_SYMBOL": "balance",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": asset("reconciliation/icon.svg")}],
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": False,
    "DASHBOARD_CALLBACK": "reconciliation.admin.today.dashboard",
    "STYLES": [
        asset("reconciliation/desk.css"),
        asset("reconciliation/queue.css"),
        asset("reconciliation/today.css"),
        asset("reconciliation/sources.css"),
    ],
    "SCRIPTS": [asset(f"reconciliation/{name}.js") for name in ("desk", "queue", "steps")],
    "LOGIN": {"form": "config.login.forms.LoginForm"},
    "ACCOUNT": {
        "navigation": [
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": _("Second factor"), "link": reverse_lazy("second_factor")},
        ]
    },
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "#effafa",
            "100": "#d5f1f2",
            "200": "#aee2e5",
            "300": "#78cdd2",
            "400": "#3aafb7",
            "500": "#1d929b",
            "600": "#0b7078",
            "700": "#0d5f66",
            "800": "#114d53",
            "900": "#124045",
            "950": "#05282c",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": _("Work"),
                "items": [
                    {"title": _("Today"), "icon": "today", "link": reverse_lazy("admin:index")},
                    entry(
                        _("Discrepancies"),
                        "rule",
                        "reconciliation_reconciliationdiscrepancy_changelist",
                        "sees_evidence",
                        active=f"{SIDEBAR}.in_discrepancies",
                        badge=f"{SIDEBAR}.open_discrepancies",
                        badge_variant="primary",
                    ),
                    entry(_("Causes"), "hub", "reconciliation_cause_changelist", "sees_evidence"),
                    entry(
                        _("Disputes"),
                        "gavel",
                        "reconciliation_dispute_changelist",
                        "sees_discrepancies",
                        badge=f"{SIDEBAR}.pressing_disputes",
                        badge_variant="warning",
                    ),
                    entry(
                        _("Approvals"),
                        "approval_delegation",
                        "reconciliation_approvals",
                        "sees_evidence",
                        badge=f"{SIDEBAR}.to_sign",
                        badge_variant="primary",
                    ),
                    entry(_("Bulk actions"), "checklist", "reconciliation_bulkaction_changelist", "sees_evidence"),
                ],
            },
            {
                "title": _("Evidence"),
                "separator": True,
                "items": [
                    entry(_("Runs"), "play_circle", "reconciliation_reconciliationrun_changelist", "sees_evidence"),
                    entry(_("Dry runs"), "science", "reconciliation_dryrun_changelist", "sees_evidence"),
                    entry(_("Items"), "receipt_long", "reconciliation_reconciliationitem_changelist", "sees_evidence"),
                    entry(_("Payments"), "payments", "billing_payment_changelist", "sees_evidence"),
                    entry(
                        _("Provider records"), "account_balance", "billing_providerrecord_changelist", "sees_evidence"
                    ),
                    entry(_("Balance"), "account_balance_wallet", "billing_balance", "sees_evidence"),
                    entry(_("Provider events"), "webhook", "billing_providerevent_changelist", "sees_evidence"),
                    entry(_("Imports"), "upload_file", "billing_importbatch_changelist", "sees_evidence"),
                    PAST,
                    entry(_("Exports"), "download", "reconciliation_listexport_changelist", "sees_evidence"),
                    entry(
                        _("Action log"), "history", "reconciliation_reconciliationactionlog_changelist", "sees_evidence"
                    ),
                ],
            },
            {
                "title": _("Sources"),
                "separator": True,
                "items": [
                    entry(_("Statement lines"), "receipt", "billing_statementline_changelist", "sees_evidence"),
                    entry(_("Payouts"), "savings", "billing_payout_changelist", "sees_evidence"),
                    entry(_("Invoices"), "request_quote", "billing_invoice_changelist", "sees_evidence"),
                    entry(_("Invoice payments"), "price_check", "billing_invoicepayment_changelist", "sees_evidence"),
                    entry(_("Source jobs"), "sync", "reconciliation_syncjob_changelist", "sees_evidence"),
                    entry(_("Fetches"), "cloud_download", "billing_providerfetch_changelist", "sees_evidence"),
                    entry(_("Withdrawals"), "undo", "billing_statementwithdrawal_changelist", "sees_evidence"),
                ],
            },
            {
                "title": _("Set-up"),
                "separator": True,
                "items": [
                    entry(
                        _("Organizations"),
                        "apartment",
                        "billing_organization_changelist",
                        "sees_organizations",
                        active=f"{SIDEBAR}.in_organizations",
                    ),
                    entry(_("Memberships"), "badge", "billing_membership_changelist", "sees_memberships"),
                    entry(
                        _("Closing thresholds"),
                        "approval",
                        "reconciliation_closingthreshold_changelist",
                        "sets_thresholds",
                    ),
                    entry(_("Fee terms"), "percent", "reconciliation_feeterms_changelist", "sees_organizations"),
                    entry(_("Users"), "person", "auth_user_changelist", "sees_users"),
                    entry(_("Roles"), "group", "auth_group_changelist", "sees_users"),
                    entry(_("Failed logins"), "lock", "axes_accessattempt_changelist", "sees_users"),
                    entry(_("Queued jobs"), "pending_actions", "django_q_ormq_changelist", "sees_jobs"),
                    entry(_("Failed jobs"), "error", "django_q_failure_changelist", "sees_jobs"),
                ],
            },
        ],
    },
}
