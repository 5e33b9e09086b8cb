"""Images before they reach a model: reading, resizing, augmentation, batches.

`minicnn.preprocessing.image` is the public face, a subset of tf.keras.preprocessing.image;
the other modules here are its parts, one purpose each. Nothing is imported until it is asked
for, and OpenCV only when a first image is read or warped.
"""
