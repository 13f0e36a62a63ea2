import type { Child } from "hono/jsx";
import type { ConfKey } from "../../foundation/ids.ts";
import { type Frame, Page } from "../page.tsx";
import { pathOf } from "../paths.ts";

const tabs = { now: "Now", meeting: "Meeting", timeline: "Timeline", why: "Why?", replay: "Replay" } as const;
type ConferenceTab = keyof typeof tabs;

/** What stands around each page of one conference. */
export interface ConferenceFrame extends Omit<Frame, "here" | "domain"> {
  readonly domain: string;
  readonly confKey: ConfKey;
  /** As the domain's WebEx site called it, where that is known. */
  readonly topic: string | undefined;
  /** Whether the domain has a WebEx site, which may know more. */
  readonly hasSite: boolean;
}

export function ConferenceFramePage({
  confKey,
  topic,
  hasSite,
  tab,
  children,
  ...frame
}: ConferenceFrame & { readonly tab: ConferenceTab; readonly children?: Child }) {
  return (
    <Page {...frame} here="conferences" title={`Conference ${confKey}`}>
      {topic !== undefined && (
        <p class="topic">
          <bdi>{topic}</bdi>
        </p>
      )}
      <nav class="tabs" aria-label="Of this conference">
        {Object.entries(tabs).map(
          ([name, title]) =>
            (hasSite || name !== "meeting") && (
              <a
                href={conferencePath(frame.domain, confKey, name as ConferenceTab)}
                {...(name === tab && { "aria-current": "page" })}
              >
                {title}
              </a>
            ),
        )}
      </nav>
      {children}
    </Page>
  );
}

export function conferencePath(domain: string, confKey: string, tab: ConferenceTab = "now"): string {
  const path = pathOf(domain, "conferences", confKey);
  return tab === "now" ? path : `${path}/${tab}`;
}

/** The command that makes a test of the conference, for whoever has it on a machine of theirs. */
export function SaveTest({ domain, confKey }: Pick<ConferenceFrame, "domain" | "confKey">) {
  const word = (text: string) => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  return (
    <details class="inline">
      <summary>Save as a test</summary>
      <code>{`bridgehead save-test ${word(confKey)} --domain ${word(domain)} > ${word(`${confKey}.txt`)}`}</code>
    </details>
  );
}
