"""The compiled kernels: valid float32 arrays in, no checks; `cnnlab.functional` is the checked rim.

`vector` is the vector unit, `_jit` decides how things compile, `_threads` spreads a kernel over the
processor's cores, and `_atomics` is how threads share a word of memory. Nothing is imported here,
so that a kernel costs nothing until it is used.
"""
