import type { Child } from "hono/jsx";
import type { EpochMs } from "../../foundation/ids.ts";
import { hostText } from "../../foundation/text/bare-host.ts";
import { counted } from "../../foundation/text/counted.ts";
import { type PeopleShown, peopleWords } from "../../foundation/text/people-shown.ts";
import { type Figures, figuresOf, figureText, type PortsOfBridge, sumOfLoads } from "../../operators/figures.ts";
import type { ListedConference, RunningPage } from "../../rpc/directory.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Age, Empty, Field, Further, isolatedText, listed, Mark, Notice, Search, Table } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { ListTabs, Topic } from "./record-list.tsx";

type Now = ListedConference["now"];

/** What is wrong with a conference, in words. */
export const troubleWords: Readonly<Record<Now["trouble"][number], string>> = {
  posts: "WebEx does not confirm",
  commands: "the bridge does not answer in time",
};

/** Speakers in a row of the list. */
const MOST_NAMED = 2;

interface ConferencesProps extends DomainFrame {
  readonly running: RunningPage;
  readonly bridges: readonly PortsOfBridge[];
  /** By which keys are to begin; empty: all. */
  readonly begins: string;
  /** Of somebody who is to be in it; empty: anybody. */
  readonly number?: string;
  readonly attendeeId?: string;
  readonly people?: PeopleShown;
  /** Behind this key alone. */
  readonly after: string | null;
}

/** The conferences of a domain that run. */
export function ConferencesPage(props: ConferencesProps) {
  const { running, bridges, begins, number = "", attendeeId = "", people = "full", after, ...frame } = props;
  const { domain, now } = frame;
  const isForPerson = number !== "" || attendeeId !== "";
  const path = pathOf(domain, "conferences");
  const { conferences, next } = running;
  return (
    <Page {...frame} title="Conferences">
      <ListTabs domain={domain} here="running" />
      <form class="bar" method="post" action={path}>
        <Field label="Key begins with" name="begins" value={begins} maxlength={64} />
        {people !== "none" && (
          <>
            <Field label="Number" name="number" value={number} maxlength={64} />
            <Field label="Attendee ID" name="attendeeId" value={attendeeId} maxlength={64} />
          </>
        )}
        <Search />
      </form>
      <section id="list" class="part">
        <p class="dim">{countOf(figuresOf({ conferences: sumOfLoads(running.bridges), bridges }))}</p>
        {isForPerson && people !== "full" && <Notice is="plain">{peopleWords[people]}</Notice>}
        {conferences.length > 0 ? (
          <ConferenceTable {...{ domain, now, conferences }} />
        ) : (
          <NoConferences begins={begins} isForPerson={isForPerson} after={after} />
        )}
        <Further
          path={path}
          typed={{ number, attendeeId }}
          to={{
            "First page": after === null ? null : { begins },
            "Next page": next === null ? null : { begins, after: next },
          }}
        />
      </section>
    </Page>
  );
}

function countOf({ conferences, callers }: Figures): string {
  return `${figureText(conferences)} running in all, with ${figureText(callers, "caller")}`;
}

type NoneProps = Pick<ConferencesProps, "begins" | "after"> & { readonly isForPerson: boolean };

function NoConferences({ begins, isForPerson, after }: NoneProps) {
  const [title, says] = isForPerson
    ? ([
        "Nobody like that is in a running conference",
        "A caller who has left stands under Calls, by the same number or attendee ID.",
      ] as const)
    : begins !== ""
      ? [
          `No running conference has a key that begins with ${begins}`,
          "It may have ended: look under Ended, by its whole key.",
        ]
      : after !== null
        ? ["There are no more", "Those that were here have ended."]
        : [
            "No conference runs",
            "As soon as WebEx creates one, it stands here. What has ended stands under Ended and Calls.",
          ];
  return <Empty title={title}>{says}</Empty>;
}

interface ConferenceTableProps {
  readonly domain: string;
  readonly conferences: readonly ListedConference[];
  readonly now: EpochMs;
}

/** Running conferences, one in a row. */
export function ConferenceTable({ domain, conferences, now }: ConferenceTableProps) {
  return (
    <Table
      rows={conferences}
      id={({ key }) => `conference-${key}`}
      classes={{ Callers: "number", "Sub-conferences": "number", Speaking: "speaking", Bridge: "bridge" }}
      columns={{
        Conference: ({ key, topic }) => (
          <>
            <a href={pathOf(domain, "conferences", key)}>{key}</a>
            <Topic is={topic} />
          </>
        ),
        State: (one) => (
          <span class="marks">
            <State of={one} />
          </span>
        ),
        Callers: ({ now, away }) => `${away ? "about " : ""}${now.callers}`,
        Speaking: ({ now }) => speakersText(now.speakers),
        "Sub-conferences": ({ now }) => now.rooms,
        "TSP server": ({ webexHost }) => hostText(webexHost),
        Bridge: ({ bridge }) => bridge ?? "none yet",
        Since: ({ createdAt }) => <Age since={createdAt} now={now} />,
      }}
    />
  );
}

/** Who speaks, shortly; settings may keep no names. */
function speakersText(speakers: Now["speakers"]): Child {
  if (!speakers) return <span class="dim">not known</span>;
  const names = speakers.map(({ number, attendeeId }) => number || attendeeId).filter((name) => name !== "");
  const named = names.slice(0, MOST_NAMED);
  const rest = speakers.length - named.length;
  if (named.length === 0) return rest === 0 ? "nobody" : counted(rest, "caller");
  return [listed(named.map(isolatedText)), rest > 0 && ` and ${rest} more`];
}

function State({ of: { phase, now } }: { readonly of: ListedConference }) {
  return (
    <>
      {phase === "creating" ? (
        <Mark is="plain">being created</Mark>
      ) : (
        now.trouble.length === 0 && <Mark is="good">running</Mark>
      )}
      {now.trouble.map((trouble) => (
        <Mark is="bad">{troubleWords[trouble]}</Mark>
      ))}
      {now.locked && <Mark is="plain">locked</Mark>}
      {!now.attached && <Mark is="warn">{now.orphan ? "found on the bridge" : "without WebEx"}</Mark>}
    </>
  );
}
