"""What the photo page is told, as JSON: the controls that edit a still, and who is in a photograph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from installation.control.parameters import ParameterTable, Scalar
from installation.control.web.desk_view import row_json
from installation.control.web.studio_desk import MOST_BYTES, MOST_CODE_BYTES, Json, StudioError
from installation.models.bundle import Models
from installation.studio.code_file import MOST_PAINTINGS
from installation.studio.people import Person, largest
from installation.studio.photograph import MOST_PIXELS
from installation.studio.portraying import Offer
from installation.studio.visits import Visit
from installation.studio.wish import FACE_CONTROLS, SCOPE, STYLE_CONTROLS, is_edit, is_style, read_values
from installation.styles.library import Style

COARSE_TO, MIDDLE_TO = 8, 32  # px: layers up to there are shape and pose, then features; finer ones are colour and texture
LONGER_SECONDS = (2, 10, 60)  # that a longer look may take
TITLES: Mapping[str, str] = {"identity/glass": "glass", "identity/detail": "detail", "truncation": "likeness"}


def desk_of(offer: Offer, samples: int, alone: bool) -> Json:
    """All that the page is made of."""
    table = offer.table()
    return {
        "edits": [row_json(row) for name, row in table.items() if name.startswith("edit/") and is_edit(name)],
        "face": [{**row_json(table[name]), "title": TITLES[name]} for name in FACE_CONTROLS],
        "blends": [_blend(child.name, offer.models.resolutions, table) for child in offer.models.children],
        "styles": [row_json(row) for name, row in table.items() if is_style(name) and name not in (*STYLE_CONTROLS, SCOPE)],
        "styling": [row_json(table[name]) for name in (*STYLE_CONTROLS, SCOPE) if name in table],
        "samples": samples,
        "alone": alone,
        "longer": {"seconds": LONGER_SECONDS, "why": no_longer_look(offer.models)},
        "limits": {"bytes": MOST_BYTES, "code": MOST_CODE_BYTES, "pixels": MOST_PIXELS},
    }


def no_longer_look(models: Models) -> str:
    """Why no code can be looked for with these models, in a sentence; empty where one can."""
    file = models.generator_path
    if file is None or not any(True for _ in models.base.parameters()):
        return "This mirror draws with an exported engine alone, which nothing can be looked for in; its generator's own file could be."
    if not file.is_file():
        return f"The generator's file, {file.name}, is not there any more; without it nothing can be looked for."
    return ""


def _blend(child: str, resolutions: Collection[int], table: ParameterTable) -> Json:
    """A child generator: how much of it, and its layers in three groups, each moved as one."""
    layers = {"coarse": [r for r in resolutions if r <= COARSE_TO], "middle": [r for r in resolutions if COARSE_TO < r <= MIDDLE_TO]}
    layers["fine"] = [r for r in resolutions if r > MIDDLE_TO]
    groups = {word: [f"blend/{child}/layer/{r}" for r in these] for word, these in layers.items() if these}
    defaults = {name: table[name].default for names in groups.values() for name in names}
    return {"name": child, "amount": row_json(table[f"blend/{child}/amount"]), "groups": groups, "defaults": defaults}


def visit_json(visit: Visit) -> Json:
    """A photograph, who is in it, and who is to be edited first. Boxes: x, y, width and height in fractions of the picture."""
    photograph, chosen = visit.photograph, largest(visit.people)
    height, width = photograph.view.shape[:2]

    def box(person: Person) -> list[float]:
        x0, y0, x1, y1 = person.face.box
        return [round(v, 5) for v in (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)]

    return {
        "id": visit.id,
        "name": photograph.name,
        "digest": photograph.digest,
        "width": photograph.width,
        "height": photograph.height,
        "notices": list(photograph.notices),
        "people": [{"number": one.number, "box": box(one), "why": one.why} for one in visit.people],
        "lent": visit.lent is not None,
        "chosen": None if chosen is None else chosen.number,
        "paintings": [painting_json(style) for style in visit.own.values()],
    }


def painting_json(style: Style) -> Json:
    """A style of the visitor's own: its control, and what to call it."""
    return {"name": f"style/{style.name}/amount", "title": style.description}


def adopted_json(mine: Visit, theirs: Visit, names: Mapping[str, str], codes: Mapping[int, list[int]]) -> Json:
    """What one visit has taken over from another. names: of own styles here, by those that they have there; codes: their numbers here, by
    face."""
    left = [style.description for name, style in theirs.own.items() if name not in names]
    none = f"Left out, as {MOST_PAINTINGS} paintings are the most that one picture has at a time: {', '.join(left)[:300]}."
    return {
        "codes": {str(number): those for number, those in codes.items()},
        "styles": {f"style/{old}/amount": f"style/{new}/amount" for old, new in names.items()},
        "paintings": [painting_json(style) for style in mine.own.values()],
        "notices": [none] if left else [],
    }


def kept_values(
    given: Mapping[str, object], table: ParameterTable, fits: Callable[[str], bool], own: Collection[str] = ()
) -> tuple[dict[str, Scalar], list[str]]:
    """Those of a file's values that this machine has, and the names of the others."""
    values: dict[str, Scalar] = {}
    left: list[str] = []
    for name, value in given.items():
        try:
            values |= read_values({name: value}, table, fits, own)
        except StudioError:
            left.append(str(name)[:60])
    return values, left
