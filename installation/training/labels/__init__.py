"""Hair and eyes read off pictures, and corrected by a person."""
