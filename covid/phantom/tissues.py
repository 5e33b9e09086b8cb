"""Hounsfield units (HU) of the tissues: 0 is water, -1000 is air, by definition of the scale.

Typical values and ranges without contrast medium, as given in radiology textbooks (for example
Bushberg et al., The Essential Physics of Medical Imaging, chapter on computed tomography).
"""

OUTSIDE_VIEW = -1024.0  # corners of the image, outside the scanner's field of view
AIR = -1000.0
FAT = -100.0  # -120 .. -80
VISCERAL_FAT = -95.0
MEDIASTINAL_FAT = -35.0  # with the small vessels and lymph nodes in it
SKIN = 20.0
MUSCLE = 52.0  # 35 .. 70
BLOOD = 42.0  # 30 .. 50
HEART = 44.0
LIVER = 58.0  # 45 .. 65
SPLEEN = 48.0  # 40 .. 55
KIDNEY = 32.0  # 25 .. 40
BOWEL = 25.0
STOMACH_CONTENT = 35.0
CARTILAGE = 110.0  # 80 .. 200
SPONGY_BONE = 150.0  # 100 .. 300
CORTICAL_BONE = 800.0  # 300 .. 1500
DISC = 85.0  # 70 .. 110
SPINAL_CORD = 35.0

# The table: a thin carbon-fiber shell around foam.
TABLE_SHELL = 120.0
TABLE_FOAM = -920.0
TABLE_RAIL = 2000.0  # aluminum, on some scanners only
MATTRESS = -960.0
CLOTHES = -780.0

# Display windows: (center, width) in HU, as radiologists set them.
WINDOWS = {"lung": (-600.0, 1200.0), "mediastinal": (50.0, 350.0)}
