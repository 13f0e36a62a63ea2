import type { Report } from "../../bridge/events.ts";
import { hostText } from "../../foundation/text/bare-host.ts";
import type { TimelineLine, WireRow } from "../../rpc/timeline.ts";
import { sideNames } from "../../timeline/blocks.ts";
import { Facts } from "../parts.tsx";

interface WireProps {
  readonly line: TimelineLine;
  /** What the wire had with the line's row, where the journal still has that. */
  readonly row: WireRow | undefined;
  /** Its document stands at an earlier line of the row. */
  readonly isRepeated: boolean;
}

/** What went over the wire with a line, and behind an input what followed on both sides. */
export function Wire({ line, row, isRepeated }: WireProps) {
  const { own, following, more } = wireTexts(line, row);
  return (
    <>
      {isRepeated ? (
        <p class="dim">Its document, and what followed, stand at the line of {sideNames[line.from]} before.</p>
      ) : (
        <>
          {own.map(Text)}
          {following.length > 0 && <p class="dim">What followed:</p>}
          {following.map(Text)}
          {more > 0 && <p class="dim">and {more} more, each on its own line</p>}
        </>
      )}
      {own.length === 0 && <Facts kind="facts" of={line.facts} />}
    </>
  );
}

function Text({ title, text }: WireText) {
  return (
    <figure class="text">
      <figcaption>{title}</figcaption>
      <pre tabindex={0}>{text}</pre>
    </figure>
  );
}

/** What went over the wire with a line. */
interface WireText {
  readonly title: string;
  readonly text: string;
}

/** Most consequences shown in one line; each also has its own line. */
const MOST_FOLLOWING = 4;

/** The texts of a line, and behind an input those that followed on both sides. `more`: so many are left out. */
function wireTexts(
  line: TimelineLine,
  row: WireRow | undefined,
): { readonly own: readonly WireText[]; readonly following: readonly WireText[]; readonly more: number } {
  if (!row) return { own: [], following: [], more: 0 };
  const own = ownTexts(line, row);
  const isInput = line.to === "edge" && line.from !== "edge" && line.what !== "confirmed";
  const following = isInput ? [...toBridge(row), ...toWebex(row)] : [];
  return { own, following: following.slice(0, MOST_FOLLOWING), more: Math.max(0, following.length - MOST_FOLLOWING) };
}

function ownTexts(line: TimelineLine, row: WireRow): readonly WireText[] {
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

function isOf({ what, facts }: TimelineLine, report: Report): boolean {
  if (report.type === "result") return report.id === facts.commandId;
  const { event } = report;
  const call = "call" in event ? event.call : "caller" in event ? event.caller.call : undefined;
  return event.type === what && call === facts.call;
}

function isText({ what, facts }: TimelineLine, text: string | null, transId: string): boolean {
  if (transId !== facts.transId) return false;
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
    title: `To ${hostText(host)}`,
    text: text ?? `${type}: it cannot be written in the domain's protocol`,
  }));
}
