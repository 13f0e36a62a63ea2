import { plainTerminal } from "../../foundation/table.ts";
import type { TimelineLine } from "../../rpc/timeline.ts";
import { linesOfCall, timelineText } from "../../views/timeline.ts";
import { type ConferenceFrame, ConferenceFramePage, conferencePath } from "../conference/conference-frame.tsx";
import { Empty, Field, Pages, useFrame } from "../parts.tsx";
import type { Typed } from "../paths.ts";
import { Sequence, type SequenceProps } from "./sequence.tsx";

/** Which lines of a timeline are shown. */
export interface TimelineFilter {
  /** A call's ID, WebEx's ID for it, or a number; empty: all. */
  readonly call: string;
  /** Only lines with a reason. */
  readonly why: boolean;
}

/** Most calls in the selection. */
const MOST_CALLS = 200;
/** More lines on a page delay other requests. */
const MOST_LINES = 100;

/** The matching lines of a page: by number (1 is the oldest), by row, or else the latest. */
export function pageOfLines(
  lines: readonly TimelineLine[],
  { call, why }: TimelineFilter,
  at: { readonly page?: number | undefined; readonly row?: number | undefined },
) {
  const ofCall = call === "" ? lines : linesOfCall(lines, call);
  const fitting = why ? ofCall.filter((line) => line.why !== undefined) : ofCall;
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

interface TimelineProps extends Pick<SequenceProps, "wire" | "row"> {
  readonly frame: ConferenceFrame;
  readonly shown: ReturnType<typeof pageOfLines>;
  readonly filter: TimelineFilter;
  /** The filter's call as typed; absent: the address has its ID. */
  readonly typed?: Typed | undefined;
}

/** A conference's timeline as a sequence diagram. Each line opens to its wire text. */
export function TimelinePage(props: TimelineProps) {
  const { frame, shown, wire, row } = props;
  const { lines } = shown;
  const { timeZone: zone } = useFrame();
  return (
    <ConferenceFramePage {...frame} tab="timeline">
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

function pathOf({ frame }: TimelineProps): string {
  return conferencePath(frame.domain, frame.confKey, "timeline");
}

/** The form is posted: a number must not be in an address. */
function Filter(props: TimelineProps) {
  const { call, why } = props.filter;
  const path = pathOf(props);
  return (
    <form class="bar" method="post" action={path}>
      <Field label="Call" name="call" value={call} list="calls" placeholder="all calls" />
      <datalist id="calls">
        {[...props.shown.calls].slice(0, MOST_CALLS).map(([value, number]) => (
          <option value={value}>{number}</option>
        ))}
      </datalist>
      <label class="check">
        <input type="checkbox" name="why" value="1" checked={why} /> only lines with a reason
      </label>
      <button type="submit">Show</button>
      {(call !== "" || why) && <a href={path}>Show all</a>}
    </form>
  );
}

function Nothing(props: TimelineProps) {
  const { call, why } = props.filter;
  if (props.shown.all === 0)
    return (
      <Empty title="This conference has no timeline.">
        Messages between WebEx, the edge and the bridge appear here until the domain's retention has passed.
      </Empty>
    );
  return (
    <Empty title={why ? "Nothing needs an explanation." : "No line fits."}>
      {(call !== "" || why) && <a href={pathOf(props)}>Show all lines</a>}
    </Empty>
  );
}

function PageLinks(props: TimelineProps) {
  const { page, pages, fitting, all } = props.shown;
  const { filter, typed } = props;
  const count = fitting === all ? `${all} lines` : `${fitting} of ${all} lines`;
  const query = { why: filter.why ? "1" : "", ...(!typed && { call: filter.call }) };
  return <Pages label="Pages of the timeline" path={pathOf(props)} {...{ query, typed, page, pages, count }} />;
}
