"""Where training computes: on the GPU of a machine that has one, otherwise on its processor."""

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
HALVES = DEVICE.type == "cuda" or torch.cpu._is_amx_tile_supported()  # noqa: SLF001 - bfloat16 where it is fast
