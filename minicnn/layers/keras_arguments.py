"""Arguments that Keras' layers have and these have not, with the values that change nothing."""

OF_ALL = {
    "trainable": (True,),
    "dtype": (None, "float32"),
    "autocast": (True,),
    "activity_regularizer": (None,),
    "batch_size": (None,),
    "batch_input_shape": (None,),
    "weights": (None,),
}
WITH_KERNEL = OF_ALL | {
    "kernel_regularizer": (None,),
    "bias_regularizer": (None,),
    "kernel_constraint": (None,),
    "bias_constraint": (None,),
}
OF_DENSE = WITH_KERNEL | {
    "lora_rank": (None,),
    "lora_alpha": (None,),
    "quantization_config": (None,),
}
OF_RELU = OF_ALL | {"max_value": (None,), "negative_slope": (0.0,), "threshold": (0.0,)}
OF_INPUT = OF_ALL | {
    "sparse": (None, False),
    "ragged": (None, False),
    "tensor": (None,),
    "input_tensor": (None,),
    "optional": (False,),
}
