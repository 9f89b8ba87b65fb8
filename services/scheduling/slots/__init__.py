"""Sessions of one client, or of a client and relatives: free times for them, and booking one."""
