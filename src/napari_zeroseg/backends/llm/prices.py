"""What tokens cost, where it is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from napari_zeroseg.backends.llm.chat import Usage

TOKENS_PER_PRICE = 1_000_000


class Price(BaseModel):
    """US dollars per million tokens."""

    prompt: float = Field(ge=0)
    answer: float = Field(ge=0)


class PriceList(BaseModel):
    """Prices by server and model, the month they are of, and who says so."""

    as_of: str
    source: str
    servers: dict[str, dict[str, Price]]


@dataclass(frozen=True, slots=True)
class Spending:
    """What one model took.

    Parameters
    ----------
    server : str
        Where it runs, as the price list calls it.
    model : str
        Its name.
    usage : Usage
        Requests and tokens.
    dollars : float or None
        US dollars, None where no price is known.
    as_of : str
        The month of the price list.
    """

    server: str
    model: str
    usage: Usage
    dollars: float | None
    as_of: str

    def __str__(self) -> str:
        tokens = f"{self.usage.prompt_tokens} + {self.usage.answer_tokens} tokens"
        return f"{self.model}: {_counted(self.usage.calls)}, {tokens}{self._cost()}"

    def _cost(self) -> str:
        if self.dollars is None:
            return ""
        return f", about ${self.dollars:.4f} (unofficial prices of {self.as_of})"

    def since(self, before: Usage | None) -> Spending:
        """Return what was taken after ``before``."""
        return self if before is None else spending(self.server, self.model, self.usage - before)


def _counted(calls: int) -> str:
    return "1 request" if calls == 1 else f"{calls} requests"


@lru_cache(maxsize=1)
def price_list() -> PriceList:
    """Return the package's price list."""
    text = files("napari_zeroseg.backends.llm").joinpath("prices.yaml").read_text(encoding="utf-8")
    return PriceList.model_validate(yaml.safe_load(text))


def spending(server: str, model: str, usage: Usage) -> Spending:
    """Return what tokens of a model on a server cost."""
    prices = price_list()
    price = prices.servers.get(server, {}).get(model)
    return Spending(server, model, usage, _dollars(price, usage) if price else None, prices.as_of)


def _dollars(price: Price, usage: Usage) -> float:
    spent = price.prompt * usage.prompt_tokens + price.answer * usage.answer_tokens
    return spent / TOKENS_PER_PRICE
