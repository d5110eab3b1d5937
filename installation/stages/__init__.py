"""The boxes of the drawing, one file each: every stage turns one message into the next and knows no other stage."""
