"""What is in a data set besides lungs: leaks between the parts of a split, and shortcuts.

    audit = run_audit(dataset, split, names, seed=0)
    print(verdict(audit))  # from `covid.audit.verdict`
    write_audit(audit, folder, note)

Read in this order:

==============  ==============================================================
`pixel_mode`    how a file stores its pixels
`measures`      scalar measures of an image
`file_facts`    how a file is stored, its tags and its name
`hashing`       perceptual hash and fine detail of an image
`fingerprints`  all of these, of every file, which is read once
`neighbors`     nearest neighbors by hash
`alignment`     the correlation of two images, one shifted onto the other
`lookalikes`    both stages together: near-duplicates, and groups of them
`confounders`   measures that separate the classes
`file_values`   values of file properties that only one class has
`findings`      all that was found
`verdict`       one sentence on it
`run`           everything put together
`write`         audit.json, the tables and the figures
==============  ==============================================================
"""

from covid.audit.findings import Audit
from covid.audit.run import run_audit
from covid.audit.write import write_audit
