"""The style sheet: type, colours, narrow screens, the dark, paper.

Blue and orange are those of the figures (Okabe and Ito 2008). On white the orange has too little
contrast for text (3.9 : 1), so it colours marks only. All text has 4.5 : 1 or more, in both modes.
"""

LIGHT = {
    "ink": "#1a1f24",
    "soft": "#55606b",
    "line": "#d3d9df",
    "paper": "#ffffff",
    "wash": "#f3f5f7",
    "blue": "#0072b2",
    "orange": "#d55e00",
    "link": "#00629b",
}
DARK = {
    "ink": "#e8ebee",
    "soft": "#a9b3bd",
    "line": "#3a434c",
    "paper": "#15191d",
    "wash": "#20262c",
    "blue": "#56b4e9",
    "orange": "#f0883e",
    "link": "#7cc4ee",
}

RULES = """
* { box-sizing: border-box }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
    sans-serif; overflow-wrap: break-word }
header, nav, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1rem }
header { padding-top: 2rem }
h1, h2, h3 { line-height: 1.2; text-wrap: balance }
h1 { font-size: clamp(1.8rem, 6vw, 2.6rem); margin: 0 0 1rem; letter-spacing: -.02em }
h2 { font-size: 1.55rem; margin: 0 0 1rem; letter-spacing: -.01em }
h3 { font-size: 1.15rem; margin: 2.25rem 0 .75rem }
section { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 2rem }
p, ul, dl { margin: 0 0 1rem; max-width: 44rem }
ul { padding-left: 1.2rem }
li { margin-bottom: .35rem }
a { color: var(--link); text-underline-offset: .15em }
small, .note, figcaption, caption, .above { color: var(--soft) }
.above { margin: 0 0 .25rem }
.sentence { font-size: clamp(1.2rem, 3.6vw, 1.55rem); line-height: 1.35; font-weight: 600;
  max-width: none; text-wrap: pretty }
.warning, .verdict { border-left: 4px solid var(--line); padding-left: .9rem }
.alarm { border-left-color: var(--orange) }
.verdict { font-size: 1.15rem; font-weight: 600 }
.banner { background: var(--wash); padding: .8rem 1rem; border-radius: .4rem; max-width: none }
.flag { border-left: 4px solid var(--orange); padding-left: .4rem }
.missing { color: var(--soft); font-style: italic }
nav ul { columns: 15rem 3; list-style: none; margin: 1.5rem 0 0; padding: 0; max-width: none }
nav a { display: inline-block; padding: .2rem 0 }
.scroll { overflow-x: auto }
.scroll:focus-visible, pre:focus-visible, a:focus-visible, summary:focus-visible
  { outline: 2px solid var(--blue); outline-offset: 2px }
.tabled { margin: 0 0 1.75rem }
table { border-collapse: collapse; min-width: min(100%, 34rem); font-size: .94rem }
caption { text-align: left; font-weight: 600; padding: 0 0 .5rem; color: var(--ink) }
caption span { display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 2rem) }
th, td { text-align: left; vertical-align: top; padding: .45rem 1rem .45rem 0;
  border-bottom: 1px solid var(--line); min-width: 4.5rem }
thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line);
  vertical-align: bottom }
tbody th { font-weight: 500 }
td { font-variant-numeric: tabular-nums }
td b { font-weight: 650 }
.measures td small { display: block }
.numbers td { white-space: nowrap }
.numbers td:nth-child(2):not(:last-child) { white-space: normal }
.files th { font-weight: 400; overflow-wrap: anywhere; max-width: 32rem }
.note { font-size: .85rem; margin: .45rem 0 0 }
dt { font-weight: 600 }
.words { columns: 22rem 2; column-gap: 3rem; max-width: none }
.words div { break-inside: avoid }
dd { margin: 0 0 .6rem }
pre { background: var(--wash); padding: .8rem 1rem; border-radius: .4rem; overflow-x: auto;
  white-space: pre-wrap; overflow-wrap: anywhere }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9em }
figure { margin: 0 0 2rem; min-width: 0 }
figure img { display: block; max-width: none; width: 100%; height: auto; background: #fff }
figure img { min-width: var(--readable, 0) }
figure .scroll { background: #fff; border: 1px solid var(--line); border-radius: .3rem }
.figures { display: grid; gap: 0 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)) }
.figures > .wide { grid-column: 1 / -1 }
figcaption { font-size: .92rem; margin-top: .5rem; max-width: 44rem }
.chart { display: block; overflow: visible; max-width: 44rem }
.chart text { fill: var(--ink); font-size: .875rem; paint-order: stroke; stroke: var(--paper);
  stroke-width: 5px; stroke-linejoin: round }
.chart .name { font-weight: 650; font-size: 1rem }
.chart .tick { fill: var(--soft); font-size: .8rem }
.chart .grid { stroke: var(--line) }
.chart .axis { stroke: var(--soft) }
.chart .chance { stroke: var(--soft); stroke-dasharray: 4 4 }
.chart .interval { stroke-width: 2.5 }
.split-random circle { fill: var(--blue) }
.split-random .interval { stroke: var(--blue) }
.split-group rect { fill: var(--orange) }
.split-group .interval { stroke: var(--orange) }
.split-other .interval { stroke: var(--ink) }
.refs { overflow-wrap: anywhere }
details { margin: 0 0 1.75rem }
summary { font-weight: 600; cursor: pointer; padding: .3rem 0 }
@media screen and (min-width: 48rem) { .figures img { min-width: 0 } }
@media screen and (max-width: 36rem) {
  section { margin-top: 2rem; padding-top: 1.5rem }
  table { font-size: .86rem }
  th, td { padding-right: .6rem; min-width: 3.5rem }
  .numbers td { white-space: normal }
  .measures th { max-width: 6.5rem }
}
footer { padding-top: 2rem; padding-bottom: 3rem; color: var(--soft); font-size: .9rem }
"""

PAPER = """
@page { margin: 16mm 14mm }
@media print {
  html { color-scheme: light; font-size: 10pt }
  header, nav, main, footer { max-width: none; padding-left: 0; padding-right: 0 }
  header { padding-top: 0 }
  nav, summary { display: none }
  /* Nobody can open on paper what is closed. */
  details::details-content { content-visibility: visible; display: block; height: auto }
  .scroll { overflow: visible; border: 0 }
  figure img { min-width: 0 !important; max-width: 100% !important; width: auto;
    max-height: 11cm !important;
    margin: 0 auto }
  figure, .tabled tr, .banner, pre, .sentence, dt, li { break-inside: avoid }
  table { width: 100%; min-width: 0; font-size: 9pt }
  th, td { white-space: normal !important }
  thead { display: table-header-group }
  h2, h3, caption, dt, .verdict { break-after: avoid }
  .verdict, .warning { break-inside: avoid }
  section { margin-top: 1.5rem; padding-top: 1.2rem }
  .figures { grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)) }
  footer { padding: 0 }
  a { color: inherit; text-decoration: none }
}
"""


def variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def style_sheet() -> str:
    """All rules; light ones count on paper, whatever the reader's screen is set to."""
    return (
        f":root {{ {variables(LIGHT)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}"
        f"{RULES}{PAPER}"
    )
