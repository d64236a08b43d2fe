"""What a server takes, so that no client can harm the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes and times in seconds.

    Parameters
    ----------
    max_pixels : int
        Of one image.
    max_question_bytes : int
        Of one question, with the masks in it.
    cache_bytes : int
        Images that are kept; embeddings have a limit of their own.
    arriving_bytes : int
        Requests that are being received or waiting, all together.
    waiting_per_client, waiting : int
        Questions that wait for the models.
    connections : int
        Open at a time; when there are more, those are closed first that have asked nothing for longest.
    head_s : float
        Until all headers of a request are there.
    body_s, bytes_per_s : float
        A body may take the seconds, and one more for so many bytes.
    idle_s : float
        Until a connection on which nothing is asked is closed.
    """

    max_pixels: int = 4096 * 4096
    max_question_bytes: int = 64 << 20
    cache_bytes: int = 2 * 10**9
    arriving_bytes: int = 1 << 30
    waiting_per_client: int = 16
    waiting: int = 256
    connections: int = 256
    head_s: float = 10.0
    body_s: float = 10.0
    bytes_per_s: float = 256 * 1024.0
    idle_s: float = 60.0

    @property
    def max_plane_bytes(self) -> int:
        """Of an image of three channels in float32."""
        return 12 * self.max_pixels
