"""Stages: seconds of those at work, and what the device's slots did meanwhile."""

from collections.abc import Iterator

import pytest

from app.asr.stages import DEVICE_STAGES, PipelineStage, StageClock


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stages(clock: Clock) -> StageClock:
    return StageClock(clock)


def device(seconds: dict[str, float]) -> tuple[float, ...]:
    """Busy, held, starved, idle."""
    return tuple(seconds[f"device_{state}_seconds"] for state in ("busy", "held", "starved", "idle"))


def test_without_work_the_device_is_idle(clock: Clock, stages: StageClock) -> None:
    clock.now = 2.0
    assert device(stages.take()) == (0, 0, 0, 2)
    clock.now = 3.0
    assert device(stages.take()) == (0, 0, 0, 1)


def test_a_batch_is_on_the_device_unless_it_says_otherwise(clock: Clock, stages: StageClock) -> None:
    with stages.batch():
        clock.now += 1
        with stages.at(PipelineStage.CHECK):
            clock.now += 2
            with stages.at(PipelineStage.DEVICE):
                clock.now += 4
            with stages.at(PipelineStage.FEATURES):
                clock.now += 8
        clock.now += 16
    spent = stages.take()
    assert device(spent) == (1 + 4 + 16, 2 + 8, 0, 0)
    assert (spent["stage_check_seconds"], spent["stage_features_seconds"]) == (2, 8)


def test_a_call_of_the_model_keeps_a_slot_busy_at_a_stage_of_its_own(
    clock: Clock, stages: StageClock
) -> None:
    with stages.batch(), stages.at(PipelineStage.CHECK):
        for number, stage in enumerate(DEVICE_STAGES[:-1]):
            with stages.at(stage):
                clock.now += 2**number
    spent = stages.take()
    assert device(spent) == (1 + 2 + 4 + 8, 0, 0, 0)
    told = [spent[f"stage_{name}_seconds"] for name in ("encode", "detect", "decode", "align", "check")]
    assert told == [1, 2, 4, 8, 0]


def test_windows_that_wait_hold_free_slots_and_no_more(clock: Clock, stages: StageClock) -> None:
    stages.offer(2)
    stages.offer(1)
    stages.queue(5)
    clock.now += 1
    with stages.batch():
        clock.now += 10
    spent = stages.take()
    assert device(spent) == (10, 2 + 10, 0, 0)
    assert spent["stage_queue_seconds"] == 5 * 11


def test_a_model_that_is_loaded_holds_all_slots(clock: Clock, stages: StageClock) -> None:
    stages.offer(2)
    with stages.at(PipelineStage.LOAD):
        clock.now += 3
        with stages.at(PipelineStage.DEVICE):
            clock.now += 1
    assert device(stages.take()) == (1, 6, 0, 1)


@pytest.mark.parametrize("stage", [PipelineStage.READ, PipelineStage.FEATURES])
def test_a_slot_starves_while_a_recording_is_read(
    clock: Clock, stages: StageClock, stage: PipelineStage
) -> None:
    stages.offer(2)
    with stages.at(stage):
        clock.now += 3
    spent = stages.take()
    assert device(spent) == (0, 0, 3, 3)
    assert spent[f"stage_{stage}_seconds"] == 3


def test_features_within_a_batch_starve_no_other_slot(clock: Clock, stages: StageClock) -> None:
    stages.offer(2)
    with stages.batch(), stages.at(PipelineStage.FEATURES):
        clock.now += 1
    assert device(stages.take()) == (0, 1, 0, 1)


def test_what_fails_leaves_its_stage(clock: Clock, stages: StageClock) -> None:
    with pytest.raises(RuntimeError), stages.batch(), stages.at(PipelineStage.CHECK):
        raise RuntimeError
    clock.now += 1
    assert device(stages.take()) == (0, 0, 0, 1)


def test_who_waits_for_the_next_of_some_is_at_their_stage(clock: Clock, stages: StageClock) -> None:
    def made() -> Iterator[int]:
        for number in range(2):
            clock.now += 3
            yield number
        clock.now += 1

    for _ in stages.each(PipelineStage.READ, made()):
        clock.now += 10
    spent = stages.take()
    assert device(spent) == (0, 0, 7, 20)
    assert spent["stage_read_seconds"] == 7
