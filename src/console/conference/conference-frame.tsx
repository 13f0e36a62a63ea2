import type { Child } from "hono/jsx";
import type { ConfKey } from "../../foundation/ids.ts";
import { type DomainFrame, Page } from "../page.tsx";
import { Tabs } from "../parts.tsx";
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
