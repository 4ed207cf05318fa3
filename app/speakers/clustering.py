"""How many voices there are and what each is like: spectral clustering of vectors.

After 3D-Speaker (Chen et al. 2024, arXiv:2403.19971, `speakerlab.process.cluster.SpectralCluster`): each
vector keeps its nearest neighbours, and the largest gap between the eigenvalues of the graph's Laplacian
tells the number of voices (von Luxburg 2007, "A Tutorial on Spectral Clustering", section 8.3). numpy alone:
scikit-learn and scipy would add 150 MB to the worker for two functions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.speaker_counts import MOST_SPEAKERS
from app.speakers.encoder import Vectors, unit

Labels = NDArray[np.intp]
Seconds = NDArray[np.float64]

MOST_VECTORS = 1000
"""More are not clustered, lest time and memory grow with the square of the length: evenly spread ones are."""

LEAST_SECONDS = 0.6
"""Shorter stretches tell too little of a voice to take part in the clustering."""

NEIGHBOURS_SHARE, LEAST_NEIGHBOURS = 0.012, 6
"""How many neighbours a vector keeps."""

SAME_VOICE = 0.65
"""Voices whose means are more alike (cosine) are one."""

KMEANS_TRIES, KMEANS_STEPS = 5, 50


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many people speak: at least, at most; the same number twice where it is known."""

    least: int = 1
    most: int = MOST_SPEAKERS

    @property
    def is_known(self) -> bool:
        """Whether it is one number."""
        return self.least == self.most


def voice_means(vectors: Vectors, seconds: Seconds, count: SpeakerCount) -> Vectors:
    """The mean vector of each voice; `seconds` tell how long the stretches are."""
    if not len(vectors):
        return vectors
    total = float(seconds.sum())
    vectors, seconds = _chosen(vectors, seconds)
    return _means(vectors, _labels(vectors, seconds * (total / seconds.sum()), count), seconds)


def _labels(vectors: Vectors, seconds: Seconds, count: SpeakerCount) -> Labels:
    few = len(vectors) < 4
    if count.most == 1 or (few and not count.is_known):
        return np.zeros(len(vectors), np.intp)
    labels = _spectral(vectors, count)
    if count.is_known:
        return labels
    labels = _without_small(vectors, labels, seconds, count.least)
    return _joined(vectors, labels, seconds, count.least)


def _chosen(vectors: Vectors, seconds: Seconds) -> tuple[Vectors, Seconds]:
    long_enough = seconds >= LEAST_SECONDS
    if long_enough.any():
        vectors, seconds = vectors[long_enough], seconds[long_enough]
    if len(vectors) > MOST_VECTORS:
        chosen = np.linspace(0, len(vectors) - 1, MOST_VECTORS).astype(np.intp)
        vectors, seconds = vectors[chosen], seconds[chosen]
    return vectors, seconds


def _spectral(vectors: Vectors, count: SpeakerCount) -> Labels:
    most = min(count.most, len(vectors))
    least = min(count.least, most)
    values, eigenvectors = np.linalg.eigh(_laplacian(vectors))
    number = most
    if least < most:
        gaps = np.diff(values[: most + 1])
        number = least + int(np.argmax(gaps[least - 1 :]))
    return _kmeans(eigenvectors[:, :number].astype(np.float64), number)


def _laplacian(vectors: Vectors) -> NDArray[np.float32]:
    alike = vectors @ vectors.T
    kept = max(int(np.ceil(len(vectors) * NEIGHBOURS_SHARE)), LEAST_NEIGHBOURS)
    for row in alike:  # one at a time: the matrix is large enough once
        if kept < len(row):
            row[row < np.partition(row, -kept)[-kept]] = 0.0
    laplacian = np.asarray((alike + alike.T) / -2, np.float32)
    np.fill_diagonal(laplacian, 0.0)
    np.fill_diagonal(laplacian, np.abs(laplacian).sum(axis=1))
    return laplacian


def _kmeans(points: Seconds, number: int) -> Labels:
    """The best of some tries of k-means++ (Arthur and Vassilvitskii 2007), the same each time."""
    random = np.random.default_rng(0)
    tries = [_kmeans_once(points, _seeds(points, number, random)) for _ in range(KMEANS_TRIES)]
    return min(tries, key=lambda each: each[0])[1]


def _seeds(points: Seconds, number: int, random: np.random.Generator) -> Seconds:
    centres = points[random.integers(len(points), size=1)]
    while len(centres) < number:
        distance = _distances(points, centres).min(axis=1)
        total = distance.sum()
        odds = distance / total if total > 0 else None
        centres = np.vstack([centres, points[random.choice(len(points), p=odds)]])
    return centres


def _kmeans_once(points: Seconds, centres: Seconds) -> tuple[float, Labels]:
    for _ in range(KMEANS_STEPS):
        labels = _distances(points, centres).argmin(axis=1)
        moved = np.array(
            [
                points[labels == each].mean(axis=0) if (labels == each).any() else centres[each]
                for each in range(len(centres))
            ]
        )
        if np.allclose(moved, centres):
            break
        centres = moved
    distances = _distances(points, centres)
    return float(distances.min(axis=1).sum()), distances.argmin(axis=1)


def _distances(points: Seconds, centres: Seconds) -> Seconds:
    """Squared, shape (points, centres)."""
    return np.stack([np.square(points - centre).sum(axis=1) for centre in centres], axis=1)


def _means(vectors: Vectors, labels: Labels, seconds: Seconds) -> Vectors:
    weighted = vectors * seconds[:, None].astype(np.float32)
    return unit(np.stack([weighted[labels == each].sum(axis=0) for each in np.unique(labels)]))


def _least_seconds(total: float) -> float:
    """Who speaks less than this is not told apart: 2 to 6 s, more in very long recordings."""
    return max(min(max(2.0, 0.02 * total), 6.0), min(0.004 * total, 30.0))


def _without_small(vectors: Vectors, labels: Labels, seconds: Seconds, least: int) -> Labels:
    """Voices that say too little are given away, each of their vectors to the nearest other voice."""
    small = _least_seconds(float(seconds.sum()))
    while (number := _relabelled(labels).max() + 1) > least:
        labels = _relabelled(labels)
        sizes = np.array([seconds[labels == each].sum() for each in range(number)])
        if sizes.min() >= small:
            break
        leaving = labels == sizes.argmin()
        alike = vectors[leaving] @ _means(vectors, labels, seconds).T
        alike[:, sizes.argmin()] = -np.inf
        labels[leaving] = alike.argmax(axis=1)
    return _relabelled(labels)


def _joined(vectors: Vectors, labels: Labels, seconds: Seconds, least: int) -> Labels:
    """Voices that are alike are one."""
    while labels.max() + 1 > least:
        means = _means(vectors, labels, seconds)
        alike = np.triu(means @ means.T, 1)
        one, other = np.unravel_index(alike.argmax(), alike.shape)
        if alike[one, other] < SAME_VOICE:
            break
        labels = _relabelled(np.where(labels == other, one, labels))
    return labels


def _relabelled(labels: Labels) -> Labels:
    """The same, counted from 0 without a gap."""
    return np.unique(labels, return_inverse=True)[1]
