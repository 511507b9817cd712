"""Tables of the audit log (reliability 5.3). Rows are written by ``services`` only and never changed.

Ids of parties are plain text columns, not foreign keys: this app is below all others, and evidence outlives the
rows it speaks about.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import Actor
from xinqiao.hub.viewers import seen_by


class LogHead(models.Model):
    """The one row whose lock orders the log: the size and frontier of the tree, and the hash of the last leaf.

    Taken last in every transaction that writes a leaf, so two transactions can never wait for each other in a ring.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    origin = models.CharField(max_length=120)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=b"")
    last_hash = models.BinaryField(default=b"")
    last_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("日志头")
        verbose_name_plural = _("日志头")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="audit_head_is_one_row"),
            models.CheckConstraint(condition=models.Q(size__gte=0), name="audit_head_size"),
        ]

    def __str__(self) -> str:
        return f"{self.origin}:{self.size}"


class LeafQuerySet(models.QuerySet["Leaf"]):
    """The only door to leaves that concern somebody."""

    def for_viewer(self, actor: Actor) -> "LeafQuerySet":
        """An enterprise, institution or source sees the leaves that name it; auditor and operator see all."""
        # A source stands in the same place of a leaf as an institution: the organisation that acted.
        return seen_by(
            self, actor, enterprise="subject_id", institution="institution_id", source="institution_id"
        )


class Leaf(models.Model):
    """One entry of the log: canonical bytes and their RFC 6962 leaf hash, under a gap-free index."""

    index = models.BigIntegerField(primary_key=True)
    type = models.CharField(max_length=24)
    at = models.DateTimeField()
    body = models.BinaryField()
    hash = models.BinaryField()
    subject_id = models.CharField(max_length=40, null=True, blank=True)
    institution_id = models.CharField(max_length=40, null=True, blank=True)
    node_id = models.CharField(max_length=40, null=True, blank=True)
    object_id = models.CharField(max_length=40, null=True, blank=True)

    objects = LeafQuerySet.as_manager()

    class Meta:
        verbose_name = _("审计条目")
        verbose_name_plural = _("审计条目")
        indexes = [
            # A party's own ledger and its export.
            models.Index(fields=["subject_id", "index"], name="audit_leaf_subject"),
            models.Index(fields=["institution_id", "index"], name="audit_leaf_institution"),
            # The evidence beside one authorisation or query.
            models.Index(fields=["object_id", "index"], name="audit_leaf_object"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(index__gte=0), name="audit_leaf_index"),
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.type}"


class TreeNode(models.Model):
    """The hash of one complete subtree of at least 256 leaves, so that a proof reads a few rows, not the whole log."""

    level = models.PositiveSmallIntegerField()
    position = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        verbose_name = _("树节点")
        verbose_name_plural = _("树节点")
        constraints = [
            models.UniqueConstraint(fields=["level", "position"], name="audit_treenode_once"),
        ]

    def __str__(self) -> str:
        return f"{self.level}/{self.position}"


class Checkpoint(models.Model):
    """A signed tree head: everything up to ``size`` can be proved against it offline."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("检查点")
        verbose_name_plural = _("检查点")

    def __str__(self) -> str:
        return str(self.size)


class Commitment(models.Model):
    """The encrypted salt of one committed personal value of a leaf. Deleting it erases the value; proofs survive."""

    leaf_index = models.BigIntegerField()
    name = models.CharField(max_length=40)
    salt_enc = models.TextField()

    class Meta:
        verbose_name = _("承诺盐值")
        verbose_name_plural = _("承诺盐值")
        constraints = [
            models.UniqueConstraint(fields=["leaf_index", "name"], name="audit_commitment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.leaf_index}/{self.name}"
