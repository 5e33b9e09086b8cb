"""What is in a data set besides lungs: leaks between the parts of a split, and shortcuts.

    audit = run_audit(dataset, split, names, seed=0)
    print(verdict(audit))  # from `covid.audit.verdict`
    write_audit(audit, folder, note)

Read in this order:

==============  ==============================================================
`pixel_mode`    how a file stores its pixels
`measures`      an image in single numbers
`hashing`       what is compared of an image: 255 bits, and its fine detail
`fingerprints`  all of these, of every file, which is read once
`neighbours`    images with near hashes
`alignment`     the correlation of two images, one shifted onto the other
`lookalikes`    both stages together: near-duplicates, and groups of them
`confounders`   numbers that tell the classes apart
`findings`      all that was found: `Audit`
`verdict`       the same in one sentence, and as a dict
`run`           everything put together: `run_audit`
`write`         audit.json and the tables; `figures`
==============  ==============================================================
"""

from covid.audit.findings import Audit
from covid.audit.run import run_audit
from covid.audit.write import write_audit

__all__ = ["Audit", "run_audit", "write_audit"]
