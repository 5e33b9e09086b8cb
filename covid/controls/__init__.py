"""Controls: what a score is worth that was reached on images that cannot hold the answer.

The same training, once on the image as it is and then on what should not be enough: permuted
labels, the image with its lungs blacked out, its border alone, its lungs alone, and its gray
histogram. A control that scores like the image shows that the model need not have looked at the lungs.

==================  ==============================================================
`lung_mask`         where the lungs are
`variants`          what a control leaves of an image; permuted labels
`variant_folders`   all variants of a split's images, written aside
`intervals`         accuracy and AUC with intervals, patients drawn as a whole
`run`               everything put together: `run_controls`
`results`           what it returns
`verdict`           which results are flagged, by which rule; the sentence
`write`             table, controls.json, controls.csv
`figures`           the comparison of the controls, and what they see
==================  ==============================================================

After Yagis et al. 2021 (Scientific Reports 11, 22544; permuted labels), Maguolo and Nanni 2021
(Information Fusion 76, 1; lungs blacked out) and DeGrave et al. 2021 (Nature Machine
Intelligence 3, 610; shortcuts).
"""

from covid.controls.results import Controls, Row
from covid.controls.run import run_controls
from covid.controls.write import table, write_controls
