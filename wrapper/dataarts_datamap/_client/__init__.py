"""The clients: a synchronous one for threads, and an asynchronous one."""
