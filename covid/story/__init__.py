"""The story of `covid story`: a result that looks perfect and is worth nothing, in four chapters.

`tell` goes through the `chapters`; `text` is story.txt, `figure` story.png.
"""
