/** A rule of WebEx's TSP interface, in our words; `outside`: why this program cannot itself keep or show it, and who does. */
export type Rule = string | { readonly says: string; readonly outside: string };

/** The rules, by group. Code and tests name a rule by its id. */
export const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Transport: {
    T1: "Each request, either way, is a POST with one XML document as its body. The adapter URL may end with a slash, and HTTP/1.0 will do.",
    T2: "Posts go by HTTP or HTTPS. The adapter URL is served by HTTPS at Cloudflare, and behind a proxy elsewhere.",
    T3: "The adapter URL that is registered with WebEx has at most 64 characters.",
    T4: "The Confirmation is the response to the very request.",
    T5: "The Confirmation is about the document's form, and about hosts that may not be posted to (T16), alone; the result of the request is posted later.",
    T6: "UTF-8 is written. A byte order mark and zero bytes decide first, then a declared `iso-2022-*`; then valid UTF-8 is UTF-8; then the declaration decides, then the Content-Type header. White space before the declaration is skipped and logged.",
    T7: "A DOCTYPE with the address of WebEx's DTD is read; that is not fetched, no entity is expanded, and any other DOCTYPE is refused.",
    T8: "200 wherever a Confirmation can be written, 405 for other methods, 413 above 1 MiB; gzip and deflate are read, and what cannot be decompressed is no XML.",
    T9: {
      says: "30 conferences a minute, each within 20 s; joining one takes at most 10 s.",
      outside: "A matter of the machine, too: `npm run bench` measures it, with a hundred times as many conferences.",
    },
  },
  "Which machine is posted to": {
    T10: "Whatever WebEx sends comes to the one adapter URL of its domain, the naming of a call too.",
    T11: "An answer goes to the host that its request named.",
    T12: "A notification about a conference goes to the host that the conference is bound to.",
    T13: "Only a create binds a conference to a host.",
    T14: "A request without a host is answered to the one that its conference is bound to.",
    T15: "A host is `host:port` or a full URL; scheme and path are settings, by host. The path of a URL is kept where the settings allow it.",
    T16: "Nothing is posted to hosts that are not listed. A document of whose requests none could be answered is refused.",
  },
  "Checks and the Confirmation": {
    T20: "A known message has all that it must have, or is not confirmed with 0.",
    T21: "One verdict for the whole document: 0 only where every message passes.",
    T22: "Of several faults the first in the document is reported.",
    T23: "Nothing of a refused document is carried out.",
    T24: "An unknown message is confirmed, and answered by `A2W_RspMessageError` with -12 and the guide's text, `unknown msg received`.",
    T25: "Unknown attributes, children and codes spoil nothing, nor does any value of an optional attribute that no document names.",
    T26: "A name in letters of the other case is understood, and noted in the log.",
    T27: "Faults of form are reported in the Confirmation, faults of state in the answer; a number that nobody can dial is one of state.",
    "2.1":
      "A ConfKey is any text of up to 64 characters without `%`: whether it must be digits is left open. One that no telephone can key is a conference that only call-outs reach.",
    "2.2.1":
      "SubscriberCode and ParticipantCode of a create lead callers into its conference as ConfKey does; who keys the SubscriberCode is the host. A later create that brings others brings them in their place.",
    "2.2.4":
      "The parts of a PhoneNum are digits: a `+` before the country and signs between digits are left out, and that is noted.",
    "2.2.8":
      "No document has the name of a sub-conference's id: four are read. A creation without any of them is confirmed, answered with -7, and noted with the attributes it has.",
    "2.2.9":
      "`W2A_RspNotifyUserEnter` without an ExtCallID (absent, empty or `null`) and without an error Result gets -7.",
    "2.3":
      "`WbxHostName` stands in one of the guide's messages to WebEx: it is written in all of them where `protocol.hostName` is true, else in none.",
    "2.3.1":
      "An answer has `MsgID` and `Result` only, as in the guide's examples; `A2W_RspMessageError` has an `ErrMsg`. The answer to a create has hybrid attributes if the create enabled them.",
    T28: "The Confirmation waits for the disk and never for the bridge.",
  },
  "Numbers, repeats, attempts, order": {
    T30: "TransID and MsgID: 1 to 32 digits, letters, `-` and `_` are read.",
    T31: "Ours have 11 digits: five of the day, six that count up.",
    T32: "The day's digits are those of the Julian date at midnight UTC: 2002-08-05 is 52491.",
    T33: "WebEx's own scheme (server, second of the day, sequence) is read like any other.",
    T34: "TransIDs and MsgIDs count apart.",
    T35: "After 999999 comes 0, under the digits of a day 27 years later; a restart never goes back.",
    T36: "A TransID comes again only with the same document: after a failed attempt, or once after a kill within some 5 s of its Confirmation (see [reliability.md](reliability.md)).",
    T37: "Three attempts in all, with the same TransID and the same bytes.",
    T38: "A repeated TransID is only confirmed, in each conference that had a part of its document. For any other conference the document is new.",
    T39: "The repeat gets the verdict of the first copy, and waits for it if need be.",
    T40: "The adapter remembers TransIDs for two hours, less than a day. Within a conference, the same TransID is a repeat, even with another document.",
    T41: "An attempt may take 10 s; the second comes at once, the third after 2 s.",
    T42: "A Confirmation other than 0 ends the attempts; one for another TransID is a failed attempt.",
    T43: "After the last attempt the transaction is given up, and the conference goes on. WebEx learns the state of what it missed with the first sign of life, see 4.9.",
    T44: "An answer carries the MsgID of its request, in a transaction with a new TransID.",
    T45: "Each MsgID is answered once. Answers to one document share a post, even from several conferences. None waits longer than `webex.gatherMs` after it is ready. Notifications share the post.",
    T46: "Posts about one conference go one after the other, in the order of what happened.",
  },
  "Call flows": {
    "4.1": "Create: the answer when the bridge has answered, then Status 0.",
    "4.2":
      "Call in: WebEx is notified of the caller, and names the call. Silence of 10 s after the key admits a caller without attendee ID; `keypad.askAttendeeId: false` asks for none. With MaxNumAttendee callers inside, a caller hears that the conference is full, and a call-out gets code 4. 0 means no limit. The latest create counts; a lower limit disconnects nobody.",
    "4.3": "Call out: the answer when the far end picks up, and only then the entry.",
    "4.4": "A call-out that fails is answered with the reason, and nobody enters.",
    "4.5": "A call-out that is cancelled: both requests are answered.",
    "4.6": "A caller who leaves is reported by Status 2.",
    "4.7":
      "Close: all legs end, then the answer, then Status 3; by telephone Status 3 alone. Of a conference that WebEx had let go on alone, too.",
    "4.8":
      "Keep-alive close: nobody is disconnected and nothing is reported. A create with the key resumes the conference; until then, a close under the same handle ends it. Callers in sub-conferences and in a private talk return to the main room with their mute state, and a ringing invitee enters, too. An invitee who waits for an absent host is disconnected. The edge retries refused commands after 10 s. A conference that is empty at the close, or still being created, waits five minutes for a caller, and then ends if empty.",
    "4.9":
      "Failover: another server creates the running conference, and all of it is reported to that server; under the new names once more where that server gives calls new names. A replaced server gets the answers that it is owed, one attempt each; under its former handle a close is answered with 0, everything else with the code for no such conference, and nothing changes. After an outage without a failover the server gets what it is owed: answers, then the state, once each; it is probed after 5, 15, 60, then every 300 s.",
    "4.10": "Lock and unlock, by WebEx and by telephone. A lock refuses new callers; WebEx's call-outs pass it.",
    "4.11":
      "Mute: one caller, all callers, or by DTMF digits. All includes sub-conferences, but no known host and, when unmuting, no silent monitors.",
    "4.12": "Expel: the answer, then Status 2.",
    "4.13": "Sub-conferences: state before move, moves before the answer to the close.",
    "4.14": "A caller who leaves from a sub-conference is reported by Status 2 alone.",
    "4.15": "Failover with a sub-conference: everybody, everybody's state, the room, who is in it.",
    "4.16": "Speakers are reported from action 8 to action 9, as changes.",
    "4.17":
      "Silent call-out: muted and without a tone, whatever Privilege says; before a private talk, too, it is muted first.",
    "4.18":
      "Silent call-in: an attendee ID that equals AnonymousID, digit by digit; letters of AnonymousID count as the keys that have them; the latest create that has one counts. What the bridge refuses to take is told again a minute later, or with the next create.",
    "4.19":
      "An attendee ID keyed later is reported with the caller's unchanged state. Where the ID is asked for, the merge code may precede it.",
    "4.20":
      "The recorder joins like any caller; its dial sequence, with the conference's key and codes, is reported after Status 0.",
    "4.21":
      "Invite by phone: a private talk with the host, then both move to the main conference, and WebEx is notified once both are there. Each notification has the invitee's ParticipantType and DID, and its AttendeeID if the request has one. The host is the caller who entered the subscriber code, else a call that the setting `protocol.host` or the create names. A silent monitor is never the host, and the edge never guesses. The code or attendee ID recognizes a returning host. A later subscriber code or named call wins. While the host is unknown, away or in a sub-conference, the invitee waits, and WebEx gets an ActionResult other than 0. Nobody else is taken out of the meeting. When the host is back, the invitee enters once WebEx adds it (ActionCode 6). If another server takes over, a waiting invitee enters the main conference. An answered invitee without a host, or whose host has left the talk, waits at most a minute. Then it is disconnected (Status 2), unless WebEx adds it or the host returns to the talk. A muted host is heard only in the talk: the bridge unmutes the host on entry and mutes again before the exit, without a notification. If WebEx, an operator or the host mutes or unmutes meanwhile, that counts at once and afterwards, and is reported. Mute all and unmute all skip talks. If the bridge cannot mute, the host talks as is. If it refuses to restore a mute, WebEx is notified that the mute is lifted.",
    "4.22": "Data for clients passes through, unread, and is not answered.",
    "6.6":
      "Dial sequences of GetSessionInfo (`*00*`, `*01*`) are read as the setting `keypad.sequences` has them; ProfileID, PIN and password in those are nobody's attendee ID, and are not kept. By default the two that begin like the one with an attendee ID are left out: there a ProfileID is sent as attendee ID. A sequence that is not whole 8 s after its last key, that has other keys or an empty PIN in it, or into which a takeover falls, leads nobody in: its caller is asked.",
  },
  Failover: {
    F1: "Muted callers are reported as muted, after their entry.",
    F2: "A locked conference stays locked.",
    F3: "Callers who joined meanwhile are reported like everybody, without a name.",
    F4: "Callers who left meanwhile are reported as left, by the name known before, and not as entered.",
    F5: "A conference that ended meanwhile: a create gets only code 11, until one server has confirmed it, or for an hour. Then the key is free (`protocol.closedAnswer`). After a close that WebEx asked for, no create gets it.",
    F6: "A private talk ends: both are back in the main conference, and reported so.",
    F7: "A sub-conference goes on, and is reported by Status 2.",
  },
  "Where the public documents contradict themselves or err": {
    "row 1": "A semicolon after an attribute is refused as no XML.",
    "row 2": "A `Result` inside a request is ignored.",
    "row 3": "Typographic quotes are refused as no XML; straight ones are written.",
    "row 4": "Attributes behind a start tag are text: they are missing where they belong.",
    "row 5": "A host's name is data; its spelling means nothing.",
    "row 6":
      "No call ID yet: `null` in any case, empty and absent are read alike, also of any other attribute but a text; `null` is written.",
    "row 7": "Speakers are reported by ExtConfID and ExtCallIDs.",
    "row 8": "Short numbers are read; 11 digits, always new ones, are written.",
    "row 9": "A root named `WTSPDOM Response` is read; `WTSPDOM` is written.",
    "row 10": "TransID is an element, not an attribute.",
    "row 11": "One message, `A2W_RspMessageError`, carries the -12.",
    "row 12": "The answer to an addition is `A2W_RspAddToSubConference`; a close has no status of its own.",
    "row 13": "After a failover the muted are reported; with a sub-conference, everybody is.",
    "row 14": "Status 0 follows each failover, with a sub-conference too.",
    "row 15": "Privilege in requests and Status in notifications are the same mute state.",
    "row 16": "The answer to the addition from a private talk can be switched off.",
    "row 17": "Callers who left are reported to a server that never saw the call.",
    "row 18": "Of the seven digits of a Julian date the last five count.",
    "row 19": "The list of three id parts is WebEx's own scheme.",
    "row 20":
      "Code 11 means an end that WebEx was not notified of, until one server has confirmed it. Other keys are free again.",
    "row 21": "Blanks within tags are legal and read; the canonical form is written.",
    "row 24": "Hybrid attributes are read in requests and written in the answer to a create.",
    "row 25": "Callers who were dialled are named by WebEx as well.",
    "rows 22, 23": {
      says: "A list left out, and a heading copied from another table.",
      outside: "Slips of the page's author; nothing follows for an adapter.",
    },
    "rows 26 to 29": {
      says: "Slips in the documents of WebEx's URL and XML interfaces.",
      outside: "Not the telephony interface: an adapter does not speak them.",
    },
  },
};
