"""What people do today with a corpus in Parquet: `nlp.pipe` in processes, and Ray Data around plain spaCy.

Both read the file, find the entities with the NER alone, and write Parquet. The time is that of the work: from the
first batch to the last one, without imports and loading. It is printed as JSON.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.ner_alone import load_ner
from benchmarks.offline import BATCH_SIZE


def nlp_pipe(source: Path, processes: int) -> dict[str, float]:
    """Run `nlp.pipe(n_process=...)` over the file."""
    nlp = load_ner()
    began = time.perf_counter()
    texts = pq.read_table(source, columns=["text"])["text"].to_pylist()
    rows = [_entities(doc) for doc in nlp.pipe(texts, batch_size=BATCH_SIZE, n_process=processes)]
    pq.write_table(pa.table({"entities": rows}), source.with_suffix(".pipe.parquet"))
    return {"rows": len(rows), "seconds": time.perf_counter() - began}


class SpacyActor:
    """What the documentation of Ray Data calls a stateful transform: a model that each actor loads once."""

    def __init__(self) -> None:
        self._nlp = load_ner()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Add the entities, and when the batch began and ended."""
        began = time.time()
        rows = [_entities(doc) for doc in self._nlp.pipe(list(batch["text"]), batch_size=BATCH_SIZE)]
        count = len(rows)
        return {"entities": [json.dumps(row) for row in rows], "began": [began] * count, "ended": [time.time()] * count}


def ray_data(source: Path, actors: int) -> dict[str, float]:
    """Run Ray Data's `map_batches` with actors over the file."""
    import ray  # noqa: PLC0415 - the other rival does without

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=actors, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    target = source.with_suffix(".ray")
    dataset = ray.data.read_parquet(str(source), override_num_blocks=4 * actors).repartition(4 * actors)
    # Without CPUs of its own the reading stage would wait for ever behind actors that take all of them.
    found = dataset.map_batches(
        SpacyActor, batch_size=1024, compute=ray.data.ActorPoolStrategy(size=actors), num_cpus=0.5
    )
    found.write_parquet(str(target))
    written = pq.read_table(target)
    ray.shutdown()
    seconds = max(written["ended"].to_pylist()) - min(written["began"].to_pylist())
    return {"rows": written.num_rows, "seconds": seconds}


def _entities(doc: Any) -> list[dict[str, Any]]:
    return [{"text": ent.text, "label": ent.label_, "start": ent.start_char, "end": ent.end_char} for ent in doc.ents]


if __name__ == "__main__":
    rival = {"pipe": nlp_pipe, "ray": ray_data}[sys.argv[1]]
    print(json.dumps(rival(Path(sys.argv[2]), 2)))
