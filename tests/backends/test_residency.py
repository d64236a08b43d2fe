"""Models are loaded once, kept by use, and moved out when the budget asks."""

from __future__ import annotations

import threading
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_zeroseg.backends import devices, memory, residency
from napari_zeroseg.backends.catalog import profile
from napari_zeroseg.backends.memory import BadLimitError, NotEnoughMemoryError
from napari_zeroseg.backends.residency import Residency, expected, resident, size_of
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by

torch = pytest.importorskip("torch")

MB, GB = 10**6, 10**9


class Model:
    """As much of a module as residency knows, on devices that there are not."""

    def __init__(self, size):
        self.size, self.device, self.training = size, "cpu", True

    def eval(self):
        self.training = False
        return self

    def to(self, device):
        self.device = device
        return self

    def parameters(self):
        return iter([type("Tensor", (), {"nbytes": self.size})])

    buffers = list


class Machine:
    """Devices with so much memory each, of which models take some."""

    def __init__(self, patch, **sizes):
        self.sizes, self.models, self.loads = sizes, [], []
        self.residency = Residency()
        patch.delenv(memory.VARIABLE, raising=False)
        patch.delenv(devices.VARIABLE, raising=False)
        patch.setattr(memory, "free", self.free)
        patch.setattr(residency, "_give_back", lambda _device: None)  # collecting garbage takes its time
        patch.setattr(memory, "total", sizes.__getitem__)
        patch.setattr(devices, "available", lambda: tuple(sizes))

    def free(self, device):
        return self.sizes[device] - sum(h.size for h in self.residency.holdings() if h.device == device)

    def use(self, name, size=0):
        def load():
            self.loads.append(name)
            return Model(size)

        return self.residency.resident(name, load, size=size)

    def where(self):
        return {h.name: h.device for h in self.residency.holdings()}


@pytest.fixture
def machine(monkeypatch):
    return lambda **sizes: Machine(monkeypatch, **sizes)


def test_a_model_is_loaded_once_and_in_evaluation_mode(machine):
    m = machine(cpu=100)
    for _ in range(3):
        with m.use("a", 10) as model:
            assert not model.training
    assert m.loads == ["a"]


def test_the_longest_unused_is_dropped_when_another_needs_room(machine):
    m = machine(cpu=100)
    for name in ("a", "b", "a", "c"):
        with m.use(name, 25):
            pass
    assert m.where() == {"a": "cpu", "c": "cpu"}  # the budget is 60


def test_a_model_in_use_is_never_moved_out(machine):
    m = machine(cpu=100)
    with m.use("a", 40) as a, m.use("b", 40), m.use("a", 40) as again:
        assert again is a
        assert set(m.where()) == {"a", "b"}
    with m.use("c", 40):
        assert "c" in m.where()
    assert m.loads == ["a", "b", "c"]


def test_what_was_used_last_stays_even_when_it_is_large(machine):
    m = machine(cpu=100)
    for _ in range(2):
        with m.use("a", 90):
            pass
    assert m.loads == ["a"]


def test_a_model_that_does_not_fit_is_refused_with_figures_before_it_is_read(machine):
    m = machine(cpu=8000 * MB)
    with m.use("a", 3000 * MB), pytest.raises(NotEnoughMemoryError) as caught, m.use("b", 6000 * MB):
        pass
    assert "'b' takes about 6.0 GB of memory; free are 5.0 of 8.0 GB on cpu" in str(caught.value)
    assert m.loads == ["a"]
    with m.use("b", 6000 * MB):  # now that a is idle, it makes room
        assert m.where() == {"b": "cpu"}


def test_models_wait_on_the_cpu_for_a_device_that_is_full(machine):
    m = machine(fast=100, cpu=1000)
    for name in ("a", "b"):
        with m.use(name, 50) as model:
            assert model.device == "fast"
    assert m.where() == {"a": "cpu", "b": "fast"}
    with m.use("a", 50) as model:
        assert model.device == "fast"
    assert m.where() == {"b": "cpu", "a": "fast"}
    assert m.loads == ["a", "b"]


def test_without_room_on_the_cpu_models_are_dropped(machine):
    m = machine(fast=100, cpu=60)
    for name in ("a", "b"):
        with m.use(name, 50):
            pass
    assert m.where() == {"b": "fast"}


def test_what_is_too_large_for_the_fast_device_computes_on_the_cpu(machine):
    m = machine(fast=100, cpu=1000)
    with m.use("a", 500) as model:
        assert model.device == "cpu"


def test_while_the_fast_device_is_in_use_a_waiting_model_computes_on_the_cpu(machine):
    m = machine(fast=100, cpu=1000)
    with m.use("a", 60):
        pass
    with m.use("b", 60):
        assert m.where() == {"a": "cpu", "b": "fast"}
        with m.use("a", 60) as a:
            assert a.device == "cpu"


def test_the_users_choice_of_a_device_is_the_only_one_tried(machine, monkeypatch):
    m = machine(fast=100, cpu=1000)
    monkeypatch.setenv(devices.VARIABLE, "fast")
    with pytest.raises(NotEnoughMemoryError, match="on fast"), m.use("a", 500):
        pass
    monkeypatch.setenv(devices.VARIABLE, "cuda:1")
    with pytest.raises(devices.MissingBackendError, match="this machine has: fast, cpu"), m.use("a", 5):
        pass


def test_a_limit_is_kept_by_moving_out_and_by_refusing(machine, monkeypatch):
    m = machine(cpu=100 * MB)
    monkeypatch.setenv(memory.VARIABLE, "50MB")
    for name in ("a", "b"):
        with m.use(name, 30 * MB):
            pass
    assert set(m.where()) == {"b"}
    with m.use("b"), pytest.raises(NotEnoughMemoryError, match="sets a limit"), m.use("c", 30 * MB):
        pass


def test_a_failed_load_leaves_nothing(machine):
    m = machine(cpu=100)
    with pytest.raises(OSError, match="gone"), m.residency.resident("a", fail, size=1):
        pass
    assert m.where() == {}
    with m.use("a", 1):
        pass


def fail():
    raise OSError("gone")


def test_nothing_is_loaded_for_work_that_was_called_off(machine):
    m, cancellation = machine(cpu=100), Cancellation()
    cancellation.cancel()
    with cancelled_by(cancellation), pytest.raises(CancelledError), m.use("a", 1):
        pass
    assert m.loads == []


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("paper", {"fast": 12 * GB, "cpu": 32 * GB}), ("laptop", {"cpu": 8 * GB})],
    ids=["a card of 12 GB", "half of 16 GB"],
)
def test_a_profile_fits_into_common_machines(machine, name, sizes):
    names = [n for n in dict.fromkeys(profile(name).values()) if expected(n)]
    m, device, most = machine(**sizes), next(iter(sizes)), 0
    for backend in names * 2:
        with m.use(backend, expected(backend)) as model:
            assert model.device == device
            most = max(most, sum(h.size for h in m.residency.holdings() if h.device == device))
    assert 0 < most <= sizes[device] * 0.7  # the rest is for images and results
    assert m.loads == names


def test_release_drops_what_is_idle(machine):
    m = machine(cpu=100)
    with m.use("b", 1):
        pass
    with m.use("a", 1):
        m.residency.release()
        assert set(m.where()) == {"a"}


def test_two_threads_load_a_model_once(machine):
    m, together = machine(cpu=100), threading.Barrier(2)

    def work():
        together.wait()
        with m.use("a", 1):
            together.wait()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert m.loads == ["a"]
    assert [h.users for h in m.residency.holdings()] == [0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=3), max_size=12),
    sizes=st.lists(st.integers(1, 70), min_size=6, max_size=6),
)
def test_no_order_of_calls_breaks_the_rules(machine, calls, sizes):
    m = machine(fast=100, cpu=150)

    def enter(names, models):
        if not names:
            assert all(h.users for h in m.residency.holdings() if h.model in models)
            assert all(m.free(device) >= 0 for device in m.sizes)
            return
        with m.use(str(names[0]), sizes[names[0]]) as model:
            enter(names[1:], [*models, model])
            assert model.size == sizes[names[0]]

    for names in calls:
        try:
            enter(names, [])
        except NotEnoughMemoryError:
            assert sum(sizes[n] for n in set(names)) > 75
        assert not any(h.users for h in m.residency.holdings())
        for device, size in m.sizes.items():
            there = [h.size for h in m.residency.holdings() if h.device == device]
            assert sum(there) <= memory.SHARE * size or len(there) == 1 or device == "cpu"


def test_a_real_module_is_held_on_the_cpu(monkeypatch):
    monkeypatch.setenv(devices.VARIABLE, "cpu")
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4))
    with resident("test:tiny", lambda: module) as model, devices.inference("cpu"):
        assert next(model.parameters()).device.type == "cpu"
        assert model(torch.ones(1, 4)).dtype == torch.float32
    assert size_of(module) == 4 * (16 + 4 + 4 * 4) + 8


def test_what_is_dropped_is_gone(monkeypatch):
    monkeypatch.setenv(devices.VARIABLE, "cpu")
    house, gone = Residency(), []

    def load():
        module = torch.nn.Linear(1000, 1000)
        module.itself = [module]  # a cycle, as many a model has
        gone.append(weakref.ref(module))
        return module

    with house.resident("test:tiny", load):
        pass
    assert gone[0]() is not None
    house.release()
    assert gone[0]() is None


def test_the_catalog_says_how_large_a_model_is():
    assert expected("embedded:regions") == 0
    assert expected("no:such") == 0


@pytest.mark.skipif(not devices.computes_bfloat16("cpu"), reason="this processor has no bfloat16")
def test_bfloat16_on_the_processor_is_for_those_that_ask():
    layer, x = torch.nn.Linear(4, 4), torch.ones(1, 4)
    with devices.inference("cpu", bfloat16_on_cpu=True):
        assert layer(x).dtype == torch.bfloat16
    with devices.inference("cpu"):
        assert layer(x).dtype == torch.float32


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("", {}),
        ("8GB", {"": 8 * 10**9}),
        ("cuda=10 GiB, cpu=500MB", {"cuda": 10 * 2**30, "cpu": 500 * MB}),
        ("1.5g", {"": 1_500_000_000}),
        ("1024", {"": 1024}),
        ("1KiB", {"": 1024}),
    ],
)
def test_limits_are_read(text, sizes):
    assert memory.limits(text) == pytest.approx(sizes)


@pytest.mark.parametrize("text", ["much", "-1GB", "8XB", "cpu=", "8 GB 3"])
def test_limits_that_are_none_are_refused(text):
    with pytest.raises(BadLimitError, match="no size of memory"):
        memory.limits(text)


def test_the_machine_has_memory():
    assert 0 < memory.free("cpu") <= memory.total("cpu")
    assert devices.available()[-1] == "cpu"
