"""Who may do what: every address of Tieout, one line each. The tests compare these lines with the resolver and with
what happens; they fail for an address without a line.

A line says who gets in with GET and who gets in with POST; anybody else is refused (403, 404, 405, or sent to the
login). "Gets in" with POST means that permission is not what stops it: an empty form is answered with its errors.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

STRANGER, WITHOUT_ROLE = "stranger", "without a role"
WORKERS = frozenset({"Operator", "Manager", "Owner", "Integration", "superuser"})
SIGNERS = frozenset({"Manager", "Owner", "superuser"})
OWNERS = frozenset({"Owner", "superuser"})
SUPER = frozenset({"superuser"})
READERS = WORKERS | {"Auditor"}
STAFF = READERS | {WITHOUT_ROLE}
EVERYBODY = STAFF | {STRANGER}
NOBODY: frozenset[str] = frozenset()
WHO = (STRANGER, WITHOUT_ROLE, "Operator", "Manager", "Owner", "Auditor", "Integration", "superuser")


class Route(NamedTuple):
    """Who gets in with GET, and with POST."""

    get: frozenset[str]
    post: frozenset[str] = NOBODY


class Model(NamedTuple):
    """Who sees a model's list and pages, adds, changes and deletes rows in the admin."""

    see: frozenset[str]
    add: frozenset[str] = NOBODY
    change: frozenset[str] = NOBODY
    delete: frozenset[str] = NOBODY

    def routes(self) -> dict[str, Route]:
        """The addresses that the admin makes of a model. Lists take POST, for their actions, from whoever sees them."""
        return {
            "changelist": Route(self.see, self.see),
            "add": Route(self.add, self.add),
            "change": Route(self.see, self.change),
            "delete": Route(self.delete, self.delete),
            "history": Route(self.see, self.see),
        }


EVIDENCE = Model(READERS)
MODELS = {
    "auth_group": Model(SUPER, SUPER, SUPER, SUPER),
    "auth_user": Model(SUPER, SUPER, SUPER, SUPER),
    "axes_accessattempt": Model(SUPER, delete=SUPER),
    "billing_importbatch": EVIDENCE,
    "billing_membership": Model(OWNERS | {"Auditor"}, OWNERS, OWNERS, OWNERS),
    "billing_invoice": EVIDENCE,
    "billing_invoicepayment": EVIDENCE,
    "billing_payout": EVIDENCE,
    "billing_providerfetch": EVIDENCE,
    "billing_statementline": EVIDENCE,
    "billing_statementwithdrawal": EVIDENCE,
    "billing_organization": Model(READERS, SUPER, OWNERS, NOBODY),
    "billing_payment": EVIDENCE,
    "billing_providerevent": EVIDENCE,
    "billing_providerrecord": EVIDENCE,
    "django_q_failure": Model(SUPER, delete=SUPER),
    "django_q_ormq": Model(SUPER, delete=SUPER),
    "django_q_schedule": Model(SUPER, delete=SUPER),
    "django_q_success": Model(SUPER, delete=SUPER),
    "reconciliation_closingthreshold": Model(READERS, OWNERS, OWNERS, OWNERS),
    "reconciliation_feeterms": Model(READERS, OWNERS, OWNERS, OWNERS),
    "reconciliation_bulkaction": EVIDENCE,
    "reconciliation_cause": EVIDENCE,
    "reconciliation_dispute": EVIDENCE,
    "reconciliation_dryrun": EVIDENCE,
    "reconciliation_listexport": Model(READERS, READERS, READERS),  # without pages: they lead back to the list
    "reconciliation_syncjob": EVIDENCE,
    "reconciliation_reconciliationactionlog": EVIDENCE,
    "reconciliation_reconciliationdiscrepancy": EVIDENCE,
    "reconciliation_reconciliationitem": EVIDENCE,
    "reconciliation_reconciliationrun": EVIDENCE,
}
STEP = "admin:reconciliation_reconciliationdiscrepancy_step_"
RUN = "admin:reconciliation_reconciliationrun_"
ROUTES = {
    "": Route(EVERYBODY, EVERYBODY),  # leads to the desk
    "healthz": Route(EVERYBODY),
    "set_language": Route(EVERYBODY, EVERYBODY),
    "metrics": Route(READERS),  # programs show a token
    "as_of": Route(READERS, READERS),
    "as_of_discrepancy": Route(READERS, READERS),
    "saved_views": Route(NOBODY),  # names the list it is about
    "choose_organization": Route(NOBODY, STAFF),  # narrows what oneself sees
    "admin:reconciliation_listexport_take": Route(READERS),
    "second_factor": Route(STAFF, STAFF),
    "end_other_sessions": Route(NOBODY, STAFF),
    "schema": Route(STAFF),
    "docs": Route(STAFF),
    **{f"api-{name}": Route(READERS) for name in ("runs", "run", "discrepancies", "discrepancy", "disputes")},
    "api-discrepancy-acknowledge": Route(NOBODY, WORKERS),
    "api-discrepancy-resolve": Route(NOBODY, WORKERS),
    "api-discrepancy-requeue": Route(NOBODY, SIGNERS),
    "stripe-webhook": Route(NOBODY, EVERYBODY),  # proves itself by a signature
    "admin:index": Route(STAFF, STAFF),
    "admin:login": Route(EVERYBODY, EVERYBODY),
    "admin:logout": Route(frozenset({STRANGER}), EVERYBODY),  # leads strangers to the login
    "admin:password_change": Route(STAFF, STAFF),
    "admin:password_change_done": Route(STAFF),
    "admin:search": Route(STAFF, STAFF),
    "admin:autocomplete": Route(NOBODY),
    "admin:jsi18n": Route(STAFF),
    "admin:view_on_site": Route(NOBODY),
    "admin:app_list": Route(READERS, READERS),
    "admin:billing_balance": Route(READERS),
    "admin:auth_user_password_change": Route(SUPER, SUPER),
    "admin:auth_user_remove_second_factor": Route(SUPER, SUPER),
    "admin:auth_user_sign_out": Route(SUPER, SUPER),
    **{
        f"{STEP}{name}": Route(WORKERS, WORKERS)
        for name in (
            "acknowledge", "annotate", "assign", "assign_me", "dismiss_duplicate", "mark_investigated", "match",
            "propose", "undo_match", "unmatch",
        )
    },
    **{f"{STEP}{name}": Route(SIGNERS, SIGNERS) for name in ("approve", "close", "reject", "requeue")},
    **{f"{STEP}{name}": Route(WORKERS, WORKERS) for name in ("revise", "withdraw")},  # of a proposal: its author
    "admin:reconciliation_reconciliationdiscrepancy_peek": Route(READERS, READERS),
    "admin:reconciliation_approvals": Route(READERS),
    "admin:reconciliation_approvals_together": Route(NOBODY),
    "admin:reconciliation_dryrun_progress": Route(READERS, READERS),
    "admin:reconciliation_bulkaction_confirm": Route(NOBODY, NOBODY),  # of one's own bulk action only
    "admin:reconciliation_bulkaction_drop": Route(NOBODY, READERS),
    "admin:reconciliation_bulkaction_go_on": Route(NOBODY, READERS),  # says so when it has ended
    "admin:reconciliation_bulkaction_retry": Route(NOBODY, NOBODY),
    "admin:reconciliation_bulkaction_progress": Route(READERS),
    "admin:reconciliation_bulkaction_rows": Route(READERS),
    "admin:reconciliation_cause_work": Route(NOBODY),  # names the step it takes, which says who may
    "admin:billing_providerfetch_withdraw": Route(SIGNERS, SIGNERS),
    "admin:billing_statementline_attach": Route(SIGNERS, SIGNERS),
    "admin:reconciliation_syncjob_progress": Route(READERS, READERS),
    "admin:reconciliation_syncjob_sweep": Route(SIGNERS, SIGNERS),
    "admin:reconciliation_syncjob_missing": Route(SIGNERS, SIGNERS),
    f"{RUN}trigger": Route(SIGNERS, SIGNERS),
    f"{RUN}progress": Route(READERS, READERS),
    f"{RUN}report": Route(READERS, READERS),
    f"{RUN}print": Route(READERS, READERS),
    f"{RUN}changes": Route(READERS, READERS),
}  # fmt: skip
TABLE = ROUTES | {f"admin:{model}_{name}": route for model, m in MODELS.items() for name, route in m.routes().items()}
# Addresses that only lead elsewhere: Django's old pages of a row, and what the admin does not know.
UNNAMED = ("admin/<app>/<model>/<path:object_id>/", "admin/(?P<url>.*)$")


class Address(NamedTuple):
    """An address of the resolver: its name ("" without one), its pattern, the names of what it takes."""

    name: str
    pattern: str
    takes: tuple[str, ...]


def addresses(resolver: Any = None, namespace: str = "", before: str = "") -> Iterator[Address]:
    """Every address there is."""
    for each in (resolver or get_resolver()).url_patterns:
        pattern = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from addresses(each, namespace + (f"{each.namespace}:" if each.namespace else ""), pattern)
        elif isinstance(each, URLPattern):
            takes = (*each.pattern.converters, *getattr(each.pattern.regex, "groupindex", ()))
            yield Address(f"{namespace}{each.name}" if each.name else "", pattern, tuple(dict.fromkeys(takes)))
