"""What every room uses: errors, output files, threads, signals, the machine, names to choose from."""
