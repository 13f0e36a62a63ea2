/** What the pages of one conference have of their own. */
export const conferenceStyle = `
.topic { font-size: 18px; color: var(--dim); margin-top: -14px; overflow-wrap: anywhere; }
section { display: flex; flex-direction: column; gap: 10px; min-width: 0; }
#state, #answer, #records { display: flex; flex-direction: column; gap: 20px; min-width: 0; }
#answer:empty, #records:empty { display: none; }
.glance { display: flex; flex-wrap: wrap; gap: 12px 32px; }
.glance dt { font-size: 13px; }
.glance dd { overflow-wrap: anywhere; }

[hidden] { display: none !important; }

/* Actions. */
.actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-start; }
td time { white-space: nowrap; }
tbody th .dim { font-weight: 400; font-size: 13px; }
td.short { overflow-wrap: normal; white-space: nowrap; }
th { overflow-wrap: normal; }
td .mark { justify-self: start; }
td.actions { display: table-cell; width: 1%; white-space: nowrap; padding-block: 5px; }
td.actions form { display: inline-flex; flex-direction: row; gap: 4px; margin-left: 6px; }
td.actions select { width: auto; max-width: 110px; min-height: 30px; padding: 2px 6px; }
td.actions button { min-height: 30px; padding: 2px 8px; }
tr[data-row]:focus, summary[data-row]:focus { outline: 2px solid var(--accent); outline-offset: -2px; }
summary.button { font: inherit; line-height: 1.4; min-height: 36px; padding: 5px 13px; border: 1px solid #7b868f; border-radius: 6px; background: var(--box); cursor: pointer; display: inline-flex; align-items: center; gap: 7px; list-style: none; }
summary.button::-webkit-details-marker { display: none; }
.question[open] { flex-basis: 100%; }
.question > div { margin-top: 8px; padding: 14px 16px; border: 1px solid var(--bad); border-radius: 10px; background: var(--box); display: flex; flex-direction: column; gap: 12px; align-items: flex-start; max-width: 480px; }
.call-out { border: 1px solid var(--line); border-radius: 10px; background: var(--box); }
.call-out > summary { padding: 10px 14px; cursor: pointer; }
.call-out > form { flex-direction: row; flex-wrap: wrap; align-items: end; padding: 4px 14px 14px; }
.call-out label { display: flex; flex-direction: column; gap: 3px; flex: 1 1 180px; max-width: 280px; }
.call-out label.check { flex-direction: row; align-items: center; gap: 7px; flex: 0 0 auto; min-height: 34px; color: var(--text); font-size: 15px; }
.call-out p { flex-basis: 100%; font-size: 13px; }
.stages { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); }
.action { display: flex; flex-direction: column; gap: 12px; padding: 14px 18px; border: 1px solid var(--line); border-radius: 10px; background: var(--box); overflow-wrap: anywhere; }
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

/* The timeline: time, the lane between WebEx and Bridgehead, the lane between Bridgehead and the bridge, and what is beside. */
.sequence { --lanes: minmax(0, 1.7fr) minmax(0, 1fr); --time: 108px; position: relative; }
.sequence.with-beside { --lanes: minmax(0, 1.7fr) minmax(0, 1fr) minmax(0, .5fr); }
.parties { display: grid; grid-template-columns: var(--time) var(--lanes); position: sticky; top: 0; z-index: 2; padding: 8px 0; background: var(--page); border-bottom: 1px solid var(--line); font-size: 13px; }
.parties b { grid-row: 1; white-space: nowrap; }
.parties .webex { grid-column: 2; } .parties .edge { grid-column: 3; transform: translateX(-50%); justify-self: start; }
.parties .bridge { grid-column: 3; justify-self: end; } .with-beside .parties .bridge { transform: translateX(50%); } .parties .beside { grid-column: 4; justify-self: end; }
.sequence > ol { position: relative; background: var(--box); border: 1px solid var(--line); border-top: 0; border-radius: 0 0 10px 10px; }
.day { padding: 4px 12px; font-size: 13px; color: var(--dim); background: var(--hover); position: relative; z-index: 1; }
.message { scroll-margin-top: 44px; }
.message summary { display: grid; grid-template-columns: var(--time) var(--lanes); cursor: pointer; list-style: none; position: relative; }
.message summary::-webkit-details-marker { display: none; }
.message summary:hover { background: var(--hover); }
.message:target summary { background: var(--accent-soft); }
.message summary time { padding: 10px 0 6px 12px; font-size: 13px; color: var(--dim); }
/* The lines of the parties go through all rows. */
.message summary::before { content: ""; grid-column: 2; grid-row: 1; border: solid var(--line); border-width: 0 1px; pointer-events: none; }
.message summary::after { content: ""; grid-column: 3; grid-row: 1; border-right: 1px solid var(--line); pointer-events: none; }
.arrow { --colour: var(--dim); grid-row: 1; position: relative; margin: 0 1px; padding: 7px 16px 12px; font-size: 13px; overflow-wrap: anywhere; text-align: center; }
.arrow b { color: var(--colour); }
.arrow .with { color: var(--dim); font-variant-numeric: tabular-nums; }
.arrow::before { content: ""; position: absolute; left: 0; right: 0; bottom: 6px; border-top: 1.5px solid var(--colour); }
.arrow::after { content: ""; position: absolute; bottom: 2px; border: solid transparent; border-width: 5px 8px; }
.webex-edge .arrow, .edge-webex .arrow { grid-column: 2; }
.edge-bridge .arrow, .bridge-edge .arrow { grid-column: 3; }
.beside-edge .arrow, .edge-beside .arrow { grid-column: 3 / 5; }
.webex-edge .arrow { --colour: var(--from-webex); } .edge-webex .arrow, .edge-bridge .arrow, .edge-beside .arrow { --colour: var(--from-edge); } .bridge-edge .arrow { --colour: var(--from-bridge); } .beside-edge .arrow { --colour: var(--from-beside); }
.webex-edge .arrow::after, .edge-bridge .arrow::after, .edge-beside .arrow::after { right: 0; border-right-width: 0; border-left-color: var(--colour); }
.edge-webex .arrow::after, .bridge-edge .arrow::after, .beside-edge .arrow::after { left: 0; border-left-width: 0; border-right-color: var(--colour); }
.at-edge .arrow { grid-column: 2 / 4; justify-self: center; margin: 5px 0; padding: 2px 12px; border: 1px solid var(--line); border-radius: 12px; background: var(--box); z-index: 1; }
.at-edge .arrow::before, .at-edge .arrow::after { display: none; }
.trouble .arrow { --colour: var(--bad) !important; }
.trouble .arrow::before { border-top-style: dashed; }
:root { --from-webex: #17579c; --from-edge: #0a6b62; --from-bridge: #7a4b00; --from-beside: #74389a; }
@media (prefers-color-scheme: dark) { :root { --from-webex: #7fb6f2; --from-edge: #5cd3c3; --from-bridge: #e3b15a; --from-beside: #cf9ff0; } }
.wire { padding: 12px 16px 14px var(--time); border-block: 1px solid var(--line); background: var(--page); display: flex; flex-direction: column; gap: 10px; position: relative; z-index: 1; }
.text figcaption { font-size: 13px; color: var(--dim); margin-bottom: 3px; }
.text pre, details > pre, .entry pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 420px; overflow-y: auto; background: var(--box); }
.pages { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
.pages a:not(.button) { display: inline; padding: 0; color: var(--accent); text-decoration: underline; }
.pages a.button { padding: 5px 13px; }
.pages form { flex-direction: row; align-items: center; gap: 8px; }
.pages form label { display: flex; align-items: center; gap: 8px; }
.pages form input { width: 9ch; }
.button.off { font: inherit; line-height: 1.4; min-height: 34px; padding: 5px 13px; border: 1px solid var(--line); border-radius: 6px; color: var(--dim); display: inline-flex; align-items: center; gap: 7px; }

/* Why, and the replay. */
.answer { padding: 14px 18px; border: 1px solid var(--line); border-radius: 10px; background: var(--box); display: flex; flex-direction: column; gap: 6px; overflow-wrap: anywhere; }
.answer h2 { font-size: 15px; }
.answer p { max-width: 80ch; }
.proof { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; }
.changes caption { text-align: left; padding: 10px 14px 6px; font-weight: 600; overflow-wrap: anywhere; }
.changes { table-layout: fixed; }
.changes tbody th { font-weight: 500; }
.changes th:first-child { width: 26%; }
del { text-decoration: none; background: var(--bad-soft); color: var(--bad); border-radius: 3px; padding: 0 3px; }
ins { text-decoration: none; background: var(--good-soft); color: var(--good); border-radius: 3px; padding: 0 3px; }
mark { background: var(--warn-soft); color: var(--warn); border-radius: 3px; padding: 0 3px; }
.states { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; margin-top: 10px; }
.states section { gap: 6px; }
.entry summary { cursor: pointer; overflow-wrap: anywhere; }
.sentence { white-space: normal; border-radius: 8px; padding: 3px 10px; }

@media (max-width: 640px) {
  .stages { grid-template-columns: minmax(0, 1fr); }
  .stages > li { flex-direction: row; gap: 8px; padding: 3px 0 3px 24px; }
  .dot { top: 7px; }
  .stages > li::after { top: 19px; bottom: -7px; left: 5px; right: auto; border-top: 0; border-left: 2px solid var(--line); }
  td.actions { display: flex; flex-wrap: wrap; width: auto; white-space: normal; gap: 8px; padding-top: 8px; }
  td.actions form { margin: 0; }
  td.actions button { min-height: 36px; }
  td time { white-space: nowrap; }
tbody th .dim { font-weight: 400; font-size: 13px; }
td.short { white-space: normal; }
  button kbd, summary kbd, .button kbd, [data-key] > span { display: none; }
  .parties { display: none; }
  .sequence > ol { border-top: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
  .message summary { display: flex; flex-direction: column; padding: 7px 12px 8px 14px; border-bottom: 1px solid var(--line); }
  .message summary::before { border: 0; position: absolute; left: 0; top: 0; bottom: 0; width: 4px; background: var(--line); }
  .message summary::after { display: none; }
  .message summary time { padding: 0; }
  .arrow, .at-edge .arrow { margin: 0; padding: 0; text-align: left; border: 0; background: none; }
  .arrow::before, .arrow::after { display: none; }
  .arrow .way::before { content: attr(aria-label); color: var(--dim); }
  .wire { padding: 10px 12px; }
  .states { grid-template-columns: minmax(0, 1fr); }
  .changes { table-layout: auto; } .changes th:first-child { width: auto; } .changes caption { display: block; }
  td > ins, td > del { justify-self: start; }
}
`;
