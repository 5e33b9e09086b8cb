"""What `repr` says of a layer, made of its `config`, so that a new layer has one for nothing."""

from minicnn.arguments import shape_text
from minicnn.reprs import OneLine, counted, settings_texts, titled

SAID_OTHERWISE = ("name", "batch_shape")  # in front, and as the shape that goes in


class OneLineLayer(OneLine):
    """`<Conv2D conv2d: 6 filters 3x3, relu, (150, 150, 1) -> (148, 148, 6), 60 parameters>`."""

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
