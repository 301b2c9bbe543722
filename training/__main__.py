"""`python -m training DATA`: train the sentiment model on the corpora and write it into its folder."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

from spanwise.pipelines.sentiment import model_folder
from spanwise.pipelines.sentiment.artefact import FORMAT
from training.calibration import calibrate
from training.export import export
from training.recipe import (
    CALIBRATED,
    EPOCHS,
    SEED,
    Development,
    new_student,
    prepare,
    train,
    training_of,
    vocabulary_of,
)
from training.student import Size
from training.swapping import Swapper


def main() -> None:
    """Train, calibrate and export a model, and print its figures on development data."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--language", default="en", help="the language of the corpora")
    parser.add_argument("--out", type=Path, help="the model's folder; by default the language's own in the package")
    parser.add_argument("--cache", type=Path, default=Path(".training"), help="a folder for the teacher and its labels")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--everyday", action="store_true", help="also learn from made texts, symbols and words alone")
    arguments = parser.parse_args()
    out: Path = arguments.out or model_folder(arguments.language)
    started = time.monotonic()
    torch.manual_seed(arguments.seed)
    ground = prepare(arguments.data, arguments.cache, arguments.seed)
    training = training_of(ground, everyday=arguments.everyday)
    development = Development.read(ground.corpora, ground.reader)
    swapper = Swapper(ground.reader.types, training.sentences, arguments.seed)
    size = Size()
    vocabulary = vocabulary_of(ground, size)
    print(
        f"{len(training.texts)} texts, {len(training.targets)} targets, {len(vocabulary.keys)} words "
        f"({time.monotonic() - started:.0f} s)",
        flush=True,
    )
    student = train(
        new_student(ground, vocabulary, size), training, swapper, epochs=arguments.epochs, seed=arguments.seed
    )
    calibrated = [development.texts[name] for name in CALIBRATED]
    scaling = calibrate(student, calibrated, list(development.targets.values()))
    found = development.figures(student)
    for name, row in found.items():
        print(f"{name:20} {json.dumps(row)}", flush=True)
    metadata: dict[str, Any] = {
        "format": FORMAT,
        "language": arguments.language,
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        "calibration": scaling,
        "development": found,
    }
    export(student, vocabulary, ground.reader.types, out, metadata)
    print(f"wrote {out} after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
