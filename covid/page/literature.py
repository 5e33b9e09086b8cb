"""The literature this page rests on: what, and where it can be read."""

DOI = "https://doi.org/"

REFERENCES = (
    (
        "Roberts et al. 2021: Common pitfalls and recommendations for using machine learning to "
        "detect and prognosticate for COVID-19 using chest radiographs and CT scans. Nature "
        "Machine Intelligence 3, 199-217.",
        f"{DOI}10.1038/s42256-021-00307-0",
    ),
    (
        "Yagis et al. 2021: Effect of data leakage in brain MRI classification using 2D "
        "convolutional neural networks. Scientific Reports 11, 22544. What splitting by slice "
        "does to a result.",
        f"{DOI}10.1038/s41598-021-01681-w",
    ),
    (
        "DeGrave, Janizek and Lee 2021: AI for radiographic COVID-19 detection selects shortcuts "
        "over signal. Nature Machine Intelligence 3, 610-619.",
        f"{DOI}10.1038/s42256-021-00338-7",
    ),
    (
        "Maguolo and Nanni 2021: A critic evaluation of methods for COVID-19 automatic detection "
        "from X-ray images. Information Fusion 76, 1-7. The lungs blacked out, the score the same.",
        f"{DOI}10.1016/j.inffus.2021.04.008",
    ),
    (
        "Adebayo et al. 2018: Sanity checks for saliency maps. Advances in Neural Information "
        "Processing Systems 31.",
        "https://arxiv.org/abs/1810.03292",
    ),
    (
        "Mongan, Moy and Kahn 2020: Checklist for Artificial Intelligence in Medical Imaging "
        "(CLAIM). Radiology: Artificial Intelligence 2(2), e200029.",
        f"{DOI}10.1148/ryai.2020200029",
    ),
    (
        "Mitchell et al. 2019: Model cards for model reporting. Conference on Fairness, "
        "Accountability, and Transparency.",
        "https://arxiv.org/abs/1810.03993",
    ),
    (
        "Wilson 1927: Probable inference, the law of succession, and statistical inference. "
        "Journal of the American Statistical Association 22, 209-212. The interval of a share.",
        f"{DOI}10.1080/01621459.1927.10502953",
    ),
    (
        "DeLong, DeLong and Clarke-Pearson 1988: Comparing the areas under two or more correlated "
        "receiver operating characteristic curves: a nonparametric approach. Biometrics 44, "
        "837-845. The interval of the area.",
        f"{DOI}10.2307/2531595",
    ),
)
