import type { EpochMs } from "../../foundation/ids.ts";
import { type DomainTrouble, type TroubleKind, unknownText } from "../../operators/trouble-kinds.ts";
import type { RunningPage } from "../../rpc/directory.ts";
import { runningConferences, troubleWords } from "../../views/conferences.ts";
import type { DomainFrame } from "../page.tsx";
import { Age, Field, List, Mark, Time, Words } from "../parts.tsx";
import { pathOf } from "../paths.ts";

interface TroubleProps extends Pick<DomainFrame, "domain" | "person" | "now"> {
  readonly trouble: readonly DomainTrouble[];
  /** Kinds of which there may be more. */
  readonly unknown: readonly TroubleKind[];
  /** The conferences that are troubled; `null`: the directory does not answer. */
  readonly running: (Pick<RunningPage, "conferences"> & { readonly next: string | null }) | null;
}

/** What is wrong in a domain: first what nobody has taken on, then the rest, then the conferences that it is about. */
export function TroublePart({ trouble, unknown, running, domain, person, now }: TroubleProps) {
  const conferences = running?.conferences ?? [];
  const open = trouble.filter(({ acknowledged }) => acknowledged === null);
  const taken = trouble.filter(({ acknowledged }) => acknowledged !== null);
  const notKnown = unknownText(unknown);
  const list = (shown: readonly DomainTrouble[]) => (
    <ul class="part">
      {shown.map((one) => (
        <TroubleLine
          trouble={one}
          now={now}
          to={person.role === "operator" ? pathOf(domain, "trouble", one.id) : null}
        />
      ))}
    </ul>
  );
  return (
    <>
      <Announced {...{ conferences, open }} isCalm={running !== null && taken.length + unknown.length === 0} />
      {running === null && <p class="dim">Which conferences have trouble is not known.</p>}
      {running !== null && open.length + conferences.length === 0 && unknown.length === 0 && (
        <p>
          <Mark is={taken.length === 0 ? "good" : "plain"}>{taken.length === 0 ? "nothing" : "nothing new"}</Mark>{" "}
          {taken.length === 0 ? "Bridges answer, and WebEx confirms." : "Somebody has taken on all that is wrong."}
        </p>
      )}
      {notKnown !== null && <p class="dim">{notKnown}</p>}
      {open.length > 0 && list(open)}
      {taken.length > 0 && list(taken)}
      {conferences.length > 0 && (
        <>
          <h3>Conferences with trouble</h3>
          <List view={runningConferences} rows={conferences} domain={domain} now={now} />
        </>
      )}
      {running && running.next !== null && <p class="dim">There are more conferences with trouble than these.</p>}
    </>
  );
}

interface LineProps {
  readonly trouble: DomainTrouble;
  readonly now: EpochMs;
  /** Where it is acknowledged; `null`: not here, or not by this person. */
  readonly to: string | null;
  readonly isOnBridges?: boolean;
}

/** The page that says more of it, beside the one of its bridge. */
const pages: Readonly<Partial<Record<DomainTrouble["kind"], keyof typeof pageTitles>>> = {
  ...{ "posts-wait": "servers", "posts-given-up": "servers", "commands-late": "conferences" },
  "conferences-unreachable": "conferences",
  "caller-refused": "prompt-calls",
};
const pageTitles = {
  ...{ servers: "TSP servers", conferences: "Conferences", bridges: "Bridges" },
  "prompt-calls": "Calls at the prompt",
} as const;

/** What is wrong, since when, what to do, and who does it. */
export function TroubleLine({ trouble, now, to, isOnBridges = false }: LineProps) {
  const { id, kind, domain, bridge, about, severity, endsBy, title, says, todo } = trouble;
  const { since, latest, place, count, acknowledged } = trouble;
  const happened = endsBy === "acknowledgement";
  const last = latest === since ? null : latest;
  const where = isOnBridges || domain === null ? null : (pages[kind] ?? (bridge === null ? null : "bridges"));
  return (
    <li id={`trouble-${id}`} class={`trouble ${acknowledged ? "taken" : severity}`}>
      <p class="line">
        <Mark is={acknowledged ? "plain" : severity === "warn" ? "warn" : "bad"}>{title}</Mark>
        {since !== null && (
          <span class="dim small">
            {"since "}
            <Time at={since} now={now} /> (<Age since={since} now={now} />)
            {last !== null && [", last ", <Time at={last} now={now} />]}
          </span>
        )}
        {where && (
          <a class="end small" href={pathOf(domain ?? "", where)}>
            {pageTitles[where]}
          </a>
        )}
      </p>
      <p>
        <Words of={says} />
      </p>
      {acknowledged ? (
        <p>
          <bdi>{acknowledged.by}</bdi>
          {" at "}
          <Time at={acknowledged.at} now={now} />
          {": "}
          <bdi>{acknowledged.word}</bdi>
        </p>
      ) : (
        <p class="dim">
          <Words of={todo} />
        </p>
      )}
      {kind === "caller-refused" && about !== null && (
        <form class="inline" method="post" action={pathOf(domain ?? "", "numbers")}>
          <input type="hidden" name="number" value={about} />
          <button type="submit">What was keyed</button>
        </form>
      )}
      {to !== null && !acknowledged && (
        <details id={`acknowledge-${id}`} data-asks="">
          <summary>Acknowledge …</summary>
          <form class="inline" method="post" action={to} data-stay="">
            <input type="hidden" name="place" value={String(place ?? "")} />
            <input type="hidden" name="since" value={String(since ?? "")} />
            <Field label="What is done about it" name="word" id={`word-${id}`} value="" maxlength={500} />
            <button type="submit">{count > 1 && happened ? `Acknowledge all ${count}` : "Acknowledge"}</button>
          </form>
        </details>
      )}
    </li>
  );
}

interface AnnouncedProps extends Pick<RunningPage, "conferences"> {
  /** Whether nothing is wrong if nothing is open. */
  readonly isCalm: boolean;
  readonly open: readonly DomainTrouble[];
}

/** What is wrong, for screen readers, which read out what is new in it: without ages and counts, which change all the time. */
function Announced({ conferences, isCalm, open }: AnnouncedProps) {
  const says = [
    ...open.map(({ title, bridge, about }) => `${[title, bridge, about].filter((part) => part !== null).join(": ")}.`),
    ...conferences.flatMap(({ key, now }) =>
      now.trouble.map((trouble) => `Conference ${key}: ${troubleWords[trouble]}.`),
    ),
  ];
  return (
    <div class="unseen" id="announced" role="status" aria-label="What is wrong" aria-atomic="false">
      {isCalm && says.length === 0 && <span id="said-nothing">Nothing is wrong.</span>}
      {says.map((text, index) => (
        <span id={idOfSaid(text, says.slice(0, index))}>{text} </span>
      ))}
    </div>
  );
}

/** By which the browser knows a sentence again, wherever it stands then. */
function idOfSaid(text: string, before: readonly string[]): string {
  const times = before.filter((one) => one === text).length;
  return `said-${text.replaceAll(/[^A-Za-z0-9]+/g, "-")}${times}`;
}
