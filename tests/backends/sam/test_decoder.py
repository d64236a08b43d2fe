"""Our decoders draw what the published networks draw."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from napari_zeroseg.backends.sam import two_way  # noqa: E402
from napari_zeroseg.backends.sam.decoder import SamDecoder, assembled, taken_apart  # noqa: E402
from napari_zeroseg.backends.sam.hq_decoder import HqDecoder, early_features  # noqa: E402
from napari_zeroseg.backends.sam.sam2_decoder import Sam2Decoder  # noqa: E402
from tests.backends.sam import tiny  # noqa: E402

PROMPTS = 5
BOXES = torch.tensor([[3.0 * i, 2.0 * i, 30.0 + 4 * i, 50.0] for i in range(PROMPTS)])
NO_POINTS = torch.zeros(PROMPTS, 0, 2), torch.zeros(PROMPTS, 0, dtype=torch.long)


def _points(count):
    generator = torch.Generator().manual_seed(count)
    places = torch.rand(PROMPTS, count, 2, generator=generator) * tiny.SIDE
    return places, torch.randint(0, 2, (PROMPTS, count), generator=generator)


LAYOUTS = {"a point": (1, None), "points": (3, None), "boxes": (0, BOXES), "boxes and points": (4, BOXES)}


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(params=["Sam", "Sam2", "Sam3Tracker"])
def network(request):
    """A model of transformers, the maps our decoder takes, the embeddings that the model takes."""
    torch.manual_seed(1)
    pixels = torch.randn(1, 3, tiny.SIDE, tiny.SIDE)
    model = tiny.lively(tiny.IMAGE_MODELS[request.param]())
    if request.param == "Sam":
        embedding = model.vision_encoder(pixels).last_hidden_state
        return model, SamDecoder(model, [embedding]), embedding
    maps = model.get_image_embeddings(pixels)
    return model, Sam2Decoder(model, maps[::-1]), maps


@pytest.fixture(params=[True, False], ids=["many tokens", "few tokens"])
def way(request, monkeypatch):
    """Either way to attend, whatever the network's sizes ask for."""
    monkeypatch.setattr(two_way, "_many", lambda *_: request.param)


def _close(ours, theirs):
    return (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ambiguous", [True, False])
def test_masks_and_scores_are_those_of_transformers(network, way, layout, ambiguous):
    model, decoder, embeddings = network
    count, boxes = LAYOUTS[layout]
    points, labels = _points(count)
    ours, scores = decoder.decode(points, labels, boxes, None, ambiguous=ambiguous)
    theirs = model(
        image_embeddings=embeddings,
        input_points=points[None] if count else None,
        input_labels=labels[None] if count else None,
        input_boxes=None if boxes is None else boxes[None],
        multimask_output=ambiguous,
    )
    best = theirs.iou_scores[0].argmax(1)
    rows = torch.arange(PROMPTS)
    assert _close(ours, theirs.pred_masks[0, rows, best])
    assert _close(scores, theirs.iou_scores[0, rows, best])


def test_prior_masks_are_those_of_transformers(network, way):
    model, decoder, embeddings = network
    priors = torch.randn(PROMPTS, 1, decoder.cells, decoder.cells)
    ours, _ = decoder.decode(*NO_POINTS, BOXES, priors, ambiguous=False)
    for index in range(PROMPTS):  # transformers takes one prior mask per image
        theirs = model(
            image_embeddings=embeddings,
            input_boxes=BOXES[None, index : index + 1],
            input_masks=priors[index : index + 1],
            multimask_output=False,
        )
        assert _close(ours[index], theirs.pred_masks[0, 0, 0])


def test_an_unstable_mask_is_replaced_by_the_best_of_the_others(network):
    model, decoder, _ = network
    if isinstance(decoder, Sam2Decoder):
        model.mask_decoder.dynamic_multimask_stability_thresh = 2.0  # none is that stable
        unstable, score = decoder.decode(*NO_POINTS, BOXES, None, ambiguous=False)
        best, best_score = decoder.decode(*NO_POINTS, BOXES, None, ambiguous=True)
        assert torch.equal(unstable, best)
        assert torch.equal(score, best_score)
        model.mask_decoder.dynamic_multimask_via_stability = False
        first, _ = decoder.decode(*NO_POINTS, BOXES, None, ambiguous=False)
        assert not torch.allclose(first, best)


@pytest.mark.parametrize("ambiguous", [True, False])
def test_high_quality_masks_are_those_of_the_published_order(ambiguous, way):
    """SAM-HQ's own order of steps; transformers 5.23 drops what its two-way transformer made of the image."""
    model = tiny.lively(tiny.sam("SamHQ"))
    encoded = model.vision_encoder(torch.randn(1, 3, tiny.SIDE, tiny.SIDE))
    embedding, early = encoded.last_hidden_state, encoded.intermediate_embeddings[0]
    decoder = HqDecoder(model, [embedding, early_features(model, embedding, early)])
    ours, scores = decoder.decode(*NO_POINTS, BOXES, None, ambiguous=ambiguous)
    theirs, qualities = _published(model, embedding, early, ambiguous)
    assert _close(ours, theirs)
    assert _close(scores, qualities)


def _published(model, embedding, early, ambiguous):
    modules = model.mask_decoder
    sparse, dense = model.prompt_encoder(None, None, BOXES[None], None)
    output = [modules.iou_token.weight, modules.mask_tokens.weight, modules.hq_token.weight]
    tokens = torch.cat([torch.cat(output).expand(1, PROMPTS, -1, -1), sparse], 2)
    places = model.get_image_wide_positional_embeddings().expand(PROMPTS, -1, -1, -1)
    asked, image = modules.transformer(
        point_embeddings=tokens,
        image_embeddings=(embedding + dense).expand(PROMPTS, -1, -1, -1),
        image_positional_embeddings=places,
        attention_similarity=None,
    )
    image = image[:, 0].transpose(1, 2).unflatten(2, embedding.shape[2:])
    pixels = modules.activation(modules.upscale_layer_norm(modules.upscale_conv1(image)))
    pixels = modules.activation(modules.upscale_conv2(pixels))
    fine = modules.mask_conv2(modules.activation(modules.mask_norm(modules.mask_conv1(pixels))))
    wide = modules.compress_vit_conv1(early.permute(0, 3, 1, 2))
    wide = modules.compress_vit_conv2(modules.activation(modules.compress_vit_norm(wide)))
    coarse = modules.encoder_conv2(modules.activation(modules.encoder_norm(modules.encoder_conv1(embedding))))
    qualities = modules.iou_prediction_head(asked[0, :, 0])
    token = 1 + qualities[:, 1:].argmax(1) if ambiguous else torch.zeros(PROMPTS, dtype=torch.long)
    plain = torch.stack(
        [modules.output_hypernetworks_mlps[t](asked[0, p, 1 + t]) for p, t in enumerate(token)]
    )
    high = modules.hq_mask_mlp(asked[0, :, 5])
    masks = torch.einsum("pc,pchw->phw", plain, pixels)
    return masks + torch.einsum("pc,pchw->phw", high, fine + wide + coarse), qualities[range(PROMPTS), token]


@pytest.mark.parametrize("levels", [1, 2])
def test_an_image_taken_apart_into_quarters_is_put_together_again(levels):
    image = torch.arange(3.0 * 64).reshape(1, 3, 8, 8)
    cells = taken_apart(image, levels)
    assert cells.shape == (1, 64 // 4**levels, *[4] * levels, 3)
    if levels == 2:
        assert torch.equal(assembled(cells).permute(0, 3, 1, 2), image)
    # the second cell's lower left quarter
    size = 2**levels
    assert torch.equal(cells[0, 1].reshape(4, -1, 3)[2, 0], image[0, :, size // 2, size])
