"""How a layer is called, and what `repr` says of it: made of its `config`, so for nothing."""

from minicnn.arguments import shape_text, snake_case
from minicnn.reprs import OneLine, counted, settings_texts, titled

SAID_OTHERWISE = ("name", "batch_shape")  # in front, and as the shape that goes in


class OneLineLayer(OneLine):
    """`<Conv2D conv2d: 6 filters 3x3, relu, (150, 150, 1) -> (148, 148, 6), 60 parameters>`."""

    @property
    def label(self) -> str:
        """The name if there is one, else one made from the class: MaxPooling2D, max_pooling2d."""
        return self.name or snake_case(type(self).__name__)

    @property
    def has_automatic_name(self) -> bool:
        """Whether a model named the layer, or still has to, and not the user."""
        return self.name == self.automatic_name  # both None before a model has it

    def one_line(self) -> str:
        settings = {
            name: value
            for name, value in self.config().items()
            if name not in SAID_OTHERWISE and (name, value) != ("activation", "linear")
        }
        facts = settings_texts(type(self), settings)
        if not self.built:
            facts.append("unbuilt")
        else:
            into = self.input_shape if self.takes_list else [self.input_shape]
            shapes = [*map(shape_text, into)], shape_text(self.output_shape(self.input_shape))
            facts.append(f"{', '.join(shapes[0])} -> {shapes[1]}")
        if self.params:
            facts.append(counted(self.count_params(), "parameters"))
        return titled(f"{type(self).__name__} {self.label}", facts)
