"""What can be said of a field by its definition alone."""

from xinqiao.domain.catalogue.model import Field, FieldType

#: Months of files, ``2024-05``.
MONTH_PATTERN = "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"


def is_dated(field: Field) -> bool:
    """Whether a field says when: a date, a month ``YYYY-MM``, a year."""
    return (
        field.type is FieldType.DATE
        or (field.type is FieldType.STRING and field.pattern == MONTH_PATTERN)
        or (
            field.type is FieldType.INTEGER
            and (field.minimum or 0) >= 1000
            and (field.maximum or 10_000) < 10_000
        )
    )
