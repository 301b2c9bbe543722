"""Print how many texts a second Presidio analyses. Runs in an environment of its own, see `presidio`."""

import json
import sys
from pathlib import Path
from time import perf_counter

from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider


def main(path: str, kind: str, pipeline: str) -> None:
    """Measure one way of calling Presidio on the texts of a file."""
    texts = json.loads(Path(path).read_text("utf-8"))
    models = [{"lang_code": "en", "model_name": pipeline}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    batches = BatchAnalyzerEngine(analyzer)

    def work(some: list[str]) -> None:
        if "Batch" in kind:
            list(batches.analyze_iterator(some, language="en", batch_size=128))
        else:
            for text in some:
                analyzer.analyze(text, language="en")

    work(texts[:50])
    start = perf_counter()
    work(texts)
    print(len(texts) / (perf_counter() - start))


if __name__ == "__main__":
    main(*sys.argv[1:])
