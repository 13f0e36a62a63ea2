import type { Child } from "hono/jsx";
import type { ConfKey } from "../../foundation/ids.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Field, Tabs } from "../parts.tsx";
import { pathOf } from "../paths.ts";

const tabs = { now: "Now", timeline: "Timeline", why: "Why?" } as const;
type ConferenceTab = keyof typeof tabs;

/** What stands around each page of one conference. */
export interface ConferenceFrame extends Omit<DomainFrame, "here"> {
  readonly confKey: ConfKey;
  /** Name in WebEx's create. */
  readonly topic: string | undefined;
}

export function ConferenceFramePage({
  confKey,
  topic,
  tab,
  children,
  ...frame
}: ConferenceFrame & { readonly tab: ConferenceTab; readonly children?: Child }) {
  const shown = Object.fromEntries(
    Object.entries(tabs).map(([name, title]) => [
      name,
      { title, to: conferencePath(frame.domain, confKey, name as ConferenceTab) },
    ]),
  );
  return (
    <Page {...frame} here="conferences" title={`Conference ${confKey}`}>
      {topic !== undefined && (
        <p class="topic">
          <bdi>{topic}</bdi>
        </p>
      )}
      <Tabs label="Of this conference" tabs={shown} here={tab} />
      {children}
    </Page>
  );
}

export function conferencePath(domain: string, confKey: string, tab: ConferenceTab = "now"): string {
  const path = pathOf(domain, "conferences", confKey);
  return tab === "now" ? path : `${path}/${tab}`;
}

interface CallFilterProps {
  readonly path: string;
  /** About this call alone; empty: all. */
  readonly call: string;
  readonly calls: readonly { readonly call: string; readonly number?: string }[];
  readonly isFiltered: boolean;
  readonly children?: Child;
}

/** By which call people look at what happened. What they type may be a number, which stands in no address. */
export function CallFilter({ path, call, calls, isFiltered, children }: CallFilterProps) {
  return (
    <form class="bar" method="post" action={path}>
      <Field label="Call" name="call" value={call} list="calls" placeholder="all calls" />
      <datalist id="calls">
        {calls.map(({ call, number }) => (
          <option value={call}>{number}</option>
        ))}
      </datalist>
      {children}
      <button type="submit">Show</button>
      {isFiltered && <a href={path}>Show all</a>}
    </form>
  );
}
