import type { Child } from "hono/jsx";
import type { ConfKey } from "../../foundation/ids.ts";
import { Page } from "../page.tsx";
import { Tabs } from "../parts.tsx";
import { pathOf } from "../paths.ts";

const tabs = { now: "Now", timeline: "Timeline" } as const;
type ConferenceTab = keyof typeof tabs;

/** The frame of each page of one conference. */
export interface ConferenceFrame {
  readonly domain: string;
  readonly confKey: ConfKey;
  /** Name in WebEx's create. */
  readonly topic: string | undefined;
  readonly isStill: boolean;
}

interface FrameProps extends ConferenceFrame {
  readonly tab: ConferenceTab;
  readonly children?: Child;
}

export function ConferenceFramePage({ domain, confKey, topic, isStill, tab, children }: FrameProps) {
  const to = (name: ConferenceTab) => ({ title: tabs[name], to: conferencePath(domain, confKey, name) });
  return (
    <Page here="conferences" title={`Conference ${confKey}`} isStill={isStill}>
      {topic !== undefined && (
        <p class="topic">
          <bdi>{topic}</bdi>
        </p>
      )}
      <Tabs label="Of this conference" tabs={{ now: to("now"), timeline: to("timeline") }} here={tab} />
      {children}
    </Page>
  );
}

export function conferencePath(domain: string, confKey: string, tab: ConferenceTab = "now"): string {
  const path = pathOf(domain, "conferences", confKey);
  return tab === "now" ? path : `${path}/${tab}`;
}
