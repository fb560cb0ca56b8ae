from __future__ import annotations

from layerbench.analysis.explain.lost import LostStep, cause_text, first_causes
from layerbench.analysis.explain.models import Cause, ExplainedStep, Explanation, StepName

REQUIREMENTS = StepName(1, "builder", 2, "COPY requirements.txt .", 4)
INSTALL = StepName(2, "builder", 3, "RUN pip install -r requirements.txt", 5)
COPIED = StepName(3, "final", 2, "COPY --from=builder /venv /venv", 9)
FILES = Cause("files", REQUIREMENTS, "requirements.txt changed (content)")


def explained(step: StepName, cause: Cause | None, first: Cause | None = None, round_: int = 1) -> ExplainedStep:
    return ExplainedStep("v", "s", round_, step, "ran" if cause else "hit", "proven", cause, first)


def test_a_cause_of_its_own() -> None:
    assert cause_text(explained(REQUIREMENTS, FILES)) == "requirements.txt changed (content)"
    assert cause_text(explained(REQUIREMENTS, None)) == ""


def test_back_to_the_first_cause() -> None:
    parent = Cause("parent", REQUIREMENTS, "the step above ran")
    assert cause_text(explained(INSTALL, parent, FILES)) == "line 4 ran: requirements.txt changed (content)"
    output = Cause("stage-output", REQUIREMENTS, "what builder made is another")
    assert cause_text(explained(COPIED, output, FILES)) == (
        "what builder made is another (builder line 4 ran: requirements.txt changed (content))"
    )


def test_the_first_round_counts_and_what_is_not_known_is_left_out() -> None:
    other = Cause("unknown", INSTALL, "not known")
    found = first_causes(
        Explanation(
            (
                explained(REQUIREMENTS, None),
                explained(REQUIREMENTS, FILES, round_=2),
                explained(REQUIREMENTS, Cause("files", REQUIREMENTS, "another"), round_=3),
                explained(INSTALL, other),
            )
        )
    )
    assert found == {LostStep("v", "s", "builder", "COPY requirements.txt ."): "requirements.txt changed (content)"}
