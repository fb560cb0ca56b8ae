"""Which steps an edit of each file runs again, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import inf

from layerbench.analysis.impact.groups import grouped
from layerbench.analysis.impact.models import CommitCosts, Effect, FileGroup
from layerbench.analysis.impact.readers import FileClass
from layerbench.analysis.predict.models import ForeseenStep, MeasuredCosts, Prediction
from layerbench.analysis.predict.predict import predict

Foresee = Callable[[Collection[str]], Sequence[ForeseenStep]]
"""The steps of the build after an edit of some files."""
_WORST_FILES = 5


class Effects:
    """What edits of files run again; each effect is worked out once, however many files have it.

    Args:
        variant: its name.
        classes: by file; all of a class run the same steps again, and those that nothing reads have an empty one. A
            name may stand for several files, and its class is the union of theirs.
        foresee: called with one file for each class.
        costs: what was measured of the variant.
    """

    def __init__(
        self,
        variant: str,
        classes: Mapping[str, FileClass],
        foresee: Foresee,
        costs: MeasuredCosts | None,
    ) -> None:
        self._variant = variant
        self._classes = classes
        self._foresee = foresee
        self._costs = costs
        self._known: dict[FileClass, Prediction] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be said of the predictions that were made, each once."""
        return tuple(dict.fromkeys(note for one in self._known.values() for note in one.notes))

    def of(self, paths: Iterable[str]) -> Prediction:
        """The build after an edit of all these files; those that are not in the context count for nothing."""
        representatives: dict[FileClass, str] = {}
        for path in paths:
            one = self._classes.get(path)
            if one:
                representatives.setdefault(one, path)
        together = FileClass().union(*representatives)
        if together not in self._known:
            foreseen = self._foresee(tuple(representatives.values()))
            self._known[together] = predict(self._variant, foreseen, self._costs)
        return self._known[together]

    def table(self, shown: Collection[str]) -> tuple[Effect, ...]:
        """The effects of single files, the most expensive first.

        Args:
            shown: the files that are there.
        """
        ran_by_class: dict[FileClass, frozenset[int]] = {}
        examples: dict[frozenset[int], str] = {}
        files: dict[str, frozenset[int]] = {}
        for path in shown:
            one = self._classes.get(path, FileClass())
            if one not in ran_by_class:
                ran_by_class[one] = _ran(self.of((path,)))
            # Files of different classes may still run the same steps again.
            files[path] = ran_by_class[one]
            examples.setdefault(files[path], path)
        found = (_effect(groups, self.of((examples[ran],))) for ran, groups in grouped(files).items())
        return tuple(sorted(found, key=_expense))

    def commits(self, changed: Sequence[Collection[str]]) -> CommitCosts:
        """What a commit costs on average.

        Args:
            changed: what each commit changed.
        """
        predictions = [self.of(paths) for paths in changed]
        seconds = [one.total_seconds for one in predictions]
        counts = [one.redeploy_bytes for one in predictions]
        times: dict[str, int] = {}
        for paths in changed:
            for path in paths:
                times[path] = times.get(path, 0) + 1
        return CommitCosts(
            commits=len(changed),
            touching=sum(any(step.outcome == "ran" for step in one.steps) for one in predictions),
            seconds=_mean(seconds),
            redeploy_bytes=_mean(counts),
            worst_files=self._worst(times),
        )

    def _worst(self, times: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
        idle = self.of(()).total_seconds or 0.0

        def expense(path: str) -> float:
            return times[path] * max(0.0, (self.of((path,)).total_seconds or 0.0) - idle)

        read = [path for path in times if self._classes.get(path)]
        worst = sorted(read, key=lambda path: (-expense(path), -times[path], path))
        return tuple((path, times[path]) for path in worst[:_WORST_FILES])


def _ran(prediction: Prediction) -> frozenset[int]:
    return frozenset(one.step.position for one in prediction.steps if one.outcome == "ran")


def _effect(groups: tuple[FileGroup, ...], prediction: Prediction) -> Effect:
    again = [one for one in prediction.steps if one.outcome == "ran"]
    return Effect(
        groups=groups,
        file_count=sum(group.file_count for group in groups),
        steps=tuple(one.step for one in again),
        step_seconds=tuple(one.seconds for one in again),
        total_seconds=prediction.total_seconds,
        redeploy_bytes=prediction.redeploy_bytes,
    )


def _mean(values: Sequence[float | int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _expense(effect: Effect) -> tuple[float, int, float, str]:
    seconds = effect.total_seconds if effect.total_seconds is not None else inf if effect.steps else -1.0
    return -seconds, -len(effect.steps), -(effect.redeploy_bytes or 0), effect.groups[0].path
