"""From clicks, a box or an earlier mask to the outline that the image supports best."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.clicked import REACH_OF_CLICK, Prior, discs_of, limits_of
from napari_zeroseg.backends.embedded.contours import (
    DIRECTIONS,
    Contours,
    Frames,
    drawn,
    elliptic_axes,
    find_contours,
)
from napari_zeroseg.backends.embedded.pyramid import Pyramid
from napari_zeroseg.core.mask import Logits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.core.prompt import Prompt

SMALLEST = 3.0
"""Radius in pixels of the smallest frame."""
SHAPES = ((1.0, 1.3, 1), (2.2, 1.45, 4))
"""Aspect ratio of frames, factor from one size to the next, number of orientations."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedImage:
    """What all prompts on an image share."""

    pyramid: Pyramid


class EmbeddedSegmenter:
    """Finds outlines by dynamic programming around clicks and in boxes."""

    def embed(self, image: Plane) -> EmbeddedImage:
        """Return the features of an image, float32 of shape (H, W, 3), RGB in 0..1."""
        return EmbeddedImage(Pyramid.of(image))

    def segment(self, embedding: EmbeddedImage, prompts: Sequence[Prompt]) -> list[Logits]:
        """Return one answer per prompt, in order: depth under the outline in pixels."""
        return [_answer(embedding, prompt) for prompt in prompts]



import os
LAM=float(os.environ.get('LAM',2)); WB=float(os.environ.get('WB',1)); TR=float(os.environ.get('TR',3)); EDIT=float(os.environ.get('EDIT',1)); SOFT=float(os.environ.get('SOFT',1.5)); KEPT=12; ACT=float(os.environ.get('ACT',1)); RC=float(os.environ.get('RC',1.25))

THIN=float(os.environ.get('THIN',.2)); GROSS=float(os.environ.get('GROSS',.35)); SH=float(os.environ.get('SH',1.8))
def _answer(embedding: EmbeddedImage, prompt: Prompt) -> Logits:
    pyramid = embedding.pyramid
    prior = Prior.of(prompt.mask) if prompt.mask is not None and prompt.mask.area else None
    center = _center(prompt, prior)
    if center is None:
        return Logits((0, 0), np.zeros((0, 0), np.float32), 0.0)
    discs=discs_of(prompt.points, prior)
    ax=_frame_axes(pyramid.shape); cs=np.tile(center,(len(ax),1))
    belief=None
    if prior is not None:
        wrong=[d for d in discs if (prior.at(np.float32(d.row),np.float32(d.col))>0)!=d.inside]
        worst=max((d.radius for d in wrong),default=0)/REACH_OF_CLICK
        if wrong and worst<THIN*prior.depth.max():
            shifted=Prior(prior.origin,prior.depth+_shift(prior,prompt.points))
            depth,_=_edited(shifted,discs_of(prompt.points,None),pyramid.shape)
            return _cropped(prior.origin,depth,pyramid.shape)
        trusted=np.clip(1-worst/GROSS/np.sqrt(prompt.mask.area/np.pi),0,1)
        depth,trust=_edited(prior,discs,pyramid.shape)
        B=trusted*WB*trust*np.clip(depth/SOFT,-1,1)/2
        bp=Prior(prior.origin,B.astype(np.float32))
        belief=bp.at
        yy,xx=np.nonzero(depth>0)
        if len(yy)>8:
            cov=np.cov(np.stack([yy,xx])); 
            w,v=np.linalg.eigh(cov+np.eye(2)/12)
            fit=(v*np.sqrt(w)*2)@v.T
            d=Prior(prior.origin,depth).deepest()
            cen=(yy.mean()+prior.origin[0],xx.mean()+prior.origin[1])
            if depth[int(yy.mean()),int(xx.mean())]<=0: cen=d
            new=np.stack([fit*f for f in (.8,1,1.25)]); ax=np.concatenate([ax,new]); cs=np.concatenate([cs,np.tile(cen,(3,1))])
    frames = Frames(cs,ax)
    limits = limits_of(frames, discs)
    contours = find_contours(pyramid, frames, limits, belief)
    m=_merit(contours, limits)
    ranked = np.argsort(-m)
    best = int(ranked[0])
    if prior is not None and trusted>0:
        inside=depth>0; n=len(prompt.points)
        from napari_zeroseg.core.mask import Mask
        def agree(i):
            o,v=drawn(frames,i,contours.radii[i],pyramid.shape)
            w=Mask(o,v>0).within((slice(prior.origin[0],prior.origin[0]+depth.shape[0]),slice(prior.origin[1],prior.origin[1]+depth.shape[1])))
            out=(v>0).sum()-w.sum()
            return (trust*(w&inside)).sum()/((trust*(w|inside)).sum()+out+1e-6)
        lam=LAM*n*trusted
        sc={int(i):(m[i]+lam*agree(int(i))) for i in [*ranked[:KEPT],*range(len(m)-3,len(m))]}
        best=max(sc,key=sc.get)
        if lam*(1-agree(best))>EDIT:
            return _cropped(prior.origin,depth,pyramid.shape)
    origin, depth = drawn(frames, best, contours.radii[best], pyramid.shape)
    return Logits(origin, depth, 0.5)

def _shift(prior,points):
    yy,xx=np.mgrid[:prior.depth.shape[0],:prior.depth.shape[1]]; yy=yy+prior.origin[0]; xx=xx+prior.origin[1]
    num=0;den=0
    for q in points:
        d=float(prior.at(np.float32(q.y),np.float32(q.x)))
        err=-d if q.positive else d
        s=0. if err<=0 else SH*max(err,.5)*(1 if q.positive else -1)
        # a click that agrees says that the outline is right only where it is near
        near=1. if err>0 else np.exp(-(err/2)**2)
        w=near/((yy-q.y)**2+(xx-q.x)**2+4.)
        num=num+w*s; den=den+w
    return (num/den).astype(np.float32)

def _edited(prior, discs, shape):
    depth=prior.depth.copy(); trust=np.ones_like(depth)
    yy,xx=np.mgrid[:depth.shape[0],:depth.shape[1]]; yy=yy+prior.origin[0]; xx=xx+prior.origin[1]
    for q in discs:
        r=q.radius*RC
        d=np.hypot(yy-q.row,xx-q.col)
        c=r+.01-d
        wrong = (prior.at(np.float32(q.row),np.float32(q.col))>0)!=q.inside
        depth=np.maximum(depth,c) if q.inside else np.minimum(depth,-c)
        if wrong: trust=np.minimum(trust,np.where(d<r,1,1-np.exp(-(d/(TR*r))**2)))
    return depth,trust

def _cropped(origin,depth,shape):
    y0,x0=max(0,-origin[0]),max(0,-origin[1])
    y1=min(depth.shape[0],shape[0]-origin[0]); x1=min(depth.shape[1],shape[1]-origin[1])
    return Logits((origin[0]+y0,origin[1]+x0),depth[y0:y1,x0:x1].astype(np.float32),.5)

def _center(prompt: Prompt, prior: Prior | None) -> tuple[float, float] | None:
    if prompt.box is not None:
        x0, y0, x1, y1 = prompt.box
        return (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2
    if prompt.positives:
        return prompt.positives[0].y, prompt.positives[0].x
    return None if prior is None else prior.deepest()


@cache
def _frame_axes(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Axes of frames of every size up to half the image, round and elongated."""
    return np.array(
        [
            elliptic_axes(size, aspect, turn * np.pi / turns)
            for aspect, factor, turns in SHAPES
            for size in np.exp(np.arange(np.log(SMALLEST), np.log(max(shape) / 2), np.log(factor)))
            for turn in range(turns)
        ]
    )



W=[float(x) for x in os.environ.get('W','1,1,-1,1,4').split(',')]

def _merit(contours: Contours, limits) -> NDArray[np.float64]:
    """How much each contour looks like the outline of the one object that was meant.

    The smallest outline that parts well on all sides: a bigger one must part that much better.
    """
    sizes = contours.frames.sizes * np.sqrt((contours.radii**2).mean(1))
    strained=((contours.radii<limits.least*.97)|(contours.radii>limits.most*1.03)).mean(1)
    touched=((contours.radii>limits.most/1.1)|((contours.radii<limits.least*1.1)&(limits.least>.3))).any(1)
    e=contours.steps
    minsec=np.stack([np.roll(e,j,1) for j in range(-3,4)]).mean(0).min(1)
    return W[0]*np.log(contours.separation + 1e-3)+W[1]*np.log(contours.contrast+1e-4) +W[2]* np.log(sizes) +W[3]*np.log(_support(contours)) +W[4]*minsec-100*strained-ACT*touched

def _support(contours):
    F=contours.frames
    rim=np.einsum('sij,aj,sa->sai',F.axes,DIRECTIONS,contours.radii)
    ang=np.mod(np.arctan2(rim[...,0],rim[...,1]),2*np.pi); rad=np.linalg.norm(rim,axis=2)
    o=ang.argsort(1); ang=np.take_along_axis(ang,o,1); rad=np.take_along_axis(rad,o,1)
    g=np.arange(24)*2*np.pi/24
    A=np.stack([np.interp(g,a,r,period=2*np.pi) for a,r in zip(ang,rad)])**2
    M=np.minimum(A[:,None],A[None]).sum(2)/np.maximum(A[:,None],A[None]).sum(2)
    return (M>.8).sum(1)
