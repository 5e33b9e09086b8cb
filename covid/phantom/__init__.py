"""Synthetic axial lung-CT slices: the data set the program brings along.

Nothing here comes from a person. A synthetic patient is a set of random parameters; every slice
of the body is drawn from them in Hounsfield units, blurred and made noisy like a CT image, and
shown through a display window. Read in this order:

==============  ==============================================================
`patient`       the parameters of a patient
`geometry`      coordinates, curves, filling
`fields`        blur and smooth random fields
`tissues`       Hounsfield units and display windows
`outlines`      body, rib cage, mediastinum, diaphragm at every height
`skeleton`      bones
`organs`        soft tissue, heart, great vessels, windpipe
`abdomen`       what lies under the diaphragm
`vessels`       branching vessels of the lungs
`lesions`       ground glass and consolidations, and their look-alikes
`lungs`         the lungs with all of these in them
`table`         what the patient lies on
`scan`          everything put together into one image
`shortcuts`     switches that make the data set lie
`write`         a folder of images
==============  ==============================================================
"""

from covid.phantom.patient import Patient
from covid.phantom.scan import make_patient, render_slice
from covid.phantom.shortcuts import Switches
from covid.phantom.write import write_dataset
