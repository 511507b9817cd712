"""The refused rows of a batch, for its source only: they hold what was sent, personal data among it."""

from xinqiao.domain.errors import NotFound
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.collection.engine import Engine
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.pipeline import the_engine
from xinqiao.hub.apps.collection.processing import job_of


def refused_rows(actor: SourceActor, batch_id: str, kind: str, *, engine: Engine | None = None) -> bytes:
    """The file to correct, ``xlsx`` or ``csv``. Raises NotFound: foreign, absent, or nothing was refused."""
    row = Batch.objects.for_viewer(actor).select_related("source").filter(id=batch_id).first()
    if row is None or not row.rows_refused:
        raise NotFound
    return (engine or the_engine()).refused_file(job_of(row), f".{kind}").read_bytes()
