import { isTrouble } from "../explain/story-blocks.ts";
import type { EpochMs } from "../foundation/ids.ts";
import type { StoryLine, StorySide, WireRow } from "../rpc.ts";
import { type ConferenceFrame, ConferenceFramePage, conferencePath, TranscriptLink } from "./conference-frame.tsx";
import { Empty } from "./parts.tsx";
import { withQuery } from "./paths.ts";
import { factsText, type StoryFilter, type StoryPage, sideNames, sides, storyText, wayText } from "./story-lines.ts";
import { type WireText, wireTexts } from "./wire-texts.ts";

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
            <TranscriptLink domain={domain} confKey={confKey}>
              Download as a transcript
            </TranscriptLink>
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

const beside: readonly StorySide[] = ["operator", "back end"];

function Sequence({
  frame,
  lines,
  wire,
  row,
}: Pick<TimelineProps, "frame" | "wire" | "row"> & { readonly lines: readonly StoryLine[] }) {
  const bySeq = new Map(wire.map((row) => [row.seq, row]));
  const heads = headsOf(lines);
  const documents = new Set<number>();
  const hasBeside = lines.some(({ from, to }) => beside.includes(from) || beside.includes(to));
  let day = "";
  return (
    <div class={hasBeside ? "sequence with-beside" : "sequence"}>
      <div class="parties" aria-hidden="true">
        <span />
        <b class="webex">WebEx</b>
        <b class="edge">Bridgehead</b>
        <b class="bridge">Bridge</b>
        {hasBeside && <b class="beside">Others</b>}
      </div>
      <ol>
        {lines.flatMap((line) => {
          const isHead = heads.has(line);
          const isRepeated = line.from === "webex" && line.what !== "confirmed" && documents.has(line.seq);
          if (line.from === "webex") documents.add(line.seq);
          const date = new Date(line.at).toISOString().slice(0, 10);
          const isNewDay = date !== day;
          day = date;
          return [
            isNewDay && <li class="day">{date}</li>,
            <Message
              frame={frame}
              line={line}
              row={bySeq.get(line.seq)}
              id={isHead ? `row-${line.seq}` : undefined}
              isOpen={isHead && line.seq === row}
              isRepeated={isRepeated}
            />,
          ];
        })}
      </ol>
    </div>
  );
}

/** Of each row the line to which links lead. A Confirmation is told with the row in which it was written, and is not what that is about. */
function headsOf(lines: readonly StoryLine[]): ReadonlySet<StoryLine> {
  const heads = new Map<number, StoryLine>();
  for (const line of lines) {
    const head = heads.get(line.seq);
    if (!head || (head.what === "confirmed" && line.what !== "confirmed")) heads.set(line.seq, line);
  }
  return new Set(heads.values());
}

interface MessageProps {
  readonly frame: ConferenceFrame;
  readonly line: StoryLine;
  readonly row: WireRow | undefined;
  readonly id: string | undefined;
  readonly isOpen: boolean;
  /** Its document stands at an earlier line of the row. */
  readonly isRepeated: boolean;
}

function Message({ frame: { domain, confKey }, line, row, id, isOpen, isRepeated }: MessageProps) {
  const facts = factsText(line);
  const way = line.from === line.to ? "at-edge" : `${wordOf(line.from)}-${wordOf(line.to)}`;
  return (
    <li class={isTrouble(line) ? `message ${way} trouble` : `message ${way}`} {...(id !== undefined && { id })}>
      <details {...(isOpen && { open: true })}>
        <summary data-row="">
          <Clock at={line.at} />
          <span class="arrow">
            <span class="way" role="img" aria-label={wayText(line)} /> <b>{line.what}</b>
            {facts !== "" && <span class="with"> {facts}</span>}
          </span>
        </summary>
        <div class="wire">
          <Wire line={line} row={row} isRepeated={isRepeated} />
          <p>
            <a href={withQuery(conferencePath(domain, confKey, "replay"), { row: String(line.seq) })}>
              Row {String(line.seq)} in the replay
            </a>
          </p>
        </div>
      </details>
    </li>
  );
}

function wordOf(side: StorySide): string {
  return beside.includes(side) ? "beside" : side;
}

function Wire({ line, row, isRepeated }: Pick<MessageProps, "line" | "row" | "isRepeated">) {
  const { own, following, more } = wireTexts(line, row);
  const facts = Object.entries(line.facts);
  return (
    <>
      {isRepeated ? (
        <p class="dim">Its document, and what followed, stand at the line of {sideNames[line.from]} before.</p>
      ) : (
        own.map((text) => <Text {...text} />)
      )}
      {!isRepeated && following.length > 0 && <p class="dim">What followed:</p>}
      {!isRepeated && following.map((text) => <Text {...text} />)}
      {!isRepeated && more > 0 && <p class="dim">and {String(more)} more, which the replay has</p>}
      {own.length === 0 && facts.length > 0 && (
        <dl class="facts">{facts.flatMap(([name, value]) => [<dt>{name}</dt>, <dd>{value}</dd>])}</dl>
      )}
    </>
  );
}

export function Text({ title, text }: WireText) {
  return (
    <figure class="text">
      <figcaption>{title}</figcaption>
      <pre tabindex={0}>{text}</pre>
    </figure>
  );
}

/** To a millisecond: lines are told apart by it. */
function Clock({ at }: { readonly at: EpochMs }) {
  const iso = new Date(at).toISOString();
  return <time datetime={iso}>{iso.slice(11, 23)}</time>;
}
