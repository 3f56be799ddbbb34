"""The models that people may choose: each provider's usual one, and what workers have read from the providers.

Made once a bots process; forms and completions read it. Never calls a provider: bots hold no key of theirs.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

import structlog

from config.providers import Provider
from core.errors import TransientError
from core.ports import UnitOfWork

log = structlog.get_logger(__name__)

_LOOK_S = 300.0
_FIRST_LOOKS_S = 10.0  # while a worker that has just started reads the lists
_FIRST_LOOKS = 3


class Choices(Mapping[str, tuple[str, ...]]):
    """Models by provider, the usual one first; providers that are set up here come first."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        in_order = sorted(providers, key=lambda provider: not provider.set_up)
        self._usual = {provider.name: provider.default_model for provider in in_order}
        self._read: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, provider: str) -> tuple[str, ...]:
        usual = self._usual[provider]
        return (usual, *(model for model in self._read.get(provider, ()) if model != usual))

    def __iter__(self) -> Iterator[str]:
        return iter(self._usual)

    def __len__(self) -> int:
        return len(self._usual)

    async def keep(self, uow: UnitOfWork) -> None:
        """Read what workers have kept, again and again, until cancelled."""
        looks = 0
        while True:
            try:
                async with uow.across() as across:
                    lists = await across.model_lists.all()
                self._read = {name: found.models for name, found in lists.items()}
            except TransientError as error:
                log.warning("choices.not_read", error=str(error))
            looks += 1
            await asyncio.sleep(_FIRST_LOOKS_S if looks <= _FIRST_LOOKS else _LOOK_S)
