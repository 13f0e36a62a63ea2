import type { Fact, FactKind } from "../conference/facts.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import { isTrouble } from "../records/counts.ts";
import { expired } from "./reasons.ts";

/** One line for operations staff. */
interface FactLine extends LogFacts {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
}

/** What the line of a fact says; `null`: it has none. By default it is an `info` and named like the fact. */
type Lines = { readonly [Kind in FactKind]?: (fact: Extract<Fact, { kind: Kind }>) => Partial<FactLine> | null };

const lines: Lines = {
  "conference-created": ({ extConfId, host }) => ({ extConfId, host }),
  "conference-taken-over": ({ extConfId, host }) => ({ extConfId, host }),
  "conference-found": ({ bridge }) => ({ level: "warn", bridge: bridge ?? "" }),
  "conference-not-created": ({ why }) => ({ level: "warn", why }),
  "conference-ended": ({ endedBy, why, callers }) => ({
    by: why === "lost" && endedBy === "bridge" ? "lost" : endedBy,
    callers,
  }),
  "call-entered": ({ call, number, direction }) => ({ call, number, dialled: direction === "out" }),
  // What ends with its conference has no line of its own.
  "call-left": ({ call, why, record }) => (record.reason === "conference-ended" ? null : { call, why }),
  "call-turned-away": ({ call, number, why }) => ({ call, number, why }),
  "call-name-shared": ({ call, other }) => ({
    level: "warn",
    call,
    why: `WebEx has given call ${other} the same ExtCallID`,
  }),
  "call-out-denied": ({ country, number }) => ({ level: "warn", country, number }),
  "command-failed": (fact) => (isTrouble(fact) ? failed(fact, fact.why) : null),
  "command-expired": (fact) => failed(fact, "too-late"),
  "server-settled": ({ host, messages = [], ...fact }) => {
    const counts = messages.map(({ type, count }) => `${count} ${type}`).join(", ");
    return fact.expired ? { level: "error", event: "post-given-up", host, why: expired, messages: counts } : null;
  },
  noted: ({ text }) => ({ event: "note", note: text }),
};

function failed({ command, type }: { readonly command: string; readonly type: string }, why: string) {
  return { level: "warn", event: "command-failed", commandId: command, command: type, why } as const;
}

/** The lines of the log for these facts. */
export function logLines(facts: readonly Fact[]): readonly FactLine[] {
  const said = facts.flatMap((fact) => {
    const says = (lines[fact.kind] as ((fact: Fact) => Partial<FactLine> | null) | undefined)?.(fact);
    return says ? [{ level: "info", event: fact.kind, ...says } as const] : [];
  });
  const repairs = Object.groupBy(
    facts.flatMap((fact) => (fact.kind === "repaired" ? fact.what : [])),
    (what) => what,
  );
  const counts = Object.entries(repairs).map(([what, found]) => [what, found.length]);
  return counts.length === 0 ? said : [...said, { level: "info", event: "repair", ...Object.fromEntries(counts) }];
}
