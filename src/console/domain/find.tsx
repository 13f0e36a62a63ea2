import type { Child } from "hono/jsx";
import { counted } from "../../foundation/text/counted.ts";
import { type PeopleShown, peopleWords } from "../../foundation/text/people-shown.ts";
import type { FoundConference, ListGaps, SearchedJournals } from "../../records/found-conference.ts";
import { notSearchedText } from "../../records/person-line.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Empty, isolatedText, Listed, Mark, Notice, PostWay, Time } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";
import { FurtherLines, Gaps, type LineListProps, PersonLines } from "./number.tsx";
import { Topic } from "./record-list.tsx";

interface FindProps extends DomainFrame, ListGaps, Pick<LineListProps, "lines" | "next" | "cursor"> {
  /** Text as the user typed it. */
  readonly text: string;
  readonly conferences: readonly FoundConference[];
  readonly people: PeopleShown;
  readonly journals?: SearchedJournals;
}

/** Whatever a text names: conferences, and what happened to people. */
export function FindPage(props: FindProps) {
  const { text, conferences, lines, next, cursor, people, journals, isCut, ...frame } = props;
  const { domain, now } = frame;
  const isNothing = conferences.length + lines.length === 0;
  const notSearched = notSearchedText(journals);
  return (
    <Page {...frame} title="Find">
      {text !== "" && (
        <p>
          {isNothing ? "Nothing for " : `${countOf(conferences, lines)} for `}
          <b>
            <bdi>{text}</bdi>
          </b>
        </p>
      )}
      {notSearched !== null && (
        <Notice is="plain">
          {notSearched}
          {journals?.searched === 0 && (
            <>
              {" "}
              <PostWay title="Look there" path={pathOf(domain, "find")} fields={{ find: text, journals: "1" }} />
            </>
          )}
        </Notice>
      )}
      <Gaps {...props} />
      {people !== "full" && <Notice is="plain">{peopleWords[people]}</Notice>}
      {isNothing && (
        <Empty title={text === "" ? "What do you look for?" : "Nothing is found"}>
          Numbers are found in any spelling, from 7 digits on without country and area; keys with or without #; names of
          meetings, and of sub-conferences that are open, by two letters of them or more; ids of calls, attendees and
          messages as a whole.
        </Empty>
      )}
      <Listed
        title="Conferences"
        rows={conferences}
        columns={{
          Conference: ({ key, topic }) => (
            <>
              <a href={pathOf(domain, "conferences", key)}>{key}</a>
              <Topic is={topic} />
            </>
          ),
          State: ({ state }) => <Mark is={state === "running" ? "good" : "plain"}>{states[state]}</Mark>,
          "Found by": (one) => foundBy(domain, one),
          "Since, or over at": ({ at }) => (at === null ? null : <Time at={at} now={now} />),
        }}
      />
      <PersonLines {...{ domain, lines, now }} title="People" />
      <FurtherLines path={pathOf(domain, "find")} {...{ next, cursor }} typed={{ find: text }} />
    </Page>
  );
}

function countOf(conferences: FindProps["conferences"], lines: FindProps["lines"]): string {
  const calls = lines.length === 0 ? [] : [counted(lines.length, "call")];
  return [...(conferences.length === 0 ? [] : [counted(conferences.length, "conference")]), ...calls].join(" and ");
}

const states: Readonly<Record<FoundConference["state"], string>> = {
  ...{ creating: "being created", running: "running", over: "over", kept: "its journal is kept" },
};

function foundBy(domain: string, { key, by, room, row }: FoundConference): Child {
  if (room !== undefined) return ["its sub-conference ", isolatedText(room)];
  if (row === undefined) return by === "message" ? "a message" : by === "name" ? "its name" : `its ${by}`;
  const timeline = `${pathOf(domain, "conferences", key)}/timeline`;
  return <a href={withQuery(timeline, { row: String(row) })}>a message, in row {row}</a>;
}
