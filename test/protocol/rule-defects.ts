/**
 * Planted defects (test/simulation/defects) that break a rule of the protocol, by their names: of the tests that show the rule, one at
 * least must fail with the defect.
 */
export const defectsOfRules: Readonly<Record<string, readonly string[]>> = {
  T11: ["an answer goes to the server that has the conference"],
  T24: ["a document with an unknown message is refused", "a message that nobody knows is answered as not supported"],
  T28: ["a document is confirmed before it is on disk"],
  T35: ["the id allocator begins again after a restart"],
  T37: ["a failed transaction is given up at once"],
  T38: ["a repeated document acts again"],
  T40: ["a restart forgets which documents were committed"],
  T46: ["two posts are in flight"],
  "4.3": ["a call that is answered enters before WebEx hears of it"],
  "4.4": ["a call-out that failed enters when it is picked up after all"],
  "4.7": ["a close is answered, and nothing is ended"],
  "4.8": ["a conference without WebEx never ends", "a conference without WebEx stays apart"],
  "4.9": ["a failover announces the conference before it answers"],
  "4.10": ["a lock is told before it is answered"],
  "4.11": ["a mute is told before it is answered"],
  "4.12": ["a dropped caller is told as gone before the answer"],
  "4.13": [
    "the return from a sub-conference is told before the caller's state",
    "a closed sub-conference is answered before its calls are back",
    "a move into a sub-conference is told before it is answered",
  ],
  "4.14": ["who leaves from a sub-conference is told as returned"],
  "4.15": [
    "who is in a sub-conference is told before the callers (F7)",
    "a sub-conference is told after who is in it (F7)",
  ],
  "4.16": ["speakers are reported to a server that did not ask"],
  "4.18": ["an agent that takes over does not know who is a silent monitor"],
  "4.19": ["a merge is told of the wrong caller"],
  "4.21": [
    "the host is left in the room of a talk that is over",
    "an invitee who is left alone stays alone",
    "the host of a private talk comes back unmuted",
  ],
  F1: ["a new server does not hear who is muted (F1)"],
  F2: ["a new server hears of the callers before it hears of the conference (F2)"],
  F4: ["a new server does not hear of those who left (F4)"],
  F5: ["a conference that ended unnoticed is created anew (F5)"],
  F7: ["a new server does not hear of sub-conferences (F7)"],
};
