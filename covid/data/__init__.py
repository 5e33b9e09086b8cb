"""Images: found in class folders, prepared, split, written, and read back.

==================  ==============================================================
`images`            one image file as 8-bit gray
`preprocess`        contrast and crop, the article's preparation
`find_images`       which images there are, and of which class: in two `class_folders`, in an
                    `existing_split` (known by its `part_names`), or by a file, `labels_csv`
`names`             names in two Unicode forms; `no_images` what a folder holds instead
`groups`            which images belong together; `group_csv` reads it from a file
`ratios`            the shares of train, validate and test
`split`             train, validate and test; `fold_split` for k folds
`duplicates`        files that are equal byte by byte
`prepare_split`     all of that: planned, enhanced, written
`write_split`       a split folder, written; `link_images` where it is there already
`manifest`          manifest.csv: what became of every source file
`split_folder`      a split folder, read back and checked
`disclaimer`        the small print under every result
==================  ==============================================================
"""
