"""The program as a service of systemd: its unit, and how it is put in place."""
