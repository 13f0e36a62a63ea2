import type { WireRow } from "../../rpc/story.ts";
import {
  CallFilter,
  type ConferenceFrame,
  ConferenceFramePage,
  conferencePath,
} from "../conference/conference-frame.tsx";
import { Choice, Empty } from "../parts.tsx";
import type { Typed } from "../paths.ts";
import { Pages } from "./pages.tsx";
import { Sequence } from "./sequence.tsx";
import { type StoryFilter, type StoryPage, sides, storyText } from "./story-lines.ts";

interface TimelineProps {
  readonly frame: ConferenceFrame;
  readonly story: StoryPage;
  readonly filter: StoryFilter;
  /** The filter's call as the user typed it; absent: the address has its id. */
  readonly typed?: Typed | undefined;
  /** What the wire had with the rows of these lines, as far as the journal still has them. */
  readonly wire: readonly WireRow[];
  /** The row that the address names, which is open; `null`: it names none. */
  readonly row: number | null;
}

/** What happened in a conference as a sequence diagram. Each line opens to its text on the wire. */
export function TimelinePage({ frame, story, filter, typed, wire, row }: TimelineProps) {
  const { domain, confKey } = frame;
  const { lines, all } = story;
  return (
    <ConferenceFramePage {...frame} tab={filter.tab}>
      <Filter frame={frame} story={story} filter={filter} />
      {lines.length === 0 ? (
        <Nothing all={all} path={conferencePath(domain, confKey, filter.tab)} filter={filter} />
      ) : (
        <>
          <div id="pages">
            <PagesOfStory {...{ frame, story, filter, typed }} />
          </div>
          <div id="lines">
            <Sequence lines={lines} wire={wire} row={row} />
          </div>
          {story.pages > 1 && <PagesOfStory {...{ frame, story, filter, typed }} />}
          <div class="line">
            <button type="button" data-copy="story-text" hidden>
              Copy these lines
            </button>
          </div>
          <details id="as-text">
            <summary>These lines as text</summary>
            <pre id="story-text" tabindex={0}>
              {storyText(lines, frame.timeZone ?? "UTC")}
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
  readonly filter: StoryFilter;
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

type ShownProps = Pick<TimelineProps, "frame" | "story" | "filter">;
type PagesProps = ShownProps & Pick<TimelineProps, "typed">;

function Filter({ frame: { domain, confKey }, story: { calls }, filter: { call, side, tab } }: ShownProps) {
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

function PagesOfStory({ frame: { domain, confKey }, story, filter, typed }: PagesProps) {
  const { page, pages, fitting, all } = story;
  const count = fitting === all ? `${all} lines` : `${fitting} of ${all} lines`;
  const path = conferencePath(domain, confKey, filter.tab);
  const query = { side: filter.side, ...(!typed && { call: filter.call }) };
  return <Pages label="Pages of the timeline" {...{ path, query, typed, page, pages, count }} />;
}
