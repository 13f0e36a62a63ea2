import type { Explanation } from "../../rpc/story.ts";
import {
  CallFilter,
  type ConferenceFrame,
  ConferenceFramePage,
  conferencePath,
} from "../conference/conference-frame.tsx";
import { Empty, Sentence, Time } from "../parts.tsx";
import { type Typed, withQuery } from "../paths.ts";
import { pageOfList } from "./page-of-list.ts";
import { Pages } from "./pages.tsx";
import { MOST_CALLS } from "./story-lines.ts";

interface WhyProps {
  readonly frame: ConferenceFrame;
  /** Of the call, where one is named. */
  readonly answers: readonly Explanation[];
  /** About this call alone: its id, or WebEx's name for it; empty: all. */
  readonly call: string;
  /** The call as the user typed it; absent: the address has its id. */
  readonly typed?: Typed | undefined;
  /** Absent: the latest. */
  readonly page?: number | undefined;
}

/** Why things are as they are, in sentences, each with the rows of the journal that prove it. */
export function WhyPage({ frame, answers, call, typed, page }: WhyProps) {
  const path = conferencePath(frame.domain, frame.confKey, "why");
  const calls = [...new Set(answers.flatMap((answer) => answer.calls))].slice(0, MOST_CALLS);
  const { items, ...place } = pageOfList(answers, page);
  const pages = place.pages > 1 && (
    <Pages
      label="Pages of the answers"
      query={typed ? {} : { call }}
      {...{ path, typed, count: `${answers.length} answers`, ...place }}
    />
  );
  return (
    <ConferenceFramePage {...frame} tab="why">
      {calls.length + call.length > 0 && (
        <CallFilter {...{ path, call, calls: calls.map((call) => ({ call })), isFiltered: call !== "" }} />
      )}
      {pages}
      {items.map((answer) => (
        <Answer frame={frame} answer={answer} />
      ))}
      {pages}
      {answers.length === 0 && (
        <Empty
          title={call === "" ? "Nothing needs an explanation." : `Nothing about the call ${call} needs an explanation.`}
        >
          {call !== "" && "If you typed it: the timeline shows which calls the conference had. "}
          Here would stand why a caller was muted, dropped, not admitted or not shown under its name, why WebEx was not
          notified of something, what a failover changed, and why the conference ended.
        </Empty>
      )}
    </ConferenceFramePage>
  );
}

function Answer({ frame, answer }: Pick<WhyProps, "frame"> & { readonly answer: Explanation }) {
  const { domain, confKey, now } = frame;
  const { at, question, answer: text, rows, calls } = answer;
  const timeline = conferencePath(domain, confKey, "timeline");
  return (
    <article class="answer">
      <h2>
        <Sentence of={question} near={at} />
      </h2>
      <p>
        <Sentence of={text} near={at} />
      </p>
      <p class="dim proof">
        <Time at={at} now={now} />
        {calls.map((call) => (
          <a href={withQuery(timeline, { call })}>The call {call}</a>
        ))}
        {rows.map(({ seq }) => (
          <a href={`${withQuery(timeline, { row: String(seq) })}#row-${seq}`}>Row {String(seq)}</a>
        ))}
      </p>
    </article>
  );
}
