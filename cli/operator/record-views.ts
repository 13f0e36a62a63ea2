import { cut } from "../../src/foundation/text/cut.ts";
import type { Screen } from "../shown-times.ts";
import { duration } from "../terminal.ts";
import type { AuditOfDomain, RecordOfDomain } from "./operator-client.ts";
import { listText } from "./views.ts";

export function recordsText(records: readonly RecordOfDomain[], screen: Screen): readonly string[] {
  return listText<RecordOfDomain>(
    "no record",
    [
      { title: "ENDED", text: ({ endedAt, domain }) => screen.times.second(endedAt, domain) },
      { title: "CONFERENCE", text: ({ conference }) => conference, style: () => "bold" },
      {
        title: "WHAT",
        text: (one) => (one.kind === "call" ? (one.direction === "in" ? "call in" : "call out") : "conference"),
        style: ({ kind }) => (kind === "conference" ? "bold" : null),
      },
      { title: "NUMBER", text: (one) => (one.kind === "call" ? one.number : "") },
      {
        title: "LASTED",
        text: (one) => {
          if (one.kind === "call" && one.answeredAt === null) return "not answered";
          // A call's own length is measured beside the bridge.
          const isUnsure = one.kind === "conference" && one.clockDiffers;
          return `${isUnsure ? "perhaps " : ""}${duration(one.seconds * 1_000)}`;
        },
      },
      { title: "CALLS", text: (one) => (one.kind === "conference" ? String(one.calls) : "") },
      {
        title: "STATUS",
        text: ({ status }) => (status === "completed" ? "" : status),
        style: () => "yellow",
      },
      { title: "ENDED BY", text: ({ endedBy, reason }) => `${endedBy}: ${reason}`, cut: true },
    ],
    records,
    screen,
  );
}

/** Of a key that somebody made up; WebEx's have a dozen digits. */
const MOST_KEY = 32;

export function auditText(entries: readonly AuditOfDomain[], _: number, screen: Screen): readonly string[] {
  return listText<AuditOfDomain>(
    "nobody has asked anything",
    [
      { title: "WHEN", text: ({ at, domain }) => screen.times.second(at, domain) },
      { title: "WHO", text: ({ person, role, by }) => `${person} (${role}, ${by})`, style: () => "bold", cut: true },
      { title: "WHAT", text: ({ action, repeat }) => `${action}${repeat ? " (repeated)" : ""}` },
      { title: "ABOUT", text: ({ about }) => aboutText(about), cut: true },
      {
        title: "OUTCOME",
        text: ({ status, refusal }) => (refusal === null ? String(status) : `${status} ${refusal}`),
        style: ({ refusal }) => (refusal === null ? "green" : "red"),
      },
      { title: "FROM", text: ({ from }) => from },
    ],
    entries,
    screen,
  );
}

function aboutText({ confKey, ...rest }: Readonly<Record<string, string>>): string {
  const parts = Object.entries(rest).map(([name, text]) => `${name} ${text}`);
  return [...(confKey === undefined ? [] : [cut(confKey, MOST_KEY)]), ...parts].join(", ");
}
