"""Map a pipeline's static vectors from its own file, in place of the copy of them that spaCy makes in every process.

The file is the model's own (`vocab/vectors`, as `numpy.save` writes it), so that nothing has to be written: neither a
first start nor a read-only root needs anything. All processes that map it share its pages in the kernel's page cache.
The mapping is copy-on-write: a component of the user's own may still change a vector, for its process alone.
"""

from pathlib import Path
from typing import Any

import numpy as np
from spacy.vectors import Vectors
from spacy.vocab import Vocab


def map_vectors(vocab: Vocab, folder: Path) -> bool:
    """Let a vocabulary's static vectors be the pages of the file that they were read from.

    Returns False, and changes nothing, where there is no such file or the vectors are not those in it.
    """
    vectors: Any = vocab.vectors
    path = folder / "vocab" / "vectors"
    if not isinstance(vectors, Vectors) or not vectors.data.size or not path.is_file():
        return False
    try:
        mapped = np.load(path, mmap_mode="c", allow_pickle=False).view(np.ndarray)
    except ValueError:  # of another form than numpy's
        return False
    if mapped.dtype != vectors.data.dtype or not np.array_equal(mapped, vectors.data):
        return False
    vectors.data = mapped
    return True
