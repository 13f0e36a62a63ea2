import type { Child } from "hono/jsx";
import { hostText } from "../../foundation/text/bare-host.ts";
import { instantText, shownTime } from "../../foundation/time/shown-time.ts";
import type { TimelineLine, TimelineSide, WireRow } from "../../rpc/timeline.ts";
import { factsOf, isWrong, wayText } from "../../views/timeline.ts";
import { Facts, Sentence, useFrame } from "../parts.tsx";
import { type Places, places, placesWithBeside } from "../style.ts";

type Party = keyof Places;

const parties: Readonly<Record<Party, string>> = { webex: "WebEx", edge: "Edge", bridge: "Bridge", beside: "Others" };

export interface SequenceProps {
  readonly lines: readonly TimelineLine[];
  /** Wire texts of these lines, as far as the journal still has them. */
  readonly wire: readonly WireRow[];
  /** The open row, from the address; `null`: none. */
  readonly row: number | null;
}

/** A sequence diagram with WebEx, the edge, the bridge and others. The first line of a row opens to its wire text. */
export function Sequence({ lines, wire, row }: SequenceProps) {
  const hasBeside = lines.some(({ from, to }) => partyOf(from) === "beside" || partyOf(to) === "beside");
  const at = hasBeside ? placesWithBeside : places;
  const drawn = Object.entries(at).filter((one): one is [Party, number] => one[1] !== null);
  const bySeq = new Map(wire.map((one) => [one.seq, one]));
  const linked = new Set<number>();
  const { timeZone: zone } = useFrame();
  return (
    <div class={hasBeside ? "sequence with-beside" : "sequence"}>
      <div class="parties" aria-hidden="true">
        {drawn.map(([party]) => (
          <b class={party}>{parties[party]}</b>
        ))}
      </div>
      <svg class="lifelines" aria-hidden="true">
        {drawn.map(([, place]) => (
          <line x1={`${place}%`} x2={`${place}%`} y1="0" y2="100%" />
        ))}
      </svg>
      <ol>
        {lines.flatMap((line, index) => {
          const { seq, facts } = line;
          const before = lines[index - 1];
          const { day } = shownTime(line.at, zone);
          // A Confirmation belongs to the row that wrote it, but is not the row's subject.
          const isHead = facts.outcome !== "confirmed" && !linked.has(seq);
          if (isHead) linked.add(seq);
          return [
            (before === undefined || day !== shownTime(before.at, zone).day) && <li class="day">{day}</li>,
            <Message
              {...{ line, at, isHead, begins: before?.seq !== seq, isOpen: isHead && seq === row }}
              row={isHead ? bySeq.get(seq) : undefined}
            />,
          ];
        })}
      </ol>
    </div>
  );
}

interface MessageProps {
  readonly line: TimelineLine;
  readonly at: Places;
  /** Of the line at the head of its row, as far as the journal still has it. */
  readonly row: WireRow | undefined;
  /** True if addresses can name its row by this line. */
  readonly isHead: boolean;
  readonly isOpen: boolean;
  /** True for the first line of its journal row. */
  readonly begins: boolean;
}

function Message({ line, at, row, isHead, isOpen, begins }: MessageProps) {
  const { timeZone: zone } = useFrame();
  const texts = row ? wireTexts(row) : [];
  const facts = factsOf(line, zone).filter(([name]) => name !== "transId" && name !== "host");
  const [from, to] = [partyOf(line.from), partyOf(line.to)];
  // The columns between which its text is.
  const other = from === "edge" ? to : from;
  const lane = other === "edge" ? "note" : `lane-${other}`;
  const kinds = ["message", `from-${from}`, lane, begins && "begins", isWrong(line) && "trouble"];
  return (
    <li class={kinds.filter(Boolean).join(" ")} id={isHead ? `row-${line.seq}` : undefined}>
      <details open={isOpen}>
        <summary>
          <time datetime={instantText(line.at)}>{shownTime(line.at, zone).exact}</time>
          <span class="label">
            <span>
              <span role="img" aria-label={wayText(line)} /> <b>{line.what}</b>
              {facts.length > 0 && <span class="with"> {facts.map(([, text]) => text).join(" ")}</span>}
              {line.why !== undefined && (
                <span class="why">
                  <Sentence of={line.why} near={line.at} />
                </span>
              )}
            </span>
          </span>
          {from !== to && <Arrow outcome={line.facts.outcome} from={at[from] ?? 0} to={at[to] ?? 0} />}
        </summary>
        <section class="wire">
          {texts.map(([title, text]) => (
            <figure class="text">
              <figcaption>{title}</figcaption>
              <pre tabindex={0}>{text}</pre>
            </figure>
          ))}
          {texts.length === 0 && <Facts kind="facts" of={line.facts} />}
        </section>
      </details>
    </li>
  );
}

function partyOf(side: TimelineSide): Party {
  return side === "operator" || side === "back end" ? "beside" : side;
}

/** How far a lost message gets. */
const LOST_AT = 0.75;
/** The end of an arrow that points to the right; its tip is the origin. */
const ends = {
  message: "M0 7l-9-5v10z",
  confirmation: "M-9 2l9 5l-9 5",
  lost: "M-5 2l10 10m0-10l-10 10",
} as const;

interface ArrowProps {
  readonly outcome: string | undefined;
  readonly from: number;
  readonly to: number;
}

function Arrow({ outcome, from, to }: ArrowProps): Child {
  const kind = outcome === "confirmed" ? "confirmation" : outcome === "not-delivered" ? "lost" : "message";
  const end = `${kind === "lost" ? from + (to - from) * LOST_AT : to}%`;
  return (
    <svg class={`arrow ${kind}`} height="14" aria-hidden="true">
      <line x1={`${from}%`} x2={end} y1="7" y2="7" />
      <svg x={end} overflow="visible" aria-hidden="true">
        <path d={ends[kind]} {...(to < from && { transform: "scale(-1 1)" })} />
      </svg>
    </svg>
  );
}

type WireText = readonly [title: string, text: string];

/** What a row sent and received. */
function wireTexts({ input, inputText, commands, messages }: WireRow): readonly WireText[] {
  const asJson = (title: string, all: readonly object[]) => all.map((one) => [title, JSON.stringify(one)] as const);
  return [
    ...(inputText === null ? [] : [["From WebEx, as it may have been on the wire", inputText] as const]),
    ...asJson("From the bridge", input?.type === "bridge" ? input.reports : []),
    ...asJson("From the user", input?.type === "operator" ? [input.request] : []),
    ...asJson("To the bridge", commands),
    ...messages.map(({ host, text, type }) => {
      return [`To ${hostText(host)}`, text ?? `${type}: it cannot be written in the domain's protocol`] as const;
    }),
  ];
}
