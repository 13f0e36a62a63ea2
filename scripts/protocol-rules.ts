import type { fromWebex, toWebex } from "../src/tsp/messages.ts";

/** One rule of WebEx's TSP interface, in our words. Code and tests name it by its id. */
export interface Rule {
  readonly id: string;
  readonly says: string;
  /** For the few that this program cannot itself keep or show: why, and who does. */
  readonly outside?: string;
}

interface RuleGroup {
  readonly title: string;
  readonly rules: readonly Rule[];
}

/** Which clause describes a message. */
export const clauseOf: Readonly<Record<keyof typeof fromWebex | keyof typeof toWebex, string>> = {
  "create-conference": "2.2.1",
  "update-conference": "2.2.2",
  "close-conference": "2.2.3",
  "call-out": "2.2.4",
  "cancel-call-out": "2.2.5",
  "update-caller": "2.2.6",
  "drop-caller": "2.2.7",
  "create-sub-conference": "2.2.8",
  "add-to-sub-conference": "2.2.8",
  "remove-from-sub-conference": "2.2.8",
  "close-sub-conference": "2.2.8",
  "caller-named": "2.2.9",
  passthrough: "2.2.10",
  "message-refused": "2.2.11",
  "conference-created": "2.3.1",
  "conference-updated": "2.3.1",
  "conference-closed": "2.3.1",
  "called-out": "2.3.1",
  "call-out-cancelled": "2.3.1",
  "caller-updated": "2.3.1",
  "caller-dropped": "2.3.1",
  "sub-conference-created": "2.3.1",
  "added-to-sub-conference": "2.3.1",
  "removed-from-sub-conference": "2.3.1",
  "sub-conference-closed": "2.3.1",
  "message-error": "2.3.1",
  "conference-changed": "2.3.2",
  "caller-entered": "2.3.3",
  "caller-changed": "2.3.4",
  "speaking-changed": "2.3.5",
  "sub-conference-changed": "2.3.6",
  "sub-conference-call-changed": "2.3.7",
  "joined-sub-conference": "2.3.8",
  "client-passthrough": "2.3.11",
};

export const ruleGroups: readonly RuleGroup[] = [
  {
    title: "Transport",
    rules: [
      { id: "T1", says: "Each request, either way, is a POST with one XML document as its body." },
      { id: "T2", says: "HTTP and HTTPS are both spoken." },
      { id: "T3", says: "The adapter URL that is registered with WebEx has at most 64 characters." },
      { id: "T4", says: "The Confirmation is the response to the very request." },
      {
        id: "T5",
        says: "The Confirmation is about the document's form alone; the result of the request is posted later.",
      },
      { id: "T6", says: "UTF-8 is written; every declared encoding, a byte order mark and any content type are read." },
      { id: "T7", says: "No DTD is fetched and no entity expanded; a DOCTYPE is refused." },
      { id: "T8", says: "200 wherever a Confirmation can be written, 405 for other methods, 413 above 1 MiB." },
      {
        id: "T9",
        says: "30 conferences a minute, each within 20 s; joining one takes at most 10 s.",
        outside: "A matter of speed: `npm run bench` measures it, with a hundred times as many conferences.",
      },
    ],
  },
  {
    title: "Which machine is posted to",
    rules: [
      { id: "T10", says: "Whatever WebEx sends comes to the one adapter URL of its domain, the naming of a call too." },
      { id: "T11", says: "An answer goes to the host that its request named." },
      { id: "T12", says: "A notification about a conference goes to the host that the conference is bound to." },
      { id: "T13", says: "Only a create binds a conference to a host." },
      { id: "T14", says: "A request without a host is answered to the one that its conference is bound to." },
      { id: "T15", says: "A host is `host:port` or a full URL; scheme and path are settings." },
      { id: "T16", says: "Nothing is posted to hosts that are not listed." },
    ],
  },
  {
    title: "Checks and the Confirmation",
    rules: [
      { id: "T20", says: "A known message has all that it must have, or is not confirmed with 0." },
      { id: "T21", says: "One verdict for the whole document: 0 only where every message passes." },
      { id: "T22", says: "Of several faults the first in the document is reported." },
      { id: "T23", says: "Nothing of a refused document is carried out." },
      { id: "T24", says: "An unknown message is confirmed, and answered by `A2W_RspMessageError` with -12." },
      { id: "T25", says: "Unknown attributes, children and codes spoil nothing." },
      { id: "T26", says: "A name in letters of the other case is understood, and noted in the log." },
      { id: "T27", says: "Faults of form are reported in the Confirmation, faults of state in the answer." },
      { id: "T28", says: "The Confirmation waits for the disk and never for the bridge." },
    ],
  },
  {
    title: "Numbers, repeats, attempts, order",
    rules: [
      { id: "T30", says: "TransID and MsgID: 1 to 32 digits, letters, `-` and `_` are read." },
      { id: "T31", says: "Ours have 11 digits: five of the day, six that count up." },
      { id: "T32", says: "The day's digits are those of the Julian date at midnight UTC: 2002-08-05 is 52491." },
      { id: "T33", says: "WebEx's own scheme (server, second of the day, sequence) is read like any other." },
      { id: "T34", says: "TransIDs and MsgIDs count apart." },
      { id: "T35", says: "After 999999 comes 0, under the digits of a day 27 years later; a restart never goes back." },
      { id: "T36", says: "A TransID comes again only with the same document, after a failed attempt." },
      { id: "T37", says: "Three attempts in all, with the same TransID and the same bytes." },
      { id: "T38", says: "A repeated TransID is confirmed and does nothing else." },
      { id: "T39", says: "The repeat gets the verdict of the first copy, and waits for it if need be." },
      { id: "T40", says: "TransIDs are remembered for two hours; never as long as a day." },
      { id: "T41", says: "An attempt may take 10 s; the second comes at once, the third after 2 s." },
      {
        id: "T42",
        says: "A Confirmation other than 0 ends the attempts; one for another TransID is a failed attempt.",
      },
      { id: "T43", says: "After the last attempt the transaction is given up, and the conference goes on." },
      { id: "T44", says: "An answer carries the MsgID of its request, in a transaction with a new TransID." },
      {
        id: "T45",
        says: "Each MsgID is answered once; answers that are ready travel together, slow ones hold up nobody.",
      },
      { id: "T46", says: "Posts about one conference go one after the other, in the order of what happened." },
    ],
  },
  {
    title: "Call flows",
    rules: [
      { id: "4.1", says: "Create: the answer when the bridge has answered, then Status 0." },
      { id: "4.2", says: "Call in: the caller is reported to WebEx, and WebEx names the call." },
      { id: "4.3", says: "Call out: the answer when the far end picks up, and only then the entry." },
      { id: "4.4", says: "A call-out that fails is answered with the reason, and nobody enters." },
      { id: "4.5", says: "A call-out that is cancelled: both requests are answered." },
      { id: "4.6", says: "A caller who leaves is reported by Status 2." },
      { id: "4.7", says: "Close: all legs end, then the answer, then Status 3; by telephone Status 3 alone." },
      {
        id: "4.8",
        says: "Keep-alive close: nobody is dropped and nothing reported; a create with the key resumes the conference.",
      },
      {
        id: "4.9",
        says: "Failover: another server creates the running conference, and all of it is reported to that server.",
      },
      { id: "4.10", says: "Lock and unlock, by WebEx and by telephone." },
      { id: "4.11", says: "Mute: one, all (but the host and, when unmuting, silent monitors), and by keypad." },
      { id: "4.12", says: "Expel: the answer, then Status 2." },
      { id: "4.13", says: "Sub-conferences: state before move, moves before the answer to the close." },
      { id: "4.14", says: "A caller who leaves from a sub-conference is reported by Status 2 alone." },
      { id: "4.15", says: "Failover with a sub-conference: everybody, everybody's state, the room, who is in it." },
      { id: "4.16", says: "Speakers are reported from action 8 to action 9, as changes." },
      { id: "4.17", says: "Silent call-out: muted and without a tone, whatever Privilege says." },
      { id: "4.18", says: "Silent call-in: an attendee ID that equals AnonymousID, digit by digit." },
      { id: "4.19", says: "An attendee ID keyed later is reported with the caller's unchanged state." },
      { id: "4.20", says: "The recorder joins like anybody; its dial sequence is reported after Status 0." },
      { id: "4.21", says: "Invite by phone: a private talk, then both into the main conference." },
      { id: "4.22", says: "Data for clients passes through, unread, and is not answered." },
    ],
  },
  {
    title: "Failover",
    rules: [
      { id: "F1", says: "Muted callers are reported as muted, after their entry." },
      { id: "F2", says: "A locked conference stays locked." },
      { id: "F3", says: "Callers who joined meanwhile are reported like everybody, without a name." },
      {
        id: "F4",
        says: "Callers who left meanwhile are reported as left, by the name known before, and not as entered.",
      },
      { id: "F5", says: "A conference that ended meanwhile: its create is answered with 11 and nothing else." },
      { id: "F6", says: "A private talk ends: both are back in the main conference, and reported so." },
      { id: "F7", says: "A sub-conference goes on, and is reported by Status 2." },
    ],
  },
  {
    title: "Where the public documents contradict themselves or err",
    rules: [
      { id: "row 1", says: "A semicolon behind an attribute is no XML: refused, not repaired." },
      { id: "row 2", says: "A `Result` inside a request is ignored." },
      { id: "row 3", says: "Typographic quotes are no XML: refused; straight ones are written." },
      { id: "row 4", says: "Attributes behind a start tag are text: they are missing where they belong." },
      { id: "row 5", says: "A host's name is data; its spelling means nothing." },
      { id: "row 6", says: "No call ID yet: `null` in any case, empty and absent are read alike, `null` is written." },
      { id: "row 7", says: "Speakers are reported by ExtConfID and ExtCallIDs." },
      { id: "row 8", says: "Short numbers are read; 11 digits, always new ones, are written." },
      { id: "row 9", says: "A root that is named `WTSPDOM Response` is read, never written." },
      { id: "row 10", says: "TransID is an element, not an attribute." },
      { id: "row 11", says: "One message, `A2W_RspMessageError`, carries the -12." },
      {
        id: "row 12",
        says: "The answer to an addition is `A2W_RspAddToSubConference`; a close has no status of its own.",
      },
      { id: "row 13", says: "After a failover the muted are reported; with a sub-conference, everybody is." },
      { id: "row 14", says: "Status 0 follows each failover, with a sub-conference too." },
      { id: "row 15", says: "Privilege in requests and Status in notifications are the same mute state." },
      { id: "row 16", says: "The answer to the addition from a private talk can be switched off." },
      { id: "row 17", says: "Callers who left are reported to a server that never saw the call." },
      { id: "row 18", says: "Of the seven digits of a Julian date the last five count." },
      { id: "row 19", says: "The list of three id parts is WebEx's own scheme." },
      { id: "row 20", says: "Code 11 is for an end that was not reported to WebEx; other keys are free again." },
      { id: "row 21", says: "Blanks within tags are legal and read; the canonical form is written." },
      { id: "row 24", says: "Hybrid attributes are read in requests and written in the answer to a create." },
      { id: "row 25", says: "Callers who were dialled are named by WebEx as well." },
      {
        id: "rows 22, 23",
        says: "A list left out, and a heading copied from another table.",
        outside: "Slips of the page's author; nothing follows for an adapter.",
      },
      {
        id: "rows 26 to 29",
        says: "Slips in the documents of WebEx's URL and XML interfaces.",
        outside: "Not the telephony interface: an adapter does not speak them.",
      },
    ],
  },
];
