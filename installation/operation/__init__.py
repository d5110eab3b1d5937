"""Running unattended: workers, supervision, health."""
