/** Where the line of each party stands in a sequence diagram: hundredths of its width, from the left. */
export interface Places {
  readonly webex: number;
  readonly edge: number;
  readonly bridge: number;
  /** Operators and the back end; `null`: nothing came from them or went to them. */
  readonly beside: number | null;
}

/** Most room is between WebEx and Bridgehead: its messages have the longest names. */
export const places: Places = { webex: 8, edge: 57, bridge: 92, beside: null };
export const placesWithBeside = { webex: 7, edge: 44, bridge: 76, beside: 94 } as const satisfies Places;

/** What the pages of one conference have of their own. */
export const conferenceStyle = `
.topic { font-size: 18px; color: var(--dim); margin-top: -14px; overflow-wrap: anywhere; }
section { display: flex; flex-direction: column; gap: 10px; min-width: 0; }
#state, #answer, #waiting, #records { display: flex; flex-direction: column; gap: 20px; min-width: 0; }
#answer:empty, #waiting:empty, #records:empty { display: none; }
.glance { display: flex; flex-wrap: wrap; gap: 12px 26px; }
.glance dt { font-size: 13px; }
.glance dd { overflow-wrap: anywhere; }

[hidden] { display: none !important; }

/* Actions. */
.actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-start; }
tbody th .dim { display: inline-block; font-weight: 400; font-size: 13px; }
td.short { overflow-wrap: normal; white-space: nowrap; }
td .mark { justify-self: start; }
td.actions { display: table-cell; width: 1%; white-space: nowrap; padding-block: 5px; }
td.actions form { display: inline-flex; flex-direction: row; gap: 4px; margin-left: 6px; }
td.actions select { width: auto; max-width: 110px; min-height: 30px; padding: 2px 6px; }
td.actions button { min-height: 30px; padding: 2px 8px; }
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
.filled .wrong { color: var(--bad); font-size: 13px; } .filled [aria-invalid] { border-color: var(--bad); }
.filled label.check { display: flex; align-items: center; gap: 7px; flex: 0 0 auto; min-height: 36px; color: var(--text); font-size: 15px; }
.filled p { flex-basis: 100%; font-size: 13px; }
.stages { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); }
.action { display: flex; flex-direction: column; gap: 12px; padding: 14px 18px; border: 1px solid var(--line); border-radius: 10px; background: var(--box); overflow-wrap: anywhere; }
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

/* The timeline: beside the times a drawing, in which the line of each party goes through all rows. */
.sequence { --time: 96px; --head: 40px; position: relative; ${variables(places)} }
.sequence.with-beside { ${variables(placesWithBeside)} }
.parties { position: sticky; top: 0; z-index: 3; height: var(--head); margin-left: var(--time); background: var(--page); font-size: 13px; }
.parties b { position: absolute; top: 8px; padding: 2px 12px; border: 1px solid var(--colour); border-radius: 6px; background: var(--box); color: var(--colour); line-height: 20px; white-space: nowrap; transform: translateX(-50%); }
.parties .webex { --colour: var(--from-webex); left: var(--webex); } .parties .edge { --colour: var(--from-edge); left: var(--edge); }
.parties .bridge { --colour: var(--from-bridge); left: var(--bridge); } .parties .beside { --colour: var(--from-beside); left: var(--beside); }
.sequence > ol { background: var(--box); border: 1px solid var(--line); border-radius: 10px; padding-block: 8px; }
.lifelines { position: absolute; top: var(--head); left: var(--time); width: calc(100% - var(--time)); height: calc(100% - var(--head)); stroke: var(--lifeline); pointer-events: none; }
.day { position: relative; padding: 2px 12px; font-size: 13px; color: var(--dim); }
.message { --row: var(--box); scroll-margin-top: 44px; }
.message summary { display: grid; grid-template-columns: var(--time) minmax(0, 1fr); padding-bottom: 3px; background: var(--row); cursor: pointer; list-style: none; font-size: 13px; }
.message.begins summary { padding-top: 7px; }
.message summary::-webkit-details-marker { display: none; }
.message summary:hover { --row: var(--hover); }
.message details[open] > summary, .message:target summary { --row: var(--accent-soft); }
.message time { padding-left: 12px; color: var(--dim); }
.label { position: relative; grid-column: 2; grid-row: 1; padding: 1px 12px 0; text-align: center; overflow-wrap: anywhere; }
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
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); font-size: 1px; }
:root { --lifeline: #c3cacf; --from-webex: #17579c; --from-edge: #0a6b62; --from-bridge: #7a4b00; --from-beside: #74389a; }
@media (prefers-color-scheme: dark) { :root { --lifeline: #414b53; --from-webex: #7fb6f2; --from-edge: #5cd3c3; --from-bridge: #e3b15a; --from-beside: #cf9ff0; } }
.wire { position: relative; margin-bottom: 4px; padding: 12px 16px 14px var(--time); border-block: 1px solid var(--line); background: var(--page); display: flex; flex-direction: column; gap: 10px; }
.text figcaption { font-size: 13px; color: var(--dim); margin-bottom: 3px; }
.text pre, details > pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 420px; overflow-y: auto; background: var(--box); }
.pages { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
.pages a:not(.button) { display: inline; padding: 0; color: var(--accent); text-decoration: underline; }

@media (max-width: 640px) {
  .stages { grid-template-columns: minmax(0, 1fr); }
  .stages > li { flex-direction: row; gap: 8px; padding: 3px 0 3px 24px; }
  .dot { top: 7px; }
  .stages > li::after { top: 19px; bottom: -7px; left: 5px; right: auto; border-top: 0; border-left: 2px solid var(--line); }
  td.actions { display: flex; flex-wrap: wrap; width: auto; white-space: normal; gap: 8px; padding-top: 8px; }
  td.actions form { margin: 0; }
  td.actions button { min-height: 36px; }
  td.short, td time { white-space: normal; }
  .sequence { --time: 0px; }
  .parties b { padding-inline: 5px; }
  .message summary { grid-template-columns: minmax(0, 1fr); padding-inline: 0; }
  .message time { grid-column: 1; grid-row: 1; position: relative; justify-self: start; margin-left: 4px; padding: 0 3px; background: var(--row); }
  .message .label { grid-column: 1; grid-row: 2; padding-inline: 4px; margin-inline: 0; text-align: start; }
  .message.lane-bridge .label, .message.lane-beside .label { text-align: end; }
  .message.note .label { left: 50%; max-width: 92%; padding-inline: 8px; }
  .message .arrow { grid-column: 1; grid-row: 3; }
  .wire { padding: 10px 12px; }
}
`;

function variables(at: Places): string {
  const known = Object.entries(at).filter(([, place]) => place !== null);
  return known.map(([party, place]) => `--${party}: ${place}%;`).join(" ");
}
