# SPDX-License-Identifier: Apache-2.0
"""Which emoji the model learns, how often it sees each, and under which captions.

Pure Python on the entries of ``emojibase-data`` (``en/data.json``), so it runs and is tested without any image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]
"""One emoji of emojibase: ``label``, ``hexcode``, ``tags``, ``group``, ``subgroup`` and more."""

# Groups of emojibase 17.  Components, symbols and flags (2, 8, 9) carry no nameable object; people (1) are
# mostly skin-tone and gender variants of one drawing.
SMILEYS, ANIMALS, FOOD, TRAVEL, ACTIVITIES, OBJECTS = 0, 3, 4, 5, 6, 7
KEPT_GROUPS = frozenset({SMILEYS, ANIMALS, FOOD, TRAVEL, ACTIVITIES, OBJECTS})

# Body parts are the one part of "people" that is neither a person nor a gesture.
KEPT_BODY_PARTS = frozenset({"brain", "anatomical heart", "tooth", "bone", "eye", "thumbs up"})

# Near-duplicates at 32 pixels, pictures that are mostly writing, and drawings without a nameable object.
LEFT_OUT = re.compile(
    r"""o’clock | -thirty | \bgibbous\b | first\ quarter | last\ quarter | waxing | waning | new\ moon | ^oncoming\b
    | \barrow\b | post\ office | sign$ | speaker | banknote | bubble | symbols | ZZZ | anger | exclamation
    | hundred\ points | \bmail | mailbox | \btray\b | e-mail | card\ index | card\ file | chart | dividers
    | bookmark\ tabs | page | ledger | ^label$ | placard | identification | map | meridians | stopwatch | timer
    | musical\ score | ticket | ^trackball | ^pager$ | fax | low\ battery | muted | with\ slash | knobs | slider | suit$
    | mahjong | joker | flower\ playing | 1st|2nd|3rd | railway\ track | motorway | ^construction$ | bus\ stop
    | moon\ viewing | pine\ decoration | tanabata | wheelchair | kaaba | shinto | prayer\ beads | hindu | landslide
    | mountain\ cableway | suspension\ railway | aerial\ tramway | tram\ car | ^station$ | light\ rail | ^metro$
    | airplane\ (departure|arrival) | small\ airplane | passenger\ ship | high-speed | monorail
    | brick | ^wood$ | building\ construction | derelict | ^hole$ | dashing | sweat\ droplets | love\ hotel
    | bank$ | hospital | convenience | department | ^hotel$ | ^school$ | Japanese | videocassette | film\ frames
    | clinking | incoming | outbox | unlocked | locked\ with | wired | ^notebook | spiral | tear-off
    | hammer\ and | chains$ | ^link$ | elevator | open\ file | lab\ coat | briefs | sari | funeral | headstone
    | cloud\ with\ lightning\ and\ rain | sun\ behind\ (small|large|rain) | magnifying\ glass\ tilted\ right
    | ^fog$ | foggy | with\ decorative | growing | revolving | decoration | beating\ heart | mending | moai
    | ^(slightly|beaming|grinning\ squinting|expressionless|unamused|grimacing|lying|shaking|distorted)\b
    | head\ shaking | dotted | without\ mouth | diagonal | anguished | hushed | persevering | confounded | downcast
    | disappointed | frowning\ face\ with | kissing\ face | raised\ eyebrow | peeking | open\ eyes\ and | saluting
    | spiral\ eyes | woozy | crossed-out | hand\ over | open\ hands | exhaling | bags\ under | worried | pensive
    | sad\ but | holding\ back | with\ open\ mouth | tired | anxious | see-no-evil | speak-no-evil | squinting
    | guide\ dog | service\ dog
    | microbe | dna | petri | x-ray | crutch | razor | lotion | safety\ pin | cigarette | coffin | white\ cane""",
    re.VERBOSE,
)

# Everyday names a person types that the Unicode label does not use, by Unicode label.
EVERYDAY_NAMES: dict[str, tuple[str, ...]] = {
    "grinning cat": ("smiling cat", "happy cat", "cat with a smile"),
    "grinning cat with smiling eyes": ("cat with closed eyes", "laughing cat"),
    "smiling cat with heart-eyes": ("cat in love", "cat with heart eyes"),
    "cat face": ("cat", "kitten", "cute cat"),
    "dog face": ("dog", "puppy", "cute dog"),
    "frog": ("frog face", "green frog", "toad"),
    "red apple": ("apple", "ripe red apple"),
    "pizza": ("slice of pizza", "pizza slice", "pepperoni pizza"),
    "automobile": ("car", "red car"),
    "sport utility vehicle": ("blue car", "SUV"),
    "taxi": ("yellow taxi", "cab"),
    "racing car": ("race car", "sports car", "fast car"),
    "delivery truck": ("truck", "lorry"),
    "fire engine": ("fire truck",),
    "house": ("home", "small house"),
    "house with garden": ("house with a tree",),
    "deciduous tree": ("tree", "green tree", "big tree"),
    "evergreen tree": ("pine tree", "fir tree"),
    "sun": ("sunshine", "yellow sun", "bright sun"),
    "sun with face": ("smiling sun", "happy sun"),
    "fish": ("blue fish",),
    "tropical fish": ("yellow fish", "striped fish"),
    "blossom": ("flower", "daisy"),
    "hibiscus": ("pink flower", "tropical flower"),
    "sunflower": ("yellow flower",),
    "tulip": ("tulip flower", "flower"),
    "cherry blossom": ("pink flower", "pink blossom"),
    "rose": ("red rose",),
    "red heart": ("heart", "love heart"),
    "rocket": ("spaceship", "space rocket"),
    "guitar": ("electric guitar", "acoustic guitar"),
    "soft ice cream": ("ice cream cone", "ice cream", "vanilla ice cream"),
    "ice cream": ("bowl of ice cream", "sundae"),
    "smiling face with smiling eyes": ("happy face", "smile"),
    "grinning face": ("happy face", "smiley"),
    "hamburger": ("burger", "cheeseburger"),
    "hot beverage": ("cup of coffee", "coffee", "cup of tea"),
    "airplane": ("aeroplane", "plane"),
    "bicycle": ("bike",),
    "locomotive": ("train", "steam train"),
    "sailboat": ("boat", "sailing boat"),
    "lady beetle": ("ladybug", "ladybird"),
    "honeybee": ("bee",),
    "spouting whale": ("whale",),
    "T-Rex": ("dinosaur", "tyrannosaurus"),
    "sauropod": ("dinosaur", "brontosaurus"),
    "closed book": ("book", "red book"),
    "wrapped gift": ("gift", "present"),
    "gem stone": ("diamond", "gem"),
    "soccer ball": ("football", "ball"),
    "glass of milk": ("milk",),
    "beer mug": ("beer",),
    "light bulb": ("lamp", "lightbulb"),
    "jack-o-lantern": ("pumpkin", "halloween pumpkin"),
    "lion": ("lion face",),
    "baby chick": ("chick", "yellow chick"),
    "mouse face": ("mouse",),
    "full moon": ("moon",),
    "crescent moon": ("moon",),
    "high voltage": ("lightning", "lightning bolt"),
    "teddy bear": ("toy bear",),
    "birthday cake": ("cake",),
}

# What people ask for first.  Shown most often in training.
STAPLES = frozenset(EVERYDAY_NAMES) | {
    "banana", "strawberry", "butterfly", "snowman", "rainbow", "star", "mushroom", "owl", "penguin", "pig", "bear",
    "panda", "fox", "cactus", "robot", "ghost", "castle", "key", "umbrella", "crown", "cupcake", "doughnut", "lemon",
    "carrot", "cherries", "watermelon", "elephant",
}  # fmt: skip

# What the documentation of this project asks for: shown twice as often again.
FIRST_IMPRESSIONS = frozenset({"grinning cat", "red apple", "frog", "pizza"})

# Concrete, well-liked subgroups of emojibase: cat faces, hearts, animals, plants, food, vehicles, sky and weather.
POPULAR_SUBGROUPS = frozenset({12, 14, *range(34, 47), 54, 55, 56, 59})


# One-colour drawings that training also shows repainted, so that 'a blue car' means something.
REPAINTED = frozenset({
    "automobile", "red apple", "fish", "butterfly", "blossom", "tulip", "rose", "hibiscus", "bird", "grinning cat",
    "cat face", "bear", "frog", "pig face", "umbrella", "balloon", "backpack", "dress", "t-shirt", "running shoe",
    "mushroom", "star", "wrapped gift", "key", "guitar", "bus", "sailboat", "bicycle", "octopus", "dragon", "T-Rex",
    "turtle", "whale", "bell", "gem stone", "closed book", "baby chick", "delivery truck", "pear",
})  # fmt: skip

COLOURS = re.compile(r"\b(red|orange|yellow|green|blue|purple|pink|brown|black|white|gr[ae]y)\b")


def is_kept(entry: Entry) -> bool:
    """Tell whether the model learns this emoji."""
    label: str = entry["label"]
    if label in STAPLES or label in KEPT_BODY_PARTS:
        return True
    return entry.get("group") in KEPT_GROUPS and not LEFT_OUT.search(label)


def sampling_weight(entry: Entry) -> float:
    """Return how often training draws this emoji, relative to an ordinary object."""
    if entry["label"] in FIRST_IMPRESSIONS:
        return 8.0
    if entry["label"] in STAPLES:
        return 4.0
    return 2.0 if entry.get("subgroup") in POPULAR_SUBGROUPS else 1.0


def with_article(noun: str) -> str:
    """Prefix an English noun phrase with 'a' or 'an' by its first letter."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def names(entry: Entry) -> list[str]:
    """Return the names of an emoji, its Unicode label first."""
    label: str = entry["label"]
    found = [label, *EVERYDAY_NAMES.get(label, ())]
    # 'dog face' is what Unicode calls the picture that everybody calls a dog.
    if entry.get("group") == ANIMALS and label.endswith(" face"):
        found.append(label.removesuffix(" face"))
    return list(dict.fromkeys(found))


def captions(entry: Entry, colour: str | None = None) -> list[tuple[str, float]]:
    """Return captions with their relative probability.

    Args:
        entry: the emoji.
        colour: the dominant colour of one drawing of it, if it has one.

    Returns:
        Pairs of caption and weight, without repeats.  Names weigh far more than tags, because a tag such as
        'food' is shared by many pictures.
    """
    weighted: dict[str, float] = {}

    def add(caption: str, weight: float) -> None:
        weighted[caption] = weighted.get(caption, 0.0) + weight

    own_names = names(entry)
    for name in own_names:
        share = 1.0 / len(own_names)
        add(name, 2.0 * share)
        add(with_article(name), 2.0 * share)
        add(f"{name} emoji", 0.5 * share)
        add(f"an emoji of {with_article(name)}", 0.5 * share)
        add(f"a picture of {with_article(name)}", 0.5 * share)
        if colour is not None and not COLOURS.search(name):
            add(with_article(f"{colour} {name}"), 1.0 * share)
            add(f"{colour} {name}", 0.5 * share)
    tags: Sequence[str] = entry.get("tags", ())
    label = own_names[0]
    for tag in tags[:8]:
        if tag not in label:
            add(f"{label}, {tag}", 1.0 / min(len(tags), 8))
            add(tag, 0.4 / min(len(tags), 8))
    return list(weighted.items())


def repainted_captions(entry: Entry, colour: str) -> list[tuple[str, float]]:
    """Return captions, with weights, of a drawing repainted in ``colour``: the colour is always named."""
    weighted: dict[str, float] = {}
    for name in names(entry):
        noun = COLOURS.sub("", name).replace("  ", " ").strip()
        for caption, weight in ((f"{colour} {noun}", 1.0), (f"{with_article(colour)} {noun}", 2.0)):
            weighted[caption] = weight
        weighted[f"{colour} {noun} emoji"] = 0.5
    return list(weighted.items())
