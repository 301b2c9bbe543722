"""A wall clock that jumps: deadlines, rates, silences and delays are measured by the monotonic clock."""

import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from tests.faults.load import load
from tests.faults.misbehaving import MisbehavingPipeline
from tests.faults.observing import ask, entities, metrics, wait_for_readiness
from tests.support.process import service

YEAR = 365 * 24 * 3600


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc, to build what makes the clock jump")
@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_a_jump_of_the_wall_clock_changes_nothing(jump: int, misbehaving: MisbehavingPipeline, tmp_path: Path) -> None:
    """Requests under way are answered, none times out, no worker is replaced; only the log has another date."""
    library, offset = tmp_path / "wall_clock.so", tmp_path / "offset"
    source = Path(__file__).parent / "wall_clock.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", source, "-o", library, "-ldl"], check=True)
    offset.write_text("0")
    settings = misbehaving.environment(stall_seconds="30", hang_seconds="60", worker_silence_seconds="60")
    preloaded = {**settings, "LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(offset)}
    with service(preloaded) as process, ThreadPoolExecutor(1) as pool:
        before = process.worker_pids()
        with load(process.url, 2, text="Paris", pause=0.01) as found:
            found.wait_for(5)
            offset.write_text(str(jump))
            found.wait_for(20)
            wait_for_readiness(process, 200)
        assert set(found.counts()) == {200}
        accepted = pool.submit(entities, process, "HANG on in Paris")
        time.sleep(1)
        offset.write_text(str(-jump))
        time.sleep(1)
        assert ask(process, "/readyz").status_code == 200
        misbehaving.control("release")
        assert accepted.result().status_code == 200
        assert process.worker_pids() == before
        durations = metrics(process)
        count = durations("spanwise_request_duration_seconds_count", operation="extract_entities")
        total = durations("spanwise_request_duration_seconds_sum", operation="extract_entities")
        assert 0 < total < 60 * count
        assert process.stop() == 0
    dates = [datetime.fromisoformat(line["timestamp"]) for line in process.log]
    assert (max(dates) - min(dates)).total_seconds() > YEAR, "the clock never jumped"
