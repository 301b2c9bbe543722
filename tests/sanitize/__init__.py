"""`make sanitize`: the compiled kernels under AddressSanitizer and UndefinedBehaviorSanitizer, and without memory.

`build.py` compiles a second copy of the kernels with both sanitizers and lays it into a copy of the package, so that
Python code finds it in the place of the installed one. With that copy, each in a process of its own, run:

1. `planted_bugs.py`: an overrun, undefined behaviour and a leak, which must all be reported;
2. the kernels' own tests, by pytest;
3. `feed.py`: thousands of odd texts (`odd_texts.py`) through every kernel;
4. `fail_allocations.py`: every operation with its first, second, third, ... allocation failing, as in the test
   `rax-oom-test.c` of antirez/rax. Each failure must be a MemoryError and leave no memory behind.

The folder stands beside the rooms' tests because its programs are run by pytest only in part, take minutes, and reach
the kernels through the public types alone: no name of a C file occurs here.
"""
