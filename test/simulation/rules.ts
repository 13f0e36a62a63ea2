/** The rules that every world must keep, each with its promise. Each finds a defect of `defects/` or `lies.ts`. */
export const rules = {
  // What WebEx asks.
  "good documents are confirmed": "A document without fault is confirmed with Result 0.",
  "a Confirmation repeats the TransID": "A Confirmation has the TransID of the document that it confirms.",
  "each request is answered":
    "A request that was confirmed gets an answer; where its server was replaced, one attempt at least is made.",
  "a request is answered once":
    "No request gets a second answer, whatever is repeated and whatever crashes; an answer leaves in a second document once the first was given up.",
  "an answer is to a request": "Each answer has the MsgID of a request.",
  "who asked is answered": "An answer goes to the server that asked.",
  "an answer comes in time":
    "An answer leaves by the deadline of its request, unless a fault between edge and WebEx holds it up; and 10 s after a slow bridge was given its command, where no other fault happens.",
  "an unknown message is answered so": "A message of an unknown type gets the result code for that.",

  // How documents leave.
  "what is posted is of the protocol":
    "WebEx can read each document, each message in it has a known type, and no message is left out or changed.",
  "one post in flight":
    "A conference has one post to each server under way, and beside it one with answers that a replaced server is owed; a mailbox has each document under way once.",
  "a repeat has the same bytes": "A repeat under a TransID has the bytes of the first attempt.",
  "three attempts at most": "No document is posted more than three times.",
  "three attempts at least": "No message is given up before its third attempt.",
  "a replaced server gets answers alone":
    "A server that was replaced, or that let its conference go on alone, gets the answers that it is owed, and nothing else but what stands in a document with an answer that may have been begun.",
  "a replaced server changes nothing":
    "A request under a handle that another create has replaced changes nothing: a close is answered with 0, everything else with the code for no such conference.",
  "a notification has a known handle": "A notification has an ExtConfID that a create brought.",

  // The order of what a server is told.
  "Status 0 comes after RspCreateConference": "A create is answered before its conference is announced.",
  "Status 0 comes before Status 2": "A conference is announced as running before it is announced as locked.",
  "an end is told of a conference that is over":
    "When a conference is announced as ended, the bridge does not have it any more.",
  "nothing follows the end":
    "Nothing is told of a conference that was announced as ended; an end that was given up is repeated under its MsgID.",
  "RspUpdateConference before Status 2": "A lock is answered before it is announced.",
  "NotifyUserEnter comes after Status 0": "A conference is announced before its callers.",
  "RspCallout before NotifyUserEnter": "A call-out is answered before its call enters.",
  "no NotifyUserEnter after a failed call-out": "A call whose call-out was refused does not enter.",
  "a call enters once":
    "No call is announced twice to one server; an entry that was given up is repeated under its MsgID, as long as its call has no name.",
  "a change is of a call that entered": "A change is of a caller of whom this server was told.",
  "RspDropUser before Status 2": "A drop is answered before the caller is announced as gone.",
  "RspUpdateUser before NotifyUserChange": "A mute is answered before it is announced.",
  "RspCreateSubConference before NotifySubConferenceChange":
    "The create of a sub-conference is answered before it is announced.",
  "a keyed attendee ID is told once":
    "An attendee ID that a caller has keyed is told once, whichever agents report it.",
  "a move is of a call that entered": "A move is of a caller of whom this server was told.",
  "RspAddToSubConference before NotifySubConfCallChange":
    "A move into a sub-conference is answered before it is announced.",
  "RspRemoveFromSubConference before NotifySubConfCallChange":
    "A return from a sub-conference is answered before it is announced.",
  "NotifyUserChange before NotifySubConfCallChange":
    "A caller's mute state in the main conference is told before its return.",
  "NotifyJoinSubConference comes after NotifyUserEnter":
    "Who is in a sub-conference is told after the callers themselves.",
  "NotifySubConferenceChange before NotifyJoinSubConference": "A sub-conference is told before who is in it.",
  "NotifyUserChange before RspCloseSubConference": "A close is answered after each caller inside was told as back.",
  "speakers are told to those who asked": "Who speaks is told to a server that asked for it.",
  "speakers have entered": "Each speaker is a caller of whom this server was told.",
  "a new server hears of those who left meanwhile":
    "After a failover, the new server hears of each caller whom the old one knew.",

  // Commands to the bridge.
  "a command acts once": "The bridge carries out no command twice.",
  "a key acts once": "Of two agents that hear a caller's keys one leads the caller in.",
  "a caller enters the conference that it keyed last":
    "A caller at the prompt enters the conference whose key it keyed last, under the attendee ID that it keyed behind that.",
  "a number is dialled once": "No phone is rung twice for one call-out.",
  "no command overtakes an earlier one":
    "Commands of which one waits for the other (`topicsOf`) act in the order in which they were issued.",
  "a pending command is sent again":
    "A command without a result is sent again, as long as it takes; to the next agent once that reports.",
  "a conference that ended unnoticed is not created anew":
    "A failover to a conference that is gone creates no other in its place.",
  "what is another owner's is left alone":
    "No command concerns another owner's conference, its callers, or a caller who dialled another owner's number.",
  "what is another owner's is not told": "No agent tells the edge of another owner's conference.",
  "an orphan goes on without WebEx":
    "A conference of its owner that a bridge holds and the edge did not know has an object that says who is in it, and is locked unless this edge has lost nothing, or over on both sides.",
  "a mute key switches":
    "A caller who presses the mute key while nothing is under way for the call is muted, or heard again, within seconds.",
  "a silent monitor is silent":
    "A caller who keys its conference's AnonymousID enters muted and without a tone, and no other one does; the mute key of a silent monitor does nothing.",

  // Operators.
  "an operator's action acts once":
    "An action of an operator that is repeated, by whomever and after whatever crash, is answered as before and does nothing more.",
  "an operator's action comes to its end":
    "At rest the journal says what came of each action that was taken, and WebEx has heard what it was to hear.",

  "the latest create counts":
    "At rest the bridge has the limit, the AnonymousID and the access codes of the latest create.",

  // Agents.
  "an epoch begins once": "No two agents act in one epoch.",
  "an agent that was replaced leaves the bridge alone":
    "An agent begins nothing once another one has acted for ten seconds, and nothing at all once the edge has given it up as silent.",
  "one of two agents acts with a link alone":
    "Where a bridge has two agents, neither acts on a conference without its link to the edge.",
  "an agent acts only with its journal": "An agent whose journal cannot be written gives the bridge no command.",
  "one agent acts at a time": "No agent is told to act while another one that was told so has its link.",
  "an agent hands over when it is asked to":
    "An agent hands over when an operator asks for that agent and another one has the bridge, then alone, and once.",
  "a drained bridge takes no new conference":
    "Once an operator knows that a bridge is drained, no create that is asked for later leaves for it.",
  "a silent agent is replaced": "A silent agent is replaced in time.",
  "one of the connected agents acts":
    "While agents are connected to a bridge's relay, one of them is soon told to act.",
  "an agent without its bridge is replaced":
    "An agent that has lost its bridge does not keep one that has it from acting.",
  "nobody poses as an agent": "An old, forged or foreign hello gets no socket.",
  "an honest agent may say what it says": "No agent of the product is cut off for saying too much.",

  // At rest: nothing has gone wrong for a while, and nobody has asked for anything.
  "outboxes are empty": "Each document is confirmed or given up.",
  "no command is pending": "Each command has its result.",
  "one agent is active and done":
    "Each bridge has one active agent, which runs no command, and whose reports are acknowledged.",
  "WebEx shows who is muted":
    "Whatever fails: where nothing waits for WebEx, it shows as muted whom the conference holds for muted.",
  "WebEx's roster follows the bridge":
    "While nothing fails, what callers do is told within seconds, and not only by the next digest.",
  "a digest finds what no event told":
    "What the bridge changed without an event is at WebEx some minutes after the last fault, without a restart or another agent; no room is left over.",
  "who was hung up on at the prompt is told of":
    "Each caller on whom an agent hung up at the prompt stands in the domain's list of such calls with how it ended, whatever was killed meanwhile.",
  "facts and state agree":
    "The facts of a conference give the roster, the mutes, the rooms, the pending commands, the server and the lock that its state has.",
  "WebEx knows what is so":
    "What a server was told is so on the bridge and in the conference: that it runs, whether it is locked, who is there under which name, who is muted, which rooms there are and who is with whom.",
  "whom WebEx holds for a speaker talks on the bridge": "Nobody is shown as a speaker who does not speak.",
  "a conference that runs is on the bridge": "A conference that WebEx holds for running exists on the bridge.",
  "no bridge conference outlives its conference":
    "A conference that is over at WebEx is over on each bridge, and one that goes on is on one bridge.",
  "an empty conference ends": "A conference that WebEx let go on alone ends with its last caller.",
  "nobody is left on the line": "No call rings, waits or was picked up without anybody who wants it.",
  "a conference without WebEx is together": "A conference that WebEx let go on alone has everybody in the main room.",
  "nobody stays in a room without a talk": "Nobody is left in the room of a private talk that is over.",
  "nobody is alone in a private talk": "An invitee whose host has left does not stay in the room of their talk.",
  "each call that is over has one record":
    "The directory has one record of each call that is over, none is missing and none is there twice, whatever crashes.",
  "each conference that is over has one record": "The same of each conference.",
  "a record is of a call of the bridge":
    "What a record says of number, direction, dialled number and reason is what the bridge knows of the call.",
  "a record has its meeting's name":
    "The record of a conference has the name that a create of this very conference gave it.",
  "the directory lists the conferences that run": "It lists each conference that runs once, and no other.",
  "the directory shows what is so":
    "What it shows of a conference that runs is what the conference's state says as of the same row.",
  "receivers of webhooks hear of each fact":
    "Each begin and end of a conference, each entry and end of a call comes at least once, always by one id, and nothing else does.",
  "the directory counts what happened":
    "What the directory has counted of requests, posts, conferences, callers and commands is what journals and mailbox say, each once, and no post is counted as confirmed that no server has confirmed.",
  "the directory knows what waits":
    "The documents that wait for each server, and those that were given up and not made good, are in figures and trouble what the conferences' outboxes, debts and journals say, of conferences that are over too.",
  "what waits has its beginning":
    "Amid faults, too, a server counts as waiting since the first document was queued of which it has confirmed nothing.",
  "what is quiet stays quiet":
    "At rest nothing is posted and no command acts, even when every process is started anew.",

  // What people may read.
  "what is secret is shown to nobody":
    "No access code, AnonymousID or token stands in a line of a log, a metric, an answer to anybody, or a record, whatever the settings show.",
  "what is personal is masked":
    "No number, attendee ID or name of a meeting stands in a line of a log or a metric, nor in an answer where the settings do not show it; and no conference's key in a line of a log.",
  "a line of the log is written whole": "Each field of a line has somebody who may read it.",

  // The disk on plain Node.
  "what is read is what was written":
    "On plain Node, an object that begins anew finds the rows that its lives before have written.",

  // The world itself.
  "nothing is thrown": "No error leaves the product's code for the event loop.",
  "no rejection goes unhandled": "Each promise that is rejected has somebody who hears of it.",
  "a conference's time never goes back":
    "Whatever happens to the machine's clock, no input is committed at an earlier time than the one before.",
  "no alarm fails":
    "No object's alarm throws, nor does the object that is restored for it: the platform soon gives such an alarm up.",
  "a world comes to its end": "No world goes round in circles.",
} as const satisfies Record<string, string>;

export type Rule = keyof typeof rules;
