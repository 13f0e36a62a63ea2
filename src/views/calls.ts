import { type EpochMs, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import type { callRecord } from "../records/call-record.ts";
import type { PersonLine } from "../records/person-line.ts";
import type { ConferenceView } from "../rpc/conference-view.ts";
import { conferenceLink, endText, nameColumn } from "./conferences.ts";
import { link, type Marked, mark, type Part, type View } from "./view.ts";

export type EndedCall = Checked<typeof callRecord>;

export const endedCalls: View<EndedCall> = {
  none: ["No call has ended yet", "A call appears here a second after it ends."],
  id: ({ conference, life, began }) => `record-${conference}-${life}-${began}`,
  columns: [
    { title: "Number", cell: ({ number, call }) => ({ text: number || "withheld", tooltip: call }) },
    { title: "Attendee ID", cell: ({ attendeeId }) => attendeeId, long: true },
    { title: "Conference", cell: ({ conference }) => conferenceLink(conference) },
    nameColumn,
    { title: "Outcome", cell: outcomeOf },
    { title: "Dialled", cell: ({ dialled }) => dialled },
    { title: "Bridge", cell: ({ bridge }) => bridge, long: true },
    {
      title: "Lasted",
      cell: ({ answeredAt, seconds }) => (answeredAt === null ? "not answered" : { ms: seconds * 1_000 }),
    },
    { title: "Ended by", cell: endText, long: true },
    { title: "Ended", cell: ({ endedAt }) => ({ at: endedAt }) },
  ],
};

function outcomeOf({ status, direction, host, repairs }: EndedCall): readonly (Part | null)[] {
  return [
    mark(status === "completed" ? "plain" : status === "failed" ? "bad" : "warn", status),
    mark("dim", direction === "in" ? "dialed in" : "called out"),
    host ? mark("plain", "host") : null,
    repairs > 0 ? mark("warn", `${repairs} repaired`) : null,
  ];
}

/** A caller of a running conference; `conference`: its key, in a list of all callers. */
export type CallerRow = ConferenceView["callers"][number] & {
  readonly conference: string;
  readonly roomName: string;
  readonly enteredAt?: EpochMs | undefined;
};

export const callers: View<CallerRow> = {
  none: ["No caller", "Callers appear here as they enter a conference."],
  id: ({ call }) => `call-${call}`,
  columns: [
    { title: "Conference", cell: ({ conference }) => conferenceLink(conference), only: "terminal" },
    { title: "Number", cell: numberOf },
    { title: "Attendee ID", cell: ({ attendeeId }) => attendeeId, long: true },
    { title: "WebEx's call", cell: ({ extCallId }) => extCallId || mark("warn", "not named yet") },
    { title: "Room", cell: ({ roomName }) => roomName, long: true },
    { title: "Voice", cell: voiceOf },
    { title: "In for", cell: ({ enteredAt }) => (enteredAt ? { since: enteredAt } : null), only: "console" },
    { title: "Call", cell: ({ call }) => mark("dim", call), long: true },
  ],
};

function numberOf({ number, conference, call }: CallerRow): Marked {
  return link(number || "withheld", ["conferences", conference, "timeline"], { call });
}

function voiceOf({ muted, speaks }: CallerRow): Part {
  return muted ? mark("warn", "muted") : speaks ? mark("good", "speaking") : mark("dim", "unmuted");
}

/** The callers of a conference, with the names of their rooms. */
export function callersOf({ key, callers: all, rooms }: ConferenceView): readonly CallerRow[] {
  const names = new Map(rooms.map(({ room, name, subConfId }) => [room, name ?? subConfId]));
  const nameOf = (room: RoomId) => names.get(room) ?? (room === MAIN_ROOM ? room : "private talk");
  return all.map((caller) => ({ ...caller, conference: key, roomName: nameOf(caller.room) }));
}

/** A caller's calls, in conferences and in the prompt. */
export const personLines: View<PersonLine> = {
  none: ["Nothing is known of this number", "No conference, record or call in the prompt has it. Check each digit."],
  id: ({ what, call, from }) => `line-${what}-${call}-${from}`,
  columns: [
    { title: "When", cell: ({ from, to }) => ((from ?? to) === null ? "now" : { at: from ?? to ?? 0 }) },
    { title: "What happened", cell: ({ what }) => happened[what] },
    { title: "Conference", cell: ({ conference }) => (conference === null ? null : conferenceLink(conference)) },
    nameColumn,
    { title: "Number", cell: ({ number, call }) => ({ text: number || "withheld", tooltip: call }) },
    { title: "Attendee ID", cell: ({ attendeeId }) => attendeeId, long: true },
    { title: "Lasted", cell: lasted },
    { title: "Why", cell: ({ why }) => why, long: true },
    { title: "Call", cell: ({ call }) => mark("dim", call), long: true, only: "terminal" },
    { title: "More", cell: pagesOf, only: "console" },
  ],
};

const happened: Readonly<Record<PersonLine["what"], Marked>> = {
  inside: mark("good", "in now"),
  "being-called": mark("plain", "being called"),
  left: mark("plain", "was in"),
  "not-reached": mark("warn", "not reached"),
  "not-let-in": mark("bad", "not admitted"),
  "at-prompt": mark("plain", "in the prompt"),
};

function lasted({ from, to }: PersonLine): Part | null {
  if (from === null) return null;
  return to === null ? { since: from } : { ms: to - from };
}

/** The journal has only callers who were in a conference, or whom the conference turned away. */
function pagesOf({ what, conference, call, turnedAway }: PersonLine): readonly Part[] {
  const isInPrompt = what === "not-let-in" || what === "at-prompt";
  if (conference === null || (isInPrompt && !turnedAway)) return [];
  const path = ["conferences", conference, "timeline"];
  return [link("Why?", path, { call, why: "1" }), link("Timeline", path, { call })];
}
