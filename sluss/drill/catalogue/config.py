"""Mistakes in a use case's config: keys that cannot be, limits that were loosened, meanings that were swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.digests import artifact_digest
from sluss.drill import needs
from sluss.drill.candidates import copy_of_champion, registered
from sluss.drill.mistake import Mistake
from sluss.drill.steps import attempt, gates, learn, loading
from sluss.scoring.score_interval import score_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World

    Content = dict[str, Any]
    Change = Callable[[Content], object]


def _read(change: Change) -> Callable[[World], list[Refusal]]:
    """Read a changed file."""

    def inject(world: World) -> list[Refusal]:
        world.config(change)
        return loading(world)

    return inject


def _text(change: Callable[[str], str]) -> Callable[[World], list[Refusal]]:
    """Read a file whose text was changed."""

    def inject(world: World) -> list[Refusal]:
        path = world.folder / "config" / f"{world.name}.yaml"
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        return loading(world)

    return inject


def _between(change: Change) -> Callable[[World], list[Refusal]]:
    """Change the config after a version was trained, and let the gates judge that."""

    def inject(world: World) -> list[Refusal]:
        folder = copy_of_champion(world)
        version = registered(world, folder, artifact_digest(folder))
        world.config(change)
        return gates(world, version)

    return inject


def _trained(change: Change) -> Callable[[World], list[Refusal]]:
    """Train with a changed config that can be read."""

    def inject(world: World) -> list[Refusal]:
        world.config(change)
        return loading(world) or learn(world)

    return inject


def _scored(change: Change) -> Callable[[World], list[Refusal]]:
    """Score the next interval with a changed config."""

    def inject(world: World) -> list[Refusal]:
        world.config(change)
        return loading(world) or attempt("scoring", lambda: score_interval(world.context, world.live[1]))[1]

    return inject


def _set(section: str, **values: Any) -> Change:  # noqa: ANN401
    return lambda content: content[section].update(values)


def _top(**values: Any) -> Change:  # noqa: ANN401
    return lambda content: content.update(values)


def _swap_classes(content: Content) -> None:
    content["classes"] = content["classes"][::-1]


def _rename_class(content: Content) -> None:
    content["classes"][0] = "another"


def _more_classes(content: Content) -> None:
    content["classes"].append("another")


def _times(name: str, factor: float) -> Change:
    """A limit of the gates times a factor."""

    def change(content: Content) -> None:
        value = content["gates"][name] * factor
        content["gates"][name] = int(value) if isinstance(content["gates"][name], int) else value

    return change


def _estimator(name: str, **params: Any) -> Change:  # noqa: ANN401
    return lambda content: content["training"].update(estimator={"class": name, "params": params})


def _class_steps(content: Content) -> list[Content]:
    branches = content["training"]["preprocessing"]
    return [step for branch in branches for step in branch["steps"] if isinstance(step, dict)]


def _first_step(change: Change) -> Change:
    """Change the first step of the preprocessing that is a class."""
    return lambda content: change(_class_steps(content)[0])


def _transformed(world: World) -> str:
    content = world.use_case.model_dump(mode="json", by_alias=True)
    return "" if _class_steps(content) else "No step of the preprocessing is a class."


def _classified(world: World) -> str:
    return needs.classes(world)


def _config(name: str, change: Change, needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, "config", "config", _read(change), needed)


def _contract(name: str, change: Change, needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, "config", "contract", _between(change), needed)


def _rehearsal(name: str, change: Change, needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, "config", "rehearsal", _trained(change), needed)


def _with(name: str) -> Needs:
    return needs.limit("gates", name)


MISTAKES = (
    # The file cannot be read.
    Mistake("the config is not YAML", "config", "config", _text(lambda text: f"{text}\n\t- : [broken")),
    Mistake("the config is empty", "config", "config", _text(lambda _: "")),
    Mistake("the config is a list", "config", "config", _text(lambda _: "- name\n- title\n")),
    Mistake("a key stands twice", "config", "config", _text(lambda text: f"{text}\ntitle: another\n")),
    _config("the name is not that of the file", _top(name="another")),
    _config("a section is missing", lambda content: content.pop("monitoring")),
    _config("a key that does not exist", _set("gates", min_metrik=0.5)),
    _config("a number written as a word", _set("training", window_days="sixty")),
    _config("a negative limit", _set("gates", min_gain=-0.1)),
    _config("a share above one", _set("curation", max_bad_share=5)),
    _config("a unit that does not exist", _top(unit="fortnight")),
    _config("a schedule that is not one", _top(schedule="every morning")),
    _config("a time zone that does not exist", _top(schedule_zone="Europe/Atlantis")),
    _config("live_start after live_end", _top(live_end="2000-01-01")),
    _config("a feature that is not curated", lambda content: content["features"].append("weather")),
    _config("no features", _top(features=[])),
    _config("a slice that does not exist", _set("training", slices=["weather"])),
    _config("a group that is not curated", _top(group="weather")),
    _config("a metric that does not exist", _set("training", metric="goodness")),
    _config(
        "a metric of another kind of problem",
        lambda content: content["training"].update(metric="accuracy" if "target" in content else "mae"),
    ),
    _config("one class only", lambda content: content.update(classes=content["classes"][:1]), _classified),
    _config("two classes of one name", lambda content: content.update(classes=["same", "same"]), _classified),
    _config("a source that does not exist", _set("source", kind="telepathy")),
    _config("an estimator of a package that is not allowed", _estimator("os.system")),
    _config("a budget of no false alarms", _set("monitoring", false_alarms="0 per year")),
    _config("a limit for a test that was replaced", _set("monitoring", alpha=0.01)),
    _config("an alert that delays a training", _set("retraining", min_new_labels_on_alert=10**9)),
    # The training refuses it.
    _rehearsal("an estimator that does not exist", _estimator("sklearn.linear_model.LogisticRegresion")),
    _rehearsal(
        "an estimator of another kind of problem",
        lambda content: _estimator(
            "sklearn.linear_model." + ("LogisticRegression" if "target" in content else "LinearRegression")
        )(content),
    ),
    _rehearsal(
        "a parameter that does not exist",
        lambda content: content["training"]["estimator"]["params"].update(smoothness=1),
    ),
    _rehearsal(
        "a parameter out of its range", _estimator("sklearn.linear_model.LogisticRegression", C=-1), _classified
    ),
    _rehearsal(
        "a transformer that does not exist",
        _first_step(lambda step: step.update({"class": "sklearn.preprocessing.Magic"})),
        _transformed,
    ),
    _rehearsal("a window without rows enough", lambda content: content["training"].update(min_rows=10**7)),
    _rehearsal(
        "a holdout as long as the window",
        lambda content: content["training"].update(holdout_days=content["training"]["window_days"], holdout_share=None),
        lambda world: "" if world.use_case.training.holdout_share is None else "Rows are split by ids.",
    ),
    # Between training and gates.
    _contract("the classes are swapped", _swap_classes, _classified),
    _contract("a class has another name", _rename_class, _classified),
    _contract("a class more", _more_classes, _classified),
    _contract("the floor of the metric is set to 0", _set("gates", min_metric=0), _with("min_metric")),
    _contract("the limit of the metric is raised", _times("max_metric", 10), _with("max_metric")),
    _contract("the gain over guessing is set to 0", _set("gates", min_gain=0), _with("min_gain")),
    _contract("the margin is widened", _set("gates", margin=0.5)),
    _contract("alpha is raised", _set("gates", alpha=0.4)),
    _contract("fewer rows are enough", _set("gates", min_training_rows=1, min_holdout_rows=1)),
    _contract("slices need more rows than there are", _set("gates", slice_min_rows=10**6)),
    _contract(
        "a slice's floor is removed",
        lambda content: content["gates"].update(
            {name: None for name in content["gates"] if name.startswith("slice_m") and name != "slice_min_rows"}
        ),
        lambda world: (
            ""
            if any(
                value
                for name, value in world.use_case.gates.model_dump().items()
                if name.startswith("slice_m") and name != "slice_min_rows"
            )
            else "No floor of slices is set."
        ),
    ),
    _contract("a model may be slow", _times("max_ms_per_1000_rows", 100)),
    _contract("the target has another unit", lambda content: content["target"].update(unit="furlongs"), needs.numbers),
    # In production.
    Mistake("the classes are swapped in production", "config", "scoring", _scored(_swap_classes), _classified),
    Mistake("a class has another name in production", "config", "scoring", _scored(_rename_class), _classified),
    Mistake(
        "the target has another unit in production",
        "config",
        "scoring",
        _scored(lambda content: content["target"].update(unit="furlongs")),
        needs.numbers,
    ),
)
