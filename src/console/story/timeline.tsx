import type { WireRow } from "../../rpc/replay.ts";
import {
  type ConferenceFrame,
  ConferenceFramePage,
  conferencePath,
  SaveTest,
} from "../conference/conference-frame.tsx";
import { Empty } from "../parts.tsx";
import { withQuery } from "../paths.ts";
import { Sequence } from "./sequence.tsx";
import { type StoryFilter, type StoryPage, sides, storyText } from "./story-lines.ts";

interface TimelineProps {
  readonly frame: ConferenceFrame;
  readonly story: StoryPage;
  readonly filter: StoryFilter;
  /** What the wire had with the rows of these lines, as far as the journal still has them. */
  readonly wire: readonly WireRow[];
  /** The row that the address names, which is open; `null`: it names none. */
  readonly row: number | null;
}

/** What happened in a conference as a sequence diagram. Each line opens to its text on the wire. */
export function TimelinePage({ frame, story, filter, wire, row }: TimelineProps) {
  const { domain, confKey } = frame;
  const { lines, all } = story;
  return (
    <ConferenceFramePage {...frame} tab="timeline">
      <Filter frame={frame} story={story} filter={filter} />
      {lines.length === 0 ? (
        <Nothing all={all} path={conferencePath(domain, confKey, "timeline")} />
      ) : (
        <>
          <div id="pages" data-part="">
            <Pages frame={frame} story={story} filter={filter} />
          </div>
          <div id="lines" data-part="">
            <Sequence frame={frame} lines={lines} wire={wire} row={row} />
          </div>
          {story.pages > 1 && <Pages frame={frame} story={story} filter={filter} />}
          <div class="line">
            <button type="button" data-copy="story-text" hidden>
              Copy these lines
            </button>
            <SaveTest domain={domain} confKey={confKey} />
          </div>
          <details id="as-text" data-part="">
            <summary>These lines as text</summary>
            <pre id="story-text" tabindex={0}>
              {storyText(lines)}
            </pre>
          </details>
        </>
      )}
    </ConferenceFramePage>
  );
}

function Nothing({ all, path }: { readonly all: number; readonly path: string }) {
  if (all > 0) {
    return (
      <Empty title="No line fits.">
        <a href={path}>Show all {String(all)} lines</a>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing is kept of this conference.">
      Here would stand every message between WebEx, Bridgehead and the bridge. A conference's journal is deleted when
      the domain's retention has passed.
    </Empty>
  );
}

type Shown = Pick<TimelineProps, "frame" | "story" | "filter">;

function Filter({ frame: { domain, confKey }, story: { calls }, filter }: Shown) {
  const path = conferencePath(domain, confKey, "timeline");
  return (
    <form class="bar" action={path}>
      <div>
        <label for="call">Call</label>
        <input
          id="call"
          type="search"
          name="call"
          value={filter.call}
          list="calls"
          placeholder="all calls"
          autocomplete="off"
        />
      </div>
      <datalist id="calls">
        {calls.map(({ call, number }) => (
          <option value={call}>{number}</option>
        ))}
      </datalist>
      <div>
        <label for="side">With</label>
        <select id="side" name="side">
          <option value="">everybody</option>
          {Object.entries(sides).map(([side, name]) => (
            <option value={side} {...(side === filter.side && { selected: true })}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <button type="submit">Show</button>
      {(filter.call !== "" || filter.side !== "") && <a href={path}>Show all</a>}
    </form>
  );
}

function Pages({ frame: { domain, confKey }, story: { page, pages, fitting, all }, filter }: Shown) {
  const to = (wanted: number) =>
    withQuery(conferencePath(domain, confKey, "timeline"), { ...filter, page: String(wanted) });
  const count = fitting === all ? `${all} lines` : `${fitting} of ${all} lines`;
  if (pages === 1) return <p class="dim">{count}</p>;
  return (
    <nav class="pages" aria-label="Pages of the timeline">
      {page > 1 ? <a href={to(1)}>First</a> : <span class="dim">First</span>}
      {page > 1 ? (
        <a href={to(page - 1)} rel="prev">
          Earlier
        </a>
      ) : (
        <span class="dim">Earlier</span>
      )}
      <span>
        page {String(page)} of {String(pages)}, {count}
      </span>
      {page < pages ? (
        <a href={to(page + 1)} rel="next">
          Later
        </a>
      ) : (
        <span class="dim">Later</span>
      )}
      {page < pages ? <a href={to(pages)}>Latest</a> : <span class="dim">Latest</span>}
    </nav>
  );
}
