/** Position of each party's line in a sequence diagram, in percent from the left. */
export interface Places {
  readonly webex: number;
  readonly edge: number;
  readonly bridge: number;
  /** Operators and the back end; `null`: not used. */
  readonly beside: number | null;
}

/** The widest gap is between WebEx and Bridgehead, whose messages have the longest names. */
export const places: Places = { webex: 8, edge: 57, bridge: 92, beside: null };
export const placesWithBeside: Places = { webex: 7, edge: 44, bridge: 76, beside: 94 };

/** The console's style: type sizes 13, 15, 18 and 24 px, one accent, grays; light and dark; down to a telephone's width. */
export const style = `:root {
  color-scheme: light dark;
  --page: #f7f8f8; --box: #fff; --line: #dfe3e6; --hover: #eff2f2; --text: #14181c; --dim: #566069;
  --accent: #0a6b62; --on-accent: #fff; --accent-soft: #dff1ee;
  --good: #17703b; --good-soft: #e2f4e8; --warn: #7d4f00; --warn-soft: #fcf0d6; --bad: #b3231a; --bad-soft: #fce8e6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1214; --box: #161a1d; --line: #2b3238; --hover: #1d2327; --text: #e3e8eb; --dim: #9aa5ad;
    --accent: #5cd3c3; --on-accent: #06231f; --accent-soft: #12332f;
    --good: #6fd495; --good-soft: #11301d; --warn: #e7b65a; --warn-soft: #33270d; --bad: #ff9288; --bad-soft: #3d1815;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%; }
body { margin: 0; display: grid; grid-template-columns: 216px minmax(0, 1fr); min-height: 100vh; }
h1, h2, h3, p, ul, ol, dl, dd, figure, table { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 24px; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 18px; line-height: 1.3; font-weight: 600; }
h3 { font-size: 15px; font-weight: 600; }
a { color: var(--accent); text-underline-offset: 2px; }
b { font-weight: 600; }
.small, kbd, code, pre, th, .mark { font-size: 13px; }
.dim, th, dt { color: var(--dim); }
time { white-space: nowrap; }
time, td, dd, .number { font-variant-numeric: tabular-nums; }
code, pre, kbd { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; }
pre { margin: 0; padding: 12px; background: var(--page); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
kbd { display: inline-block; min-width: 20px; padding: 0 5px; border: 1px solid var(--line); border-radius: 4px; background: var(--page); color: var(--dim); line-height: 18px; text-align: center; }
:focus-visible, input:focus-within { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
/* The script keeps elements in use in place. */
main:is(:hover, :focus-within) { overflow-anchor: none; }
.gone { text-decoration: line-through; }
.skip { position: absolute; left: 12px; top: -60px; z-index: 9; padding: 8px 14px; background: var(--accent); color: var(--on-accent); border-radius: 6px; }
.skip:focus { top: 12px; }

/* The frame. */
header.frame { display: flex; flex-direction: column; gap: 14px; padding: 20px 14px 16px; border-right: 1px solid var(--line); background: var(--box); position: sticky; top: 0; height: 100vh; overflow-y: auto; }
.brand { display: flex; align-items: center; gap: 9px; padding: 0 8px; color: var(--text); font-size: 18px; font-weight: 650; letter-spacing: -.01em; text-decoration: none; }
.brand img { flex: none; }
.domain { padding: 5px 8px; font-weight: 600; }
.chooser { position: relative; }
.chooser > summary { padding: 5px 9px; border: 1px solid var(--line); border-radius: 6px; font-weight: 600; cursor: pointer; list-style: none; }
.chooser > summary::-webkit-details-marker { display: none; }
.chooser > summary::after { content: "▾"; float: right; color: var(--dim); }
.chooser > ul { position: absolute; z-index: 5; left: 0; right: 0; max-height: 50vh; margin-top: 4px; padding: 4px; overflow-y: auto; background: var(--box); border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 8px 24px #0003; }
.find { position: relative; } .find input { padding-right: 36px; } .find kbd { position: absolute; right: 8px; top: 8px; pointer-events: none; } .find input:focus + span { display: none; }
header nav ul { display: flex; flex-direction: column; gap: 2px; }
header nav a, .chooser li a { display: block; padding: 6px 9px; border-radius: 6px; color: var(--text); text-decoration: none; }
header nav a:hover, .chooser li a:hover { background: var(--hover); }
header nav a[aria-current], .chooser li a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
.person, .foot { padding: 0 8px; display: flex; flex-direction: column; align-items: flex-start; gap: 6px; }
.person { margin-top: auto; }
.foot p { font-size: 13px; }
#link::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 7px; border-radius: 50%; background: var(--line); }
#link:empty::before { content: none; }
#link[data-is=live]::before { background: var(--good); } #link[data-is=away]::before { background: var(--bad); }
main { padding: 26px 32px 64px; max-width: 1720px; width: 100%; display: flex; flex-direction: column; gap: 20px; }
main.alone { grid-column: 1 / -1; max-width: 440px; margin: 9vh auto auto; padding: 32px 36px; background: var(--box); border: 1px solid var(--line); border-radius: 14px; }
main.alone .brand { padding: 0; }

/* Boxes. */
.card { background: var(--box); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; min-width: 0; display: flex; flex-direction: column; gap: 12px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 290px), 1fr)); gap: 16px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 150px), 1fr)); gap: 16px; }
.figures > div { background: var(--box); border: 1px solid var(--line); border-radius: 10px; padding: 14px 18px; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { font-size: 13px; } .figures dd { font-size: 24px; font-weight: 600; line-height: 1.3; }
.part { display: flex; flex-direction: column; gap: 12px; min-width: 0; } .part:empty { display: none; }
.marks { display: inline-flex; flex-wrap: wrap; gap: 4px; vertical-align: baseline; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; }
.line > .end { margin-left: auto; }
.notice { padding: 10px 14px; border-radius: 8px; border: 1px solid var(--line); background: var(--box); }
.notice.bad { background: var(--bad-soft); border-color: transparent; color: var(--bad); }
.notice.warn { background: var(--warn-soft); border-color: transparent; color: var(--warn); }
.alert { display: flex; flex-direction: column; gap: 4px; padding: 12px 16px; border: 1px solid var(--line); border-left: 3px solid var(--bad); border-radius: 8px; background: var(--box); }
.alert.warn { border-left-color: var(--warn); } .alert.taken { border-left-color: var(--line); background: none; color: var(--dim); }
.alert .mark { font-weight: 600; white-space: normal; } .alert summary { width: fit-content; color: var(--accent); cursor: pointer; } .alert form { margin: 8px 0 4px; } .alert form > div { flex: 1 1 240px; max-width: 480px; }
.empty { padding: 30px 20px; text-align: center; color: var(--dim); border: 1px dashed var(--line); border-radius: 10px; display: flex; flex-direction: column; gap: 4px; }
.empty .what { color: var(--text); font-weight: 600; }
.mark { display: inline-block; padding: 0 8px; border-radius: 10px; line-height: 20px; background: var(--hover); color: var(--dim); white-space: nowrap; }
.mark.good { background: var(--good-soft); color: var(--good); } .mark.warn { background: var(--warn-soft); color: var(--warn); } .mark.bad { background: var(--bad-soft); color: var(--bad); }
.facts { display: grid; grid-template-columns: fit-content(45%) minmax(0, 1fr); gap: 4px 16px; }
.facts > div { display: contents; } .facts dd { min-width: 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 204px), 1fr)); gap: 16px; }
.plot { gap: 8px; } .plot svg { display: block; width: 100%; height: 64px; border-bottom: 1px solid var(--line); }
.plot svg.good { fill: var(--accent); } .plot svg.bad { fill: var(--bad); }
meter { width: 100%; height: 8px; border: 0; border-radius: 4px; background: var(--hover); overflow: hidden; }
meter::-webkit-meter-bar { height: 8px; border: 0; border-radius: 4px; background: var(--hover); }
meter::-webkit-meter-optimum-value { background: var(--accent); } meter::-webkit-meter-suboptimum-value { background: var(--warn); } meter::-webkit-meter-even-less-good-value { background: var(--bad); }
meter::-moz-meter-bar { background: var(--accent); } meter:-moz-meter-sub-optimum::-moz-meter-bar { background: var(--warn); } meter:-moz-meter-sub-sub-optimum::-moz-meter-bar { background: var(--bad); }

/* Tables, which become stacks of rows where they have no room. */
.table { container: table / inline-size; background: var(--box); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 500; }
th, td { padding: 8px 10px; border-bottom: 1px solid var(--line); vertical-align: baseline; }
thead th, .number { overflow-wrap: normal; } td:not(.number) { min-width: 84px; }
td[data-label=Name], td[data-label=Speaking] { min-width: 120px; } .word, .host { white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-size: 15px; color: var(--text); font-weight: 600; } th .dim { font-weight: 400; font-size: 13px; }
tbody tr:hover, tbody tr:focus-within { background: var(--hover); }
td.number, th.number { text-align: right; }

/* What people fill in and press. */
form { display: flex; flex-direction: column; gap: 10px; }
form.bar, form.inline { flex-direction: row; flex-wrap: wrap; align-items: end; }
form.bar > div { display: flex; flex-direction: column; gap: 3px; flex: 0 1 168px; min-width: 0; }
form.inline { display: inline-flex; }
label { font-size: 13px; color: var(--dim); }
input, select { font: inherit; color: inherit; background: var(--box); border: 1px solid #7b868f; border-radius: 6px; padding: 5px 9px; min-width: 0; width: 100%; height: 36px; }
input[type=checkbox] { width: 16px; height: 16px; vertical-align: -2px; accent-color: var(--accent); }
button, .button { font: inherit; line-height: 1.4; min-height: 36px; padding: 5px 13px; border: 1px solid #7b868f; border-radius: 6px; background: var(--box); color: var(--text); cursor: pointer; text-decoration: none; display: inline-flex; align-items: center; justify-content: center; gap: 7px; white-space: nowrap; }
button:hover, .button:hover { background: var(--hover); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
button.main:hover { filter: brightness(1.1); }
button.danger { color: var(--bad); border-color: var(--bad); }
button.quiet { min-height: 28px; padding: 2px 8px; margin-left: -8px; border-color: transparent; background: none; color: var(--dim); font-size: 13px; }
form.inline .quiet { margin-left: 0; padding-inline: 0; color: var(--accent); font-size: 15px; text-decoration: underline; text-underline-offset: 2px; }
button.quiet:hover { background: var(--hover); color: var(--text); }
.tabs { display: flex; gap: 4px; border-bottom: 1px solid var(--line); }
.tabs a { padding: 6px 12px; margin-bottom: -1px; color: var(--dim); text-decoration: none; border-bottom: 2px solid transparent; }
.tabs a:hover { color: var(--text); }
.tabs a[aria-current] { color: var(--text); font-weight: 600; border-bottom-color: var(--accent); }

/* One conference. */
.topic { font-size: 18px; color: var(--dim); margin-top: -14px; }
section { display: flex; flex-direction: column; gap: 10px; min-width: 0; }
#state, #answer, #waiting, #records { display: flex; flex-direction: column; gap: 20px; min-width: 0; }
#answer:empty, #waiting:empty, #records:empty { display: none; }
.glance { display: flex; flex-wrap: wrap; gap: 12px 26px; }
.glance dt { font-size: 13px; }

[hidden] { display: none !important; }

/* Actions. */
.actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-start; }
td .mark { justify-self: start; }
td.actions { display: table-cell; width: 1%; white-space: nowrap; padding-block: 5px; }
/* A question's text must not widen its column. */
td.actions .question > div { contain: inline-size; white-space: normal; }
td.actions form { flex-direction: row; gap: 4px; }
td.actions select { width: auto; max-width: 110px; height: auto; min-height: 30px; padding: 2px 6px; }
td.actions :is(button, .button) { min-height: 30px; padding: 2px 8px; }
td > .actions { width: max-content; gap: 6px; }
summary:focus { outline: 2px solid var(--accent); outline-offset: -2px; }
summary.button { list-style: none; } summary.button::-webkit-details-marker { display: none; }
/* The button stays where it is; what it asks stands below all buttons. */
.question[open] { display: contents; }
.question::details-content { order: 1; flex-basis: 100%; }
.question > div { padding: 14px 16px; border: 1px solid var(--line); border-radius: 10px; background: var(--box); display: flex; flex-direction: column; gap: 12px; align-items: flex-start; max-width: 480px; }
.question > div:has(button.danger) { border-color: var(--bad); }
.filled { border: 1px solid var(--line); border-radius: 10px; background: var(--box); }
.filled > summary { padding: 10px 14px; cursor: pointer; }
.filled > form { flex-direction: row; flex-wrap: wrap; align-items: flex-start; padding: 4px 14px 14px; }
/* In line with the fields, which have a label above them. */
.filled form > button, .filled form > .check { margin-top: 22px; }
.filled form > div { display: flex; flex-direction: column; gap: 3px; flex: 1 1 180px; max-width: 280px; }
label.check { display: flex; align-items: center; gap: 7px; flex: 0 0 auto; min-height: 36px; color: var(--text); font-size: 15px; }
.filled p { flex-basis: 100%; font-size: 13px; }
.stages { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); }
.action { display: flex; flex-direction: column; gap: 12px; padding: 14px 18px; border: 1px solid var(--line); border-radius: 10px; background: var(--box); }
.action > form { align-items: flex-start; }
.stages > li { position: relative; padding: 22px 10px 0 0; display: flex; flex-direction: column; font-size: 13px; }
.dot { position: absolute; top: 4px; left: 0; width: 12px; height: 12px; border-radius: 50%; border: 2px solid var(--dim); background: var(--box); z-index: 1; }
.stages > li::after { content: ""; position: absolute; top: 9px; left: 12px; right: 0; border-top: 2px solid var(--line); }
.stages > li:last-child::after { display: none; }
.stages > li.done .dot { background: var(--good); border-color: var(--good); }
.stages > li.done::after { border-color: var(--good); }
.stages > li.failed .dot { background: var(--bad); border-color: var(--bad); border-radius: 2px; }
.stages > li.failed > .dim { color: var(--bad); }
.stages > li.waits .dot { border-color: var(--accent); border-style: dashed; }
.stages > li.none .dot { border-color: var(--line); }

/* The timeline: times, and next to them a drawing in which each party's line passes through all rows. */
.sequence { --time: calc(11ch + 16px); --head: 40px; position: relative; font-size: 13px; ${variables(places)} }
.sequence.with-beside { ${variables(placesWithBeside)} }
.parties { position: sticky; top: 0; z-index: 3; height: var(--head); margin-left: var(--time); background: var(--page); }
.parties b { position: absolute; top: 8px; padding: 2px 12px; border: 1px solid var(--colour); border-radius: 6px; background: var(--box); color: var(--colour); line-height: 20px; white-space: nowrap; transform: translateX(-50%); }
.parties .webex { --colour: var(--from-webex); left: var(--webex); } .parties .edge { --colour: var(--from-edge); left: var(--edge); }
.parties .bridge { --colour: var(--from-bridge); left: var(--bridge); } .parties .beside { --colour: var(--from-beside); left: var(--beside); }
.sequence > ol { background: var(--box); border: 1px solid var(--line); border-radius: 10px; padding-block: 8px; }
.lifelines { position: absolute; top: var(--head); left: var(--time); width: calc(100% - var(--time)); height: calc(100% - var(--head)); stroke: var(--lifeline); pointer-events: none; }
.day { position: relative; padding: 2px 12px; color: var(--dim); }
.message { --row: var(--box); scroll-margin-top: 44px; }
.message summary { display: grid; grid-template-columns: var(--time) minmax(0, 1fr); padding-bottom: 3px; background: var(--row); cursor: pointer; list-style: none; }
.message.begins summary { padding-top: 7px; }
.message summary::-webkit-details-marker { display: none; }
.message summary:hover { --row: var(--hover); }
.message details[open] > summary, .message:target summary { --row: var(--accent-soft); }
.message time { padding-left: 12px; color: var(--dim); }
.label { position: relative; grid-column: 2; grid-row: 1; padding: 1px 12px 0; text-align: center; }
/* The lines of parties do not go through words. */
.label > span { background: var(--row); padding-inline: 3px; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
.label b { color: var(--colour); } .label .with { unicode-bidi: isolate; }
.label .with { color: var(--dim); font-variant-numeric: tabular-nums; }
.label .why { display: block; color: var(--text); }
.lane-webex .label { margin: 0 calc(100% - var(--edge)) 0 var(--webex); }
.lane-bridge .label { margin: 0 calc(100% - var(--bridge)) 0 var(--edge); }
.lane-beside .label { margin: 0 calc(100% - var(--beside)) 0 var(--edge); }
.arrow { position: relative; grid-column: 2; grid-row: 2; width: 100%; fill: var(--colour); stroke: var(--colour); }
.arrow line { stroke-width: 1.5; }
.arrow path { stroke: none; }
.arrow.confirmation { fill: none; stroke-dasharray: 5 4; } .arrow.confirmation path { stroke: var(--colour); stroke-width: 1.5; stroke-dasharray: none; }
.arrow.lost path { fill: none; stroke: var(--colour); stroke-width: 2; }
/* What happens at Bridgehead itself stands at its line. */
.note .label { justify-self: start; left: var(--edge); max-width: calc(2 * min(var(--edge), 100% - var(--edge))); margin: 2px 0; padding: 2px 10px; border: 1px solid var(--colour); border-radius: 4px; background: var(--row); transform: translateX(-50%); }
.from-webex { --colour: var(--from-webex); } .from-edge { --colour: var(--from-edge); } .from-bridge { --colour: var(--from-bridge); } .from-beside { --colour: var(--from-beside); }
.message.trouble { --colour: var(--bad); }
.unseen { position: absolute; left: -1px; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); font-size: 1px; }
:root { --lifeline: #c3cacf; --from-webex: #17579c; --from-edge: #0a6b62; --from-bridge: #7a4b00; --from-beside: #74389a; }
@media (prefers-color-scheme: dark) { :root { --lifeline: #414b53; --from-webex: #7fb6f2; --from-edge: #5cd3c3; --from-bridge: #e3b15a; --from-beside: #cf9ff0; } }
.wire { position: relative; margin-bottom: 4px; padding: 12px 16px 14px var(--time); border-block: 1px solid var(--line); background: var(--page); display: flex; flex-direction: column; gap: 10px; }
.text figcaption { color: var(--dim); margin-bottom: 3px; }
.text pre, details > pre { white-space: pre-wrap; max-height: 420px; overflow-y: auto; background: var(--box); }
.pages { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
.pages a:not(.button) { display: inline; padding: 0; color: var(--accent); text-decoration: underline; }

@media (max-width: 900px) {
  body { display: block; }
  header.frame { position: static; height: auto; flex-direction: row; flex-wrap: wrap; align-items: center; gap: 8px 14px; padding: 12px 16px; border-right: 0; border-bottom: 1px solid var(--line); overflow: visible; }
  .brand { padding: 0; }
  .chooser { min-width: 150px; }
  .find { order: 4; flex: 1 1 260px; }
  header nav { order: 5; width: 100%; } header nav ul { flex-direction: row; flex-wrap: wrap; } header nav a { padding: 5px 10px; }
  .person { flex-direction: row; align-items: center; margin: 0 0 0 auto; padding: 0; gap: 10px; font-size: 13px; }
  .foot { order: 6; width: 100%; flex-direction: row; align-items: center; justify-content: space-between; padding: 0; }
  main { padding: 18px 16px 48px; gap: 16px; }
  main.alone { margin: 24px 16px; width: auto; padding: 24px; }
}
@container table (max-width: 1120px) { .host { white-space: normal; } .mark { white-space: normal; overflow-wrap: normal; } td[data-label] { min-width: 0; } }
@container table (max-width: 960px) {
  table, tbody, tr, td, tbody th { display: block; }
  thead { display: none; }
  tr { padding: 10px 14px; border-bottom: 1px solid var(--line); }
  tbody tr { display: flex; flex-direction: column; } tbody th { order: -1; }
  tbody tr:last-child { border-bottom: 0; }
  td, tbody th { padding: 1px 0; border: 0; }
  td[data-label] { display: flow-root; padding-left: 40%; min-height: 24px; }
  /* Of what is beside the padding: 38 % of the cell wide, and 40 % to the left. */
  td[data-label]::before { content: attr(data-label); float: left; width: 63.3%; margin-left: -66.7%; padding-top: 1px; color: var(--dim); font-size: 13px; }
  td:empty { display: none; }
  td.number { text-align: left; }
}
@media (max-width: 640px) {
  .stages { grid-template-columns: minmax(0, 1fr); }
  .stages > li { flex-direction: row; gap: 8px; padding: 3px 0 3px 24px; }
  .dot { top: 7px; }
  .stages > li::after { top: 19px; bottom: -7px; left: 5px; right: auto; border-top: 0; border-left: 2px solid var(--line); }
  td.actions { width: auto; white-space: normal; padding-top: 8px; }
  td > .actions { width: auto; gap: 8px; }
  td.actions :is(button, .button) { min-height: 36px; }
  td time { white-space: normal; }
  .sequence { --time: 0px; }
  .parties b { padding-inline: 5px; }
  .message summary { grid-template-columns: minmax(0, 1fr); padding-inline: 0; }
  .message time { grid-column: 1; grid-row: 1; position: relative; justify-self: start; margin-left: 4px; padding: 0 3px; background: var(--row); }
  .message .label { grid-column: 1; grid-row: 2; padding-inline: 4px; margin-inline: 0; text-align: start; }
  .message.lane-bridge .label, .message.lane-beside .label { text-align: end; }
  .message.note .label { left: 50%; max-width: 92%; padding-inline: 8px; }
  .message .arrow { grid-column: 1; grid-row: 3; }
  .wire { padding: 10px 12px; }
  header.frame { column-gap: 4px; } .chooser { margin-left: 8px; }
  .line > .end { margin-left: 0; } .plot .end { margin-left: auto; }
  .facts { grid-template-columns: fit-content(52%) minmax(0, 1fr); }
  form.bar > div { flex: 1 1 40%; }
  input, select { font-size: 16px; }
  .tabs { flex-wrap: wrap; gap: 0; } .tabs a { padding: 6px 10px; }
  .foot:has(#link:empty) { display: none; }
  .foot { width: auto; column-gap: 14px; } .person { order: 7; } .person button.quiet { margin-inline: 0 -8px; }
}
@media (prefers-reduced-motion: no-preference) { a, button, tr { transition: background-color .12s; } }
@media print { header.frame, .bar, button { display: none; } body { display: block; } }
`;

function variables(at: Places): string {
  const known = Object.entries(at).filter(([, place]) => place !== null);
  return known.map(([party, place]) => `--${party}: ${place}%;`).join(" ");
}
