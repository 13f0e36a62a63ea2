import type { EpochMs } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import type { PersonInside } from "../../records/running.ts";
import type { ListedConference, RunningPage } from "../../rpc/directory.ts";
import type { Trouble } from "../../rpc/directory-feed.ts";
import { TopicOf, type Topics } from "../conference/topic.tsx";
import { type Frame, Page } from "../page.tsx";
import { Age, Empty, Mark, Notice, Table } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";
import { ListTabs } from "./record-list.tsx";

/** What is wrong with a conference, in words. */
export const troubleWords: Readonly<Record<Trouble, string>> = {
  posts: "WebEx does not confirm",
  commands: "the bridge does not answer in time",
};

/** Speakers in a row of the list. */
const MOST_NAMED = 2;

interface ConferencesProps extends Frame {
  readonly domain: string;
  readonly running: RunningPage;
  /** As the domain's WebEx site called them, as far as that is known. */
  readonly topics?: Topics;
  /** By which keys are to begin; empty: all. */
  readonly begins: string;
  /** Of somebody who is to be in it; empty: anybody. */
  readonly number?: string;
  readonly attendeeId?: string;
  /** What the settings let people be found by. */
  readonly people?: "full" | "masked" | "none";
  /** Behind this key alone. */
  readonly after: string | null;
}

/** The conferences of a domain that run. */
export function ConferencesPage(props: ConferencesProps) {
  const { running, topics, begins, number = "", attendeeId = "", people = "full", after, ...frame } = props;
  const { domain, now } = frame;
  const search = { begins };
  const isForPerson = number !== "" || attendeeId !== "";
  const path = pathOf(domain, "conferences");
  return (
    <Page {...frame} title="Conferences">
      <ListTabs domain={domain} here="running" />
      <form class="bar" method="post" action={path} data-stay="">
        <div>
          <label for="begins">Key begins with</label>
          <input id="begins" name="begins" type="search" value={begins} maxlength={64} autocomplete="off" />
        </div>
        {people !== "none" && (
          <>
            <div>
              <label for="number">Number</label>
              <input id="number" name="number" type="text" value={number} maxlength={64} autocomplete="off" />
            </div>
            <div>
              <label for="attendeeId">Attendee ID</label>
              <input
                id="attendeeId"
                name="attendeeId"
                type="text"
                value={attendeeId}
                maxlength={64}
                autocomplete="off"
              />
            </div>
          </>
        )}
        <button type="submit">
          Search <kbd>/</kbd>
        </button>
      </form>
      <section id="list" data-part="" class="part">
        <p class="dim">{countOf(running)}</p>
        {running.unknown > 0 && (
          <Notice is="plain">
            {`The list was started anew: ${running.unknown} of them have not told yet how they are or who is inside, and were asked.`}
          </Notice>
        )}
        {isForPerson && people !== "full" && (
          <Notice is="plain">
            {people === "none"
              ? "The settings of this domain keep nothing of numbers and attendee IDs (recordsPersonal): search by the key."
              : "The settings of this domain keep the last two characters alone (recordsPersonal): others may fit as well."}
          </Notice>
        )}
        {running.conferences.length > 0 ? (
          <ConferenceTable domain={domain} conferences={running.conferences} topics={topics} now={now} />
        ) : (
          <NoConferences begins={begins} isForPerson={isForPerson} after={after} />
        )}
        <div class="line">
          {after !== null && <a href={withQuery(path, search)}>First page</a>}
          {running.next !== null && <a href={withQuery(path, { ...search, after: running.next })}>Next page</a>}
        </div>
      </section>
    </Page>
  );
}

function countOf({ total, bridges }: RunningPage): string {
  const callers = bridges.reduce((sum, load) => sum + load.callers, 0);
  return `${total} running in all, with ${counted(callers, "caller")}`;
}

function NoConferences({
  begins,
  isForPerson,
  after,
}: Pick<ConferencesProps, "begins" | "after"> & { readonly isForPerson: boolean }) {
  if (isForPerson) {
    return (
      <Empty title="Nobody like that is in a running conference">
        A caller who has left stands under Calls, by the same number or attendee ID.
      </Empty>
    );
  }
  if (begins !== "") {
    return (
      <Empty title={`No running conference has a key that begins with ${begins}`}>
        It may have ended: look under Ended, by its whole key.
      </Empty>
    );
  }
  if (after !== null) return <Empty title="There are no more">Those that were here have ended.</Empty>;
  return (
    <Empty title="No conference runs">
      As soon as WebEx creates one, it stands here. What has ended stands under Ended and Calls.
    </Empty>
  );
}

interface TableProps {
  readonly domain: string;
  readonly conferences: readonly ListedConference[];
  readonly topics?: Topics | undefined;
  readonly now: EpochMs;
}

/** Running conferences, one in a row. */
export function ConferenceTable({ domain, conferences, topics, now }: TableProps) {
  return (
    <Table
      heads={[
        "Conference",
        "State",
        { number: "Callers" },
        "Speaking",
        { number: "Rooms" },
        "WebEx host",
        "Bridge",
        "Since",
      ]}
    >
      {conferences.map((one) => (
        <tr id={`conference-${one.key}`} data-row="">
          <th scope="row">
            <a href={pathOf(domain, "conferences", one.key)}>{one.key}</a>
            <TopicOf conference={one.key} topics={topics} />
          </th>
          <td data-label="State">
            <span class="marks">
              <State of={one} />
            </span>
          </td>
          <td data-label="Callers" class="number">
            {one.now?.callers ?? "?"}
          </td>
          <td data-label="Speaking" class="speaking">
            {one.now ? <Speakers speakers={one.now.speakers} /> : "?"}
          </td>
          <td data-label="Rooms" class="number">
            {one.now?.rooms ?? "?"}
          </td>
          <td data-label="WebEx host">{one.webexHost}</td>
          <td data-label="Bridge" class="bridge">
            {one.bridge ?? "none yet"}
          </td>
          <td data-label="Since">
            <Age since={one.createdAt} now={now} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Who speaks, shortly; settings may keep no names. */
function Speakers({ speakers = [] }: { readonly speakers: readonly PersonInside[] | undefined }) {
  const names = speakers.map(({ number, attendeeId }) => number || attendeeId).filter((name) => name !== "");
  const rest = speakers.length - Math.min(names.length, MOST_NAMED);
  const named = names.slice(0, MOST_NAMED);
  if (named.length === 0) return <>{rest === 0 ? "nobody" : counted(rest, "caller")}</>;
  return (
    <>
      {named.map((name, index) => (
        <>
          {index > 0 && ", "}
          <bdi>{name}</bdi>
        </>
      ))}
      {rest > 0 && ` and ${rest} more`}
    </>
  );
}

function State({ of: { phase, now } }: { readonly of: ListedConference }) {
  return (
    <>
      {phase === "creating" ? (
        <Mark is="plain">being created</Mark>
      ) : (
        now?.trouble.length === 0 && <Mark is="good">runs</Mark>
      )}
      {now?.trouble.map((trouble) => (
        <Mark is="bad">{troubleWords[trouble]}</Mark>
      ))}
      {now?.locked && <Mark is="plain">locked</Mark>}
      {now?.attached === false && <Mark is="warn">without WebEx</Mark>}
      {now === null && phase === "running" && <Mark is="plain">not told yet</Mark>}
    </>
  );
}
