"""How what an edit changes is put over the camera's own pixels."""
