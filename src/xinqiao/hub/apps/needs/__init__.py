"""Financing needs of firms, what matches them, and the advisers who help."""
