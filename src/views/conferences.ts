import type { Checked } from "../foundation/schemas.ts";
import { hostText } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { cut } from "../foundation/text/cut.ts";
import type { conferenceRecord } from "../records/conference-record.ts";
import type { FoundConference } from "../records/person-line.ts";
import type { ListedConference } from "../rpc/directory.ts";
import { type Column, link, type Marked, mark, type Part, type View } from "./view.ts";

type Now = ListedConference["now"];

export const alertWords: Readonly<Record<Now["alerts"][number], string>> = {
  posts: "WebEx does not confirm",
  commands: "the bridge is late",
};

/** WebEx allows hundreds of characters, but a row has one line. */
const MOST_OF_NAME = 60;

/** The key of a conference, as a link to its page. */
export function conferenceLink(key: string): Marked {
  return link(key, ["conferences", key]);
}

export const nameColumn: Column<{ readonly topic?: string | undefined }> = {
  title: "Name",
  cell: ({ topic = "" }) => cut(topic, MOST_OF_NAME),
  long: true,
};

export const runningConferences: View<ListedConference> = {
  none: ["No conference runs", "New conferences appear here. Past ones are under Ended and Calls."],
  id: ({ key }) => `conference-${key}`,
  columns: [
    { title: "Conference", cell: ({ key }) => conferenceLink(key) },
    nameColumn,
    { title: "State", cell: stateOf },
    { title: "Bridge", cell: ({ bridge }) => bridge, long: true },
    { title: "TSP server", cell: ({ webexHost }) => hostText(webexHost), long: true },
    { title: "Callers", cell: ({ now }) => now.callers, number: true },
    {
      title: "Waiting",
      cell: ({ now }) => (now.documents > 0 ? mark("warn", counted(now.documents, "document")) : null),
    },
    { title: "Started", cell: ({ createdAt }) => ({ ago: createdAt }) },
    {
      title: "Undelivered",
      cell: ({ undelivered }) => (undelivered > 0 ? mark("bad", String(undelivered)) : 0),
      number: true,
    },
  ],
};

function stateOf({ phase, now }: ListedConference): readonly (Part | null)[] {
  const isCalm = now.alerts.length === 0;
  return [
    phase === "creating" ? mark("plain", "being created") : isCalm ? mark("good", "running") : null,
    ...now.alerts.map((alert) => mark("bad", alertWords[alert])),
    now.locked ? mark("plain", "locked") : null,
    now.attached ? null : mark("warn", now.orphan ? "found on the bridge" : "without WebEx"),
  ];
}

export type EndedConference = Checked<typeof conferenceRecord>;

export const endedConferences: View<EndedConference> = {
  none: ["No conference has ended yet", "A conference appears here a second after it ends."],
  id: ({ conference, life }) => `record-${conference}-${life}`,
  columns: [
    { title: "Conference", cell: ({ conference }) => conferenceLink(conference) },
    nameColumn,
    { title: "Outcome", cell: outcomeOf },
    { title: "Bridge", cell: ({ bridge }) => bridge, long: true },
    { title: "TSP servers", cell: ({ webexHosts }) => webexHosts.map(hostText).join(", "), long: true },
    { title: "Calls", cell: ({ calls }) => calls, number: true },
    { title: "Minutes", cell: ({ callMinutes }) => callMinutes, number: true },
    { title: "Lasted", cell: ({ runningAt, seconds }) => (runningAt === null ? "never ran" : { ms: seconds * 1_000 }) },
    { title: "Ended by", cell: endText, long: true },
    { title: "Ended", cell: ({ endedAt }) => ({ at: endedAt }) },
  ],
};

function outcomeOf({ status, givenUp, repairs, failovers, clockDiffers }: EndedConference): readonly (Part | null)[] {
  return [
    mark(status === "failed" ? "bad" : "plain", status),
    givenUp > 0 ? mark("bad", `${givenUp} undelivered`) : null,
    repairs > 0 ? mark("warn", `${repairs} repaired`) : null,
    failovers > 0 ? mark("plain", counted(failovers, "failover")) : null,
    clockDiffers ? mark("warn", "length uncertain: a clock was set") : null,
  ];
}

/** Who ended it, and why. */
export function endText({ endedBy, reason }: { readonly endedBy: string; readonly reason: string }): string {
  return reason === "" ? endedBy : `${endedBy}: ${reason}`;
}

const foundStates: Readonly<Record<FoundConference["state"], Marked>> = {
  creating: mark("plain", "being created"),
  running: mark("good", "running"),
  over: mark("plain", "ended"),
  kept: mark("plain", "journal only"),
};

export const foundConferences: View<FoundConference> = {
  none: [
    "Nothing found",
    "Search for a number (7 digits or more), a conference key, part of a meeting's or sub-conference's name (2 letters or more), or the whole ID of a call, an attendee or a message.",
  ],
  id: ({ key, row }) => `found-${key}-${row ?? ""}`,
  columns: [
    { title: "Conference", cell: ({ key }) => conferenceLink(key) },
    nameColumn,
    { title: "State", cell: ({ state }) => foundStates[state] },
    { title: "Found by", cell: foundBy, long: true },
    { title: "Started or ended", cell: ({ at }) => (at === null ? null : { at }) },
  ],
};

function foundBy({ key, by, room, row }: FoundConference): Part {
  if (row !== undefined) return link(`message, row ${row}`, ["conferences", key, "timeline"], { row: String(row) });
  return room === undefined ? by : `${by} ${room}`;
}
