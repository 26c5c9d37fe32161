"""Who may use the chat: accounts, the log-in, its sessions, and the address at which it is served."""
