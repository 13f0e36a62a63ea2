import type { WireRow } from "../../rpc/timeline.ts";
import {
  CallFilter,
  type ConferenceFrame,
  ConferenceFramePage,
  conferencePath,
} from "../conference/conference-frame.tsx";
import { Choice, Empty } from "../parts.tsx";
import type { Typed } from "../paths.ts";
import { type PageOfLines, sides, type TimelineFilter, timelineText } from "./lines.ts";
import { Pages } from "./pages.tsx";
import { Sequence } from "./sequence.tsx";

interface TimelineProps {
  readonly frame: ConferenceFrame;
  readonly shown: PageOfLines;
  readonly filter: TimelineFilter;
  /** The filter's call as the user typed it; absent: the address has its id. */
  readonly typed?: Typed | undefined;
  /** What the wire had with the rows of these lines, as far as the journal still has them. */
  readonly wire: readonly WireRow[];
  /** The row that the address names, which is open; `null`: it names none. */
  readonly row: number | null;
}

/** What happened in a conference as a sequence diagram. Each line opens to its text on the wire. */
export function TimelinePage({ frame, shown, filter, typed, wire, row }: TimelineProps) {
  const { domain, confKey } = frame;
  const { lines, all } = shown;
  return (
    <ConferenceFramePage {...frame} tab={filter.tab}>
      <Filter frame={frame} shown={shown} filter={filter} />
      {lines.length === 0 ? (
        <Nothing all={all} path={conferencePath(domain, confKey, filter.tab)} filter={filter} />
      ) : (
        <>
          <div id="pages">
            <PageLinks {...{ frame, shown, filter, typed }} />
          </div>
          <div id="lines">
            <Sequence lines={lines} wire={wire} row={row} />
          </div>
          {shown.pages > 1 && <PageLinks {...{ frame, shown, filter, typed }} />}
          <div class="line">
            <button type="button" data-copy="timeline-text" hidden>
              Copy these lines
            </button>
          </div>
          <details id="as-text">
            <summary>These lines as text</summary>
            <pre id="timeline-text" tabindex={0}>
              {timelineText(lines, frame.timeZone ?? "UTC")}
            </pre>
          </details>
        </>
      )}
    </ConferenceFramePage>
  );
}

interface NothingProps {
  readonly all: number;
  readonly path: string;
  readonly filter: TimelineFilter;
}

function Nothing({ all, path, filter: { call, side, tab } }: NothingProps) {
  if (all === 0)
    return (
      <Empty title="Nothing is kept of this conference.">
        Every message between WebEx, Bridgehead and the bridge appears here. A conference's journal is deleted when the
        domain's retention has passed.
      </Empty>
    );
  const isFiltered = call !== "" || side !== "";
  const reasons =
    "Lines appear here that say why something went wrong, or why a caller was muted, dropped or not named.";
  return (
    <Empty title={tab === "why" ? "Nothing needs an explanation." : "No line fits."}>
      {tab === "why" && `${reasons} `}
      {isFiltered && <a href={path}>Show all calls and sides</a>}
    </Empty>
  );
}

type ShownProps = Pick<TimelineProps, "frame" | "shown" | "filter">;
type PagesProps = ShownProps & Pick<TimelineProps, "typed">;

function Filter({ frame: { domain, confKey }, shown: { calls }, filter: { call, side, tab } }: ShownProps) {
  return (
    <CallFilter
      path={conferencePath(domain, confKey, tab)}
      call={call}
      calls={calls}
      isFiltered={call !== "" || side !== ""}
    >
      <Choice label="With" name="side" value={side} all="everybody" values={sides} />
    </CallFilter>
  );
}

function PageLinks({ frame: { domain, confKey }, shown, filter, typed }: PagesProps) {
  const { page, pages, fitting, all } = shown;
  const count = fitting === all ? `${all} lines` : `${fitting} of ${all} lines`;
  const path = conferencePath(domain, confKey, filter.tab);
  const query = { side: filter.side, ...(!typed && { call: filter.call }) };
  return <Pages label="Pages of the timeline" {...{ path, query, typed, page, pages, count }} />;
}
