"""Looks the machine over for a show: what is good, what is worth knowing, and what needs a hand, with what to do."""
