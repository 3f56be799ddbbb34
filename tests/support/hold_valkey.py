"""`python -m tests.support.hold_valkey FOLDER`: starts the embedded Valkey and waits, so that a test can kill it."""

import asyncio
import sys
from pathlib import Path

from core.adapters.embedded_valkey import EmbeddedValkey


async def main(folder: Path) -> None:
    valkey = EmbeddedValkey(folder)
    await valkey.start()
    sys.stdout.write(f"server {valkey.pid} ready\n")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
