"""Index sets into the 468 landmarks of MediaPipe FaceMesh. Right and left are the visitor's own."""

from typing import Final

LANDMARK_COUNT: Final = 468

# Contours of the eyes as the FFHQ quad wants them: their means sit where the 68-point detector's eye means sit.
RIGHT_EYE: Final = (33, 160, 158, 133, 153, 144)  # the picture's left
LEFT_EYE: Final = (362, 385, 387, 263, 373, 380)  # the picture's right
MOUTH_CORNERS: Final = (61, 291)

# Corners of the eyes that lie farthest apart: the line between them gives a crop its rotation.
OUTER_EYE_CORNERS: Final = (33, 263)

# Upper and lower lid above each other, outer and inner corner.
RIGHT_EYE_LIDS: Final = ((159, 145), (158, 153), (160, 144))
RIGHT_EYE_CORNERS: Final = (33, 133)
LEFT_EYE_LIDS: Final = ((386, 374), (385, 380), (387, 373))
LEFT_EYE_CORNERS: Final = (263, 362)

UPPER_LIP_INNER: Final = (82, 13, 312)
LOWER_LIP_INNER: Final = (87, 14, 317)
UPPER_LIP_OUTER: Final = 0
LOWER_LIP_OUTER: Final = 17

# Points that expressions hardly move: forehead, nose bridge, temples, ear side, eye corners. The pose is read from these.
RIGID: Final = (10, 109, 338, 151, 9, 8, 168, 6, 197, 195, 54, 284, 127, 356, 234, 454, 93, 323, 33, 133, 362, 263, 98, 327)
