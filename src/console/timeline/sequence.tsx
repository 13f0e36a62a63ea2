import { useContext } from "hono/jsx";
import type { EpochMs } from "../../foundation/ids.ts";
import { instantText, shownTime } from "../../foundation/time/shown-time.ts";
import type { TimelineLine, TimelineSide, WireRow } from "../../rpc/timeline.ts";
import { isTrouble, sideNames } from "../../timeline/blocks.ts";
import { type Places, places, placesWithBeside } from "../conference/conference-style.ts";
import { Sentence, ZoneOfPage } from "../parts.tsx";
import { factsText, wayText } from "./lines.ts";
import { Wire } from "./wire.tsx";

type Party = keyof Places;

const partyNames: Readonly<Record<Party, string>> = { ...sideNames, beside: "Others" };

interface SequenceProps {
  readonly lines: readonly TimelineLine[];
  /** What the wire had with the rows of these lines, as far as the journal still has them. */
  readonly wire: readonly WireRow[];
  /** The row that is open; `null`: none. */
  readonly row: number | null;
}

/** A sequence diagram: from left to right WebEx, Bridgehead, the bridge, and others; each line opens to its text on the wire. */
export function Sequence({ lines, wire, row }: SequenceProps) {
  const hasBeside = lines.some(({ from, to }) => partyOf(from) === "beside" || partyOf(to) === "beside");
  const at = hasBeside ? placesWithBeside : places;
  const bySeq = new Map(wire.map((one) => [one.seq, one]));
  const heads = headsOf(lines);
  const documents = new Set<number>();
  const zone = useContext(ZoneOfPage);
  let before: TimelineLine | undefined;
  return (
    <div class={hasBeside ? "sequence with-beside" : "sequence"}>
      <div class="parties" aria-hidden="true">
        {Object.entries(at).map(
          ([party, place]) => place !== null && <b class={party}>{partyNames[party as Party]}</b>,
        )}
      </div>
      <Lifelines at={at} />
      <ol>
        {lines.flatMap((line) => {
          const isHead = heads.has(line);
          const isRepeated = line.from === "webex" && line.what !== "confirmed" && documents.has(line.seq);
          if (line.from === "webex") documents.add(line.seq);
          const { day } = shownTime(line.at, zone);
          const isNewDay = before === undefined || day !== shownTime(before.at, zone).day;
          const isSameTime = before?.at === line.at;
          const begins = before?.seq !== line.seq;
          before = line;
          return [
            isNewDay && <li class="day">{day}</li>,
            <Message
              {...{ line, at, begins, isSameTime, isRepeated }}
              row={bySeq.get(line.seq)}
              id={isHead ? `row-${line.seq}` : undefined}
              isOpen={isHead && line.seq === row}
            />,
          ];
        })}
      </ol>
    </div>
  );
}

/** For each row the line that links point to. A Confirmation stands with the row in which it was written, and is not its subject. */
function headsOf(lines: readonly TimelineLine[]): ReadonlySet<TimelineLine> {
  const heads = new Map<number, TimelineLine>();
  for (const line of lines) {
    const head = heads.get(line.seq);
    if (!head || (head.what === "confirmed" && line.what !== "confirmed")) heads.set(line.seq, line);
  }
  return new Set(heads.values());
}

/** They go through all lines, from the first to the last. */
function Lifelines({ at }: { readonly at: Places }) {
  return (
    <svg class="lifelines" aria-hidden="true">
      {Object.values(at).map((place) => place !== null && <line x1={x(place)} x2={x(place)} y1="0" y2="100%" />)}
    </svg>
  );
}

interface MessageProps {
  readonly line: TimelineLine;
  readonly at: Places;
  readonly row: WireRow | undefined;
  readonly id: string | undefined;
  readonly isOpen: boolean;
  /** It is the first of its row of the journal. */
  readonly begins: boolean;
  /** It has the time of the line before, which is not written again. */
  readonly isSameTime: boolean;
  readonly isRepeated: boolean;
}

function Message({ line, at, row, id, isOpen, begins, isSameTime, isRepeated }: MessageProps) {
  const facts = factsText(line, useContext(ZoneOfPage));
  const [from, to] = [partyOf(line.from), partyOf(line.to)];
  const kinds = ["message", `from-${from}`, laneOf(from, to), begins && "begins", isTrouble(line) && "trouble"];
  return (
    <li class={kinds.filter(Boolean).join(" ")} {...(id !== undefined && { id })}>
      <details {...(isOpen && { open: true })}>
        <summary>
          <Clock at={line.at} isRepeated={isSameTime} />
          <span class="label">
            <span>
              <span role="img" aria-label={wayText(line)} /> <b>{line.what}</b>
              {facts !== "" && <span class="with"> {facts}</span>}
              {line.why !== undefined && (
                <span class="why">
                  <Sentence of={line.why} near={line.at} />
                </span>
              )}
            </span>
          </span>
          {from !== to && <Arrow from={at[from] ?? 0} to={at[to] ?? 0} kind={kindOf(line)} />}
        </summary>
        <section class="wire">
          <Wire line={line} row={row} isRepeated={isRepeated} />
        </section>
      </details>
    </li>
  );
}

/** `lost`: it does not get there. */
type ArrowKind = "message" | "confirmation" | "lost";

function kindOf({ what }: TimelineLine): ArrowKind {
  if (what === "not delivered") return "lost";
  return what === "confirmed" ? "confirmation" : "message";
}

interface ArrowProps {
  readonly from: number;
  readonly to: number;
  readonly kind: ArrowKind;
}

/** As much of the way as a message gets that is lost. */
const LOST_AT = 0.75;
/** What stands at the end, for an arrow that points to the right; its tip is the origin. */
const ends: Readonly<Record<ArrowKind, string>> = {
  message: "M0 7l-9-5v10z",
  confirmation: "M-9 2l9 5l-9 5",
  lost: "M-5 2l10 10m0-10l-10 10",
};

function Arrow({ from, to, kind }: ArrowProps) {
  const end = kind === "lost" ? from + (to - from) * LOST_AT : to;
  return (
    <svg class={`arrow ${kind}`} height="14" aria-hidden="true">
      <line x1={x(from)} x2={x(end)} y1="7" y2="7" />
      <svg x={x(end)} overflow="visible" aria-hidden="true">
        <path d={ends[kind]} {...(to < from && { transform: "scale(-1 1)" })} />
      </svg>
    </svg>
  );
}

function x(place: number): string {
  return `${place}%`;
}

function partyOf(side: TimelineSide): Party {
  return side === "operator" || side === "back end" ? "beside" : side;
}

/** Between which lines its text stands. */
function laneOf(from: Party, to: Party): string {
  const other = from === "edge" ? to : from;
  return other === "edge" ? "note" : `lane-${other}`;
}

/** To a millisecond, since lines come close after each other. */
function Clock({ at, isRepeated }: { readonly at: EpochMs; readonly isRepeated: boolean }) {
  return (
    <time datetime={instantText(at)} {...(isRepeated && { class: "unseen" })}>
      {shownTime(at, useContext(ZoneOfPage)).exact}
    </time>
  );
}
