"""信用报告: issued from what was collected, numbered and provable, never kept: the row holds its digest, not its content."""
