"""Tables of collection: batches, files still on their way, the counter of both. Verbs are in ``services``."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.collection import UNFINISHED, BatchState
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Source, User
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

CHANNELS = ("portal", "folder", "command", "api")
_UNFINISHED = sorted(state.value for state in UNFINISHED)
#: Taken into the lake and not on their way out: of these it is counted what they replaced.
_COUNTED = [BatchState.ACCEPTED.value, BatchState.PARTLY_ACCEPTED.value]


class BatchCounter(models.Model):
    """The one row under whose lock batches are received: their order, and the number of the Shanghai day."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    day = models.DateField(null=True)
    of_day = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="collection_counter_is_one_row")]

    def __str__(self) -> str:
        return str(self.seq)


class BatchQuerySet(models.QuerySet["Batch"]):
    """The only door to batches."""

    def for_viewer(self, actor: Actor) -> "BatchQuerySet":
        """A source sees what it sent itself."""
        return seen_by(self, actor, source="source_id")

    def waiting(self) -> "BatchQuerySet":
        """Those that still wait for the hub."""
        return self.filter(state__in=_UNFINISHED)

    def uncounted(self) -> "BatchQuerySet":
        """Those of which nobody has counted yet what they replaced."""
        return self.filter(state__in=_COUNTED, counted_at=None)


class Batch(models.Model):
    """One file of one item from one source, and what became of it.

    ``seq`` orders batches: of two records with one natural key the later batch's counts. The counts are null until
    the file was judged. ``receipt`` is what the pipeline found, by rule and field, with masked examples; the refused
    rows themselves are in a file beside the batch (``files``). ``code`` says why a batch was returned or failed.
    ``lease_until`` is how long the worker that has it may be believed alive. ``rows_superseding`` is counted behind the
    rest (``replaced``); it stays null when it could not be told at ``counted_at``.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    seq = models.BigIntegerField(unique=True)
    number = models.CharField(max_length=24, unique=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="batches")
    item = models.CharField(max_length=64)
    item_version = models.PositiveIntegerField(default=1)
    file_name = models.CharField(max_length=160)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    channel = models.CharField(max_length=12, default="portal")
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    data_as_of = models.DateField(null=True, blank=True)
    sent_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sent_by_name = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=16, default=BatchState.RECEIVED.value)
    version = models.PositiveIntegerField(default=1)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_read = models.BigIntegerField(null=True, blank=True)
    rows_accepted = models.BigIntegerField(null=True, blank=True)
    rows_duplicate = models.BigIntegerField(null=True, blank=True)
    rows_refused = models.BigIntegerField(null=True, blank=True)
    rows_superseding = models.BigIntegerField(null=True, blank=True)
    counted_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=40, blank=True)
    code_facts = models.JSONField(default=dict, blank=True)
    receipt = models.JSONField(null=True, blank=True)
    received_leaf = models.BigIntegerField(null=True, blank=True)
    finished_leaf = models.BigIntegerField(null=True, blank=True)
    withdrawal_reason = models.CharField(max_length=200, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("归集批次")
        verbose_name_plural = _("归集批次")
        indexes = [
            # The source's list, newest first; also its item's last batches.
            models.Index(fields=["source", "-seq"], name="collection_batch_source"),
            # The worker's question: what waits?
            models.Index(fields=["seq"], name="collection_batch_due", condition=Q(state__in=_UNFINISHED)),
            # And when nothing does: what is not counted yet?
            models.Index(
                fields=["seq"],
                name="collection_batch_uncounted",
                condition=Q(state__in=_COUNTED, counted_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in BatchState]), name="collection_batch_state"
            ),
            models.CheckConstraint(condition=Q(channel__in=CHANNELS), name="collection_batch_channel"),
            # The same file again is the same batch; what was withdrawn may be sent anew.
            models.UniqueConstraint(
                fields=["source", "item", "digest"],
                condition=~Q(state=BatchState.WITHDRAWN.value),
                name="collection_batch_once",
            ),
            models.CheckConstraint(
                condition=Q(rows_read__isnull=True)
                | Q(rows_read=F("rows_accepted") + F("rows_duplicate") + F("rows_refused")),
                name="collection_batch_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class UploadQuerySet(models.QuerySet["Upload"]):
    """The only door to files on their way."""

    def for_viewer(self, actor: Actor) -> "UploadQuerySet":
        """A source sees its own."""
        return seen_by(self, actor, source="source_id")


class Upload(models.Model):
    """A file that is still coming, piece after piece; a broken line goes on where it stopped.

    ``key`` is what the sender's browser knows the file by, so that choosing the file again finds its beginning here.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    # None: the source's system sends at the interface.
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    item = models.CharField(max_length=64)
    file_name = models.CharField(max_length=160)
    key = models.CharField(max_length=64)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    corrects = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    data_as_of = models.DateField(null=True, blank=True)
    touched_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("上传中的文件")
        verbose_name_plural = _("上传中的文件")
        constraints = [
            models.CheckConstraint(
                condition=Q(received__gte=0, received__lte=F("size")), name="collection_upload_size"
            ),
            models.UniqueConstraint(fields=["user", "item", "key"], name="collection_upload_once"),
            models.UniqueConstraint(
                fields=["source", "item", "key"],
                condition=Q(user__isnull=True),
                name="collection_upload_once_by_system",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
