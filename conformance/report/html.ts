import type { ClauseResult } from "../run.ts";
import { diagram } from "./diagram.ts";
import { escapeText } from "./escape.ts";
import { findingsOf, type ReportFinding } from "./findings.ts";
import {
  circumstancesOf,
  openClauses,
  outcomeWords,
  type Report,
  runId,
  scores,
  standings,
  standingWords,
  timeOf,
  verdictOf,
} from "./summary.ts";

/** Of one document; the report for programs has them whole. */
const MOST_CHARACTERS = 700;

/** An id with more characters has a line of its own. */
const LONG_ID = 8;

const verdictColours = { conforms: "passed", "does-not-conform": "failed", "not-shown": "not-shown" } as const;

const openWords = {
  untested: "Not tested, and what would test it",
  nothing: "Nothing to judge",
  unseen: "Cannot be seen from outside",
} as const;

/** One page without anything outside of it: what was found, what was not tested, and each clause with its sequence diagram and its wire. */
export function htmlReport(report: Report): string {
  const { results, notes = [] } = report;
  const verdict = verdictOf(results);
  const [said = "", details = ""] = verdict.text.split(/(?<=^[^:]*): /);
  const findings = findingsOf(results);
  const shown = new Set(findings.map(({ clauses }) => clauses[0]?.id));
  const findingOf = new Map(findings.flatMap(({ n, clauses }) => clauses.map(({ id }) => [id, n])));
  const how = Object.entries(circumstancesOf(report)).map(
    ([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd>`,
  );
  const rows = scores(results).map(
    ({ standing, passed, failed, notTestable }) =>
      `<tr><th scope="row">${standing}<small>${standingWords[standing]}</small></th><td>${passed}</td><td${failed > 0 ? ' class="failed"' : ""}>${failed}</td><td>${notTestable}</td></tr>`,
  );
  const sections = standings.map((standing) => {
    const those = results.filter((result) => result.standing === standing);
    return `<h2>${standing[0]?.toUpperCase()}${standing.slice(1)} clauses</h2>\n${those.map((one) => clauseOf(one, findingOf.get(one.id), shown.has(one.id))).join("\n")}`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance of an adapter, run ${runId(report)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Conformance of an adapter of WebEx's TSP telephony interface</h1>
<p class="verdict"><b class="${verdictColours[verdict.word]}">${escapeText(said)}</b>${escapeText(details)}</p>
${notes.map((note) => `<p class="why">${escapeText(note)}</p>\n`).join("")}<div class="head">
<dl>${how.join("")}</dl>
<table>
<thead><tr><td></td><th scope="col">passed</th><th scope="col">failed</th><th scope="col">not testable</th></tr></thead>
<tbody>${rows.join("")}</tbody>
</table>
</div>
${findingsSection(findings)}${openSection(results)}${sections.join("\n")}
</main>
</body>
</html>
`;
}

function findingsSection(findings: readonly ReportFinding[]): string {
  if (findings.length === 0) return "";
  const items = findings.map(({ cause, standing, clauses }) => {
    const [shows] = clauses;
    const links = clauses.map(({ id }) => `<a href="#${escapeText(id)}">${escapeText(id)}</a>`).join(" ");
    const mark = standing === "documented" ? "" : ` <small>${standing}</small>`;
    return `<li><b>${escapeText(cause)}</b>${mark}<p class="why">${escapeText(shows?.why ?? "")}</p><p class="links">${clauses.length === 1 ? "clause" : `${clauses.length} clauses`}: ${links}</p></li>`;
  });
  return `<h2>Findings</h2>\n<ol class="findings">${items.join("\n")}</ol>\n`;
}

function openSection(results: readonly ClauseResult[]): string {
  const open = openClauses(results);
  const parts = (["untested", "nothing", "unseen"] as const).flatMap((because) => {
    const items = open
      .filter((one) => one.because === because)
      .map(({ why, ids }) => `<dt>${ids.map(escapeText).join(" ")}</dt><dd>${escapeText(why)}</dd>`);
    return items.length === 0 ? [] : [`<h3>${openWords[because]}</h3>\n<dl class="open">${items.join("")}</dl>`];
  });
  return parts.length === 0 ? "" : `<h2>Documented clauses without a judgement</h2>\n${parts.join("\n")}\n`;
}

function clauseOf(
  { id, title, outcome, why, reference, trace, tookMs }: ClauseResult,
  finding: number | undefined,
  isOpen: boolean,
): string {
  const head = `<summary><span class="mark ${outcome}">${outcomeWords[outcome]}</span><b${id.length > LONG_ID ? ' class="long"' : ""}>${escapeText(id)}</b><span>${escapeText(title)}</span></summary>`;
  const of = finding === undefined ? "" : `finding ${finding}: `;
  const reason = why === "" ? "" : `<p class="why">${of}${escapeText(why)}</p>`;
  const took = tookMs > 0 ? `, ${tookMs} ms` : "";
  // A Confirmation with 0 says the same each time.
  const bodies = trace.filter(({ body, title: what }) => body !== "" && what !== "Confirmation 0");
  const wire =
    bodies.length === 0
      ? ""
      : `<details><summary>On the wire</summary><pre>${bodies
          .map(({ at, from, to, body }) => escapeText(`${timeOf(at)}  ${from} → ${to}\n${shortened(body.trim())}`))
          .join("\n\n")}</pre></details>`;
  const open = isOpen ? " open" : "";
  return `<details class="clause" id="${escapeText(id)}"${open}>${head}
<div><p class="reference">${escapeText(reference)}${took}</p>${reason}${trace.length > 0 ? diagram(trace) : ""}${wire}</div>
</details>`;
}

function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}… (${text.length} characters)` : text;
}

const style = `
:root { color-scheme: light dark; --text: #1c2128; --dim: #5b6571; --line: #d5dae0; --page: #fff; --box: #f5f7f9; --passed: #1a7f42; --failed: #c62828; --post: #1c5fb0; --phone: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --text: #dfe4ea; --dim: #98a2ae; --line: #3a424c; --page: #14181d; --box: #1c2228; --passed: #57c785; --failed: #ff7b72; --post: #79b8ff; --phone: #e0b060; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
main { max-width: 1060px; margin: 0 auto; padding: 24px 20px 80px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 12px; }
h2 { font-size: 18px; margin: 36px 0 8px; }
.verdict { margin: 0 0 20px; } .verdict b { display: block; font-size: 26px; line-height: 1.3; } .verdict b::first-letter { text-transform: uppercase; }
h3 { font-size: 15px; margin: 16px 0 4px; }
.head { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px 40px; align-items: start; }
.findings { padding-left: 24px; } .findings li { margin: 0 0 14px; } .findings li::marker { color: var(--failed); font-weight: 600; } .findings small { color: var(--dim); }
.links { margin: 4px 0; overflow-wrap: anywhere; color: var(--dim); } a { color: var(--post); }
dl.open { grid-template-columns: minmax(0, 18em) minmax(0, 1fr); margin: 0; } dl.open dt { color: var(--text); }
table { border-collapse: collapse; margin: 12px 0; }
th, td { padding: 5px 16px 5px 0; text-align: left; border-bottom: 1px solid var(--line); }
td, thead th { text-align: right; } td { font-variant-numeric: tabular-nums; }
th small { display: block; font-weight: 400; color: var(--dim); }
dl { display: grid; grid-template-columns: fit-content(40%) minmax(0, 1fr); gap: 2px 16px; margin: 12px 0; }
dt { color: var(--dim); } dt, dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.passed { color: var(--passed); } .failed { color: var(--failed); } .not-testable { color: var(--dim); } .not-shown { color: var(--phone); }
.clause { border-bottom: 1px solid var(--line); }
.clause > summary { display: grid; grid-template-columns: 12px 92px 64px minmax(0, 1fr); gap: 10px; padding: 7px 4px; cursor: pointer; list-style: none; }
.clause > summary::before { content: "▸"; color: var(--dim); } .clause[open] > summary::before { content: "▾"; }
.clause > summary::-webkit-details-marker { display: none; }
.clause > summary > b.long { grid-column: 3 / -1; } .clause > summary > b.long + span { grid-column: 4; }
.clause > summary:hover { background: var(--box); }
.clause > div { padding: 0 4px 16px; overflow-x: auto; }
.reference { color: var(--dim); margin: 2px 0 8px; }
.why { border-left: 3px solid var(--line); padding-left: 10px; margin: 8px 0; }
pre { background: var(--box); padding: 12px; overflow-x: auto; font: 12px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
details details > summary { cursor: pointer; color: var(--dim); }
svg { display: block; max-width: 100%; height: auto; font: 12px ui-monospace, monospace; }
svg .life { stroke: var(--line); } svg .name { fill: var(--text); font-weight: 600; } svg .time { fill: var(--dim); }
svg .post { stroke: var(--post); fill: var(--post); } svg .confirmation { stroke: var(--dim); fill: var(--dim); } svg .telephone { stroke: var(--phone); fill: var(--phone); }
svg text { stroke: none; } svg g text { text-anchor: middle; } svg .confirmation path:first-child { stroke-dasharray: 4 4; }
@media (max-width: 760px) { .head { grid-template-columns: minmax(0, 1fr); } dl.open { grid-template-columns: minmax(0, 1fr); } dl.open dd { margin-bottom: 6px; } }
@media (max-width: 640px) { main { padding: 16px 14px 60px; } th, td { padding-right: 10px; } .clause > summary { grid-template-columns: 12px 92px minmax(0, 1fr); } .clause > summary > span:last-child, .clause > summary > b.long + span { grid-column: 2 / -1; } .clause > summary > b.long { grid-column: 3; } svg { width: 760px; max-width: none; } }
`;
