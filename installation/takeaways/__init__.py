"""Pictures that visitors ask for and take home: the gesture, the countdown, the film, the shelf they lie on, and the print."""
