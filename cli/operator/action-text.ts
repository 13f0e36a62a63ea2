import type { Terminal } from "../../src/foundation/table.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { ActionStages, SentCommand } from "../../src/rpc/action-stages.ts";
import { duration, localTime } from "../terminal.ts";

/** What became of an action in the end, as far as it is known. */
export type ActionEnd = "told" | "not to be told" | "owed" | "given up" | "refused" | "no result" | "open";

export function endOf({ result, told }: ActionStages): ActionEnd {
  if (result === null) return "open";
  if (result.type !== "done") return result.type;
  if (told === null) return "open";
  if ("owed" in told) return "owed";
  if ("notBecause" in told) return told.isGivenUp ? "given up" : "not to be told";
  return told.confirmedAt === null ? "open" : "told";
}

/** A line for each stage that is known; when more is known, they are still true. */
export function stageLines(stages: ActionStages, { style }: Terminal): readonly string[] {
  const { asked, onDisk, person, sent, result, told } = stages;
  const line = (stage: string, at: number | null, text: string) =>
    `  ${stage.padEnd(10)}${(at === null ? "" : at === asked ? "at once" : `+${duration(at - asked)}`).padEnd(10)}${text}`.trimEnd();
  const command = ({ id, type }: SentCommand) => `${type} ${style("dim", `(${id})`)}`;
  const ofBridge = sent.flatMap((one) => [
    { at: one.at, text: line("sent", one.at, `${command(one)} to the bridge`) },
    ...(one.result && sent.length > 1
      ? [
          {
            at: one.result.at,
            text: line("bridge", one.result.at, `${command(one)}: ${"why" in one.result ? one.result.why : "done"}`),
          },
        ]
      : []),
  ]);
  const lines = [
    line("asked", null, `${localTime(asked)} by ${person}`),
    line("on disk", onDisk.at, `row ${onDisk.seq} of the journal`),
    ...ofBridge.sort((one, other) => one.at - other.at).map(({ text }) => text),
  ];
  if (result?.type === "done") {
    lines.push(
      style("green", line("done", result.at, sent.length === 0 ? "nothing was to be done on the bridge" : "")),
    );
  } else if (result) {
    lines.push(style("red", line(result.type, result.at, whyOf(result))));
  }
  if (told && "notBecause" in told) lines.push(line("not told", null, told.notBecause));
  else if (told && "owed" in told) {
    const text = `${counted(told.owed, "message")} to WebEx: its server is behind, and gets this once it answers`;
    lines.push(style("yellow", line("owed", told.owedSince, text)));
  } else if (told) {
    lines.push(line("telling", null, `WebEx, by TransID ${told.transIds.join(", ")}`));
    if (told.confirmedAt !== null) lines.push(style("green", line("told", told.confirmedAt, "WebEx has confirmed it")));
  }
  return lines;
}

function whyOf({ type, why }: { readonly type: "refused" | "no result"; readonly why: string }): string {
  return type === "refused" ? `the bridge refuses it: ${why}` : `${why}; a late result counts all the same`;
}
