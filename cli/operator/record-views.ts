import { type Terminal, table } from "../../src/foundation/table.ts";
import { cut } from "../../src/foundation/text/cut.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { duration, toSecond } from "../terminal.ts";
import type { ListedRecord } from "./operator-client.ts";
import { domainColumn } from "./views.ts";

/** A record, and the domain that it is of. */
export type RecordOfDomain = ListedRecord & { readonly domain: string };
export type AuditOfDomain = AuditEntry & { readonly domain: string };

/** A line for each call or conference that is over. */
export function recordsText(records: readonly RecordOfDomain[], terminal: Terminal): readonly string[] {
  if (records.length === 0) return ["no record"];
  return table<RecordOfDomain>(
    [
      domainColumn(records),
      { title: "ENDED", text: ({ endedAt }) => toSecond(endedAt) },
      { title: "CONFERENCE", text: ({ conference }) => conference, style: () => "bold" },
      {
        title: "WHAT",
        text: (one) => (one.kind === "call" ? (one.direction === "in" ? "call in" : "call out") : "conference"),
        style: ({ kind }) => (kind === "conference" ? "bold" : null),
      },
      { title: "NUMBER", text: (one) => (one.kind === "call" ? one.number : "") },
      { title: "LASTED", text: ({ seconds }) => duration(seconds * 1_000) },
      { title: "CALLS", text: (one) => (one.kind === "conference" ? String(one.calls) : "") },
      {
        title: "STATUS",
        text: ({ status }) => (status === "completed" ? "" : status),
        style: () => "yellow",
      },
      { title: "ENDED BY", text: ({ endedBy, reason }) => `${endedBy}: ${reason}`, cut: true },
    ],
    records,
    terminal,
  );
}

/** Of a key that somebody made up; WebEx's have a dozen digits. */
const MOST_KEY = 32;

/** A line for each thing that somebody has asked of a domain. */
export function auditText(entries: readonly AuditOfDomain[], terminal: Terminal): readonly string[] {
  if (entries.length === 0) return ["nobody has asked anything"];
  return table<AuditOfDomain>(
    [
      domainColumn(entries),
      { title: "WHEN", text: ({ at }) => toSecond(at) },
      { title: "WHO", text: ({ person, role, by }) => `${person} (${role}, ${by})`, style: () => "bold", cut: true },
      { title: "WHAT", text: ({ action, about: { type } }) => type ?? action },
      { title: "ABOUT", text: ({ about }) => aboutText(about), cut: true },
      {
        title: "OUTCOME",
        text: ({ status, refusal }) => (refusal === null ? String(status) : `${status} ${refusal}`),
        style: ({ refusal }) => (refusal === null ? "green" : "red"),
      },
      { title: "FROM", text: ({ from }) => from },
    ],
    entries,
    terminal,
  );
}

function aboutText({ type: _, confKey, ...rest }: Readonly<Record<string, string>>): string {
  const parts = Object.entries(rest).map(([name, text]) => `${name} ${text}`);
  return [...(confKey === undefined ? [] : [cut(confKey, MOST_KEY)]), ...parts].join(", ");
}
