"""Services of this machine: processors, memory, threads, interrupts, durable files."""
