"""The methods of a model by which it is trained and used; what they do is in `minicnn.training`."""

from minicnn import arguments, optimizers
from minicnn.numeric_checks import require_finite_batch
from minicnn.training import compiling, loop
from minicnn.training.sample_weights import check_class_weight

STEPS = ("call", "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")


class TrainingMethods:
    """`compile`, `fit`, `evaluate`, `predict` and their like, with Keras' arguments."""

    def __init_subclass__(cls) -> None:
        """TypeError for a subclass with steps of its own, which `fit` and its like would not make."""
        instead = "connect layers, and train with a loss, callbacks or train_on_batch"
        arguments.refuse_methods(cls, STEPS, instead)

    def compile(
        self,
        optimizer="rmsprop",
        loss="binary_crossentropy",
        metrics=None,
        loss_weights=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
    ) -> None:
        """Say how the model is to be trained.

        Parameters
        ----------
        optimizer : str or Optimizer
            "adam", "rmsprop", "sgd", or one from `minicnn.optimizers`.
        loss : str, loss, or list or dict of them
            "binary_crossentropy", or `minicnn.losses.BinaryCrossentropy(...)`; a list or a dict by
            output name gives one for each output.
        metrics, weighted_metrics : list of str, function (y, p) or `Metric`, optional
            Such as ["acc", "AUC"]. With several outputs, a list or a dict by output name of what
            each has. Only `weighted_metrics` count the samples by their weights.
        loss_weights : list or dict of float, optional
            How much each output's loss counts in the total; 1 each when missing.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            Keras' arguments, not supported beyond their defaults.
        """
        arguments.refuse_unsupported(
            "compile",
            {
                "run_eagerly": (run_eagerly, False, None),
                "steps_per_execution": (steps_per_execution, 1, None),
                "jit_compile": (jit_compile, "auto", False, None),
                "auto_scale_loss": (auto_scale_loss, True),
            },
        )
        self._set_training(
            optimizer,
            compiling.losses_of(self, loss),
            compiling.loss_weights_of(self, loss_weights),
            compiling.metrics_of(self, metrics, "metrics"),
            compiling.metrics_of(self, weighted_metrics, "weighted_metrics"),
        )

    def _set_training(
        self, optimizer, loss: list, loss_weights: list, metrics: list, weighted_metrics: list
    ) -> None:
        """Look everything up first, so that a model is compiled as a whole or not at all."""
        optimizer = optimizers.get(optimizer)
        self.metrics, self.loss_keys = compiling.keys_of(self, metrics, weighted_metrics)
        self.optimizer, self.losses, self.loss_weights = optimizer, loss, loss_weights

    # `model.fit(x, ...)` is `loop.fit(model, x, ...)`, with Keras' arguments in Keras' order.
    fit = loop.fit
    predict = loop.predict

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
    ):
        """Loss and metrics on some data, without training; see `minicnn.training.loop.evaluate`."""
        logs = loop.evaluate(self, x, y, batch_size, verbose, sample_weight, steps, callbacks)
        return logs if return_dict else loop.as_list(self, logs)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One training step on one batch; its loss and metrics before the step."""
        require_finite_batch(x, "train_on_batch: x", self.dtype)
        check_class_weight(class_weight, len(self.losses), sample_weight)
        logs = loop.train_one_batch(self, x, y, sample_weight, class_weight)
        return dict(logs) if return_dict else loop.as_list(self, logs)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Loss and metrics of one batch."""
        require_finite_batch(x, "test_on_batch: x", self.dtype)
        logs = loop.test_one_batch(self, x, y, sample_weight)
        return dict(logs) if return_dict else loop.as_list(self, logs)

    def predict_on_batch(self, x):
        """The outputs for one batch."""
        require_finite_batch(x, "predict_on_batch: x", self.dtype)
        return loop.predict_one_batch(self, x)

    # The names under which Keras 2 worked with generators. max_queue_size, workers and
    # use_multiprocessing have no effect: `minicnn.training.prefetch` decides what is made ahead.

    def fit_generator(
        self,
        generator,
        steps_per_epoch=None,
        epochs=1,
        verbose=1,
        callbacks=None,
        validation_data=None,
        validation_steps=None,
        class_weight=None,
        *,
        shuffle=True,
        initial_epoch=0,
        workers=1,
        max_queue_size=10,
        use_multiprocessing=False,
        validation_freq=1,
    ):
        """The same as `fit`."""
        return self.fit(
            generator,
            steps_per_epoch=steps_per_epoch,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            shuffle=shuffle,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
            validation_freq=validation_freq,
        )

    def evaluate_generator(
        self,
        generator,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        verbose=0,
    ):
        """The same as `evaluate`."""
        return self.evaluate(generator, steps=steps, verbose=verbose, callbacks=callbacks)

    def predict_generator(
        self,
        generator,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        verbose=0,
    ):
        """The same as `predict`."""
        return self.predict(generator, steps=steps, verbose=verbose, callbacks=callbacks)
