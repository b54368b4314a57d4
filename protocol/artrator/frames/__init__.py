"""Frames of a film, in and out: folders of pictures, zip, GIF, WebP, MP4. For clients; nodes see pictures only."""

from artrator.frames.reading import is_film, read_film
from artrator.frames.sequence import Film, FilmLimits, natural
from artrator.frames.writing import FILM_FORMATS, check_target, write_film

__all__ = ["FILM_FORMATS", "Film", "FilmLimits", "check_target", "is_film", "natural", "read_film", "write_film"]
