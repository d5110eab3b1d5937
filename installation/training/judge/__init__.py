"""A judge of edits: it reads what an editor has done and teaches nobody."""
