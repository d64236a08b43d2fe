"""The viewer's layers show the session, and tell it what a person does."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_zeroseg.core.instance import InstanceState
from tests._napari.conftest import Scene, scene_of
from tests.fakes import squares


def test_a_run_fills_one_labels_layer_per_class(scene: Scene) -> None:
    scene.find("bright", "grey")
    image, bright, grey = scene.viewer.layers
    assert (bright.name, grey.name) == ("bright", "grey")
    for layer, name in ((bright, "bright"), (grey, "grey")):
        expected = np.zeros((64, 64), int)
        for instance in scene.session.state.instances:
            if instance.name == name:
                expected[instance.mask.slices][instance.mask.pixels] = instance.id
        assert expected.any()
        np.testing.assert_array_equal(layer.data, expected)
        np.testing.assert_array_equal(layer.scale, image.scale)
        np.testing.assert_array_equal(layer.translate, image.translate)


def test_undo_back_to_the_start_leaves_the_viewer_as_it_was(scene: Scene) -> None:
    viewer, session = scene.viewer, scene.session
    image = viewer.layers[0]
    camera, dims = viewer.scene.camera.model_dump(), viewer.dims.model_dump()
    scene.find("bright", "grey")
    session.begin("bright")
    session.click(8, 8)
    session.click(9, 12, positive=False)
    session.commit()
    session.accept_all_instances("grey")
    while session.undo_text != "Add bright, grey":
        session.undo()
    assert list(viewer.layers) == [image]
    assert viewer.layers.selection.active is image
    assert set(viewer.layers.selection) == {image}
    assert viewer.scene.camera.model_dump() == camera
    assert str(viewer.dims.model_dump()) == str(dims)
    while session.redo_text:
        session.redo()
    assert scene.names()[:3] == ["squares", "bright", "grey"]
    assert not scene.problems


def test_transform_follows_the_image(scene: Scene) -> None:
    scene.find("bright")
    scene.viewer.layers[0].translate = (7, 8)
    np.testing.assert_array_equal(scene.labels().translate, (7, 8))


def test_features_tell_id_state_and_score(scene: Scene) -> None:
    scene.find("bright")
    first = scene.session.state.instances[0]
    scene.session.accept_instances(first.key)
    table = scene.labels().features.set_index("index")
    assert table.loc[first.id, "state"] == InstanceState.ACCEPTED
    assert table.loc[first.id, "score"] == round(first.score, 3)
    assert len(table) == len([i for i in scene.session.state.instances if i.name == "bright"])


def test_proposals_are_paler_than_what_is_locked(scene: Scene) -> None:
    scene.find("bright")
    first, second = (i for i in scene.session.state.instances if i.name == "bright")
    scene.session.accept_instances(first.key)
    layer = scene.labels()
    assert layer.get_color(first.id)[3] == 1
    assert layer.get_color(second.id)[3] < 0.7


def test_the_layer_takes_the_color_of_the_class(scene: Scene) -> None:
    from dataclasses import replace

    scene.find("bright")
    target = scene.session.state.vocabulary["bright"]
    scene.session.change_class("bright", replace(target, color="#ff0000"))
    # the first row of the table is the class colour itself, at label value 16 again
    np.testing.assert_allclose(scene.labels().get_color(16)[:3], (1, 0, 0), atol=1e-6)


# drawing


def test_drawing_shows_points_by_sign_and_the_mask(scene: Scene) -> None:
    session = scene.session
    session.begin("bright")
    assert scene.viewer.layers.selection.active is scene.prompts
    assert scene.prompts.mode == "add"
    session.click(8, 9)
    session.click(7, 6, positive=False)
    np.testing.assert_array_equal(scene.prompts.data, [[9, 8], [6, 7]])
    assert [str(s) for s in scene.prompts.symbol] == ["disc", "cross"]
    assert scene.prompts.face_color[0][1] > 0.7 > 0.3 > scene.prompts.face_color[1][1]
    draft = session.state.draft
    np.testing.assert_array_equal(scene.labels("Draft").data.astype(bool), draft.mask.to_plane((64, 64)))
    session.commit()
    assert len(scene.prompts.data) == 0
    assert not scene.labels("Draft").data.any()
    assert scene.viewer.layers.selection.active is scene.viewer.layers["squares"]
    assert np.count_nonzero(scene.labels().data) == 90


def test_clicks_on_the_points_layer_are_clicks_of_the_session(scene: Scene) -> None:
    session = scene.session
    session.begin("bright")
    scene.prompts.add((9, 8))
    assert [(p.x, p.y, p.positive) for p in session.state.draft.prompt.points] == [(8, 9, True)]
    assert session.undo_text == "Add point"
    scene.view.flip()
    scene.prompts.add((6, 7))
    assert [p.positive for p in session.state.draft.prompt.points] == [True, False]
    assert [str(s) for s in scene.prompts.symbol] == ["disc", "cross"]
    session.undo()
    assert len(scene.prompts.data) == 1
    session.redo()
    assert len(scene.prompts.data) == 2


def test_a_click_without_a_draft_begins_an_object_of_the_class_in_hand(scene: Scene) -> None:
    session = scene.session
    session.begin("bright")
    session.discard()
    session.hand.choose("grey")
    scene.prompts.add((45, 10))
    assert session.state.draft.name == "grey"
    assert len(session.state.draft.prompt.points) == 1
    assert np.count_nonzero(scene.labels("Draft").data) == 144


def test_points_can_be_moved_deleted_and_flipped(scene: Scene) -> None:
    session, steps = scene.session, []
    session.begin("bright")
    session.click(8, 9)
    session.click(9, 12, positive=False)
    session.changed.connect(lambda new, old: steps.append(session.undo_text))
    scene.prompts.data = [(10, 11), (12, 9)]
    assert [(p.x, p.y, p.positive) for p in session.state.draft.prompt.points] == [
        (11, 10, True),
        (9, 12, False),
    ]
    scene.prompts.mode = "select"
    scene.prompts.selected_data = {1}
    scene.view.flip()
    assert [p.positive for p in session.state.draft.prompt.points] == [True, True]
    scene.prompts.selected_data = {0}
    scene.prompts.remove_selected()
    assert [(p.x, p.y) for p in session.state.draft.prompt.points] == [(9, 12)]
    assert set(steps) == {"Change points"}


def test_a_selected_point_that_is_undone_is_no_longer_selected(scene: Scene) -> None:
    scene.session.begin("bright")
    scene.session.click(8, 9)
    scene.session.click(7, 6)
    scene.prompts.mode = "select"
    scene.prompts.selected_data = {0, 1}
    scene.session.undo()
    assert scene.prompts.selected_data == {0}
    scene.prompts.remove_selected()
    assert len(scene.prompts.data) == 0
    assert not scene.session.state.draft.prompt.points


def test_a_point_outside_the_image_is_refused(scene: Scene) -> None:
    scene.session.begin("bright")
    scene.prompts.add((200, 8))
    assert len(scene.prompts.data) == 0
    assert not scene.session.state.draft.prompt.points
    assert "inside the image" in scene.notices[-1]


def test_a_point_outside_the_image_never_comes_to_napari(scene: Scene) -> None:
    scene.session.begin("bright")
    scene.prompts.add((9, 8))
    told: list[object] = []
    scene.viewer.dims.events.range.connect(told.append)  # which draws every layer anew
    scene.prompts.events.data.connect(told.append)
    scene.prompts.add((200, 8))
    assert not told
    assert scene.notices == ["A point must lie inside the image. The prompts are as they were."]
    np.testing.assert_array_equal(scene.prompts.data, [[9, 8]])


def test_what_napari_puts_among_the_points_itself_is_asked_with(scene: Scene) -> None:
    scene.session.begin("bright")

    def asked() -> list[tuple[float, float, bool]]:
        return [(p.x, p.y, p.positive) for p in scene.session.state.draft.prompt.points]

    scene.prompts.data = [(9, 8)]
    scene.view.flip()
    scene.prompts.data = [(9, 8), (6, 7)]
    assert asked() == [(8, 9, True), (7, 6, False)]
    scene.prompts.data = []
    assert not asked()
    scene.session.undo()
    assert asked() == [(8, 9, True), (7, 6, False)]


def test_the_instance_that_is_corrected_is_hidden(scene: Scene) -> None:
    scene.find("bright")
    first = next(i for i in scene.session.state.instances if i.name == "bright")
    scene.session.begin("bright", first.id)
    assert first.id not in scene.labels().data
    assert np.count_nonzero(scene.labels("Draft").data) == first.mask.area
    scene.session.discard()
    assert np.count_nonzero(scene.labels().data == first.id) == first.mask.area


# painting


def test_painting_locks_an_instance_and_undo_gives_it_back(scene: Scene) -> None:
    scene.find("bright")
    layer, session = scene.labels(), scene.session
    before = layer.data.copy()
    layer.selected_label = 1
    layer.brush_size = 3
    layer.paint((20, 20), 1)
    painted = session.state.instance("bright", 1)
    assert painted.state is InstanceState.EDITED
    assert painted.mask.area == np.count_nonzero(layer.data == 1)
    assert session.undo_text == "Paint bright"
    session.undo()
    np.testing.assert_array_equal(layer.data, before)
    session.redo()
    assert layer.data[20, 20] == 1


def test_eraser_fill_polygon_and_setitem_reach_the_session(scene: Scene) -> None:
    scene.find("bright")
    layer, session = scene.labels(), scene.session
    first, second = (i.id for i in session.state.instances if i.name == "bright")
    y, x = np.argwhere(layer.data == first)[0]
    layer.fill((y, x), 0)
    assert [i.id for i in session.state.instances if i.name == "bright"] == [second]
    layer.paint_polygon([(20, 20), (20, 24), (24, 24), (24, 20)], 7)
    assert session.state.instance("bright", 7).mask.area == np.count_nonzero(layer.data == 7) > 0
    layer.data_setitem((np.array([60]), np.array([61])), 9)
    assert session.state.instance("bright", 9).mask.box == (61, 60, 62, 61)
    for _ in range(3):
        session.undo()
    np.testing.assert_array_equal(np.unique(layer.data), [0, first, second])


def test_the_brush_offers_a_new_object_and_stays_with_it(scene: Scene) -> None:
    scene.find("bright")
    layer = scene.labels()
    assert layer.selected_label == 3
    layer.paint((20, 20), layer.selected_label)
    layer.paint((24, 20), layer.selected_label)
    assert {i.id for i in scene.session.state.instances} == {1, 2, 3}
    layer.selected_label = 2  # picked by a person
    assert scene.session.hand.instance_in(scene.session.state).id == 2
    scene.session.accept_all_instances("bright")
    assert layer.selected_label == 2


# layers that people remove and rename


def test_removing_a_class_layer_can_be_undone(scene: Scene) -> None:
    scene.find("bright", "grey")
    before = scene.labels().data.copy()
    scene.viewer.layers.remove("bright")
    assert {i.name for i in scene.session.state.instances} == {"grey"}
    scene.session.undo()
    np.testing.assert_array_equal(scene.labels().data, before)


def test_removing_the_prompts_between_two_drafts_is_no_step(scene: Scene) -> None:
    scene.session.begin("bright")
    scene.session.discard()
    step = scene.session.undo_text
    scene.viewer.layers.remove("Prompts")
    assert scene.names() == ["squares", "bright"]
    assert scene.session.undo_text == step
    scene.session.begin("bright")
    assert scene.viewer.layers.selection.active is scene.prompts


def test_removing_the_prompts_discards_the_draft(scene: Scene) -> None:
    scene.session.begin("bright")
    scene.viewer.layers.remove("Prompts")
    assert scene.session.state.draft is None
    assert scene.names() == ["squares", "bright"]


def test_renaming_a_layer_renames_the_class(scene: Scene) -> None:
    scene.find("bright", "grey")
    layer = scene.labels()
    layer.name = "shiny"
    assert scene.session.state.vocabulary.names == ("shiny", "grey")
    assert scene.viewer.layers["shiny"] is layer
    scene.session.undo()
    assert layer.name == "bright"
    layer.name = "background"
    assert layer.name == "bright"
    assert "background" in scene.problems[-1]


def test_masks_outlive_their_image_but_the_draft_does_not(scene: Scene) -> None:
    scene.find("bright")
    scene.session.begin("bright")
    layer = scene.labels()
    scene.viewer.layers.remove("squares")
    assert list(scene.viewer.layers) == [layer]
    assert scene.session.source is None
    layer.paint((2, 2), 1)  # an ordinary layer now
    assert not scene.session.state.instances


def test_everything_can_be_deleted_at_once(scene: Scene) -> None:
    for remove in (scene.viewer.layers.remove_selected, scene.viewer.layers.clear):
        if not scene.viewer.layers:
            scene.viewer.add_image(squares(), name="squares")
        scene.find("bright", "grey")
        scene.session.begin("bright")
        scene.viewer.layers.select_all()
        remove()
        assert not scene.viewer.layers
        assert scene.session.source is None


@pytest.mark.parametrize("seed", range(12))
def test_selected_layers_can_be_deleted_in_any_order(scene: Scene, seed: int) -> None:
    scene.find("bright", "grey")
    scene.session.begin("bright")
    layers = scene.viewer.layers
    layers.select_all()
    # as napari does, whose order is that of a set
    for layer in np.random.default_rng(seed).permutation(list(layers)):
        layers.remove(layer)
    assert not layers


# several images


def test_each_image_keeps_its_layers(scene: Scene) -> None:
    viewer, session = scene.viewer, scene.session
    scene.find("bright")
    first = scene.labels()
    masks = first.data.copy()
    viewer.add_image(np.flipud(squares()), name="other")
    assert session.source.name == "other"
    assert not session.state.instances
    scene.find("bright")
    assert scene.names() == ["squares", "bright", "other", "bright [1]"]
    np.testing.assert_array_equal(first.data, masks)
    assert set(np.unique(scene.labels("bright [1]").data)) == {0, 1, 2}
    viewer.layers.selection.active = first
    assert session.source.name == "squares"
    session.delete_instances(session.state.instances[0].key)
    assert np.count_nonzero(first.data) < np.count_nonzero(masks)


# stacks


def test_a_stack_gets_layers_of_its_own_shape(stack: Scene) -> None:
    stack.find("bright")
    layer = stack.labels()
    assert layer.data.shape == (3, 64, 64)
    assert np.count_nonzero(layer.data[1]) == 200
    assert not layer.data[[0, 2]].any()
    layer.paint((1, 60, 60), 9)
    assert stack.session.state.instance("bright", 9, (1,)).mask.area
    stack.viewer.dims.set_current_step(0, 2)
    stack.session.undo()
    assert not (layer.data == 9).any()


def test_a_label_brushed_on_two_planes_is_one_object(stack: Scene) -> None:
    stack.find("bright")
    layer = stack.labels()
    stack.session.accept_all_instances("bright")
    stack.viewer.dims.set_current_step(0, 2)
    layer.selected_label = 2
    layer.paint((2, 60, 60), 2)
    first, second = stack.session.state.sections("bright", 2)
    assert (first.plane, second.plane) == ((1,), (2,))
    assert list(layer.features["index"]) == [1, 2]
    stack.session.delete_instances(second.key)
    assert not (layer.data[2] == 2).any()
    assert (layer.data[1] == 2).any()


def test_the_draft_lies_on_its_plane(stack: Scene) -> None:
    stack.session.begin("bright")
    stack.prompts.add((1, 9, 8))
    np.testing.assert_array_equal(stack.prompts.data, [[1, 9, 8]])
    assert np.count_nonzero(stack.labels("Draft").data[1]) == 100
    stack.viewer.dims.set_current_step(0, 2)
    stack.prompts.add((2, 9, 8))
    assert len(stack.prompts.data) == 1
    assert "another plane" in stack.problems[-1]


def test_closing_leaves_no_callback_behind(scene: Scene) -> None:
    scene.find("bright")
    scene.session.begin("bright")
    layer = scene.labels()
    scene.view.close()
    scene.stop()
    assert scene.names() == ["squares", "bright"]
    assert not layer.keymap
    session_state = scene.session.state
    layer.paint((2, 2), 1)
    scene.viewer.add_image(squares(), name="later")
    scene.viewer.layers.clear()
    assert scene.session.state is session_state


def test_results_appear_when_the_view_comes_later() -> None:
    viewer = ViewerModel()
    viewer.add_image(squares())
    scene = scene_of(viewer)
    scene.session.add_classes("bright")
    scene.view.close()
    scene.find("bright")
    assert len(viewer.layers) == 1
    type(scene.view)(viewer, scene.session)
    assert [layer.name for layer in viewer.layers][1:] == ["bright"]
