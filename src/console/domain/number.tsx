import type { EpochMs } from "../../foundation/ids.ts";
import { type PeopleShown, peopleWords } from "../../foundation/text/people-shown.ts";
import type { ListGaps } from "../../records/found-conference.ts";
import { gapTexts, type PersonLine } from "../../records/person-line.ts";
import { ageOf } from "../browser/age.js";
import { type DomainFrame, Page } from "../page.tsx";
import { Age, Empty, Field, Further, isolatedText, Listed, Mark, Notice, Search, Time } from "../parts.tsx";
import { pathOf, type Typed, withQuery } from "../paths.ts";
import { Topic } from "./record-list.tsx";

export interface LineListProps {
  readonly domain: string;
  readonly lines: readonly PersonLine[];
  /** Where the next page begins; `null`: there is none. */
  readonly next: string | null;
  /** Where this page begins; `null`: it is the first. */
  readonly cursor: string | null;
  readonly now: EpochMs;
}

interface NumberProps extends DomainFrame, ListGaps, Pick<LineListProps, "lines" | "next" | "cursor"> {
  /** Number as the user typed it. */
  readonly number: string;
  readonly people: PeopleShown;
}

/** What happened to a telephone number in all conferences. */
export function NumberPage(props: NumberProps) {
  const { number, lines, next, cursor, people, isCut, ...frame } = props;
  const { domain, now } = frame;
  const path = pathOf(domain, "numbers");
  return (
    <Page {...frame} title="Number">
      <form class="bar" method="post" action={path}>
        <Field label="Number, in any spelling" name="number" value={number} maxlength={64} />
        <Search />
      </form>
      <Gaps {...props} />
      {people !== "full" && <Notice is="plain">{peopleWords[people]}</Notice>}
      {number !== "" && lines.length === 0 && (
        <Empty title="Nothing is known of this number">
          It is in no conference now, and no record or call at the prompt has it. Look at each digit.
        </Empty>
      )}
      <PersonLines {...{ domain, lines, now }} title="In all conferences, the latest first" />
      <FurtherLines {...{ path, next, cursor }} typed={{ number }} />
    </Page>
  );
}

/** What a list of running conferences lacks. */
export function Gaps(gaps: ListGaps) {
  return (
    <>
      {gapTexts(gaps).map((says) => (
        <Notice is="plain">{says}</Notice>
      ))}
    </>
  );
}

type PromptCallsProps = DomainFrame & Pick<LineListProps, "lines" | "next" | "cursor">;

/** The calls at the prompt that were not led in at once, of all numbers. */
export function PromptCallsPage({ lines, next, cursor, ...frame }: PromptCallsProps) {
  const { domain, now } = frame;
  return (
    <Page {...frame} title="Calls at the prompt">
      {lines.length === 0 && (
        <Empty title="No call was kept at the prompt">Callers whose first key is right are not listed.</Empty>
      )}
      <PersonLines {...{ domain, lines, now }} title="Not led in at once, the latest first" />
      <FurtherLines path={pathOf(domain, "prompt-calls")} {...{ next, cursor }} />
    </Page>
  );
}

/** What happened to people, a line for each call. */
export function PersonLines({
  domain,
  lines,
  now,
  title,
}: Pick<LineListProps, "domain" | "lines" | "now"> & { readonly title: string }) {
  const story = (page: string, { conference, call }: PersonLine) =>
    withQuery(`${pathOf(domain, "conferences", conference ?? "")}/${page}`, { call });
  return (
    <Listed
      title={title}
      classes={{ Who: "speaking", Story: "story" }}
      rows={lines}
      id={({ what, call, from }) => `line-${what}-${call}-${from}`}
      columns={{
        When: ({ from, to }) => {
          const at = from ?? to;
          return at === null ? "now" : <Time at={at} now={now} />;
        },
        "What happened": ({ what, why }) => (
          <>
            <Mark is={words[what][0]}>{words[what][1]}</Mark> {why}
          </>
        ),
        Conference: ({ conference, topic }) =>
          conference === null ? (
            <span class="dim">no conference</span>
          ) : (
            <>
              <a href={pathOf(domain, "conferences", conference)}>{conference}</a>
              <Topic is={topic} />
            </>
          ),
        Lasted: ({ from, to }) => (from === null ? null : <Lasted {...{ from, to, now }} />),
        Who: ({ number, attendeeId }) => (
          <>
            {number || "withheld"}
            {attendeeId !== "" && (
              <>
                {" "}
                <span class="dim">{isolatedText(attendeeId)}</span>
              </>
            )}
          </>
        ),
        Story: (line) =>
          hasStory(line) ? (
            <span class="marks">
              <a href={story("why", line)}>Why?</a> <a href={story("timeline", line)}>Timeline</a>
            </span>
          ) : null,
      }}
    />
  );
}

/** Who never was in a conference is not in its journal, unless the conference turned it away. */
function hasStory({ what, conference, turnedAway }: PersonLine): boolean {
  return conference !== null && (turnedAway === true || (what !== "not-let-in" && what !== "at-prompt"));
}

interface LastedProps {
  readonly from: EpochMs;
  readonly to: EpochMs | null;
  readonly now: EpochMs;
}

function Lasted({ from, to, now }: LastedProps) {
  return to === null ? <Age since={from} now={now} /> : ageOf(to - from);
}

const words: Readonly<Record<PersonLine["what"], readonly ["good" | "warn" | "bad" | "plain", string]>> = {
  inside: ["good", "in now"],
  "being-called": ["plain", "being called"],
  left: ["plain", "was in"],
  "not-reached": ["warn", "not reached"],
  "not-let-in": ["bad", "not let in"],
  "at-prompt": ["plain", "at the prompt"],
};

interface FurtherLinesProps extends Pick<LineListProps, "next" | "cursor"> {
  readonly path: string;
  readonly typed?: Typed;
}

export function FurtherLines({ path, next, cursor, typed }: FurtherLinesProps) {
  const to = { Latest: cursor === null ? null : {}, Older: next === null ? null : { cursor: next } };
  return <Further {...{ path, typed, to }} />;
}
