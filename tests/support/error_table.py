"""Every error that somebody at the command line can cause, and what its sentence must name.

A row is a command and phrases, between bars: the option or file, what was found, what to do. Each
has to stand in the one line on stderr; all other words are free. Rows in `PLAIN` need nothing but
the folder described in `error_settings`; in those of `TABLE` something is broken first, by one of
the functions there. {long} and its like are in `test_errors`.
"""

import os
import shutil
import struct
from pathlib import Path
from typing import NamedTuple

import bad_images
import bad_models
import error_settings as given
import numpy as np
from error_settings import all_of, copied, file, image, raising, replaced, written

from minicnn.layers import Conv2D, Dense, Flatten
from minicnn.preprocessing.load_image import ImageFileError


class Row(NamedTuple):
    """An error: `covid` and these words, phrases of the line on stderr, how the folder is prepared.

    `code` is the exit code; `leaves` the folder that stays, where there is something to resume.
    """

    command: str
    phrases: str
    make: given.Make = given.nothing
    code: int = 2
    leaves: str = ""


def rows(command: str, *table: tuple) -> list[Row]:
    """Rows of one command."""
    return [Row(command, *rest) for rest in table]


def plain(text: str) -> list[Row]:
    """Rows from lines such as `command -> phrase | phrase`."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [Row(*(part.strip() for part in line.split("->"))) for line in lines]


# What no command line leads to, by the reason: words of the statement that raises, and of no other.
NOT_BY_A_USER = {
    "the parser or an earlier check refuses such options": (
        "at least 2 are needed | expected a model among | --recipe: expected | --model: expected | "
        "make_patient: | the near-duplicates must be | the labels must be | at least 1 slice | "
        "the seed must be | no_contour must be | rule must be | is negative"
    ),
    "an earlier check refuses such folders": (
        "at least one trial | expected a new or empty folder | there are no images"
    ),
    "looked at before anything is imported; tested in test_surroundings": (
        "to be a number of at most | this process may use | a library ends with what"
    ),
    "files of more than 8 bits; tested in test_gray_levels": (
        "infinite or not a number | of its files, values"
    ),
    "only if somebody ends one process of a command; tested in test_draw_process, _end": (
        "a process has been ended"
    ),
    "it is the program itself that chooses these values, names and arrays": (
        "labels of two classes | z must lie in | window must be one of | "
        "labels of 0 or 1 | to draw this figure | a name that ends in .png | "
        "expected an image of shape | its group is not known | expected backup_dir | "
        "expected double_checkpoint | expected save_freq | get_state: expected a dict | "
        "set_threads | a name that ends in .npz | expected a folder to write | "
        "expected a name like | to hold numbers or a text"
    ),
}

PLAIN = r"""
# The command line itself
-- -> expected | covid --help
diagnose -> 'diagnose' | covid --help
audits -> 'audits' | did you mean audit? | covid --help
--versions -> --versions | did you mean --version? | covid --help
run --sped 9 -> --sped | did you mean --seed? | covid run --help
run --pos x -> --pos | did you mean --positive? | covid run --help
run one two -> unexpected two | covid run --help
run one --data two -> DIR | --data | leave one out | covid run --help
run -x -> unknown option | -x | covid run --help
run --json=3 -> --json | no value | '3' | covid run --help

# Options
run --epochs 1 --epochs 0 -> --epochs | at least 1 | '0'
run --epochs 0 -> --epochs | at least 1 | '0'
run --epochs many -> --epochs | whole number | 'many'
run --epochs 99999999999999999999 -> --epochs | at most 1000000
run --checkpoint-steps 0 -> --checkpoint-steps | at least 1 | '0'
run --seed -1 -> --seed | at least 0 | '-1'
run --seed 1.5 -> --seed | whole number | '1.5'
run --seed {digits} -> --seed | whole number | 999...
run --models vgg -> --models | compact_cnn,cnn,cnn_dropout,tiny_cnn,reduced_inception | 'vgg'
run --models , -> --models | tiny_cnn | ','
run --models '' -> --models | tiny_cnn | ''
train --model vgg -> --model | 'vgg' | covid train --help
run --ratios 50/50 -> '50/50' | train, validate and test | 50/10/40
run --ratios 50/10/41 -> '50/10/41' | 50/10/40
run --ratios 100/0/0 -> '100/0/0' | 50/10/40
run --ratios a/b/c -> 'a/b/c' | 50/10/40
split slices --ratios nan/nan/nan -> 'nan/nan/nan' | 50/10/40
split slices --ratios 1 -> '1' | 50/10/40
run --group [ -> '[' | regular expression | --group
split slices --group ( -> '(' | regular expression | --group
run --recipe best -> --recipe | 'best' | covid run --help
run --split patient -> --split | 'patient' | covid run --help
preprocess slices --crop body -> --crop | 'body' | covid preprocess --help
split slices --enhance --crop body -> --crop | 'body' | covid split --help
run --no-contour stop -> --no-contour | 'stop' | covid run --help
run --window 40 -> --window | CENTER,WIDTH | '40' | covid run --help
split slices --window 40,0 -> --window | CENTER,WIDTH | '40,0' | covid split --help
audit slices --window -600,-5 -> --window | CENTER,WIDTH | '-600,-5' | covid audit --help
run --folds 1 -> --folds | at least 2 | '1'
run --data '' -> --data | empty
synth --out '' -> --out | empty
preprocess '' -> DIR | empty
predict '' image.png -> MODEL.npz | empty
evaluate model.npz -> --data | covid evaluate --help
predict model.npz -> IMAGE | covid predict --help
look model.npz -> IMAGE | covid look --help
look model.npz image.png --method lime -> --method | 'lime' | covid look --help
synth --patients 1 -> at least 2 patients | 1
synth --patients 1000000000 -> --patients | at most 1000000
synth --slices 0 -> --slices | at least 1 | '0'
synth --patients 1000000 --slices 1000000 -> at most 1000000 slices | fewer
synth --shortcut marker --shortcut table,hat -> --shortcut | marker,brightness,table | 'hat'
synth --near-duplicates -1 -> --near-duplicates | at least 0 | '-1'
synth --near-duplicates 1000000 -> near-duplicates | 1000000 | fewer
synth --labels random -> --labels | 'random' | covid synth --help
story --patients 3 -> --patients | at least 4 | 3
evaluate model.npz --data parts --prevalence rare -> --prevalence | between 0 and 1 | 'rare'
evaluate model.npz --data parts --prevalence 10 -> --prevalence | between 0 and 1 | '10'
evaluate model.npz --data parts --prevalence nan -> --prevalence | between 0 and 1 | 'nan'
evaluate model.npz --data parts --part best -> --part | 'best' | covid evaluate --help

# Options that do not go together, or not with these images
split slices --no-contour drop -> --no-contour drop | --enhance
split slices --crop contours -> --crop contours | --enhance
split slices --window -600,1200 -> --window -600,1200 | more than 8 bits | leave it out
preprocess slices --window=40,80 -> --window 40,80 | more than 8 bits | leave it out
figures slices --window 40,80 -> --window 40,80 | more than 8 bits | leave it out
run --data slices --window 40,80 -> --window 40,80 | more than 8 bits | leave it out
run --data parts --window 40,80 -> parts | split already | --window | source images
controls --data parts --window 40,80 -> parts | split already | --window | source images
explore model.npz image.png -> image.png | Not_Infected or Infected | --label
explore model.npz image.png --label Ill -> --label | Not_Infected or Infected | 'Ill'
evaluate model.npz --data slices --part train -> --part train | slices | leave it out
split slices --group x --group-csv p.csv -> --group-csv | --group;
run --data parts --labels p.csv -> parts | split already | --labels
controls --data parts --labels p.csv -> parts | split already | --labels
audit parts --labels p.csv -> parts | split already | --labels
evaluate model.npz --data parts --labels p.csv -> parts | split already | --labels
run --group-csv p.csv --group-audit -> --group-audit | --group-csv
split slices --group-column patient -> --group-column | --group-csv FILE
run --group-column patient -> --group-column | --group-csv FILE
run --data slices --group-audit --no-audit -> --no-audit | --group-audit
run --data slices --folds 9 -> --folds 9 | Infected | 3 groups | --folds 3
run --data parts --folds 2 -> parts | split already | --folds | source images
run --data parts --ratios 60/20/20 -> parts | split already | --ratios | source images
run --data parts --split group --no-contour drop -> parts | --split group | --no-contour drop
run --data parts --positive Not_Infected -> parts | Infected | --positive
train --data parts --split both -> parts | split already | --split both | source images
controls --data parts --ratios 60/20/20 --no-contour drop -> parts | --ratios, --no-contour drop
controls --data parts --split random --group-column x -> parts | --group-column, --split
controls --data parts --positive Not_Infected -> parts | Infected | --positive
audit slices --split group -> --split group | --group REGEX | --group-csv FILE
audit parts --split random -> --split | parts | split already | source images
audit parts --ratios 50/10/40 -> --ratios | parts | split already | source images
audit slices --group ^x -> slices/ | '^x'
split slices --group zzz -> slices/Infected/synthetic-p001_s00_lung.png | 'zzz'
run --data slices --group zzz -> slices/Infected/synthetic-p001_s00_lung.png | 'zzz'
split slices --group synthetic -> Infected | synthetic | groups
split slices --group '(synthetic)-(p0)' -> slices/Infected | 2 groups | synthetic, p0 | (?P<patient>
explain model.npz image.png --layer conv -> --layer | conv2d, max_pooling2d, dropout | 'conv'
explain model.npz image.png --position 1,2,3 -> --position | --layer conv2d
explain model.npz image.png --layer conv2d --position 1,2 -> --position | (148, 148, 6) | (1, 2)
explain model.npz image.png --layer conv2d --position 1,148,0 -> --position | (1, 148, 0)
explain model.npz image.png --layer conv2d --position=-1,0,0 -> --position | (-1, 0, 0)
explain model.npz image.png --layer conv2d --position a -> --position | 70,40,2 | 'a'
explain model.npz image.png --of kernel -> --of | --layer conv2d
explain model.npz image.png --layer conv2d --of kernel -> --of | --backward
explain model.npz image.png --label Infected -> --label | --backward
explain model.npz image.png --training -> --training | --backward
explain model.npz image.png --backward -> image.png | Not_Infected or Infected | --label
explain model.npz image.png --backward --label Ill -> --label | Not_Infected or Infected | 'Ill'
explain model.npz image.png --backward --label Infected --layer flatten --of bias -> --of | input, output | 'bias'
explain model.npz image.png --backward --label Infected --layer conv2d --position 1 -> --position | (3, 3, 1, 6) | (1,)
explain model.npz image.png --backward --label Infected --layer conv2d --of input --position a -> --position | 70,40,2 | 'a'

# Folders of images
run --data missing -> missing | no such folder | path
train --data missing -> missing | no such folder | path
preprocess missing -> missing | no such folder | path
split missing -> missing | no such folder | path
evaluate model.npz --data missing -> missing | no such folder | path
figures --data missing -> missing | no such folder | path
preprocess 'two{newline}lines' -> two\nlines | no such folder
preprocess '{bytes}' -> \udcff\udcfe | no such folder
preprocess {long} -> {long} | File name too long | path
run --data notes.txt -> notes.txt | a file | class folders
preprocess notes.txt -> notes.txt | a file | class folders
evaluate model.npz --data notes.txt -> notes.txt | a file | class folders
run --data slices --positive Ill -> slices | 'Ill' | Infected | --positive
split parts -> parts | two class folders | train, validate | source images
preprocess parts -> parts | two class folders | train, validate | source images
split slices --labels missing.csv -> --labels | missing.csv | No such file
split --labels slices -> --labels | slices | Is a directory
split slices --group-csv missing.csv -> --group-csv | missing.csv | No such file
run --data slices --group-csv slices -> --group-csv | slices | Is a directory

# Where results go
run --out slices -> slices | not empty | --out
synth --out slices -> slices | not empty | --out
story --out slices -> slices | not empty | --out
split slices --out parts -> parts | not empty | --out
audit slices --out parts -> parts | not empty | --out
controls --data parts --out slices -> slices | not empty | --out
preprocess slices --out slices -> slices | not empty | --out
figures --data slices --out . -> . exists | not empty | --out
look model.npz image.png --out slices -> slices | not empty | --out
evaluate model.npz --data parts --figures slices -> slices | not empty | --figures
run --out notes.txt -> notes.txt | a file | --out
split slices --out notes.txt -> notes.txt | a file | --out
run --out notes.txt/below/it -> /notes.txt | a file | --out
synth --out notes.txt/below -> /notes.txt | a file | --out
run --data slices --out slices/results -> slices/results | folder slices | --out
preprocess slices --out slices/Infected/new -> slices/Infected/new | folder slices | --out
split slices --out slices/new -> slices/new | folder slices | --out
figures --data slices --out slices/new -> slices/new | folder slices | --out
audit slices --out slices/audit -> slices/audit | folder slices | --out
evaluate model.npz --data parts --figures parts/drawn -> parts/drawn | folder parts | --figures
synth --out {long} -> {long} | File name too long | path
predict model.npz image.png --out image.png -> --out | .csv | image.png
evaluate model.npz --data slices --out missing/a.csv -> missing/a.csv | no folder missing | --out
explore model.npz image.png --out slices -> slices | a folder, not a file | --out
explore model.npz image.png --out image.png -> --out | image.png | would be lost
explore model.npz image.png --out ./model.npz -> --out | model.npz | would be lost
evaluate model.npz --data parts --out parts/manifest.csv -> --out | manifest.csv | would be lost
evaluate model.npz --data parts --out parts/contents.csv -> --out | contents.csv | would be lost
explore model.npz image.png --out /dev/null -> --out | /dev/null | a device

# Images and models
predict model.npz missing.png -> missing.png | no such file | path
explain model.npz missing.png -> missing.png | no such file | path
explain model.npz slices -> slices | a folder | image
predict model.npz 'slices/*.jpg' -> slices/*.jpg | pattern | correct it
look model.npz 'a/[bc].png' -> a/[bc].png | pattern | correct it
predict model.npz notes.txt -> notes.txt | not an image | png, jpg
explain model.npz notes.txt -> notes.txt | not an image | png, jpg
look model.npz notes.txt -> notes.txt | not an image | png, jpg
evaluate missing.npz --data slices -> missing.npz | no such file | model.npz
predict missing.npz image.png -> missing.npz | no such file | model.npz
predict slices image.png -> slices | a folder | model.npz
figures --data slices --model notes.txt -> notes.txt | another kind | model.npz
explain notes.txt image.png -> notes.txt | another kind | model.npz

# Runs and reports
run --resume missing -> --resume | missing | output folder
run --resume -> --resume | one folder | --resume results
run --resume one --out two -> --resume | one folder | --resume results
run --resume slices -> --resume | slices | run.json | --out
report missing -> missing/summary.json | No such file | covid run
report slices -> slices/summary.json | No such file | covid run
"""

# Of the corpora of `bad_models`, which test_bad_models gives to the command line one by one: those
# at which every check of a model file fails once.
BAD_MODELS = """
empty npy h5 keras torch half flipped-bit compressed overlapping endless-directory size-unknown
encrypted twice climbing-name objects no-array absurd-shape too-short empty-absurd-shape no-header
npy-version-2 misshapen missing extra no-description numbers-as-description no-json json-list newer no-version
no-layers wide-dense unknown-class unknown-optimizer positive-missing not-compiled positive-climbs
one-class climbing-model-name preprocessing-3 enhance-text crop-body size-huge interpolation rescale-nan
levels-text huge-average size-of-others two-units no-probability huge-output huge-window nan-weight threshold-3
threshold-method threshold-bare
"""
HUGE = {"kernel_initializer": lambda shape, rng: np.full(shape, 1e38)}
NO_CONVOLUTION = given.bad_model(
    bad_models.saved(Flatten(input_shape=(6, 6, 1)), Dense(1, "sigmoid"))
)
OVERFLOW = given.bad_model(
    bad_models.saved(
        Conv2D(1, 1, input_shape=(6, 6, 1), **HUGE), Flatten(), Dense(1, "sigmoid", **HUGE)
    )
)
LATER_IMAGE = "Infected/synthetic-p001_s00_lung.png"
FULL = OSError(28, "No space left on device")
DENIED = PermissionError(13, "Permission denied")
NO_CHECKPOINT = raising("minicnn.saving.checkpoint.write_npz", FULL)
STOPPED = given.interrupted_while("minicnn.saving.checkpoint.write_npz")
TOO_FEW_ROWS = bad_images.damaged()["too few rows.png"][0]
NO_HEADER = bad_images.PNG + bad_images.chunk(b"IDAT", b"IHDR" * 9)
CUT_HEADER = bad_images.PNG + b"\0\0\0\x0eIHDR" + b"\0\0\0\1" * 6 + bad_images.chunk(b"IEND", b"")


def tif(*tags: tuple):
    """`bad.png`: a tif of these tags alone."""
    return file("bad.png", bad_images.tagged_tif(list(tags)))


NO_PICTURE = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0\xff\xd9"
CHECKPOINT = "stopped/random/tiny_cnn/checkpoint.npz | "
AN_IMAGE = "train/Infected/synthetic-p001_s00_lung.png"
NEW_IMAGE = "train/Infected/new.png"
LAST_IMAGE = "test/Infected/synthetic-p005_s01_lung.png"
A_SLICE = "Infected/synthetic-p001_s00_lung.png"
B_SLICE = "Infected/synthetic-p001_s01_lung.png"
DICOM = bytes(128) + b"DICM"
ITS_LINE = "parts/manifest.csv | damaged | train/Infected/synthetic-p005_s00_lung.png"


def no_confusion(summary: dict) -> None:
    """A summary whose first confusion matrix is no matrix."""
    split = next(iter(summary["splits"].values()))
    next(iter(split["models"].values()))["test"]["confusion"] = {}


# fmt: off
TABLE = [
    *plain(PLAIN),
    # Folders of images
    *rows("preprocess slices",
        ("slices | Permission denied", given.forbidden("slices", "iterdir")),
        ("slices/Infected | Permission denied", given.forbidden("slices/Infected", "os.scandir")),
        ("preprocessed | No space left | --out", raising("covid.data.write_split.write_png", FULL))),
    *rows("preprocess data --positive COVID",
        ("data/COVID | 1 DICOM file | png | --window",
            all_of(file("data/COVID/a.dcm", "x"), given.folder("data/Other"))),
        ("data/COVID | 2 DICOM files | png | --window",
            all_of(file("data/COVID/1", DICOM), file("data/COVID/2", DICOM),
                file("data/COVID/notes.txt", "x"), given.folder("data/Other"))),
        ("data/COVID | 1 volume file | png",
            all_of(file("data/COVID/a.nii.gz", "x"), given.folder("data/Other"))),
    ),
    *rows("preprocess data",
        ("data | none, but 1 packed file | unpack", file("data/a.zip", "x")),
        ("data | none, but 1 images | --labels", file("data/a.png", given.png)),
        ("data | 1 (inside) | data/inside, which holds Infected, Not_Infected",
            given.folder("data/inside/Infected", "data/inside/Not_Infected")),
        ("data | COVID and covid | case | rename", given.class_folders("COVID", "covid")),
        ("data | two class folders | none", given.folder("data")),
        ("data | two class folders | (A, B, C)", given.class_folders("A", "B", "C")),
        ("Other | not an image | readable images", given.beside_infected("notes.png"))),
    *rows("split data",
        ("data | two class folders | (Infected)", given.class_folders("Infected")),
        ("data/Other | no images", given.beside_infected()),
        ("data/Other | no images | notes.txt | .txt", given.beside_infected("notes.txt")),
        ("Infected | 1 images | too few | ratios", given.a_single_image_each)),
    Row("split data --ratios 40/30/30", "Other | test | not an image | readable images",
        given.beside_infected(*(f"{n}.png" for n in range(4)))),
    *rows("run --data data",
        ("data | two class folders | (Infected)", given.class_folders("Infected")),
        ("data | positive | One and Other | --positive", given.class_folders("One", "Other")),
        (r"data | can be printed | '\x1b[31m' | rename", given.class_folders("\x1b[31m", "Other"))),
    *rows("figures --data data",
        ("data | two class folders | (A, B, C)", given.class_folders("A", "B", "C")),
        ("data/Other | notes.png", given.beside_infected("notes.png"))),
    *rows("evaluate model.npz --data data",
        ("data | classes | Not_Infected | Infected", given.class_folders("Cat", "Dog")),
        ("data | readable image | none",
            all_of(*(file(f"data/{n}/a.png", "notes") for n in ("Infected", "Not_Infected"))))),
    Row("preprocess enhanced", "enhanced | already", given.preprocessed()),
    Row("split enhanced --enhance", "enhanced | already | --enhance", given.preprocessed()),
    Row("split enhanced", "enhanced/Infected/new.png | covid preprocess",
        given.preprocessed(lambda path: shutil.copy("image.png", path / "Infected/new.png"))),
    Row("run --data data --split group",
        "--split group | --group REGEX | --group-csv FILE | --group-audit",
        given.a_single_image_each),
    Row("controls --data data --split group", "--split group | --group REGEX | --group-csv FILE",
        given.a_single_image_each),

    # Splits that somebody else made
    *rows("run --data data",
        ("data | split already | train: none; val: none | class folders",
            all_of(file("data/train/a.png", given.png), file("data/val/b.png", given.png))),
        ("data | Train: A, B; Val: A, C",
            given.class_folders("Train/A", "Train/B", "Val/A", "Val/C")),
        ("data | notes, test, train | notes is none | take away",
            given.class_folders("train/A", "test/A", "notes")),
        ("data | test, train, training | two are of one part",
            given.class_folders("train/A", "training/A", "test/A")),
        ("data | test, val | none is the training set", given.class_folders("val/A", "test/A")),
        ("data | training set | Train, unseen | rename",
            given.class_folders("Train/A", "Train/B", "unseen/A", "unseen/B")),
        ("data | A and B | --positive", given.someones_split)),
    Row("run --data data --positive A --folds 2", "data | split already | --folds",
        given.someones_split),
    Row("run --data data --positive A --split random", "data | split already | --split random",
        given.someones_split),
    Row("run --data data --positive A --split group --group (lung)",
        "data | split already | --split group | both sides", given.someones_split),
    Row("split data --positive A --ratios 50/10/40", "data | split already | --ratios",
        given.someones_split),
    Row("audit data --positive A --split random", "data | split already | --split",
        given.someones_split),
    Row("controls data --positive A --ratios 50/10/40", "data | split already | --ratios",
        given.someones_split),
    Row("preprocess data", "data | split already | one part", given.someones_split),
    Row("evaluate model.npz data", "data | split already | one part", given.someones_split),

    # Classes from a csv file
    *rows("split slices --labels l.csv",
        ("--labels | l.csv | UTF-8", file("l.csv", b"\xff\xfe")),
        ("--labels l.csv | first line | Infected/a.png, x | file,label",
            file("l.csv", "Infected/a.png,x\n")),
        ("--labels l.csv | files | file, path, label | name one column",
            file("l.csv", "file,path,label\n")),
        ("--labels l.csv | classes | file, age, sex", file("l.csv", "file,age,sex\n")),
        ("--labels l.csv | none of the 1 files | slices | gone.png | paths",
            file("l.csv", "file,label\ngone.png,x\n")),
        ("--labels l.csv | none of the 1 files | truth.csv: its extension .csv",
            file("l.csv", "file,label\ntruth,x\n")),
        ("--labels l.csv | 1 of the files | label | line 2 'x' | line 4 'y' | correct",
            file("l.csv", f"file,label\n{A_SLICE},x\n{B_SLICE},x\n{A_SLICE},y\n")),
        ("--labels l.csv | label | case only | COVID: 1, covid: 1",
            file("l.csv", f"file,label\n{A_SLICE},COVID\n{B_SLICE},covid\n")),
        ("--labels l.csv | two classes | found 1 (x: 2)",
            file("l.csv", f"file,label\n{A_SLICE},x\n{B_SLICE},x\n")),
        ("--labels l.csv | two classes | nothing: 1",
            file("l.csv", f"file,label\n{A_SLICE},x\n{B_SLICE},\n")),
        ("--labels l.csv | 'a/b' | folder | write",
            file("l.csv", f"file,label\n{A_SLICE},a/b\n{B_SLICE},x\n")),
        ("l.csv | positive | x and y | --positive",
            file("l.csv", f"file,label\n{A_SLICE},x\n{B_SLICE},y\n")),
        ("l.csv: line 2 | 3 cells | 2 columns | quotes", file("l.csv", "file,label\na,b,c\n"))),
    Row("preprocess data --labels l.csv", "l.csv | 1 DICOM file | png",
        all_of(file("data/a.dcm", "x"), file("l.csv", "file,label\na.dcm,x\n"))),
    Row("evaluate model.npz slices --labels l.csv", "l.csv | classes Not_Infected and Infected | x | rename",
        file("l.csv", f"file,label\n{A_SLICE},x\n{B_SLICE},Infected\n")),

    # Split folders
    *rows("train --data parts",
        ("parts/split.json | damaged", written("parts", "split.json", "{")),
        ("parts/split.json | damaged", written("parts", "split.json", "[" * 100_000)),
        ("parts/split.json | seed", given.in_split(lambda info: info.pop("seed"))),
        ("parts/split.json | ratios | 3", given.in_split(lambda info: info.update(ratios=3))),
        ("parts/split.json | negative | 'Infected'",
            given.in_split(lambda info: info.update(negative="Infected"))),
        ("parts/manifest.csv | No such file | covid split",
            copied("parts", lambda path: (path / "manifest.csv").unlink())),
        ("parts/manifest.csv | part,class,label,file", written("parts", "manifest.csv", "")),
        ("parts/manifest.csv | part,class,label,file",
            given.in_manifest(replaced("status", "state"))),
        ("parts/manifest.csv | damaged",
            given.in_manifest(replaced("Infected,1,", "Infected,one,"))),
        ("parts/manifest.csv | damaged", given.in_manifest(lambda text: text + "x" * 200_000)),
        (ITS_LINE, given.in_manifest(replaced("Infected,1,", "Infected,0,"))),
        (ITS_LINE, given.in_manifest(lambda text: text + text.splitlines(True)[1])),
        ("parts/manifest.csv | damaged | train/../../slices/Infected",
            given.in_manifest(replaced("train/Infected", "train/../../slices/Infected"))),
        (f"parts/{AN_IMAGE} | manifest.csv",
            copied("parts", lambda path: (path / AN_IMAGE).unlink())),
        (f"parts/{NEW_IMAGE} | manifest.csv",
            copied("parts", lambda path: shutil.copy("image.png", path / NEW_IMAGE))),
        (f"parts/{AN_IMAGE} | not an image", written("parts", AN_IMAGE, "notes")),
        (f"parts/{AN_IMAGE} | cut-off", written("parts", AN_IMAGE, TOO_FEW_ROWS))),
    *rows("evaluate model.npz --data parts",
        ("parts/split.json | Is a directory | covid split",
            all_of(copied("parts", lambda path: (path / "split.json").unlink()),
                given.folder("parts/split.json"))),
        ("parts | Infected | test | none",
            given.in_manifest(lambda text: "".join(
                line for line in text.splitlines(True) if not line.startswith("test,Infected")))),
        (f"parts/{LAST_IMAGE} | cut-off", written("parts", LAST_IMAGE, TOO_FEW_ROWS)),
        ("parts/test/Infected/ | 150 x 150 | MAX_IMAGE_PIXELS to 22500",
            given.env(MAX_IMAGE_PIXELS="20000"))),
    Row("run --data parts --split random", "--split random | parts | ^[^_]+ | source images",
        given.in_split(lambda info: info.update(group="^[^_]+"))),
    Row("evaluate cats.npz --data parts", "parts | Cat | Dog | Infected", given.for_other_classes),
    Row("evaluate cats.npz --data slices", "slices | classes | Dog and Cat",
        given.for_other_classes),
    Row("evaluate model.npz --data raw", "raw | not enhanced | --as-is", given.raw_split),
    Row("evaluate model.npz --data parts", "parts | 96 x 96 | 150 x 150 | --as-is",
        given.in_split(lambda info: info.update(image_size=96))),
    Row("evaluate model.npz --data parts", "parts | contours | lungs | --as-is",
        given.in_split(lambda info: info.update(crop="contours"))),

    # Groups from a csv file
    *rows("split slices --group-csv p.csv",
        ("p.csv | UTF-8", file("p.csv", "file,patient\nmüller.png,1\n".encode("latin-1"))),
        ("p.csv | UTF-8", file("p.csv", "file,patient\n" + "x" * 200_000)),
        ("p.csv | 'patient' | none | --group-column", file("p.csv", "")),
        ("p.csv | patient, patient | --group-column", file("p.csv", "patient,patient\n")),
        ("p.csv: line 2 | 3 cells | 2 columns | quotes",
            file("p.csv", "file,patient\na.png,Doe, Jane\n")),
        ("p.csv | 12 images | Infected/synthetic-p001_s00_lung.png",
            file("p.csv", "file,patient\na.png,1\n")),
        ("p.csv | 12 images | 1 of them | Not_Infected/",
            file("p.csv", lambda: given.patients_csv().rsplit("\n", 2)[0].encode())),
        ("p.csv: line 2 | 'synthetic-p001' | line 14 | 'somebody'",
            file("p.csv",
                lambda: f"{given.patients_csv()}synthetic-p001_s00_lung.png,somebody\n".encode())),
        ("p.csv: line 2 | no patient | synthetic-p001_s00_lung.png",
            file("p.csv",
                lambda: given.patients_csv().replace(",synthetic-p001\n", ",\n").encode()))),
    Row("split slices --group-csv p.csv --group-column person",
        "p.csv | 'person' | file, patient | --group-column", file("p.csv", "file,patient\n")),

    # Where results go
    Row("synth --out new", "permission | --out", given.patched("os.access", lambda *args: False)),
    *rows("synth --out new/er",
        ("/new | a link that leads to nothing | --out", given.link("new", "nowhere")),
        ("/new | a link that leads to nothing | --out", given.link("new", "new"))),
    Row("synth --out new", "new | a link that leads to nothing | --out", given.link("new", "nowhere")),
    Row("audit loop --out new", "loop | no such folder", given.link("loop", "loop")),
    *rows("synth",
        ("some/file | Permission denied | permissions",
            raising("covid.cli.commands.synth.synth", PermissionError(*DENIED.args, "some/file"))),
        ("4096 requested and 12 written | disk",
            raising("covid.cli.commands.synth.synth", OSError("4096 requested and 12 written"))),
        ("memory | fewer images", raising("covid.cli.commands.synth.synth", MemoryError()))),
    Row("synth --patients 2 --slices 1", "No space left on device | disk",
        raising("covid.phantom.write.write_csv", FULL)),
    Row("figures --data slices", "figures/samples.png | No space left on device | disk",
        raising("covid.figures.plots.canvas.atomic_write", FULL)),
    *rows("predict model.npz image.png --out a.csv",
        ("--out | .csv | a.csv", given.folder("a.csv")),
        ("a.csv | No space left on device | disk", raising("minicnn.files.flush", FULL)),
        ("a.csv | Too many open files | ulimit -n",
            raising("minicnn.files.flush", OSError(24, "Too many open files", "a.csv")))),
    Row("train --data slices --epochs 1",
        "trained/random/compact_cnn/checkpoint.npz | No space left on device | none before | disk",
        all_of(NO_CHECKPOINT, given.no_figures)),

    # Images
    *rows("predict model.npz bad.png",
        ("bad.png | link | does not exist", given.link("bad.png", "nowhere.png")),
        ("bad.png | Too many levels of symbolic links", given.link("bad.png", "bad.png")),
        ("bad.png | empty", file("bad.png", b"")),
        ("bad.png | DICOM | png", image("slice.png")),
        ("bad.png | damaged or cut-off png", image("first bytes.png")),
        ("bad.png | damaged or cut-off png", file("bad.png", NO_HEADER)),
        ("bad.png | damaged or cut-off png", file("bad.png", CUT_HEADER)),
        ("bad.png | damaged or cut-off png", image("no width.png")),
        ("bad.png | damaged png | check sum", image("changed byte.png")),
        ("bad.png | damaged png | palette", image("no palette.png")),
        ("bad.png | 100 million pixels | webp", image("bomb.webp")),
        ("bad.png | cut-off png", image("last byte.png")),
        ("bad.png | cut-off png", image("no rows.png")),
        ("bad.png | 30000 x 30000 | MAX_IMAGE_PIXELS to 900000000", image("bomb.png")),
        ("bad.png | 2000000 x 1 pixels | 65535", image("very long.png")),
        ("bad.png | damaged or cut-off jpg", file("bad.png", b"\xff\xd8\xff\xd9")),
        ("bad.png | damaged or cut-off jpg", file("bad.png", b"\xff\xd8\xff\xe0\0\4abcd")),
        ("bad.png | damaged or cut-off jpg", file("bad.png", b"\xff\xd8\xff\xe0\0\0abcd")),
        ("bad.png | cut-off jpg | save", file("bad.png", NO_PICTURE)),
        ("bad.png | cut-off jpg", image("last bytes.jpg")),
        ("bad.png | damaged or cut-off jp2", file("bad.png", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40))),
        ("bad.png | 32 bits a channel | 8 bits", image("float.tif")),
        ("bad.png | 16 bits a channel | 8 bits", image("color 16 bit.tif")),
        ("bad.png | have a sign | 8 bits",
            tif(*((tag, 3, 1) for tag in (256, 257, 259, 262, 277, 278)), (258, 3, 8),
                (273, 4, 8), (279, 4, 1), (339, 3, 2))),
        ("bad.png | tif | directory is missing", file("bad.png", b"II*\0" + bytes(4))),
        ("bad.png | tif | twice | save", tif((256, 4, 9), (256, 4, 99), (257, 4, 9))),
        ("bad.png | tif | no numbers | save", tif((256, 17, 9), (257, 4, 9))),
        ("bad.png | tif | 65535 strips | fewer", tif((256, 4, 9), (273, 4, [8] * 70_000))),
        ("bad.png | tif | longer than the file | save",
            file("bad.png", b"II*\0" + struct.pack("<IHHHI", 8, 1, 256, 4, 10**6) + bytes(8))),
        ("bad.png | far more in front of its pixels | save",
            file("bad.png", bad_images.PNG + bytes(3_000_000))),
        ("bad.png | jpg | far more in front of its pixels | save",
            file("bad.png", b"\xff\xd8" + b"\xff" * 70_000)),
        ("bad.png | 3000058 bytes | 9 x 9 pixels | save",
            file("bad.png", bad_images.png(9, 9, b"") + bytes(3_000_000 + 58 - len(bad_images.png(9, 9, b"")))))),
    *rows("predict model.npz image.png",
        ("image.png | permission", raising("minicnn.preprocessing.decode.open", DENIED)),
        ("image.png | png | memory", raising("PIL.PngImagePlugin.PngImageFile.load", MemoryError())),
        ("MAX_IMAGE_PIXELS | number | 'many'", given.env(MAX_IMAGE_PIXELS="many"))),
    Row("predict model.npz bad.bmp", "bad.bmp | 2000000000 bytes | smaller",
        all_of(file("bad.bmp", b"BM"), lambda setting: os.truncate("bad.bmp", 2 * 10**9))),

    # Models
    *rows("predict bad.npz image.png",
        *(("bad.npz | model.npz", given.bad_model(name)) for name in BAD_MODELS.split()),
        ("bad.npz | weights/dense/bias | 68 bytes | model.npz",
            given.bad_model(bad_models.weight(bad_models.header("(1,)"), b""))),
        ("bad.npz | description | no JSON | model.npz",
            given.bad_model(bad_models.with_text(" " * (4 * 2**20 + 1))))),
    Row("figures --data slices --model bad.npz", "convolution | none | --model", NO_CONVOLUTION),
    Row("look bad.npz image.png --method grad-cam",
        "--method grad-cam | convolution | --method occlusion", NO_CONVOLUTION),
    Row("look bad.npz image.png", "image.png | heat map | NaN or infinity", OVERFLOW),
    Row("evaluate bad.npz --data parts --as-is", "probability | nan | images", given.overflowing),

    # Training, and resuming it
    Row("run --data slices --models reduced_inception --epochs 1 --out new",
        "reduced_inception | failed | not saved | epoch 1 | --seed",
        all_of(given.exploding, given.no_figures)),
    Row("run --data slices --out stopped", "stopped | not empty | --out", given.stopped()),
    *rows("run --resume stopped",
        ("stopped/run.json | damaged", written("stopped", "run.json", "{")),
        ("stopped/run.json | 'fly'", given.in_run_json(lambda info: info.update(command="fly"))),
        ("stopped/run.json | started",
            given.in_run_json(lambda info: info.update(started_in=3))),
        ("stopped/run.json | seed: 'one'", given.stopped_with(seed="one")),
        ("stopped/run.json | models: ['vgg']", given.stopped_with(models=["vgg"])),
        (r"stopped/run.json | data: 'a\x00b'", given.stopped_with(data="a\0b")),
        ("/gone | no such folder | path",
            all_of(given.stopped_with(data="gone"),
                lambda setting: shutil.rmtree("stopped/random/data"))),
        ("stopped | another process", all_of(given.stopped(), given.locked)),
        (f"{CHECKPOINT}cut off | delete", given.checkpoint(lambda content: b"")),
        (f"{CHECKPOINT}a model alone | delete",
            given.checkpoint(bad_models.drop("__training__"))),
        (f"{CHECKPOINT}another run | epochs: 1 there, 2 here | delete",
            given.checkpoint(lambda content: Path("model.npz").read_bytes())),
        (f"{CHECKPOINT}epochs: 2 there, 3 here | delete", given.stopped_with(epochs=3)),
        (f"{CHECKPOINT}without weights/conv2d/bias | delete",
            given.checkpoint(bad_models.drop("weights/conv2d/bias"))),
        (f"{CHECKPOINT}version 3 | 9 | delete", given.training_state(version=9)),
        (f"{CHECKPOINT}callbacks | WarmUp | delete", given.training_state(callbacks=[])),
        (f"{CHECKPOINT}damaged | epoch=-1 | delete",
            given.training_state(position={"epoch": -1})),
        (f"{CHECKPOINT}damaged | delete", given.training_state(seconds="x")),
        (f"{CHECKPOINT}No space left on device | the one before it is whole",
            all_of(given.stopped(), NO_CHECKPOINT)),
        ("no images any more | start another run",
            all_of(given.stopped(), raising("covid.pipeline.train_models.train_and_evaluate",
                ImageFileError("no images any more")))),
        ("stopped/contents.csv | damaged | another run",
            written("stopped", "contents.csv", "x\n1\n")),
        ("stopped/contents.csv | damaged | first line",
            written("stopped", "contents.csv", "")),
        ("stopped/random/data/ | not the file | begun with | back",
            given.stopped(lambda path: next(path.glob("random/data/*/test/*/*.png")).write_bytes(
                Path("image.png").read_bytes()))),
        ("stopped/audit | damaged | --resume", written("stopped", "audit/audit.json", "{")),
        ("stopped/audit | 11 of the 12 | images.csv",
            given.stopped(lambda path: given.without_last_line(path / "audit/images.csv"))),
        ("stopped/controls | damaged | --resume",
            all_of(given.no_figures, given.stopped(given.with_damaged_controls)), 2, "stopped"),
        ("enhanced-150px-50-10-40 | 12 images | Infected/synthetic-",
            all_of(given.no_figures,
                copied("slices", lambda path: shutil.copy(path / LATER_IMAGE,
                    path / "Infected/synthetic-p001_s09_lung.png")),
                given.in_run_json(lambda info: info["options"].update(
                    data=str(Path("slices").absolute()), split="both", audit=False))),
            2, "stopped"),
        ("Infected/synthetic-p001_s00_lung.png | has gone | put it back",
            all_of(given.no_figures, copied("slices", lambda path: (path / LATER_IMAGE).unlink()),
                given.in_run_json(lambda info: info["options"].update(
                    data=str(Path("slices").absolute()), split="both", audit=False))))),
    Row("audit slices", "slices | not complete | write it again",
        written("slices", ".covid-unfinished", "")),
    Row("run --resume stopped --seed 9", "--seed | stopped | with 1 | with 9", given.stopped()),
    Row("run --resume stopped --ratios 60/20/20", "--ratios | stopped | 60/20/20",
        given.stopped()),
    Row("run --resume stopped --models cnn", "--models | stopped | tiny_cnn | cnn;",
        given.stopped()),
    Row("train finished --positive random", "finished | results of a run | its images",
        given.finished()),
    Row("run --resume finished", "finished/summary.json | damaged | --resume",
        written("finished", "summary.json", "{")),
    *rows("train --data slices --epochs 1 --out new",
        ("new | taken away | start it again",
            given.at_the_end(lambda: shutil.rmtree("new"))),
        ("new/random/compact_cnn/model.npz | taken away | start it again",
            given.at_the_end(Path("new/random/compact_cnn/model.npz").unlink), 2, "new")),

    # The report
    *rows("report finished",
        ("summary.json | damaged | --resume finished", written("finished", "summary.json", "{")),
        ("summary.json | an object | --resume finished", written("finished", "summary.json", "[]")),
        ("summary.json | a text | --resume finished",
            written("finished", "summary.json", '{"splits": {"random": {"models": []}}}')),
        ("summary.json | confusion | a list | --resume finished",
            given.finished(lambda path: given.change_json(path / "summary.json", no_confusion))),
        ("finished/report.html | No space left on device | disk",
            all_of(given.finished(), raising("covid.report.write.atomic_write",
                OSError(*FULL.args, "finished/report.html"))))),

    # The environment
    *rows("synth --patients 2",
        ("NUMBA_NUM_THREADS | integer | 'x'", given.threads("x")),
        (f"NUMBA_NUM_THREADS | integer | '{'9' * 60}'", given.threads("9" * 5000))),
    Row("figures --data slices", "'matplotlib' | covid doctor",
        raising("covid.cli.main.function_of", ImportError("No module named 'matplotlib'"))),

    # Ctrl-C, SIGTERM and a reader that goes away
    Row("run --data slices", "stopped",
        raising("covid.data.prepare_split.write_split", KeyboardInterrupt()), 130),
    Row("synth", "stopped", raising("covid.cli.commands.synth.synth", KeyboardInterrupt()), 130),
    Row("train --data slices --epochs 2 --checkpoint-steps 1 --out new",
        "stopped | step 1 of 1 | epoch 1", all_of(STOPPED, given.no_figures), 130, "new"),
    Row("train --data slices --epochs 2 --out new",
        "stopped | epoch 1", all_of(STOPPED, given.no_figures), 130, "new"),
    Row("explain model.npz image.png", "",
        raising("covid.cli.commands.explain.explain", BrokenPipeError()), 141),
    Row("explain model.npz image.png --layer conv2d --backward --label Infected",
        "the parts give 1 | python -m minicnn.gradcheck",
        raising("minicnn.inspection.explain_gradient", RuntimeError("conv2d: the parts give 1"))),

    Row("explore model.npz image.png --label Infected",
        "kernels.npz | delete it", file("kernels.npz", b"no archive")),
]
# fmt: on
