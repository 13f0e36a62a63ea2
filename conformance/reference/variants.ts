import type { RunOptions } from "../run.ts";
import type { Deviation } from "./defects.ts";

/** What an adapter may do otherwise than the reference adapter does, one switch each: the documents allow it, and no documented clause may fail. */
export const variants = {
  // Its answers over HTTP
  "http-202": "answers with HTTP status 202",
  "works-later": "begins to carry out a document 150 ms after its Confirmation",
  "confirmations-late": "takes 200 ms for a Confirmation",
  "doctype-refused-without-trans-id": "refuses a document type, with an empty TransID",
  "no-xml-refused-by-http": "answers HTTP status 400 to what is no XML",
  "named-as-response": "names the root of what it answers WTSPDOM Response, as one example has it",
  "doctype-dropped": "reads a document as if it had no document type",
  "only-documented-messages": "knows no message that no public document names: answers it by code -12, and sends none",
  "code-without-text": "answers an unknown message with code -12 only",
  // Its posts
  "half-minute-between-attempts": "waits 30 s before it repeats a post",
  "new-trans-id-after-500": "repeats a post with a new TransID where the server answered with HTTP 500",
  "one-post-at-a-time": "posts to a server one after the other, whatever the conference",
  "conferences-together": "puts what several conferences have for a server into one document",
  "ids-like-webex":
    "makes its ids as WebEx does: two digits, which are those of a TSP server, five of the second, four that count up",
  "odd-but-legal": "writes an XML declaration, comments, processing instructions, CDATA and apostrophes",
  // What it tells
  "status-after-naming": "tells the status of a call when it has a name",
  "status-of-all-at-close": "tells the status of all calls when a sub-conference is closed",
  "status-told-again": "tells the status of a caller who muted or unmuted itself again, a moment later",
  "running-told-again": "tells Status 0 again when the first caller enters",
  "being-created-told": "tells Status 1 before a create is answered",
  "answer-and-start-together": "tells the answer to a create and the start in one document",
  "answers-when-moved": "answers a request to move a call when it is moved",
  "end-of-sub-told": "tells the end of a sub-conference, and each call that it moves back",
  "private-talk-of-both": "tells ActionCode 2 and 3 of the host, too",
  "merge-by-entry": "tells an attendee ID that is keyed later by another A2W_NotifyUserEnter of the call",
  "merge-by-another-name": "has another name for the attribute of an attendee ID that is keyed later",
  "speakers-as-roster": "tells all calls, silent ones too, whenever one begins or stops to talk",
  "speakers-told-twice": "tells twice who begins or stops to talk",
  "no-participant-type": "leaves out ParticipantType of ordinary participants",
  "participant-type-1": "tells ordinary participants with ParticipantType 1",
  "empty-attendee-id": "tells an empty AttendeeID of who keyed none",
  "did-as-address": "tells the SIP address of a caller as DID",
  "entries-last-first": "tells the participants to a new server, who came last first",
  "entries-one-by-one": "tells each participant to a new server in a document of its own",
  "no-did": "leaves out DID",
  "did-of-the-bridge": "tells the number that was dialled as DID",
  "failover-as-null": "tells all calls to a new server with ExtCallID null",
  "failover-privilege-of-all": "tells the status of all calls to a new server, in each conference",
  "lock-told-at-failover": "tells a new server that the conference is locked",
  "mute-corrected-at-failover":
    "tells a call that has unmuted itself meanwhile as muted to a new server, and corrects it at once",
  "left-without-name": "tells who left meanwhile with ExtCallID null",
  "ended-beside-code-11": "tells Status 3 beside code 11",
  // What it does
  "slow-bridge": "has a bridge that takes 120 ms for each act",
  "slow-but-in-time": "takes 12 s for a create, also for one by another server",
  "max-waiting-time-ignored": "lets a telephone ring for a minute, whatever MaxWaitingTime says",
  "no-private-talk-without-host": "lets an invitee wait, and tells nothing of it, where there is no host",
  "host-by-code": "takes for the host who keyed 99# behind the attendee ID, and nobody else",
} as const;

export type VariantName = keyof typeof variants;

/** Variants that do not touch, played together, with the options that fit them; and defects that only inferred clauses find. */
export const allowed: readonly {
  readonly variants: readonly Deviation[];
  readonly options?: Partial<RunOptions>;
}[] = [
  {
    variants: [
      "http-202",
      "confirmations-late",
      "create-answered-at-once",
      "doctype-refused-without-trans-id",
      "code-without-text",
      "new-trans-id-after-500",
      "status-after-naming",
      "status-of-all-at-close",
      "being-created-told",
      "failover-privilege-of-all",
      "mute-corrected-at-failover",
      "empty-attendee-id",
      "did-as-address",
      "entries-one-by-one",
      "no-participant-type",
      "left-without-name",
      "ended-beside-code-11",
    ],
  },
  {
    variants: [
      "no-xml-refused-by-http",
      "only-documented-messages",
      "merge-by-entry",
      "doctype-dropped",
      "half-minute-between-attempts",
      "participant-type-1",
      "failover-as-null",
      "status-told-again",
    ],
  },
  {
    variants: [
      "ids-like-webex",
      "odd-but-legal",
      "named-as-response",
      "lock-told-at-failover",
      "slow-bridge",
      "max-waiting-time-ignored",
      "self-mute-not-told",
      "lock-not-told",
      "merge-by-another-name",
      "speakers-told-twice",
    ],
  },
  {
    variants: [
      "conferences-together",
      "running-told-again",
      "speakers-as-roster",
      "end-of-sub-told",
      "private-talk-of-both",
      "no-repeat",
    ],
  },
  {
    variants: [
      "host-by-code",
      "no-private-talk-without-host",
      "slow-but-in-time",
      "entries-last-first",
      "answer-and-start-together",
      "answers-when-moved",
    ],
    options: { hostKeys: undefined },
  },
  { variants: ["one-post-at-a-time", "half-minute-between-attempts"] },
  { variants: ["host-by-code"], options: { hostKeys: "{key}#{attendee}#99#" } },
  { variants: [], options: { dialKeys: "{key}#", muteKeys: undefined, mergeKeys: undefined } },
  { variants: ["failover-as-null", "did-of-the-bridge"], options: { dialKeys: "{key}#" } },
  { variants: ["works-later"] },
  // What no document demands, though one or the other clause of reason finds it.
  {
    variants: [
      "entries-not-caught-up",
      "changes-not-caught-up",
      "lock-not-caught-up",
      "owed-answers-repeated",
      "replaced-server-still-told",
      "former-id-never-again",
      "late-lock-carried-out",
      "keep-alive-leaves-rooms",
      "keep-alive-leaves-a-talk",
      "kept-for-good",
      "host-not-known-again",
      "letters-refuse-a-document",
      "first-name-for-good",
      "rooms-one-by-one",
    ],
  },
  { variants: ["no-did"], options: { dialKeys: "{key}#" } },
];
