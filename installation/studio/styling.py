"""A picture in the styles that are wished for: all over, the people alone, or one face's square, small, to choose by."""

from __future__ import annotations

from dataclasses import dataclass

from installation.control.web.studio_desk import StudioError
from installation.faces.ffhq import crop_to_original, quad_from_landmarks
from installation.messages import Image
from installation.stages.align import align_image
from installation.studio.brushes import SKETCH_PX, Brushes
from installation.studio.people import scaled
from installation.studio.portraying import Offer
from installation.studio.visits import Visit
from installation.studio.wish import FACES_ALONE, SCOPE, STYLE_CONTROLS, Values, Wish
from installation.styles.blend import Blend, blend_of
from installation.styles.library import Palette

PORTRAIT_PX = 384  # longer side that a style is painted at where a portrait is seen alone


@dataclass(eq=False)
class Stylist:
    """Knows which styles there are for a visit, its own among them. Belongs to the studio's jobs."""

    offer: Offer
    brushes: Brushes

    def styled(self, visit: Visit, wish: Wish, picture: Image) -> Image:
        """The picture [h, w, 3] of a visit in the style of a wish; the same one where it wishes for none. picture: the photograph in some
        size, or one face's square where the wish is for a portrait."""
        blend = self._blend(visit, wish.style)
        if blend is None:
            return picture
        if wish.portrait is not None:
            return self.brushes.whole(picture, blend, PORTRAIT_PX)
        if wish.style.get(SCOPE) != FACES_ALONE:
            return self.brushes.whole(picture, blend)
        view = visit.photograph.view
        across, down = picture.shape[1] / view.shape[1], picture.shape[0] / view.shape[0]
        people = sorted(visit.people, key=lambda one: one.width)
        quads = (quad_from_landmarks(scaled(one.face, across, down).landmarks) for one in people)
        return self.brushes.faces(picture, [crop_to_original(quad, 1) for quad in quads], blend)

    def sketch(self, visit: Visit, number: int, style: str) -> Image:
        """A face's square [s, s, 3] in a style. Raises StudioError."""
        palette = self._palette(visit)
        if style not in palette.styles:
            raise StudioError(404, f"There is no style {style[:40]}.")
        quad = quad_from_landmarks(visit.person(number).face.landmarks)
        square = align_image(visit.photograph.view, crop_to_original(quad, SKETCH_PX), SKETCH_PX)
        blend = blend_of(palette, {style: 1.0})
        return square if blend is None else self.brushes.sketch(square, blend)

    def _palette(self, visit: Visit) -> Palette:
        palette = self.offer.palette()
        return Palette({**palette.styles, **visit.own}) if visit.own else palette

    def _blend(self, visit: Visit, style: Values) -> Blend | None:
        """The style that is asked for; None where none is, or none of those that there are."""
        palette, table = self._palette(visit), self.offer.table()
        strength, colour = (float(style.get(name, table[name].default if name in table else 1.0)) for name in STYLE_CONTROLS)
        amounts = {name.split("/")[1]: float(value) for name, value in style.items() if name.count("/") == 2}
        weights = {name: amount for name, amount in amounts.items() if amount > 0 and name in palette.styles}
        return blend_of(palette, weights, strength, colour) if weights else None
