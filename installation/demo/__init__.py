"""The embedded visitors: a clip of computer-generated people, and the command that makes it again."""
