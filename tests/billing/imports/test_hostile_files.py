"""Files nobody should send: each is refused with words, and nothing of it is half imported."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.imports.importing import ImportRefused
from billing.models import ImportBatch, Organization, Payment, PaymentVersion
from tests.billing.imports.files import bring_payments, payments

pytestmark = pytest.mark.django_db

HOSTILE = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def acme() -> Organization:
    return Organization.objects.create(slug="acme", name="Acme", timezone="Europe/Paris")


def bring_and_check(organization: Organization, content: bytes, *, partial: bool) -> None:
    """The file goes in consistently, or is refused with a sentence and leaves nothing new."""
    before = (Payment.objects.count(), PaymentVersion.objects.count(), ImportBatch.objects.count())
    try:
        result = bring_payments(organization, content, partial=partial)
    except ImportRefused as error:
        messages = [problem.message for problem in error.result.problems]
    else:
        assert result.rows == result.created + result.changed + result.unchanged + result.rejected
        return
    assert messages
    assert all(messages)
    assert (Payment.objects.count(), PaymentVersion.objects.count(), ImportBatch.objects.count()) == before


@HOSTILE
@given(content=st.binary(max_size=300), partial=st.booleans())
def test_any_bytes_are_refused_with_a_sentence(acme: Organization, content: bytes, partial: bool) -> None:
    with pytest.raises(ImportRefused):
        bring_payments(acme, content, partial=partial)


@HOSTILE
@given(seed=st.integers(0, 2**32), partial=st.booleans())
def test_a_damaged_file_goes_in_consistently_or_not_at_all(acme: Organization, seed: int, partial: bool) -> None:
    rng = random.Random(seed)
    content = bytearray(payments(*({"external_id": f"p{n}", "customer": 'a "quoted", one'} for n in range(6))))
    for _damage in range(rng.randrange(1, 5)):
        place = rng.randrange(len(content))
        content[place : place + rng.randrange(0, 3)] = rng.choice(
            [b"", b'"', b"\n", b"\r", b"\0", b",", b";", b"\xff", b"-", b"9" * 30, b"\xef\xbb\xbf"]
        )
    bring_and_check(acme, bytes(content), partial=partial)


@HOSTILE
@given(
    cells=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30), min_size=9, max_size=9
    )
)
def test_any_text_in_any_cell_is_stored_or_refused(acme: Organization, cells: list[str]) -> None:
    header = list(payments({}).decode().splitlines()[0].split(","))
    row = dict(zip(header, cells, strict=True))
    bring_and_check(acme, payments(row), partial=False)
