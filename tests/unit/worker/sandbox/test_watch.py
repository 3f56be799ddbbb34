"""The output's keeper, fed through a pipe."""

import os

from hypothesis import given
from hypothesis import strategies as st

from worker.sandbox.job import SandboxLimits
from worker.sandbox.watch import OutputKeeper


def _keep(written: bytes, output_bytes: int) -> OutputKeeper:
    reading, writing = os.pipe()
    keeper = OutputKeeper(reading, SandboxLimits(output_bytes=output_bytes))
    os.write(writing, written)
    os.close(writing)
    keeper.drain()
    os.close(reading)
    return keeper


@given(st.binary(max_size=300), st.integers(min_value=2, max_value=100))
def test_output_is_kept_whole_or_its_two_ends_are(written: bytes, output_bytes: int) -> None:
    keeper = _keep(written, output_bytes)
    half = output_bytes // 2
    if len(written) <= 2 * half:
        assert (keeper.text, keeper.truncated) == (written.decode("utf-8", "replace"), False)
    else:
        assert keeper.truncated
        assert keeper.text.startswith(written[:half].decode("utf-8", "replace"))
        assert keeper.text.endswith(written[-half:].decode("utf-8", "replace"))
        assert f"[... {len(written) - 2 * half} bytes left out ...]" in keeper.text


def test_what_is_not_utf8_is_replaced() -> None:
    assert _keep(b"a\xffb", 100).text == "a\ufffdb"
