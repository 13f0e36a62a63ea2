import type { CountedType, Fact } from "../conference/facts.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import { isTrouble } from "../records/counts.ts";
import { expired } from "./reasons.ts";

/** One line for operations staff. */
interface FactLine extends LogFacts {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
}

/** The lines of the log for these facts. What ends with its conference has no line of its own. */
export function logLines(facts: readonly Fact[]): readonly FactLine[] {
  const lines = facts.flatMap((fact) => lineOf(fact) ?? []);
  const repairs = facts.flatMap((fact) => (fact.kind === "repaired" ? [fact.what] : []));
  if (repairs.length === 0) return lines;
  const kinds = Object.entries(Object.groupBy(repairs, (what) => what));
  return [...lines, line("repair", Object.fromEntries(kinds.map(([what, found]) => [what, found?.length])))];
}

function lineOf(fact: Fact): FactLine | null {
  switch (fact.kind) {
    case "conference-created":
    case "conference-taken-over":
      return line(fact.kind, { extConfId: fact.extConfId, host: fact.host });
    case "conference-found":
      return trouble(fact.kind, { bridge: fact.bridge ?? "" });
    case "conference-not-created":
      return trouble(fact.kind, { why: fact.why });
    case "conference-ended":
      return line(fact.kind, {
        by: fact.why === "lost" && fact.endedBy === "bridge" ? "lost" : fact.endedBy,
        callers: fact.callers,
      });
    case "call-entered":
      return line(fact.kind, { call: fact.call, number: fact.number, dialled: fact.direction === "out" });
    case "call-left":
      return fact.record.reason === "conference-ended" ? null : line(fact.kind, { call: fact.call, why: fact.why });
    case "call-turned-away":
      return line(fact.kind, { call: fact.call, number: fact.number, why: fact.why });
    case "call-name-shared":
      return trouble(fact.kind, { call: fact.call, why: `WebEx has given call ${fact.other} the same ExtCallID` });
    case "call-out-denied":
      return trouble(fact.kind, { country: fact.country, number: fact.number });
    case "command-failed":
      if (!isTrouble(fact)) return null;
      return trouble(fact.kind, { commandId: fact.command, command: fact.type, why: fact.why });
    case "command-expired":
      return trouble("command-failed", { commandId: fact.command, command: fact.type, why: "too-late" });
    case "server-settled":
      if (!fact.expired) return null;
      return {
        ...trouble("post-given-up", { host: fact.host, why: expired, messages: countsIn(fact.messages) }),
        level: "error",
      };
    case "noted":
      return line("note", { note: fact.text });
    default:
      return null;
  }
}

/** As "2 caller-entered, 1 conference-changed". */
function countsIn(messages: readonly CountedType[] = []): string {
  return messages.map(({ type, count }) => `${count} ${type}`).join(", ");
}

function line(event: string, about: LogFacts): FactLine {
  return { level: "info", event, ...about };
}

function trouble(event: string, about: LogFacts): FactLine {
  return { level: "warn", event, ...about };
}
