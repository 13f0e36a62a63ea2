import type { VariantName } from "./variants.ts";

/** What the reference adapter can do wrong, one switch each, and the clause that is meant to find it. */
export interface Defect {
  readonly clause: string;
  /** "The adapter …" */
  readonly what: string;
  /** Other clauses that fail with it, since they rest on the same; `*`: nothing works without it. */
  readonly also?: string;
}

export const defects = {
  // The door
  "confirms-after-the-work": { clause: "T28", what: "confirms a request only when its work is done", also: "4.5" },
  "create-confirmed-when-created": { clause: "T28a", what: "confirms a create only when the conference is there" },
  "repeats-by-content": {
    clause: "T38c",
    what: "takes a message that looks like an earlier one for a repeat",
    also: "T24b 1.3f 1.3g T24d",
  },
  "result-in-the-http-answer": { clause: "T5", what: "puts the result of a create into the HTTP answer", also: "1.3c" },
  "confirms-another-trans-id": { clause: "T4", what: "confirms with another TransID", also: "*" },
  "confirmation-without-result": { clause: "1.3c", what: "leaves the Result out of the Confirmation", also: "*" },
  "create-without-key-confirmed": { clause: "T20a", what: "confirms a create without ConfKey", also: "T21 T23 T39" },
  "no-msg-id-confirmed": {
    clause: "T20b",
    what: "confirms a message without MsgID",
    also: "T44b 2.3.1:RspCreateConference",
  },
  "create-without-ext-conf-id-confirmed": {
    clause: "T20c",
    what: "confirms a create without ExtConfID",
    also: "2.1 2.3.2:NotifyConferenceChange",
  },
  "call-out-without-number-confirmed": { clause: "T20d", what: "confirms a call-out without a telephone number" },
  "update-without-action-confirmed": { clause: "T20e", what: "confirms an update without ActionCode" },
  "broken-xml-confirmed": { clause: "T20f", what: "confirms what is no XML" },
  "one-wrong-message-confirmed": {
    clause: "T21",
    what: "confirms a document if one of its messages is right",
    also: "T23",
  },
  "refused-document-carried-out": {
    clause: "T23",
    what: "carries out a document that it refused",
    also: "T44b 2.1 2.3.1:RspCreateConference 2.3.2:NotifyConferenceChange",
  },
  "unknown-message-refused": {
    clause: "T24a",
    what: "refuses a document with an unknown message",
    also: "T24b T24c 1.3f T38c T24d",
  },
  "unknown-message-ignored": {
    clause: "T24b",
    what: "does not answer an unknown message",
    also: "T24c 1.3f T38c T24d",
  },
  "unknown-message-other-code": { clause: "T24b", what: "answers an unknown message with another code" },
  "other-text-for-unknown": { clause: "T24d", what: "answers an unknown message with another text" },
  "nothing-beside-unknown": { clause: "T24c", what: "carries out nothing beside an unknown message" },
  "unknown-attributes-refused": { clause: "T25", what: "refuses unknown attributes" },
  "forty-messages-at-most": { clause: "1.3f", what: "refuses more than 40 messages" },
  "blanks-refused": { clause: "5.21", what: "refuses blanks before = and >" },
  "hybrid-refused": { clause: "2.2.1b", what: "refuses the attributes of hybrid audio" },
  "repeats-carried-out": { clause: "T38a", what: "carries out a repeat", also: "T38b T44c" },
  "repeats-not-confirmed": { clause: "T38a", what: "does not confirm a repeat", also: "T38b T39 1.3c" },
  "callouts-repeated": { clause: "T38b", what: "calls again when a call-out is repeated", also: "T44c" },
  "only-first-message": {
    clause: "4.1c",
    what: "carries out the first message of a document only",
    also: "T24c 1.3f T44a",
  },
  // Its posts
  "posts-by-put": { clause: "T1", what: "sends its documents by PUT", also: "4.16a 4.16b 4.16c" },
  "post-not-well-formed": { clause: "T1", what: "leaves the end tag of the root out", also: "4.16a 4.16b 4.16c" },
  "ampersand-not-escaped": { clause: "T1", what: "writes & without escaping it", also: "4.2a 4.2c 4.19a 4.19" },
  "other-root": { clause: "1.3a", what: "writes another root" },
  "root-without-version": { clause: "1.3a", what: "leaves the Version of the root out" },
  "trans-id-as-attribute": {
    clause: "1.3b",
    what: "writes the TransID as an attribute",
    also: "4.16a 4.16b 4.16c T30a T36a",
  },
  "trans-id-last": { clause: "1.3b", what: "writes the TransID behind the messages" },
  "any-number-of-messages": { clause: "1.3d", what: "writes more than 50 messages into a document" },
  "sends-unknown-message": { clause: "1.3h", what: "sends a message that WebEx does not know" },
  "ten-digit-ids": { clause: "T30a", what: "makes ids of ten digits" },
  "ids-by-no-scheme": { clause: "T31", what: "makes ids by no scheme of the guide" },
  "trans-id-used-again": { clause: "T36a", what: "uses a TransID for a second document", also: "4.16a 4.16b 4.16c" },
  "msg-id-used-again": { clause: "T36b", what: "uses a MsgID for a second message" },
  "fourth-attempt": { clause: "T37", what: "posts a fourth time", also: "T37a T37b" },
  "repeat-with-new-trans-id": { clause: "T37", what: "repeats a post with a new TransID", also: "T37a T37b" },
  "repeat-as-new-after-time-out": { clause: "T37", what: "repeats a post after a time-out with a new TransID" },
  "repeat-with-other-bytes": { clause: "T37", what: "changes a document when it repeats it", also: "T37a T37b T36a" },
  "no-repeat": { clause: "T37c", what: "never repeats a post", also: "T42b" },
  "ends-without-webex": { clause: "T43", what: "ends a conference because its server fails" },
  "answers-to-the-conference": { clause: "T11", what: "answers to the conference's server, not to the request's" },
  "notifications-to-last-host": { clause: "T12", what: "takes the host of any request for the conference's" },
  "answers-twice": { clause: "T44c", what: "answers each request twice", also: "T44a" },
  "answer-with-new-msg-id": {
    clause: "T44b",
    what: "answers with a MsgID of its own",
    also: "4.13g 4.13h 4.13i 4.13j 4.13m",
  },
  "answer-with-trans-id-of-request": {
    clause: "T5",
    what: "answers with the TransID of the request",
    also: "4.1a T30a",
  },
  "answers-by-themselves": { clause: "T45", what: "sends each answer in a transaction of its own" },
  "third-sub-not-answered": { clause: "T44a", what: "does not answer one of several requests" },
  "other-ext-conf-id": {
    clause: "2.1",
    what: "notifies under an ExtConfID that WebEx does not have",
    also: "4.10b F2 4.10c",
  },
  "status-unknown": {
    clause: "2.3.2:NotifyConferenceChange",
    what: "tells a Status that the documents do not have",
    also: "4.10b F2 4.10c",
  },
  "status-not-told": {
    clause: "2.3.4:NotifyUserChange",
    what: "leaves Status out of A2W_NotifyUserChange",
    also: "4.19a",
  },
  "sequence-without-end": { clause: "4.20a", what: "does not end the recorder's sequence with P0" },
  "slow-create": { clause: "T9a", what: "takes more than 20 s for a create" },
  "slow-entry": { clause: "T9b", what: "takes more than 10 s to tell a caller" },
  // Create, and callers
  "create-not-answered": { clause: "4.1a", what: "does not answer a create", also: "*" },
  "no-status-0": { clause: "4.1b", what: "does not tell that the conference runs", also: "*" },
  "status-0-before-answer": { clause: "4.1b", what: "tells that the conference runs before it answers", also: "4.1d" },
  "one-mixer": { clause: "2.2.1e", what: "puts the calls of all conferences together" },
  "two-rooms-for-one-key": {
    clause: "2.2.1a",
    what: "puts callers of one key into rooms of their own",
    also: "2.2.1c 4.3f 2.2.4b 4.17a 4.18a 4.18d 4.18e 4.21e 4.21f 4.21g 4.11a 2.2.2a 4.13e 4.13h 4.9d 4.9f F6 F6a 4.8c 4.8a 4.18f 4.13m 2.2.1f",
  },
  "enters-without-call-id": {
    clause: "4.2a",
    what: "leaves out ExtCallID instead of null",
    also: "4.18c 2.3.3:NotifyUserEnter",
  },
  "call-ids-invented": { clause: "4.2a", what: "gives a caller an ExtCallID of its own", also: "4.18c" },
  "attendee-id-as-number": { clause: "4.2b", what: "loses the leading zeros of an attendee ID", also: "6.6a 6.6b" },
  "attendee-id-not-told": { clause: "4.2b", what: "does not tell the attendee ID", also: "*" },
  "name-of-another-call": {
    clause: "4.2d",
    what: "takes the name of a call for all calls",
    also: "4.21d 4.21e 4.21g 4.11b 4.16b 4.13c 4.13d 4.13e 4.13g 4.13h 4.13i 4.13j 4.14 4.9e F6 F6a 4.15b 4.21i F1a 4.13l 4.13m F4 4.15d 4.15e 4.11d 2.2.2a",
  },
  "enters-twice": {
    clause: "4.2e",
    what: "tells each caller twice",
    also: "T37a T37b T37c T42a 2.3.3a 4.6 4.10a 2.2.2a 4.22a 4.9b F4a 2.2.1d T37 F2 F5b 4.15e",
  },
  "all-told-as-left": {
    clause: "4.2d",
    what: "tells all who remain as gone when one hangs up",
  },
  "merge-ignored": { clause: "4.19", what: "does not tell an attendee ID keyed later", also: "4.19a" },
  "entries-to-first-server": {
    clause: "4.2f",
    what: "tells callers to the first server that it ever heard of",
    also: "4.9c 4.9f 4.18f",
  },
  "call-out-not-answered": {
    clause: "4.3a",
    what: "does not answer a call-out that succeeds",
    also: "T11 T14 4.1c 4.3b 4.3d 4.3e 4.3f 2.2.4b 2.2.4c 4.17a 4.17b 4.17c 4.17d 4.21a 4.21b 4.21c 4.21d 4.21e 4.21f 4.21g 4.9f F6 F6a 2.2.4d 4.10c 4.17e 4.21h 4.21i T44d 4.21j 4.21k 2.2.1g",
  },
  "names-of-called-lost": {
    clause: "4.3d",
    what: "loses the name of who was called",
    also: "4.21d 4.21e 4.21g 4.21i",
  },
  "enters-before-answer": {
    clause: "4.3b",
    what: "tells the entry before it answers the call-out",
    also: "4.3a 4.3d 4.3f 2.2.4b 4.17a 4.17b 4.17c 4.17d 4.21a 4.21b 4.21c 4.21d 4.21e 4.21f 4.21g 4.9f F6 F6a 4.10c 4.17e 4.21h 4.21i 4.21j 4.21k 2.2.1g",
  },
  "called-enters-as-null": {
    clause: "4.3b",
    what: "tells who was called with ExtCallID null",
    also: "4.1c 4.3a 4.3d 4.3f 2.2.4b 4.17a 4.17b 4.17c 4.17d 4.21f 4.9f 4.10c",
  },
  "answered-while-ringing": {
    clause: "4.3e",
    what: "answers a call-out while it rings",
    also: "4.4a 4.4b 4.4c 4.4d 4.4e 4.5",
  },
  "dials-without-country": {
    clause: "4.3c",
    what: "dials without the country code",
    also: "T28 T38b 4.3a 4.3d 4.3e 4.3f 4.4a 4.4b 4.4c 4.4d 4.4e 4.5 2.2.4a 2.2.4b 4.17a 4.17b 4.17c 4.17d 4.21a 4.21b 4.21c 4.21d 4.21e 4.21f 4.21g 4.9f F6 F6a 4.10c 4.17e 4.21h 4.21i 4.21j 4.21k 2.2.1g 4.4f",
  },
  "called-alone": { clause: "4.3f", what: "leaves who was called alone", also: "2.2.4b 4.17a 4.21f 4.9f" },
  "refused-number-called": { clause: "4.4f", what: "calls a number that it may not call" },
  "busy-is-ok": { clause: "4.4a", what: "answers a call-out to a busy number with 0", also: "4.4b" },
  "participant-code-unknown": { clause: "2.2.1f", what: "does not let in who keys the participant code" },
  "subscriber-is-no-host": { clause: "2.2.1g", what: "does not take for the host who keyed the subscriber code" },
  "dial-sequences-unknown": { clause: "6.6a", what: "does not know what telephones dial by themselves", also: "6.6b" },
  // Silent join, private talk
  "monitor-called-heard": {
    clause: "4.17a",
    what: "does not mute a silent monitor who is called",
    also: "4.17d 4.17e",
  },
  "monitor-called-with-tone": { clause: "4.17b", what: "lets a tone be heard for a silent monitor who is called" },
  "mute-by-privilege": { clause: "4.17d", what: "mutes by Privilege, not by ParticipantType" },
  "monitor-dials-in-heard": { clause: "4.18a", what: "does not mute who keys the AnonymousID", also: "4.18f" },
  "monitor-dials-in-with-tone": { clause: "4.18b", what: "lets a tone be heard for who keys the AnonymousID" },
  "monitor-as-participant": { clause: "4.18c", what: "tells a silent monitor as a participant", also: "4.17c" },
  "anonymous-id-as-prefix": { clause: "4.18d", what: "takes every attendee ID that begins like the AnonymousID" },
  "private-talk-without-action-code": { clause: "4.21a", what: "leaves out ActionCode 2" },
  "host-left-out": {
    clause: "4.21b",
    what: "leaves the host in the main conference",
    also: "4.21c 4.21h 4.21j 4.21k 2.2.1g",
  },
  "private-talk-in-main": { clause: "4.21c", what: "holds the private talk in the main conference", also: "4.21k" },
  "added-without-action-code": { clause: "4.21d", what: "leaves out ActionCode 3", also: "4.21e 4.21i" },
  "invitee-not-added": { clause: "4.21e", what: "does not move the invitee into the main conference" },
  "host-not-brought-back": { clause: "4.21e", what: "does not move the host into the main conference" },
  "join-mode-1-private": { clause: "4.21f", what: "makes a private talk of every call-out", also: "2.2.4b" },
  // Mute, lock, speakers
  "self-mute-not-told": {
    clause: "2.3.4a",
    what: "does not tell that a caller muted itself",
    also: "4.13f 4.13i F1 4.15b F1a 2.2.2a",
  },
  "muted-told-as-unmuted": {
    clause: "2.3.4a",
    what: "tells that a caller who muted itself is not muted",
    also: "2.2.2a",
  },
  "unknown-action-told-as-unmuted": {
    clause: "2.2.2a",
    what: "tells muted callers as not muted when an ActionCode is unknown",
  },
  "lock-not-told": { clause: "4.10b", what: "does not tell a lock by telephone", also: "F2 4.10c" },
  "speakers-not-told": { clause: "4.16a", what: "tells no speakers", also: "4.16b 4.16c" },
  "second-speaker-as-silent": { clause: "4.16b", what: "tells the second of two speakers as silent" },
  "speakers-after-9": { clause: "4.16c", what: "goes on telling speakers after ActionCode 9" },
  "speakers-joined-by-comma": {
    clause: "2.3.5:NotifySpeakingStatus",
    what: "joins ExtCallIDs by commas",
    also: "4.16b",
  },
  "too-few-flags": { clause: "2.3.5:NotifySpeakingStatus", what: "tells fewer flags than calls", also: "4.16b" },
  "mute-all-skips-subs": { clause: "4.11d", what: "leaves out callers in sub-conferences when all are muted" },
  // Sub-conferences
  "sub-told-before-answer": { clause: "4.13a", what: "tells a sub-conference before it answers", also: "T45" },
  "add-not-answered": { clause: "4.13b", what: "does not answer W2A_AddToSubConference" },
  "added-before-move": {
    clause: "4.13b",
    what: "tells a call as added before it is moved",
    also: "4.11c 4.13c 4.13e 4.15c 4.13l 4.13m",
  },
  "added-with-other-flag": {
    clause: "4.13b",
    what: "tells a call as added with ActionFlag 2",
    also: "4.11c 4.13c 4.13d 4.13e 4.13f 4.13g 4.13h 4.13i 4.13j 4.14 F7 4.15a 4.15b 4.15c 4.13l 4.13m 4.15d 4.15e 4.11d",
  },
  "each-alone-in-sub": { clause: "4.13c", what: "gives each call in a sub-conference a room of its own" },
  "moved-before-privilege": { clause: "4.13d", what: "tells ActionFlag 2 before the privilege" },
  "remove-without-privilege": {
    clause: "4.13d",
    what: "does not tell the privilege of a removed call",
    also: "4.13f",
  },
  "removed-stays": { clause: "4.13e", what: "leaves a removed call in the sub-conference" },
  "mute-forgotten-on-remove": { clause: "4.13f", what: "tells a removed call as not muted" },
  "close-answered-first": { clause: "4.13g", what: "answers a close before it tells the calls", also: "4.13j" },
  "close-tells-nobody": {
    clause: "4.13g",
    what: "does not tell the calls that a close brings back",
    also: "4.13i 4.13j",
  },
  "close-leaves-calls": { clause: "4.13h", what: "leaves calls in a closed sub-conference", also: "4.13m" },
  "mute-forgotten-on-close": { clause: "4.13i", what: "tells the calls of a closed sub-conference as not muted" },
  "close-after-remove-tells-nobody": {
    clause: "4.13j",
    what: "waits for the removal of each call once one was removed",
  },
  "one-room-for-all-subs": {
    clause: "4.13l",
    what: "puts the calls of all sub-conferences into one room",
  },
  "close-ends-all-subs": { clause: "4.13m", what: "brings back the calls of all sub-conferences when one is closed" },
  "sub-without-id-not-answered": { clause: "4.13n", what: "does not answer a request without the sub-conference's id" },
  // Failover
  "failover-answered-to-old": { clause: "4.9a", what: "answers a takeover to the old server", also: "F3 F4 F4a F4b" },
  "failover-tells-nobody": {
    clause: "4.9b",
    what: "does not tell the participants to the new server",
    also: "4.16e 4.9c 4.9d 4.9e 4.9f F1 F2 F3 F4 F4a F6 F6a 4.15a 4.15b 1.3e 4.8c F1a F4b 4.15d 4.15e 4.18f 4.9g",
  },
  "first-fifty-told": { clause: "1.3e", what: "tells the first 50 participants to a new server" },
  "failover-tells-one": {
    clause: "4.9b",
    what: "tells one participant to the new server",
    also: "4.9c 4.9e 4.9f F2 F3 F6 F6a 4.15a 4.15b 1.3e 4.8c 4.9d 4.15d 4.15e 4.9g",
  },
  "failover-other-attendee-ids": {
    clause: "4.9b",
    what: "tells attendee IDs to the new server that nobody keyed",
    also: "4.9c 4.9d 4.9e 4.9f 4.9g F1 F2 F3 F4 F4b F4a F6 4.15a 4.15d 4.15e 4.15b 1.3e 4.8c 4.18f F1a",
  },
  "failover-attendee-ids-not-told": {
    clause: "4.9g",
    what: "does not tell attendee IDs to the new server",
  },
  "failover-keeps-ext-conf-id": {
    clause: "4.9c",
    what: "goes on under the old ExtConfID",
    also: "4.16e 4.9a 4.9b 4.9d 4.9e 4.9f F1 F2 F3 F4 F4a F6 F6a F7 4.15a 4.15b 4.15c 1.3e 4.8c 4.18f F1a F4b 4.15d 4.15e 4.9g",
  },
  "failover-keeps-host": {
    clause: "4.9c",
    what: "goes on telling the old server",
    also: "4.9a 4.9b F1 F3 F4 F4a F6 F7 4.15b F4b",
  },
  "failover-hangs-up": {
    clause: "4.9d",
    what: "ends the calls when another server takes over",
    also: "4.16e 4.9b 4.9c 4.9e 4.9f F1 F2 F3 F4 F4a F6 F6a 4.15a 4.15b 1.3e 4.8c 4.18f F1a F4b 4.15d 4.15e 4.9g",
  },
  "new-server-names-ignored": {
    clause: "4.9e",
    what: "does not take the names that the new server gives",
    also: "F1a 4.15e",
  },
  "new-server-not-known": { clause: "4.9f", what: "does not carry out what the new server asks" },
  "failover-mute-not-told": { clause: "F1", what: "does not tell muted calls to the new server", also: "F1a" },
  "failover-unlocks": { clause: "F2", what: "unlocks the conference" },
  "failover-forgets-new": { clause: "F3", what: "does not tell who joined meanwhile" },
  "failover-forgets-left": { clause: "F4", what: "does not tell who left meanwhile", also: "F4b F4a" },
  "closed-created-anew": { clause: "F5", what: "creates a conference that ended meanwhile", also: "F5a F5b" },
  "failover-keeps-private-talk": { clause: "F6", what: "leaves the invitee in the private talk", also: "F6a" },
  "failover-sub-not-told": { clause: "F7", what: "does not tell the sub-conference", also: "4.15a 4.15b 4.15c" },
  "failover-sub-as-new": { clause: "F7", what: "tells the sub-conference as new" },
  "failover-sub-calls-not-told": {
    clause: "4.15a",
    what: "does not tell the calls in the sub-conference",
    also: "4.15d 4.15e",
  },
  "joined-by-another-name": {
    clause: "4.15d",
    what: "tells the calls in the sub-conference by names that nobody gave",
    also: "4.15e",
  },
  "joined-in-another-sub": {
    clause: "4.15d",
    what: "tells the calls in the sub-conference with the id of another one",
    also: "4.15e",
  },
  "failover-privilege-of-muted-only": { clause: "4.15b", what: "tells the privilege of muted calls only" },
  // The end
  "close-keeps-calls": { clause: "4.7a", what: "does not end the calls", also: "4.7b 4.7c 4.7f 4.7g" },
  "keep-alive-0-keeps": { clause: "4.7b", what: "takes KeepAlive 0 for 1" },
  "keep-alive-while-creating-ends": {
    clause: "4.8d",
    what: "ends a conference that is to be kept while it is created",
  },
  "keep-alive-ends": { clause: "4.8a", what: "does not know KeepAlive", also: "4.8c 4.8b 4.8d" },
} as const satisfies Readonly<Record<string, Defect>>;

export type DefectName = keyof typeof defects;

/** What makes an adapter another one than the reference adapter. */
export type Deviation = DefectName | VariantName;

/** Whether the adapter has this defect, or is this variant. */
export type Defects = (name: Deviation) => boolean;
