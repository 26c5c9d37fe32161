"""The machine: processors, threads, interrupts and files."""
