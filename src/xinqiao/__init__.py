"""信桥 Xinqiao: credit for small firms from what banks and offices already know."""

__version__ = "0.1.0"
