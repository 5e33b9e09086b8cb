"""What all compiled kernels need: the compiler, its cache on disk, threads, and locks."""
