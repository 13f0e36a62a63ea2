import { plainTerminal } from "../../foundation/table.ts";
import type { TimelineLine } from "../../rpc/timeline.ts";
import { linesOfCall, timelineText } from "../../views/timeline.ts";
import { type ConferenceFrame, ConferenceFramePage, conferencePath } from "../conference/conference-frame.tsx";
import { Choice, Empty, Field, Pages, useFrame } from "../parts.tsx";
import type { Typed } from "../paths.ts";
import { Sequence, type SequenceProps } from "./sequence.tsx";

/** Which lines of a timeline are shown. */
export interface TimelineFilter {
  /** A call's ID, WebEx's ID for it, or a number; empty: all. */
  readonly call: string;
  readonly side: keyof typeof sides | "";
  /** `why`: only lines with a reason. */
  readonly tab: TimelineTab;
}

export type TimelineTab = "timeline" | "why";

/** The other party of a line. */
export const sides = { webex: "WebEx", bridge: "the bridge", others: "users, back end and the edge itself" } as const;

/** Most calls in the selection. */
const MOST_CALLS = 200;
/** More lines on a page delay other requests. */
const MOST_LINES = 100;

/** The matching lines of a page: by number (1 is the oldest), by row, or else the latest. */
export function pageOfLines(
  lines: readonly TimelineLine[],
  { call, side, tab }: TimelineFilter,
  at: { readonly page?: number | undefined; readonly row?: number | undefined },
) {
  const ofCall = call === "" ? lines : linesOfCall(lines, call);
  const fitting = ofCall.filter(
    (line) => (side === "" || sideOf(line) === side) && (tab === "timeline" || line.why !== undefined),
  );
  const index = at.row === undefined ? -1 : fitting.findIndex(({ seq }) => seq >= (at.row ?? 0));
  const pages = Math.max(1, Math.ceil(fitting.length / MOST_LINES));
  const wanted = index >= 0 ? Math.floor(index / MOST_LINES) + 1 : (at.page ?? pages);
  const page = Math.min(Math.max(wanted, 1), pages);
  /** Numbers of all calls, in order; empty: not known. */
  const calls = new Map<string, string>();
  for (const { facts } of lines)
    if (facts.call !== undefined) calls.set(facts.call, calls.get(facts.call) || (facts.number ?? ""));
  const ofPage = fitting.slice((page - 1) * MOST_LINES, page * MOST_LINES);
  return { lines: ofPage, page, pages, fitting: fitting.length, all: lines.length, calls };
}

function sideOf({ from, to }: TimelineLine): keyof typeof sides {
  const other = from === "edge" ? to : from;
  return other === "webex" || other === "bridge" ? other : "others";
}

interface TimelineProps extends Pick<SequenceProps, "wire" | "row"> {
  readonly frame: ConferenceFrame;
  readonly shown: ReturnType<typeof pageOfLines>;
  readonly filter: TimelineFilter;
  /** The filter's call as typed; absent: the address has its ID. */
  readonly typed?: Typed | undefined;
}

/** A conference's timeline as a sequence diagram. Each line opens to its wire text. */
export function TimelinePage(props: TimelineProps) {
  const { frame, shown, filter, wire, row } = props;
  const { lines } = shown;
  const { timeZone: zone } = useFrame();
  return (
    <ConferenceFramePage {...frame} tab={filter.tab}>
      <Filter {...props} />
      {lines.length === 0 ? (
        <Nothing {...props} />
      ) : (
        <>
          <div id="pages">
            <PageLinks {...props} />
          </div>
          <div id="lines">
            <Sequence lines={lines} wire={wire} row={row} />
          </div>
          {shown.pages > 1 && <PageLinks {...props} />}
          <div class="line">
            <button type="button" data-copy="timeline-text" hidden>
              Copy these lines
            </button>
          </div>
          <details id="as-text">
            <summary>These lines as text</summary>
            <pre id="timeline-text" tabindex={0}>
              {[`times in ${zone}`, ...timelineText(lines, { ...plainTerminal, zone })].join("\n")}
            </pre>
          </details>
        </>
      )}
    </ConferenceFramePage>
  );
}

function pathOfTab({ frame, filter }: TimelineProps): string {
  return conferencePath(frame.domain, frame.confKey, filter.tab);
}

/** The form is posted: a number must not be in an address. */
function Filter(props: TimelineProps) {
  const { call, side } = props.filter;
  const path = pathOfTab(props);
  return (
    <form class="bar" method="post" action={path}>
      <Field label="Call" name="call" value={call} list="calls" placeholder="all calls" />
      <datalist id="calls">
        {[...props.shown.calls].slice(0, MOST_CALLS).map(([value, number]) => (
          <option value={value}>{number}</option>
        ))}
      </datalist>
      <Choice label="With" name="side" value={side} all="everybody" values={sides} />
      <button type="submit">Show</button>
      {(call !== "" || side !== "") && <a href={path}>Show all</a>}
    </form>
  );
}

function Nothing(props: TimelineProps) {
  const { call, side, tab } = props.filter;
  if (props.shown.all === 0)
    return (
      <Empty title="This conference has no timeline.">
        Messages between WebEx, the edge and the bridge appear here until the domain's retention has passed.
      </Empty>
    );
  return (
    <Empty title={tab === "why" ? "Nothing needs an explanation." : "No line fits."}>
      {tab === "why" && "Lines with a reason for a failure appear here. "}
      {(call !== "" || side !== "") && <a href={pathOfTab(props)}>Show all calls and sides</a>}
    </Empty>
  );
}

function PageLinks(props: TimelineProps) {
  const { page, pages, fitting, all } = props.shown;
  const { filter, typed } = props;
  const count = fitting === all ? `${all} lines` : `${fitting} of ${all} lines`;
  const query = { side: filter.side, ...(!typed && { call: filter.call }) };
  return <Pages label="Pages of the timeline" path={pathOfTab(props)} {...{ query, typed, page, pages, count }} />;
}
