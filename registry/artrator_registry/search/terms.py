"""From what people type and write to what the index holds."""

from __future__ import annotations

import re
from typing import Final

#: Scripts whose words grow together: Hangul, kana, Han.
_RUN: Final = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]{2,}")
_WORD: Final = re.compile(r"[^\W_]+")
#: A run longer than this is no word that anybody searches the middle of.
_LONGEST_RUN: Final = 24
#: Words beyond this many add nothing to a search.
_MOST_WORDS: Final = 12


def indexed(text: str) -> str:
    """The text, and behind it every ending of each run of Hangul, kana or Han.

    A prefix query then finds a word in the middle of a compound: 그림 in 유화그림. The trigram tokenizer would not,
    because most Korean nouns have two syllables.
    """
    endings = [run[start:] for run in _RUN.findall(text) if len(run) <= _LONGEST_RUN for start in range(1, len(run))]
    return " ".join([text, *endings])


def query(typed: str) -> str:
    """An FTS5 query that matches listings with every word, each as a beginning; empty if there is no word.

    Words are quoted, so nothing that is typed is an operator.
    """
    return " ".join(f'"{word}"*' for word in _WORD.findall(typed)[:_MOST_WORDS])
