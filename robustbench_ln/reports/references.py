"""What runs rest on, as entries of BibTeX: data sets, corruptions, methods and intervals.

Each field was compared with the publication, its publisher's page or its authors' own entry; what
could not be compared is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = [
    "DATA_SETS",
    "LOCALNORM_PAPERS",
    "REFERENCES",
    "DataSet",
    "Reference",
    "bibtex",
    "cite",
]

LOCALNORM_PAPERS = ("yin2019localnorm", "yin2021localnorm")
"""Keys of what defines LocalNorm and the noises AGN, APN and MBN."""


class Reference(NamedTuple):
    """A publication.

    Attributes:
        key: What `cite` of LaTeX calls it.
        short: Authors and year, for a sentence.
        kind: Kind of its entry: "article", "inproceedings".
        fields: The fields of its entry, as LaTeX.
    """

    key: str
    short: str
    kind: str
    fields: Mapping[str, str]

    @property
    def entry(self) -> str:
        """The entry of BibTeX."""
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in self.fields.items())
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"


class DataSet(NamedTuple):
    """A published data set: its name, and the key of its reference."""

    name: str
    key: str


def _reference(key: str, short: str, kind: str, **fields: str) -> Reference:
    return Reference(key, short, kind, MappingProxyType(fields))


_ALL = (
    _reference(
        "yin2021localnorm", "Yin et al. 2021", "inproceedings",
        author=r"Yin, Bojian and Scholte, H. Steven and Boht{\'e}, Sander",
        title="{LocalNorm}: Robust Image Classification through Dynamically Regularized "
        "Normalization",
        booktitle="Artificial Neural Networks and Machine Learning -- {ICANN} 2021",
        series="Lecture Notes in Computer Science",
        pages="240--252",
        year="2021",
        doi="10.1007/978-3-030-86380-7_20",
    ),
    _reference(
        "yin2019localnorm", "Yin et al. 2019", "misc",
        author="Yin, Bojian and Schaafsma, Siebren and Corporaal, Henk and Scholte, H. Steven and "
        "Bohte, Sander M.",
        title="{LocalNorm}: Robust Image Classification through Dynamically Regularized "
        "Normalization",
        howpublished="arXiv:1902.06550",
        year="2019",
    ),
    _reference(
        "hendrycks2019benchmarking", "Hendrycks and Dietterich 2019", "inproceedings",
        author="Hendrycks, Dan and Dietterich, Thomas",
        title="Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
        booktitle="International Conference on Learning Representations",
        year="2019",
    ),
    _reference(
        "ioffe2015batch", "Ioffe and Szegedy 2015", "inproceedings",
        author="Ioffe, Sergey and Szegedy, Christian",
        title="Batch Normalization: Accelerating Deep Network Training by Reducing Internal "
        "Covariate Shift",
        booktitle="International Conference on Machine Learning",
        year="2015",
        pages="448--456",
    ),
    _reference(
        "schneider2020improving", "Schneider et al. 2020", "inproceedings",
        author="Schneider, Steffen and Rusak, Evgenia and Eck, Luisa and Bringmann, Oliver and "
        "Brendel, Wieland and Bethge, Matthias",
        title="Improving robustness against common corruptions by covariate shift adaptation",
        booktitle="Advances in Neural Information Processing Systems",
        volume="33",
        year="2020",
    ),
    _reference(
        "nado2020evaluating", "Nado et al. 2020", "misc",
        author="Nado, Zachary and Padhy, Shreyas and Sculley, D. and D'Amour, Alexander and "
        "Lakshminarayanan, Balaji and Snoek, Jasper",
        title="Evaluating Prediction-Time Batch Normalization for Robustness under Covariate "
        "Shift",
        howpublished="arXiv:2006.10963",
        year="2020",
    ),
    _reference(
        "wilson1927probable", "Wilson 1927", "article",
        author="Wilson, Edwin B.",
        title="Probable Inference, the Law of Succession, and Statistical Inference",
        journal="Journal of the American Statistical Association",
        volume="22",
        number="158",
        pages="209--212",
        year="1927",
        doi="10.1080/01621459.1927.10502953",
    ),
    _reference(
        "krizhevsky2009learning", "Krizhevsky 2009", "techreport",
        author="Krizhevsky, Alex",
        title="Learning Multiple Layers of Features from Tiny Images",
        institution="University of Toronto",
        year="2009",
    ),
    _reference(
        "lecun1998gradient", "LeCun et al. 1998", "article",
        author="LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and Haffner, Patrick",
        title="Gradient-Based Learning Applied to Document Recognition",
        journal="Proceedings of the IEEE",
        volume="86",
        number="11",
        pages="2278--2324",
        year="1998",
        doi="10.1109/5.726791",
    ),
    _reference(
        "xiao2017fashion", "Xiao et al. 2017", "misc",
        author="Xiao, Han and Rasul, Kashif and Vollgraf, Roland",
        title="{Fashion-MNIST}: a Novel Image Dataset for Benchmarking Machine Learning "
        "Algorithms",
        howpublished="arXiv:1708.07747",
        year="2017",
    ),
    _reference(
        "krause2013object", "Krause et al. 2013", "inproceedings",
        author="Krause, Jonathan and Stark, Michael and Deng, Jia and Fei-Fei, Li",
        title="{3D} Object Representations for Fine-Grained Categorization",
        booktitle="4th International IEEE Workshop on 3D Representation and Recognition (3dRR-13)",
        year="2013",
    ),
    _reference(
        "russakovsky2015imagenet", "Russakovsky et al. 2015", "article",
        author="Russakovsky, Olga and Deng, Jia and Su, Hao and Krause, Jonathan and Satheesh, "
        "Sanjeev and Ma, Sean and Huang, Zhiheng and Karpathy, Andrej and Khosla, Aditya and "
        "Bernstein, Michael and Berg, Alexander C. and Fei-Fei, Li",
        title="{ImageNet} Large Scale Visual Recognition Challenge",
        journal="International Journal of Computer Vision",
        volume="115",
        number="3",
        pages="211--252",
        year="2015",
    ),
)  # fmt: skip

REFERENCES: Mapping[str, Reference] = MappingProxyType({entry.key: entry for entry in _ALL})

DATA_SETS: Mapping[str, DataSet] = MappingProxyType(
    {
        "cifar10": DataSet("CIFAR-10", "krizhevsky2009learning"),
        "cifar100": DataSet("CIFAR-100", "krizhevsky2009learning"),
        "mnist": DataSet("MNIST", "lecun1998gradient"),
        "fashion-mnist": DataSet("Fashion-MNIST", "xiao2017fashion"),
        "cars": DataSet("Stanford Cars", "krause2013object"),
        "imagenet": DataSet("ImageNet", "russakovsky2015imagenet"),
    }
)
"""Kind of images, as in --data, whose data set is known -> the data set."""


def cite(*keys: str) -> str:
    """Return a citation for a sentence.

    >>> cite("wilson1927probable", "ioffe2015batch")
    ' (Wilson 1927; Ioffe and Szegedy 2015)'
    """
    return f" ({'; '.join(REFERENCES[key].short for key in keys)})" if keys else ""


def bibtex(keys: Iterable[str]) -> str:
    """Return a file of some entries, in the order of `REFERENCES`."""
    wanted = set(keys)
    return "\n".join(entry.entry for entry in _ALL if entry.key in wanted)
