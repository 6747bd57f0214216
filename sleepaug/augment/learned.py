"""What a run learned about its input: as plain data, as a table, as sentences, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sleepaug.augment import Augmentation, AugmentationModule, Policy

SELECTED = 0.5  # a transform with this share of a layer's weight was selected by it
UNDECIDED = 0.1
NEGLIGIBLE = 0.01  # a magnitude up to this changes nothing that matters


def as_data(augment: Augmentation) -> dict[str, Any]:
    """An augmentation as plain data: `layers` (AugNet), or `policy` with `ranges`, or nothing.

    `policy` has the form that method `fixed` takes; `ranges` are the amounts at magnitude 1.
    """
    if isinstance(augment, AugmentationModule):
        return {"layers": augment.learned()}
    if isinstance(augment, Policy):
        ranges = {t.name: {"amount": t.amount_at_1, "unit": t.unit} for t in augment.transforms}
        return {"policy": augment.to_json(), "ranges": ranges}
    return {}


def amount_text(entry: Mapping[str, Any]) -> str:
    """The amount of a transform with its unit, such as "0.52 Hz"."""
    return f"{entry['amount']:.3g} {entry['unit']}"


def table(layers: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Weights and amounts of AugNet's layers, as text, the heaviest of each layer first."""
    lines = [f"{'layer':<7}{'transform':<20}{'weight':>7}  amount"]
    for number, layer in enumerate(layers, start=1):
        for entry in sorted(layer, key=lambda e: -e["weight"]):
            name = entry["transform"].replace("_", " ")
            lines.append(f"{number:<7}{name:<20}{entry['weight']:>7.3f}  {amount_text(entry)}")
    return "\n".join(lines)


def sentences(layers: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """One sentence for each transform: kept and how far, chosen in vain, or rejected."""
    offered: dict[str, list[Mapping[str, Any]]] = {}
    for layer in layers:
        for entry in layer:
            offered.setdefault(entry["transform"], []).append(entry)
    kept, rest = [], []
    for name, entries in offered.items():
        chosen = [e for e in entries if e.get("kept", e["weight"] >= SELECTED)]
        words = name.replace("_", " ")
        strong = [e for e in chosen if e["magnitude"] > NEGLIGIBLE]
        heaviest = max(entries, key=lambda e: e["weight"])
        if strong:
            kept.append(f"{words} up to {' and '.join(map(amount_text, strong))}: kept")
        elif chosen:
            rest.append(f"{words}: selected, but with nothing to do (amount 0)")
        elif heaviest["weight"] >= UNDECIDED:
            weight = f"weight {heaviest['weight']:.2f}"
            rest.append(f"{words} up to {amount_text(heaviest)}: undecided ({weight})")
        else:
            rest.append(f"{words}: rejected")
    return kept + rest


def policy_sentences(
    policy: Sequence[Sequence[Sequence[Any]]], ranges: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """One sentence for each subpolicy; where the amount is a probability the two are multiplied."""

    def words(name: str, p: float, magnitude: float) -> str:
        unit, amount = ranges[name]["unit"], magnitude * ranges[name]["amount"]
        text = name.replace("_", " ")
        if unit == "probability":
            return f"{text} with probability {p * amount:.2f}"
        return f"{text} up to {amount:.3g} {unit} with probability {p:.2f}"

    return [
        f"subpolicy {i}: " + ", then ".join(words(*step) for step in steps)
        for i, steps in enumerate(policy, start=1)
    ]


def in_words(what: Mapping[str, Any]) -> list[str]:
    """What `as_data` gave, as sentences; none where nothing was learned."""
    if "layers" in what:
        return sentences(what["layers"])
    return policy_sentences(what["policy"], what["ranges"]) if "policy" in what else []


def kept(augmentation: Mapping[str, float], name: str) -> bool:
    """Whether a transform has the largest weight of its layer (several may)."""
    weight = augmentation.get(f"{name}.weight")
    if weight is None:
        return f"{name}.amount" in augmentation  # Augerino has no weights
    layer = name.split(".")[0]
    rest = (
        v for k, v in augmentation.items() if k.startswith(f"{layer}.") and k.endswith("weight")
    )
    return weight > 0 and weight >= max(rest) - 1e-6
