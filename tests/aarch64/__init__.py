"""`make aarch64-test`: the compiled kernels for ARM processors, on a machine that is none.

`machine.py` lays out an aarch64 system in a folder: Python from Debian's packages, spaCy and pytest from their wheels,
and the kernels, cross-compiled. `qemu-aarch64` runs its programs, so that times mean nothing. There run the kernels'
own tests, and those that compare both instruction sets of the processor, NEON and the plain baseline, with spaCy's
answers, computed by spaCy's own aarch64 build.
"""
