"""What every room uses: errors, output files, threads, signals, names to choose from."""
