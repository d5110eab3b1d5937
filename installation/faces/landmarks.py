"""Index sets into the 468 landmarks of MediaPipe FaceMesh. Right and left are the visitor's own."""

from typing import Final

LANDMARK_COUNT: Final = 468

# Contours of the eyes as the FFHQ quad wants them: their means sit where the 68-point detector's eye means sit.
RIGHT_EYE: Final = (33, 160, 158, 133, 153, 144)  # the picture's left
LEFT_EYE: Final = (362, 385, 387, 263, 373, 380)  # the picture's right
MOUTH_CORNERS: Final = (61, 291)

# The outline of the face, from the forehead's middle round by the visitor's left.
FACE_OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)

# Around the right and the left cheek, where there is nothing but skin.
CHEEKS: Final = ((117, 101, 205, 187), (346, 330, 425, 411))

# Corners of the eyes that lie farthest apart: the line between them gives a crop its rotation.
OUTER_EYE_CORNERS: Final = (33, 263)

# Upper and lower lid above each other, outer and inner corner.
RIGHT_EYE_LIDS: Final = ((159, 145), (158, 153), (160, 144))
RIGHT_EYE_CORNERS: Final = (33, 133)
LEFT_EYE_LIDS: Final = ((386, 374), (385, 380), (387, 373))
LEFT_EYE_CORNERS: Final = (263, 362)

UPPER_LIP_INNER: Final = (82, 13, 312)
LOWER_LIP_INNER: Final = (87, 14, 317)

# The edges of the lips that meet where a mouth is closed, from the picture's left corner to its right one.
UPPER_LIP_LINE: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP_LINE: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
CHIN, NOSE_BASE = 152, 2
JAW_SIDES: Final = (58, 288)  # the rim of the face beside the mouth, left and right in the picture

# Points that expressions hardly move: forehead, nose bridge, temples, ear side, eye corners. The pose is read from these.
RIGID: Final = (10, 109, 338, 151, 9, 8, 168, 6, 197, 195, 54, 284, 127, 356, 234, 454, 93, 323, 33, 133, 362, 263, 98, 327)

# Which landmarks the attention mesh refines, in the order in which its parts report them (MediaPipe's
# modules/face_landmark/tensors_to_face_landmarks_with_attention). "Right" is the visitor's own right.
LIPS_REFINED: Final = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),  # outer
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),  # inner
    *(76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408),  # between, outer
    *(62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407),  # between, inner
)
RIGHT_EYE_REFINED: Final = (
    *(33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),  # lids
    *(130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190),
    *(226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189),
    *(35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156, 70, 63, 105, 66, 107, 55, 193),  # brow
)
LEFT_EYE_REFINED: Final = (
    *(263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),  # lids
    *(359, 255, 339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414),
    *(446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413),
    *(265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465, 383, 300, 293, 334, 296, 336, 285, 417),  # brow
)
