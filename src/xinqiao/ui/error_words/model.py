"""The shape of the words of one code."""

from typing import NamedTuple

from xinqiao.ui.i18n import Language, language


class ErrorWords(NamedTuple):
    """A title (what happened) and a step (what to do next), in both languages."""

    zh: str
    zh_step: str
    en: str
    en_step: str

    @property
    def title(self) -> str:
        """What happened, in the language in force."""
        return self.en if language() is Language.EN else self.zh

    @property
    def step(self) -> str:
        """What to do next, in the language in force."""
        return self.en_step if language() is Language.EN else self.zh_step
