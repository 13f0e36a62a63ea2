import type { Report } from "../../bridge/events.ts";
import type { WireRow } from "../../rpc/replay.ts";
import type { StoryLine } from "../../rpc/story.ts";

/** As the conference names the back end among its servers. */
const BACK_END = "*back-end";

/** What went over the wire with a line. */
export interface WireText {
  readonly title: string;
  readonly text: string;
}

/** Of what followed, in one line; the replay of the row has all. */
const MOST_FOLLOWING = 4;

/**
 * The texts of a line: its own, and behind an input those that followed on both sides. `more`: so many of them are left out.
 * `row`: what the wire had with the line's row, where the journal still has that.
 */
export function wireTexts(
  line: StoryLine,
  row: WireRow | undefined,
): { readonly own: readonly WireText[]; readonly following: readonly WireText[]; readonly more: number } {
  if (!row) return { own: [], following: [], more: 0 };
  const own = ownTexts(line, row);
  const isInput = line.to === "edge" && line.from !== "edge" && line.what !== "confirmed";
  const following = isInput ? [...toBridge(row), ...toWebex(row)] : [];
  return { own, following: following.slice(0, MOST_FOLLOWING), more: Math.max(0, following.length - MOST_FOLLOWING) };
}

function ownTexts(line: StoryLine, row: WireRow): readonly WireText[] {
  const { input } = row;
  if (line.what === "confirmed" || line.what === "not delivered") return [];
  if (line.from === "webex")
    return row.inputText === null
      ? []
      : [{ title: "From WebEx, as it may have stood on the wire", text: row.inputText }];
  if (line.from === "bridge" && input?.type === "bridge") {
    const reports = input.reports.filter(({ report }) => isOf(line, report));
    return reports.map((report) => ({ title: "From the bridge", text: JSON.stringify(report) }));
  }
  if (line.from === "operator" && input?.type === "operator")
    return [{ title: "From the operator", text: JSON.stringify(input.request) }];
  if (line.to === "bridge") return toBridge(row, ({ id }) => id === line.facts.commandId);
  if (line.to === "webex" || line.to === "back end") {
    const alike = row.messages.filter(({ text, transId }) => isText(line, text, transId));
    return toWebex({ messages: alike });
  }
  return [];
}

function isOf({ what, facts }: StoryLine, report: Report): boolean {
  if (report.type === "result") return report.id === facts.commandId;
  const { event } = report;
  const call = "call" in event ? event.call : "caller" in event ? event.caller.call : undefined;
  return event.type === what && call === facts.call;
}

function isText({ what, facts }: StoryLine, text: string | null, transId: string | null): boolean {
  if (transId !== null && transId !== facts.transId) return false;
  if (what === "client data") return true;
  const isNamed = text?.includes(`<${what} `) || text?.includes(`<${what}>`) || text?.includes(`<${what}/`);
  return isNamed === true && (!facts.msgId || text?.includes(`"${facts.msgId}"`) === true);
}

function toBridge(
  { commands }: Pick<WireRow, "commands">,
  is: (command: WireRow["commands"][number]) => boolean = () => true,
): readonly WireText[] {
  return commands.filter(is).map((command) => ({ title: "To the bridge", text: JSON.stringify(command) }));
}

function toWebex({ messages }: Pick<WireRow, "messages">): readonly WireText[] {
  return messages.map(({ host, text, type }) => ({
    title: host === BACK_END ? "To the back end" : `To ${host}`,
    text: text ?? `${type}: it cannot be written in the domain's protocol`,
  }));
}
