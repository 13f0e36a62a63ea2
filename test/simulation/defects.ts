import type { Rule } from "./rules.ts";

/** One defect to plant: in this file, this text becomes that one. */
export interface Defect {
  readonly name: string;
  /**
   * The rule that finds it, and that some defect of its own breaks in a world that breaks no other. Several: chance decides which
   * one finds it.
   */
  readonly foundBy: Rule | readonly Rule[];
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** The file's text with the defect in it; `null`: what is to be replaced does not stand there once. */
export function plant({ before, after }: Defect, healthy: string): string | null {
  if (healthy.split(before).length !== 2 || before === after) return null;
  return healthy.replace(before, () => after);
}

const conference = "durable-objects/conference/conference.ts";
const store = "durable-objects/conference/conference-store.ts";
const directory = "durable-objects/directory/directory.ts";
const directoryFeed = "durable-objects/conference/directory-feed.ts";
const alarm = "durable-objects/platform/alarm.ts";
const outbox = "durable-objects/conference/outbox.ts";
const queue = "src/conference/server/queue.ts";
const deliveries = "src/delivery/deliveries.ts";
const sender = "durable-objects/conference/command-sender.ts";
const rooms = "src/conference/parts/rooms.ts";
const failover = "src/conference/server/failover.ts";
const requests = "src/conference/requests.ts";
const resync = "src/conference/server/resync.ts";
const reports = "src/conference/reports.ts";
const agent = "bridge-agent/core/agent.ts";
const runningAgent = "bridge-agent/run.ts";
const pendingCommands = "bridge-agent/core/pending-commands.ts";
const events = "bridge-agent/core/conference-events.ts";
const socket = "bridge-agent/link/reconnecting-socket.ts";
const ownership = "bridge-agent/drivers/ownership.ts";
const link = "src/link/relay.ts";
const relay = "durable-objects/relay/relay.ts";

/** Defects that somebody could make; each must be found by the worlds. */
export const defects: readonly Defect[] = [
  {
    name: "a repeated document acts again",
    foundBy: "a request is answered once",
    file: conference,
    before: "if (this.#store.hasDocument(transId, this.#ports.now())) {",
    after: "if (transId === null) {",
  },
  {
    name: "a restart forgets which documents were committed",
    foundBy: "a request is answered once",
    file: store,
    before: "new Seen(Number.POSITIVE_INFINITY, this.#documentsSince(since));",
    after: "new Seen(Number.POSITIVE_INFINITY, this.#documentsSince(since).slice(0, 0));",
  },
  {
    name: "a document is confirmed that not every object has committed",
    foundBy: "each request is answered",
    file: "src/routing/deliver.ts",
    before: "  if (failed) throw failed.reason;\n",
    after: "",
  },
  {
    name: "a document is confirmed before it is on disk",
    foundBy: "each request is answered",
    file: conference,
    before: "    await committed;\n    return true;",
    after: "    committed.catch(() => {});\n    return true;",
  },
  {
    name: "reports are acknowledged before they are on disk",
    foundBy: ["a command acts once", "no command is pending", "a pending command is sent again"],
    file: conference,
    before: 'await this.#commits.submit({ type: "bridge", reports });',
    after:
      'this.#commits.submit({ type: "bridge", reports }).catch(() => {});\n    return reports.reports.at(-1)?.number ?? 0;',
  },
  {
    name: "no alarm is set",
    foundBy: "outboxes are empty",
    file: alarm,
    before: "      await this.#ports.setAlarm(at);\n",
    after: "",
  },
  {
    name: "an alarm does not set the next one",
    foundBy: ["outboxes are empty", "a pending command is sent again"],
    file: conference,
    before: 'this.#arm(why === "alarm" ? deleteAt : null);',
    after: "",
  },
  {
    // The agent repeats reports that are never acknowledged, and each copy brings the same notifications: the queue never ends.
    name: "the watermark of the reports is forgotten",
    foundBy: "outboxes are empty",
    file: store,
    before: "return [...others, ...own.slice(1 - rememberedStreams), [bridge, stream, upTo]];",
    after: "return upTo > others.length ? [...own, ...others] : [...own.slice(rememberedStreams), ...others];",
  },
  {
    name: "what waits for a replaced server is sent to it",
    foundBy: "a replaced server gets answers alone",
    file: "src/conference/transaction.ts",
    before: "const kept = withoutDropped(rows, decision.dropQueued);",
    after: "const kept = rows;",
  },
  {
    name: "attempts are not counted",
    foundBy: "three attempts at most",
    file: outbox,
    before: "const begun = { ...row, attempts: row.attempts + 1 };",
    after: "const begun = { ...row, attempts: Math.max(1, row.attempts) };",
  },
  {
    name: "a crash forgets the attempt that was under way",
    foundBy: ["three attempts at most", "a repeat has the same bytes"],
    file: queue,
    before: "attempts: Math.max(1, row.attempts),",
    after: "attempts: row.attempts,",
  },
  {
    name: "a message joins a transaction that is under way",
    foundBy: "a change is of a call that entered",
    file: queue,
    before: "const unbegun = rows.slice(rows.findLastIndex(({ attempts }) => attempts > 0) + 1);",
    after: "const unbegun = rows.slice(-1);",
  },
  {
    name: "two posts are in flight",
    foundBy: "one post in flight",
    file: deliveries,
    before: "const free = heads(waiting).filter(({ lane }) => !busy.has(lane));",
    after: "const free = heads(waiting.filter(({ id }) => !this.isUnderWay(id))).filter(() => busy.size < 3);",
  },
  {
    name: "a notification overtakes an answer that waits for those of other conferences",
    foundBy: "Status 0 comes after RspCreateConference",
    file: queue,
    before: "return follows ? inLane(own) : [];",
    after: "return inLane(own);",
  },
  {
    name: "a failed transaction is given up at once",
    foundBy: "three attempts at least",
    file: deliveries,
    before: "return attempts >= policy.attempts ? null",
    after: "return attempts >= Math.min(1, policy.attempts) ? null",
  },
  {
    name: "a command is not repeated",
    foundBy: "a pending command is sent again",
    file: sender,
    before: "if (!sent || sent.times === 0) return 0;",
    after: "if (!sent || sent.times === 0 || sent.times > 0) return sent?.times ? Number.MAX_SAFE_INTEGER : 0;",
  },
  {
    name: "a command that is sent again does not say so",
    foundBy: "a command acts once",
    file: sender,
    before: "      ...(isAgain && { again: true }),\n",
    after: "",
  },
  {
    name: "commands that one agent acknowledged are never sent to the next",
    foundBy: "a pending command is sent again",
    file: sender,
    before: "const repeatAckedMs = 10_000;",
    after: "const repeatAckedMs = 10_000_000;",
  },
  {
    name: "the next agent waits for what the one before acknowledged",
    foundBy: "a pending command is sent again",
    file: conference,
    before: "else schedule.agentChanged();",
    after: "",
  },
  {
    name: "a clock that is set back puts off what is due",
    foundBy: "a conference's time never goes back",
    file: "src/foundation/time/steady-clock.ts",
    before: "    this.#aheadMs = Math.max(this.#aheadMs, this.#last - machine);\n",
    after: "",
  },
  {
    name: "a clock that is set back keeps a silent agent active",
    foundBy: "a silent agent is replaced",
    file: relay,
    before: "if (this.#lastSeen(id) > at) this.#ports.sockets.seen(id, at);",
    after: "if (this.#lastSeen(id) > at) continue;",
  },
  {
    // Two documents of two conferences get one TransID, and the later one looks like a changed repeat.
    name: "the id allocator begins again after a restart",
    foundBy: ["a repeat has the same bytes", "a request is answered once"],
    file: "durable-objects/ids/id-allocator.ts",
    before: "if (!latest) return;",
    after: "if (!latest || latest.msg_end !== null) return;",
  },
  {
    name: "a mailbox answers a repeat again",
    foundBy: "a request is answered once",
    file: "durable-objects/mail/mailbox.ts",
    before: "if (this.#answered.get(id, since) !== undefined || this.#outbox.holds(id)) return;",
    after: "",
  },
  {
    name: "a new server does not hear of those who left (F4)",
    foundBy: "a new server hears of those who left meanwhile",
    file: failover,
    before: "for (const extCallId of left) draft.notify(",
    after: "for (const extCallId of [...left].slice(0, 0)) draft.notify(",
  },
  {
    name: "a new server does not hear who is muted (F1)",
    foundBy: "WebEx knows what is so",
    file: failover,
    before: "if (caller.muted || caller.entersMuted || includesAll)",
    after: "if (caller.entersMuted || includesAll)",
  },
  {
    name: "a new server does not hear of sub-conferences (F7)",
    foundBy: "WebEx knows what is so",
    file: failover,
    before: "  notifyRooms(draft);\n",
    after: "",
  },
  {
    name: "a failover announces the conference before it answers",
    foundBy: "Status 0 comes after RspCreateConference",
    file: failover,
    before: "  answerCreate(draft, requestOf(message));\n  notifyRunning(draft, running);",
    after: "  notifyRunning(draft, running);\n  answerCreate(draft, requestOf(message));",
  },
  {
    name: "a conference that ended unnoticed is created anew (F5)",
    foundBy: "a conference that ended unnoticed is not created anew",
    file: "src/conference/lifecycle.ts",
    before: "if (!wasClosedUnnoticed(draft, message)) return beginCreate",
    after: "if (!wasClosedUnnoticed(draft, message) || message.confKey !== null) return beginCreate",
  },
  {
    name: "a lock is told before it is answered",
    foundBy: "RspUpdateConference before Status 2",
    file: reports,
    before:
      '      draft.answer(request, result);\n      if (result.done && head.phase === "running") setLocked(draft, head, command.type === "lock");',
    after:
      '      if (result.done && head.phase === "running") setLocked(draft, head, command.type === "lock");\n      draft.answer(request, result);',
  },
  {
    name: "a mute is told before it is answered",
    foundBy: "RspUpdateUser before NotifyUserChange",
    file: reports,
    before: "  draft.answer(pending.request, result);\n  answerGroup(draft, pending.group, result);",
    after:
      "  const before = draft.callers.get(command.call);\n  if (before && !before.left && result.done) applyMuted(draft, before, muted);\n" +
      "  draft.answer(pending.request, result);\n  answerGroup(draft, pending.group, result);",
  },
  {
    // Both answers are in one document, which cannot have a MsgID twice.
    name: "a mute is answered twice",
    foundBy: "what is posted is of the protocol",
    file: reports,
    before: "  draft.answer(pending.request, result);\n",
    after: "  draft.answer(pending.request, result);\n".repeat(2),
  },
  {
    name: "the return from a sub-conference is told before the caller's state",
    foundBy: "NotifyUserChange before RspCloseSubConference",
    file: "src/conference/parts/rooms.ts",
    before: "  notifyMuteState(draft, moved);\n  if (!from) return;",
    after: "  if (!from) return;",
  },
  {
    name: "what was held back for want of a name is forgotten",
    foundBy: "WebEx knows what is so",
    file: "src/conference/parts/callers.ts",
    before: "for (const { by = [], ...change } of held)",
    after: "for (const { by = [], ...change } of held.slice(0, 0))",
  },
  {
    name: "commands have no deadline",
    foundBy: "an answer comes in time",
    file: "src/conference/decide.ts",
    before: "for (const command of commands.values()) if (!command.expired) consider(command.answerBy);",
    after: "void commands;",
  },
  {
    name: "a bridge may be at work on a command for as long as it likes",
    foundBy: "an answer comes in time",
    file: "durable-objects/conference/command-sender.ts",
    before: "flatMap(([id, at]) => (at <= now ? [id] : []))",
    after: "flatMap(([id, at]) => (at + 10_000 <= now ? [id] : []))",
  },
  {
    name: "the edge does not hear when the bridge is given a command that had to wait",
    foundBy: "an answer comes in time",
    file: "bridge-agent/core/command-acks.ts",
    before: "if (deleteFrom(this.#waiting, conference, id)) this.#makeUrgent(conference, [id]);",
    after: "deleteFrom(this.#waiting, conference, id);",
  },
  {
    name: "a call that is answered enters before WebEx hears of it",
    foundBy: "RspCallout before NotifyUserEnter",
    file: "src/conference/parts/call-outs.ts",
    before: '  draft.answer(callOut.request, "ok");\n  draft.callOuts.set(callOut.call, picked);',
    after: "  draft.callOuts.set(callOut.call, { ...picked, request: callOut.request });",
  },
  {
    name: "a snapshot does not show who is muted",
    foundBy: "WebEx knows what is so",
    file: "src/conference/reconcile.ts",
    before: 'if (isMutedOnBridge(caller) !== found.muted && !draft.isBusy(call, "mute", "unmute")) {',
    after: "if (caller.muted !== found.muted && found.call === undefined) {",
  },
  {
    // The conference that WebEx let go on waits for its last caller, who has hung up.
    name: "a snapshot does not show who is gone",
    foundBy: "an empty conference ends",
    file: "src/conference/reconcile.ts",
    before: '    removeCaller(draft, known, failedEnd(known, "not-found"));\n',
    after: "    void [removeCaller, failedEnd, known];\n",
  },
  {
    name: "a snapshot does not show who speaks",
    foundBy: "whom WebEx holds for a speaker talks on the bridge",
    file: "src/conference/reconcile.ts",
    before: "if (!draft.callers.get(call) || before.includes(call) === now.has(call)) continue;",
    after: "if (before && now) continue;",
  },
  {
    name: "an agent acts before its journal says so",
    foundBy: "a command acts once",
    file: pendingCommands,
    before: "      this.#journal.begin(open.pending);\n",
    after: "",
  },
  {
    name: "an agent does not look before it acts again",
    foundBy: "a command acts once",
    file: pendingCommands,
    before: "if (isForBridge && isInEffect(view, conference, command)) {",
    after: "if (isForBridge && isInEffect(view, conference, command) && !view) {",
  },
  {
    name: "what a later command undid is carried out once more",
    foundBy: "a command acts once",
    file: pendingCommands,
    before: "else if (this.#isUndone(open, now)) settle(pending, { done: true });\n      else ",
    after: "else ",
  },
  {
    name: "a replaced agent that has not heard of it takes the bridge back",
    foundBy: "a command acts once",
    file: "simulators/bridge/agents.ts",
    before: "for (const other of isLate ? [agent] : rivals) {",
    after: "for (const other of rivals) {",
  },
  {
    name: "nobody acts when the active agent has closed its link",
    foundBy: "one of the connected agents acts",
    file: link,
    before: "  return then(act(state, input), (after) =>",
    after: '  return input.type === "closed" ? act(state, input) : then(act(state, input), (after) =>',
  },
  {
    name: "an agent that hands over is not told so",
    foundBy: ["one agent acts at a time", "an agent that was replaced leaves the bridge alone"],
    file: link,
    before: "? close(state, active.id, why) : unchanged(state);",
    after:
      '? unchanged(changed(state, { ...active, role: why === "handedOver" ? "standby" : active.role })) : unchanged(state);',
  },
  {
    name: "a standby acts before the link of the agent that hands over is closed",
    foundBy: "one agent acts at a time",
    file: link,
    before: "effects: [...first.effects, ...second.effects] };",
    after: "effects: [...second.effects, ...first.effects] };",
  },
  {
    name: "a hand over that is asked for twice is done twice",
    foundBy: "an agent hands over when it is asked to",
    file: relay,
    before: 'if (active.agent === from) this.#step({ type: "hand-over" });',
    after: 'this.#step({ type: "hand-over" });',
  },
  {
    name: "a restart forgets that a bridge is drained",
    foundBy: "a drained bridge takes no new conference",
    file: relay,
    before: '    this.#store.write("drainedSince", since);\n',
    after: "",
  },
  {
    name: "a repeated command acts again",
    foundBy: "a command acts once",
    file: pendingCommands,
    before: "if (!this.#journal.addCommand(pending, now)) return false;",
    after: "if (!this.#journal.addCommand(pending, now) && this.find(pending.conference, pending.id)) return false;",
  },
  {
    name: "reports without an ack are not sent again",
    foundBy: "no command is pending",
    file: "bridge-agent/core/reports.ts",
    before: "return this.#sent > 0 && now - this.#sentAt >= RESEND_AFTER_MS;",
    after: "return this.#sent > this.#waiting.length && now >= this.#sentAt;",
  },
  {
    name: "an agent that stood still acts at once",
    foundBy: "an agent that was replaced leaves the bridge alone",
    file: runningAgent,
    before: "if (this.#hasStoodStill()) this.#askAnew();",
    after: "",
  },
  {
    name: "the bridge goes on with what the agent before has asked for",
    foundBy: "a command acts once",
    file: "simulators/bridge/agents.ts",
    before: "for (const other of isLate ? [agent] : rivals) {",
    after: "for (const other of isLate ? [agent] : []) {",
  },
  {
    name: "two agents lead one caller in",
    foundBy: "a key acts once",
    file: "simulators/bridge/agents.ts",
    before: "(other) => other !== agent && other.acts?.owner === owner",
    after: '(other) => other !== agent && other.acts?.owner === ""',
  },
  {
    name: "an agent reports what is out of date when it is active again",
    foundBy: "a command acts once",
    file: agent,
    before: "if (!assignment.active || succeeds) {",
    after: "if (this.#stopping) {",
  },
  {
    name: "one of two agents acts while the edge is away",
    foundBy: "one of two agents acts with a link alone",
    file: "bridge-agent/core/role.ts",
    before: "return this.edgeUp || this.assignment.alone;",
    after: "return true;",
  },
  {
    name: "an epoch is used twice",
    foundBy: "an epoch begins once",
    file: link,
    before: "const epoch = state.epoch + 1;",
    after: "const epoch = Math.max(1, state.epoch);",
  },
  {
    name: "an agent without its bridge stays the active one",
    foundBy: "an agent without its bridge is replaced",
    file: link,
    before: "return active && nextStandby(state)?.health?.bridgeUp ?",
    after: "return active?.health?.bridgeUp ?",
  },
  {
    name: "a silent agent stays the active one",
    foundBy: ["a world comes to its end", "a silent agent is replaced"],
    file: relay,
    before: "if (silent.length > 0) ",
    after: "if (silent.length > ids.length) ",
  },
  {
    name: "the relay sets no alarm",
    foundBy: "a silent agent is replaced",
    file: relay,
    before: 'if (!isWatched && !links.some(({ role }) => role === "standby")) return;',
    after: "if (links.length > 0) return;",
  },
  {
    name: "the relay loses the epoch with its memory",
    foundBy: "an epoch begins once",
    file: relay,
    before: 'if (state.epoch !== before.epoch) this.#store.write("epoch", state.epoch);',
    after: "",
  },
  {
    name: "the relay takes every conference for the edge's own",
    foundBy: "a conference that the edge does not know goes on",
    file: relay,
    before: "if (this.#store.hasConference(conference, this.#ports.now())) {",
    after: "if (this.#store) {",
  },
  {
    name: "the relay loses its conferences with its memory",
    foundBy: ["no command is pending", "a pending command is sent again"],
    file: "durable-objects/relay/relay-store.ts",
    before: "const day = row ? Number(row.day) : null;",
    after: "const day = null;",
  },
  {
    name: "a relay that lost its sockets lets the other agent act at once",
    foundBy: "an agent that was replaced leaves the bridge alone",
    file: link,
    before: "if (wasActive === null || activeLink(state)) return state;",
    after: "if (wasActive === null || activeLink(state) || state.epoch > 0) return state;",
  },
  {
    name: "the relay acknowledges reports that the conference does not have",
    foundBy: "no command is pending",
    file: relay,
    before: "const upTo = await conference.report({ domain, bridge, confKey, stream, activeSince, cannot, reports });",
    after:
      "const upTo = reports.at(-1)?.number ?? 0;\n        this.#ack(said, upTo);\n        await conference.report({ domain, bridge, confKey, stream, activeSince, cannot, reports });",
  },
  {
    name: "a conference that hangs holds up its reports for ever",
    foundBy: ["no command is pending", "one agent is active and done"],
    file: "durable-objects/relay/keyed-queue.ts",
    before: "within(timers, limitMs,",
    after: "within(timers, limitMs * 1_000_000,",
  },
  {
    name: "a silent monitor enters with a voice",
    foundBy: "a silent monitor is silent",
    file: "bridge-agent/callers/keypads.ts",
    before: "const as = { muted: silent, joinTone: !silent, attendeeId, ...(host && ({ host } as const)) };",
    after: "const as = { muted: false, joinTone: !silent, attendeeId, ...(host && ({ host } as const)) };",
  },
  {
    name: "a dead connection is not noticed",
    foundBy: ["an agent that was replaced leaves the bridge alone", "one agent is active and done"],
    file: socket,
    before: "return this.#options.timers.after(ms, () =>",
    after: "return this.#options.timers.after(ms, () => this.#failures < 0 &&",
  },
  {
    name: "a lost connection is not made anew",
    foundBy: ["no command is pending", "one agent is active and done"],
    file: socket,
    before: "this.#cancelNext = timers.after(pause, () => this.connect());",
    after: "if (this.#failures < 3) this.#cancelNext = timers.after(pause, () => this.connect());",
  },
  {
    name: "an agent does not hear that its link is lost",
    foundBy: "one of two agents acts with a link alone",
    file: "bridge-agent/link/edge-link.ts",
    before: "if (this.#welcomed) this.#options.lost();",
    after: "",
  },
  {
    name: "an agent answers no challenge",
    foundBy: ["no command is pending", "one agent is active and done"],
    file: "bridge-agent/link/edge-link.ts",
    before: 'this.#challenge = reason === "replayed" ? why : "";',
    after: "",
  },
  {
    name: "a bridge that gives no result is asked for ever",
    foundBy: "no command is pending",
    file: "bridge-agent/drivers/generic.ts",
    before: '        resolve("too-slow");\n        this.#socket.end(',
    after: "        void (",
  },
  {
    name: "an agent goes on after its journal failed",
    foundBy: "no command is pending",
    file: runningAgent,
    before: "      void this.#close();\n      return this.#ports.journalFailed(turned.error);",
    after: "      return;",
  },
  {
    name: "commands of one call overtake each other",
    foundBy: ["a command acts once", "no command overtakes an earlier one"],
    file: "bridge-agent/core/topic-queue.ts",
    before: "return place.waitsFor === 0;",
    after: "return place.waitsFor < 2;",
  },
  {
    name: "a refused admission leaves the caller at the prompt",
    foundBy: "nobody is left on the line",
    file: "bridge-agent/callers/keypads.ts",
    before: "    this.#hangUpOnCaller(leg, refusedAs(reason));\n",
    after: "",
  },
  {
    name: "a caller's mute is not reported",
    foundBy: "WebEx's roster follows the bridge",
    file: events,
    before: 'if (origin === "keypad") this.#reports.addEvent(conference, { type: "caller-muted", call, muted });',
    after:
      'if (origin === "keypad" && !leg) this.#reports.addEvent(conference, { type: "caller-muted", call, muted });',
  },
  {
    name: "commands of one call are carried out side by side",
    foundBy: ["a command acts once", "no command overtakes an earlier one"],
    file: "bridge-agent/core/topic-queue.ts",
    before: "      if (line.last) follow(line.last, place);",
    after: '      if (line.last && !name.startsWith("call ")) follow(line.last, place);',
  },
  {
    name: "who is in a sub-conference is told before the callers (F7)",
    foundBy: "NotifyJoinSubConference comes after NotifyUserEnter",
    file: failover,
    before:
      "  notifyRunning(draft, running); // Also with a sub-conference in progress (protocol section 5, row 14).\n",
    after: "  notifyRunning(draft, running);\n  notifyRooms(draft);\n",
  },
  {
    name: "a sub-conference is told after who is in it (F7)",
    foundBy: "NotifySubConferenceChange before NotifyJoinSubConference",
    file: rooms,
    before:
      '  notifyRoom(draft, room, "in-progress");\n  for (const { room: where, left, extCallId } of draft.callers.values()) {',
    after: "  for (const { room: where, left, extCallId } of draft.callers.values()) {",
  },
  {
    name: "a closed sub-conference is answered before its calls are back",
    foundBy: "NotifyUserChange before RspCloseSubConference",
    file: rooms,
    before: '  if (room?.stage !== "closing" || room.retryAt !== undefined) return;\n',
    after:
      '  if (room?.stage !== "closing" || room.retryAt !== undefined) return;\n  draft.answer(room.closeRequest?.request ?? null, "ok");\n',
  },
  {
    name: "a move into a sub-conference is told before it is answered",
    foundBy: "RspAddToSubConference before NotifySubConfCallChange",
    file: rooms,
    before: "  draft.answer(request, result);\n  const from = draft.rooms.get(caller.room);\n",
    after:
      "  const from = draft.rooms.get(caller.room);\n  const into = draft.rooms.get(to);\n" +
      "  if (result.done && into) {\n    enterRoom(draft, caller, into);\n    return draft.answer(request, result);\n  }\n  draft.answer(request, result);\n",
  },
  {
    name: "a return from a sub-conference is told before it is answered",
    foundBy: "RspRemoveFromSubConference before NotifySubConfCallChange",
    file: rooms,
    before: "  draft.answer(request, result);\n  const from = draft.rooms.get(caller.room);\n",
    after:
      "  const from = draft.rooms.get(caller.room);\n  if (result.done && to === MAIN_ROOM) {\n    returnToMain(draft, caller, from, request);\n" +
      "    return draft.answer(request, result);\n  }\n  draft.answer(request, result);\n",
  },
  {
    name: "a sub-conference is told before it is answered",
    foundBy: "RspCreateSubConference before NotifySubConferenceChange",
    file: rooms,
    before: "  draft.answer(request, result);\n  if (!result.done) {\n    draft.answer(room.closeRequest",
    after:
      '  if (result.done) notifyRoom(draft, room, "created");\n  draft.answer(request, result);\n  if (!result.done) {\n    draft.answer(room.closeRequest',
  },
  {
    name: "a dropped caller is told as gone before the answer",
    foundBy: "RspDropUser before Status 2",
    file: reports,
    before: '    case "expel": {\n      draft.answer(request, result);\n',
    after:
      '    case "expel": {\n      const gone = draft.callers.get(command.call);\n      if (gone && !gone.left && result.done) removeCaller(draft, gone, expelledEnd(gone));\n      draft.answer(request, result);\n',
  },
  {
    name: "a dialled call enters twice",
    foundBy: "a call enters once",
    file: "src/conference/parts/call-outs.ts",
    before: "if (!callOut.privately) return placeCaller(draft, callOut, MAIN_ROOM);",
    after:
      "if (!callOut.privately) {\n    placeCaller(draft, callOut, MAIN_ROOM);\n    return notifyEntered(draft, newCaller(draft, callOut, MAIN_ROOM));\n  }",
  },
  {
    name: "a caller that presses the mute key on the way in is told as unmuted",
    foundBy: ["WebEx knows what is so", "WebEx's roster follows the bridge"],
    file: "src/conference/parts/callers.ts",
    before: 'if (known && arrival.muted && !arrival.silent) notifyChange(draft, known, { status: "muted" });',
    after: "",
  },
  {
    name: "a phone that rings is rung again",
    foundBy: ["a command acts once", "a number is dialled once"],
    file: "src/bridge/command-rules.ts",
    before: "isInEffect: ({ call }) => call !== undefined, // Also when it has ended: nobody is rung twice.",
    after: 'isInEffect: ({ call }) => call?.stage === "answered",',
  },
  {
    name: "a conference is locked before it runs",
    foundBy: "Status 0 comes before Status 2",
    file: "src/conference/server/conference-status.ts",
    before: '  notifyStatus(draft, "running");\n  if (head.locked) notifyStatus(draft, "locked");\n',
    after: '  if (head.locked) notifyStatus(draft, "locked");\n  notifyStatus(draft, "running");\n',
  },
  {
    name: "a conference without WebEx never ends",
    foundBy: "an empty conference ends",
    file: "src/conference/lifecycle.ts",
    before: "if (head.retryEndAt !== undefined || head.keptUntil !== undefined) return;",
    after: "if (head.retryEndAt !== undefined || head.keptUntil !== undefined || head.host) return;",
  },
  {
    name: "a message that nobody knows is answered as not supported",
    foundBy: "an unknown message is answered so",
    file: "src/conference/requests.ts",
    before: '"unknown-message"',
    after: '"not-supported"',
  },
  {
    name: "a call-out that failed enters when it is picked up after all",
    foundBy: "no NotifyUserEnter after a failed call-out",
    file: "src/conference/parts/private-talk.ts",
    before: 'if (callOut.stage === "dropping") return hangUp(draft, callOut);',
    after: "",
  },
  {
    name: "an ended conference still tells of its callers",
    foundBy: "nothing follows the end",
    file: "src/conference/lifecycle.ts",
    before: '  notifyStatus(draft, "ended");\n  end(draft, how);\n  createWaiting',
    after: '  notifyStatus(draft, "ended");\n  notifyStatus(draft, "running");\n  end(draft, how);\n  createWaiting',
  },
  {
    name: "speakers are reported to a server that did not ask",
    foundBy: "speakers are told to those who asked",
    file: failover,
    before: "reporting: false, reported: []",
    after: "reported: []",
  },
  {
    name: "a speaker without a name is reported",
    foundBy: ["whom WebEx holds for a speaker talks on the bridge", "speakers have entered"],
    file: "src/conference/parts/speakers.ts",
    before: "const { extCallId, heardInTalk } = draft.callers.get(call) ?? {};",
    after:
      "const { extCallId = undefined, heardInTalk = undefined } = draft.callers.find((one) => one.extCallId !== null && one.call !== call) ?? {};",
  },
  {
    name: "an answer goes to the server that has the conference",
    foundBy: "who asked is answered",
    file: "src/conference/draft.ts",
    before: "const host = request.replyTo ?? ongoing?.host ?? null;",
    after: "const host = ongoing?.host ?? request.replyTo ?? null;",
  },
  {
    name: "results of another bridge count",
    foundBy: "an end is told of a conference that is over",
    file: reports,
    before: "if (bridge !== null && (command.bridge ?? bridge) !== (otherBridge ?? bridge)) return false;",
    after: "",
  },
  {
    name: "events of another bridge count",
    foundBy: [
      "RspUpdateUser before NotifyUserChange",
      "RspDropUser before Status 2",
      "WebEx knows what is so",
      "no bridge conference outlives its conference",
    ],
    file: "durable-objects/conference/conference-commit.ts",
    before: "const elsewhere = store.isElsewhere(bridge) && { elsewhere: bridge };",
    after: "const elsewhere = store.isElsewhere(bridge) && reports.length > 9 && { elsewhere: bridge };",
  },
  {
    name: "the relay of one domain tells the conferences of another",
    foundBy: ["no command overtakes an earlier one", "no command is pending", "a command acts once"],
    file: relay,
    before: "const conference = this.#ports.conference(domain, confKey);",
    after: 'const conference = this.#ports.conference(domain === "other" ? ("local" as DomainName) : domain, confKey);',
  },
  {
    name: "an agent is believed without a signature",
    foundBy: "nobody poses as an agent",
    file: "src/link/hello.ts",
    before:
      'if (homes.length === 0 || !(await isSigned(hello.key, helloText(hello), hello.signature))) return "wrongKey";',
    after: 'if (homes.length === 0 || typeof isSigned !== "function") return "wrongKey";',
  },
  {
    name: "an old hello is good for a socket",
    foundBy: "nobody poses as an agent",
    file: relay,
    before: 'if (challenge !== wanted) return refusal("replayed", wanted);',
    after: 'if (challenge === "") return refusal("replayed", wanted);',
  },
  {
    name: "a key of another bridge is good here",
    foundBy: "nobody poses as an agent",
    file: "src/link/hello.ts",
    before: "const atBridge = inDomain.filter(({ bridge }) => bridge === place.bridge && bridge === hello.bridge);",
    after: "const atBridge = inDomain.map((home) => ({ ...home, agent: hello.agent }));",
  },
  {
    name: "the host is left in the room of a talk that is over",
    foundBy: "nobody stays in a room without a talk",
    file: "src/conference/parts/private-talk.ts",
    before: 'if (!callsInside(draft, talk).includes(call) || draft.isBusy(call, "move", "expel")) return;',
    after: "if (!callsInside(draft, talk).includes(call) || call === talk.host) return;",
  },
  {
    name: "an invitee who is left alone stays alone",
    foundBy: "nobody is alone in a private talk",
    file: "src/conference/parts/private-talk.ts",
    before: "aloneUntil: draft.at + ALONE_MS }",
    after: "aloneUntil: draft.at + 1_000 * ALONE_MS }",
  },
  {
    name: "the host of a private talk comes back unmuted",
    foundBy: "WebEx knows what is so",
    file: "src/conference/parts/private-talk.ts",
    before: "if (caller?.muted && isLifted) draft.issue(",
    after: "if (caller?.muted && isLifted && latest) draft.issue(",
  },
  {
    name: "a conference without WebEx stays apart",
    foundBy: "a conference without WebEx is together",
    file: "src/conference/lifecycle.ts",
    before: "  closeAllRooms(draft);\n",
    after: "",
  },
  {
    name: "an agent may say too little",
    foundBy: "an honest agent may say what it says",
    file: "src/link/messages.ts",
    before: "messages: { burst: 10_000, perSecond: 5_000 },",
    after: "messages: { burst: 20, perSecond: 2 },",
  },
  {
    name: "a close is answered, and nothing is ended",
    foundBy: "no bridge conference outlives its conference",
    file: "src/conference/lifecycle.ts",
    before: "    else beginEnd(draft, head, requests, { ...(!head.attached && { isAsked: true }) });\n",
    after: '    else for (const request of requests) draft.answer(request, "ok");\n',
  },
  {
    name: "a merge is told of the wrong caller",
    foundBy: "WebEx knows what is so",
    file: reports,
    before: "withCaller(draft, event.call, (caller) => applyAttendeeId(draft, caller, event));",
    after:
      'withCaller(draft, event.call, (caller) => removeCaller(draft, { ...caller, attendeeId: event.attendeeId }, reportedEnd(draft, caller, "hung-up")));',
  },
  {
    name: "an agent acts while its journal cannot be written",
    foundBy: "an agent acts only with its journal",
    file: "bridge-agent/core/journal.ts",
    before: "        return statement.run(...values);\n",
    after:
      "        try {\n          return statement.run(...values);\n        } catch {\n          return { changes: 1, lastInsertRowid: 0 };\n        }\n",
  },
  {
    name: "a document with an unknown message is refused",
    foundBy: "good documents are confirmed",
    file: "src/tsp/read.ts",
    before: "      message = readUnknownMessage(element, vocabulary);",
    after:
      '      message = readUnknownMessage(element, vocabulary);\n      if (messages.length > 0) return err({ result: "attribute-missing", detail: "unknown" });',
  },
  {
    name: "a Confirmation drops the zero at the end of its TransID",
    foundBy: "a Confirmation repeats the TransID",
    file: "src/tsp/codec.ts",
    before: "return wrap(writing.documentNames.confirmation, transId,",
    after: 'return wrap(writing.documentNames.confirmation, transId.replace(/0$/, ""),',
  },
  {
    name: "a message that wants no answer gets one",
    foundBy: "an answer is to a request",
    file: "src/conference/requests.ts",
    before: '    case "message-refused": // Nothing follows (protocol 2.2.11).\n',
    after: '    case "message-refused":\n      draft.answer({ type: "unknown", msgId: message.msgId }, "ok");\n',
  },
  {
    name: "who speaks is told when there is nothing to tell",
    foundBy: "what is posted is of the protocol",
    file: "src/conference/parts/speakers.ts",
    before: "  if (changed.length === 0) return false;\n",
    after: "",
  },
  {
    name: "a notification names the conference by its key",
    foundBy: "a notification has a known handle",
    file: "src/conference/draft.ts",
    before: "extConfId: ongoing.extConfId, ...notification",
    after: 'extConfId: (ongoing.extConfId, this.context.confKey) as string as Ongoing["extConfId"], ...notification',
  },
  {
    name: "a new server hears of the callers before it hears of the conference (F2)",
    foundBy: "NotifyUserEnter comes after Status 0",
    file: failover,
    before:
      "  notifyRunning(draft, running); // Also with a sub-conference in progress (protocol section 5, row 14).\n  for (const caller of draft.callers.values()) {\n" +
      "    // A call that left before the old server had named it does not concern the new one.\n    if (caller.left) draft.callers.delete(caller.call);\n" +
      "    // Two entries of one call under the same handle would make two names of it.\n" +
      "    else notifyEntered(draft, { ...caller, held: [] }, { firstMsgId: isOther ? null : caller.enterMsgId });\n  }\n",
    after:
      "  for (const caller of draft.callers.values()) {\n    if (caller.left) draft.callers.delete(caller.call);\n" +
      "    else notifyEntered(draft, { ...caller, held: [] });\n  }\n  notifyRunning(draft, running);\n",
  },
  {
    name: "what was held back for want of a name is told from its end",
    foundBy: "a change is of a call that entered",
    file: "src/conference/parts/callers.ts",
    before: "for (const { by = [], ...change } of held)",
    after: "for (const { by = [], ...change } of held.toReversed())",
  },
  {
    name: "the return of a caller is told before its state",
    foundBy: "NotifyUserChange before NotifySubConfCallChange",
    file: rooms,
    before: "  notifyMuteState(draft, moved);\n  if (!from) return;",
    after:
      '  if (from && request) notifyRoomCall(draft, moved, from, "returned");\n  notifyMuteState(draft, moved);\n  if (!from || request) return;',
  },
  {
    name: "who leaves from a sub-conference is told as returned",
    foundBy: "a move is of a call that entered",
    file: "src/conference/parts/callers.ts",
    before: '  notifyChange(draft, { ...caller, left: true }, { status: "left" });\n',
    after:
      '  notifyChange(draft, { ...caller, left: true }, { status: "left" });\n  const { subConfId } = draft.rooms.get(caller.room) ?? {};\n' +
      '  if (subConfId && caller.extCallId) draft.notify({ type: "sub-conference-call-changed", subConfId, extCallId: caller.extCallId, action: "returned" });\n',
  },
  {
    name: "an agent takes every conference for its owner's",
    foundBy: ["what is another owner's is left alone", "what is another owner's is not told"],
    file: ownership,
    before: "owner === this.#identity.owner);",
    after: "owner !== null);",
  },
  {
    name: "an agent takes every caller at the prompt for its owner's",
    foundBy: "what is another owner's is left alone",
    file: ownership,
    before: "return this.#identity.dialIn?.includes(dialled) ?? true;",
    after: "return this.#identity.dialIn?.includes(dialled) !== null;",
  },
  {
    name: "an agent tells the locks of all conferences",
    foundBy: "what is another owner's is not told",
    file: ownership,
    before: '      case "lock-changed":\n        return this.#conferences.has(event.conference);\n',
    after:
      '        return this.#conferences.has(event.conference);\n      case "lock-changed":\n        return true;\n',
  },
  {
    name: "a conference that the bridge has lost goes on",
    foundBy: "a conference that runs is on the bridge",
    file: "src/conference/reconcile.ts",
    before: "    return endAsLost(draft);\n",
    after: "    return;\n",
  },
  {
    name: "a snapshot tells the state of each caller anew",
    foundBy: "what is quiet stays quiet",
    file: "src/conference/reconcile.ts",
    before: 'if (isMutedOnBridge(caller) !== found.muted && !draft.isBusy(call, "mute", "unmute")) {',
    after: 'if (!draft.isBusy(call, "mute", "unmute")) {',
  },
  {
    name: "an ack for a conference that is over breaks the agent",
    foundBy: "nothing is thrown",
    file: "bridge-agent/core/reports.ts",
    before: "    if (conference?.stream.id !== stream) return true; // The ack is of a stream that was replaced.\n",
    after:
      '    if (!conference) throw new Error("an ack for no conference");\n    if (conference.stream.id !== stream) return true;\n',
  },
  {
    name: "nobody hears that a relay could not be reached",
    foundBy: "no rejection goes unhandled",
    file: sender,
    before: "      this.#wakeForNext();\n    }\n  }\n",
    after: "      this.#wakeForNext();\n      throw error;\n    }\n  }\n",
  },
  {
    name: "a silent agent is given up a millisecond after the alarm for it",
    foundBy: "a world comes to its end",
    file: relay,
    before: "at - this.#lastSeen(id) >= SILENCE_MS",
    after: "at - this.#lastSeen(id) > SILENCE_MS",
  },
  {
    name: "the relay asks about a digest before it knows whose conference it is",
    foundBy: "a conference that the edge does not know goes on",
    file: relay,
    before: '    } else if (said.type === "digest") this.#confirmDigest(said);\n',
    after:
      '    } else if (said.type === "digest" && this.#identity) {\n' +
      "      const { domain, bridge } = this.#identity;\n" +
      "      this.#ports.conference(domain, conference).compareDigest(bridge, said.digest).catch(() => {});\n" +
      "    }\n",
  },
  {
    name: "an ack does not lower the number of reports without one",
    foundBy: "one agent is active and done",
    file: "bridge-agent/core/reports.ts",
    before: "    this.#unacknowledged -= deleted;\n",
    after: "",
  },
  {
    name: "commands that are sent together are sent in reverse",
    foundBy: "no command overtakes an earlier one",
    file: sender,
    before: "return commands.filter((command) => going.has(command));",
    after: "return commands.toReversed().filter((command) => going.has(command));",
  },
  {
    name: "a speaker who left is told as silent",
    foundBy: "speakers have entered",
    file: "src/conference/parts/callers.ts",
    before: "  removeSpeaker(draft, call);\n",
    after:
      "  const { head } = draft;\n" +
      '  if (head.phase === "running" && head.speech?.reporting && head.speech.reported.includes(call) && caller.extCallId)\n' +
      '    draft.notify({ type: "speaking-changed", extCallIds: [caller.extCallId], speaking: [false] });\n' +
      "  removeSpeaker(draft, call);\n",
  },
  {
    name: "a number that is busy is dialled again",
    foundBy: "a number is dialled once",
    file: "src/conference/parts/call-outs.ts",
    before: "  draft.answer(callOut.request, endResults[reason]);\n",
    after:
      "  draft.answer(callOut.request, endResults[reason]);\n" +
      '  if (reason === "busy") draft.issue({ type: "dial", call: draft.newId() as CallId, number: callOut.number, waitMs: 5_000 });\n',
  },
  {
    name: "a caller who keys nothing stays at the prompt",
    foundBy: "nobody is left on the line",
    file: "bridge-agent/callers/keypads.ts",
    before: "        return this.#hangUpOnCaller(leg, hangUpReasons[action.why]);\n",
    after: "        return;\n",
  },
  {
    name: "a restored object fails when it cannot write",
    foundBy: "no alarm fails",
    file: outbox,
    before: "    this.#seq = this.rows.at(-1)?.seq ?? 0;\n",
    after: "    this.#seq = this.rows.at(-1)?.seq ?? 0;\n    this.#store.transaction(() => {});\n",
  },
  {
    name: "an alarm whose write fails is left to the platform",
    foundBy: "no alarm fails",
    file: relay,
    before: "    return this.#alarm.fired(() => {\n      this.#replaceUseless();\n      this.#noticeAbsences();\n",
    after:
      "    return this.#alarm.fired(() => {}).then(() => {\n      this.#replaceUseless();\n      this.#noticeAbsences();\n",
  },
  {
    name: "an alarm that cannot be set breaks what comes after it",
    foundBy: ["no alarm fails", "no rejection goes unhandled"],
    file: alarm,
    before: "      this.#setLater(at, error);\n",
    after: "      throw error;\n",
  },
  {
    name: "a keyed attendee ID counts each time that it is reported",
    foundBy: "a keyed attendee ID is told once",
    file: "src/conference/parts/callers.ts",
    before: "  if (identifications.includes(id)) return;\n",
    after: "",
  },
  {
    name: "a checkpoint leaves what was deleted",
    foundBy: ["outboxes are empty", "a request is answered once", "a repeat has the same bytes"],
    file: store,
    before: '        this.#sql.exec("DELETE FROM entry WHERE key = ?", key);\n',
    after: "",
  },
  {
    name: "a restored conference misses the row behind its checkpoint",
    foundBy: "no command is pending",
    file: store,
    before: "WHERE seq > ? AND changes IS NOT NULL",
    after: "WHERE seq > ? + 1 AND changes IS NOT NULL",
  },
  {
    name: "what a failed transaction changed stays in memory",
    foundBy: "a repeat has the same bytes",
    file: store,
    before: "        this.#load();\n        this.#progress = progress;\n",
    after: "        this.#progress = progress;\n",
  },
  {
    name: "an agent that was restarted gives a report number twice",
    foundBy: "no command is pending",
    file: "bridge-agent/core/journal.ts",
    before: "      saveNext.run(upTo + 1, conference);\n",
    after: "",
  },
  {
    name: "digests are never sent",
    foundBy: "a digest finds what no event told",
    file: "bridge-agent/core/digests.ts",
    before: "this.#waiting = [...this.#series.values()].filter(({ dueIn }) => dueIn <= this.#round);",
    after: "this.#waiting = [];",
  },
  {
    name: "the relay confirms a digest that differs",
    foundBy: "a digest finds what no event told",
    file: relay,
    before: 'if (found === "same") return this.#confirmDigest(said);',
    after: 'if (found !== "undecided") return this.#confirmDigest(said);',
  },
  {
    name: "a sweep lets nobody compare",
    foundBy: "a conference that runs is on the bridge",
    file: conference,
    before: "if (bridge === null || digest === null) return;",
    after: "if (bridge === null || digest === null || digest) return;",
  },
  {
    name: "an agent never answers a sweep",
    foundBy: "a conference that runs is on the bridge",
    file: events,
    before: "unless === null || (this.#isQuiet(key) && unless !== digestIn(view, key))",
    after: "unless === null",
  },
  {
    name: "an agent forgets whom a key has muted",
    foundBy: "a mute key switches",
    file: events,
    before: "if (leg) leg.muted = muted;",
    after: 'if (leg && origin === "edge") leg.muted = muted;',
  },
  {
    name: "an agent does not see whom the bridge has muted",
    foundBy: "a mute key switches",
    file: events,
    before: "    this.#legs.showEntered(state.calls);\n",
    after: "",
  },
  {
    name: "a mute key overlooks what is under way",
    foundBy: "a mute key switches",
    file: "bridge-agent/callers/keypads.ts",
    before: "this.#pending.willMute(leg.conference, call, now) ?? leg.muted;",
    after: "leg.muted;",
  },
  {
    name: "the keys of a caller are replayed after a gap",
    foundBy: "a caller enters the conference that it keyed last",
    file: "src/bridge/keypad.ts",
    before: "for (const key of again)",
    after: "for (const key of keys)",
  },
  {
    name: "a key that was keyed before a gap is not in doubt",
    foundBy: "a caller enters the conference that it keyed last",
    file: "src/bridge/keypad.ts",
    before: "? { ...keypad, inDoubt: true }",
    after: "? { ...keypad, inDoubt: false }",
  },
  {
    name: "a silent monitor who was dialled has a mute key",
    foundBy: "a silent monitor is silent",
    file: events,
    before: "effect.as?.silent ?? false",
    after: "false",
  },
  {
    name: "a silent monitor who was dialled has a mute key after a gap",
    foundBy: "a silent monitor is silent",
    file: "bridge-agent/callers/legs.ts",
    before: "inside(callerOf(call).silent)",
    after: 'inside(call.direction === "in" && callerOf(call).silent)',
  },
  {
    name: "the bridge is not told what another server's create brings",
    foundBy: "the latest create counts",
    file: failover,
    before: "  renewEntryRules(draft, head);\n",
    after: "",
  },
  {
    name: "an agent that takes over does not know who is a silent monitor",
    foundBy: "a silent monitor is silent",
    file: events,
    before: "const anonymousId = shown.anonymousId ?? known?.anonymousId ?? null;",
    after: "const anonymousId = (known && shown.anonymousId) ?? known?.anonymousId ?? null;",
  },
  {
    name: "a restart forgets which actions of operators were taken",
    foundBy: "an operator's action acts once",
    file: store,
    before: "...[this.#seq, this.#lastAt, input && nameOf(input)],",
    after: '...[this.#seq, this.#lastAt, input?.type === "webex" ? nameOf(input) : null],',
  },
  {
    name: "an action of an operator is taken before it is on disk",
    foundBy: "an operator's action comes to its end",
    file: conference,
    before: '    await this.#commits.submit({ type: "operator", action });\n',
    after: '    this.#commits.submit({ type: "operator", action }).catch(() => {});\n    return "done";\n',
  },
  {
    name: "WebEx is not told whom an operator mutes",
    foundBy: ["WebEx's roster follows the bridge", "WebEx knows what is so"],
    file: reports,
    before: "  if (pending.unreported) setMuteState(draft, known, muted);\n  else",
    after:
      '  if (pending.unreported || pending.by?.some(({ type }) => type === "action")) setMuteState(draft, known, muted);\n  else',
  },
  {
    name: "WebEx does not learn into which room an operator moves a call",
    foundBy: ["WebEx's roster follows the bridge", "WebEx knows what is so"],
    file: rooms,
    before: "  else if (from && from.room !== to) changeRoom(draft, moved, from, room);\n",
    after: "  else if (from && from.room !== to) void changeRoom;\n",
  },
  {
    name: "a conference takes facts for acknowledged before the directory has answered",
    foundBy: ["each call that is over has one record", "each conference that is over has one record"],
    file: directoryFeed,
    before: "    const facts = await this.#withTopics(page.facts);\n",
    after:
      "    const facts = await this.#withTopics(page.facts);\n    this.#subject.store.setDirectoryProgress({ told: page.upTo, place: page.place });\n",
  },
  {
    name: "a conference loses how far the directory has its facts",
    foundBy: "each call that is over has one record",
    file: directoryFeed,
    before: "    store.setDirectoryProgress({ told: row, place, isWatched }, isLast || isNewlyWatched);\n",
    after: "    store.setDirectoryProgress({ told: upTo + 1, place, isWatched }, isLast || isNewlyWatched);\n",
  },
  {
    name: "a directory takes each fact for new that comes again",
    foundBy: ["each call that is over has one record", "each conference that is over has one record"],
    file: directory,
    before: "page.facts.filter(({ row }) => row > cursor.row)",
    after: "page.facts.filter(({ row }) => row > cursor.row - 5)",
  },
  {
    name: "a directory that was restarted does not look whether it has a record",
    foundBy: ["each call that is over has one record", "each conference that is over has one record"],
    file: "durable-objects/directory/record-store.ts",
    before: "(this.#read.get(identityOf(record)) ?? 0) > readBehind;",
    after: "(this.#read.get(identityOf(record)) ?? 0) > readBehind + 1e9;",
  },
  {
    name: "webhooks are not told of what comes soon after what they were told of",
    foundBy: "receivers of webhooks hear of each fact",
    file: "src/records/new-webhooks.ts",
    before: "placed.row <= heardUpTo) continue;",
    after: "placed.row <= heardUpTo + 3) continue;",
  },
  {
    name: "a directory that was restarted takes facts for the whole conference",
    foundBy: "the directory shows what is so",
    file: directory,
    before: "    return view === undefined ? null : after;\n",
    after: "    return view === undefined && place === null ? null : after;\n",
  },
  {
    name: "a conference that begins when another ends has no record of the first",
    foundBy: "each conference that is over has one record",
    file: "src/conference/lifecycle.ts",
    before: '  draft.fact({ kind: "conference-ended", ',
    after:
      '  if (draft.head.phase === "running" && !draft.head.closing?.next.length)\n    draft.fact({ kind: "conference-ended", ',
  },
  {
    name: "a record forgets calls that left before WebEx named them",
    foundBy: "each call that is over has one record",
    file: "src/conference/parts/callers.ts",
    before: "  callOver(draft, caller, end);",
    after: "  if (enterMsgId === null) callOver(draft, caller, end);",
  },
  {
    name: "a record takes a call that was dialled for one that came in",
    foundBy: "a record is of a call of the bridge",
    file: "src/conference/records.ts",
    before: 'direction: isOut ? "out" : "in"',
    after: 'direction: "in"',
  },
  {
    name: "a record lacks the number that its caller dialled",
    foundBy: "a record is of a call of the bridge",
    file: "bridge-agent/core/conference-events.ts",
    before: '(dialled !== "" && { dialled })',
    after: '(dialled === "" && { dialled })',
  },
  {
    name: "a record forgets its meeting's name",
    foundBy: "a record has its meeting's name",
    file: "src/conference/lifecycle.ts",
    before: "...newLife(draft), topic,",
    after: "...newLife(draft),",
  },
  {
    name: "the fact of a mute is missing where it is not told",
    foundBy: "facts and state agree",
    file: "src/conference/reports.ts",
    before: "if (pending.unreported) setMuteState(draft, known, muted);",
    after: "if (pending.unreported) draft.callers.set(known.call, { ...known, muted });",
  },
  {
    name: "the fact of a move that a snapshot has found is missing",
    foundBy: "facts and state agree",
    file: "src/conference/parts/callers.ts",
    before: '  draft.fact({ kind: "call-moved", call: caller.call, room });',
    after: '  if (draft.by[0]?.type !== "repair") draft.fact({ kind: "call-moved", call: caller.call, room });',
  },
  {
    name: "the fact of a command that has no result any more is missing",
    foundBy: "facts and state agree",
    file: "src/conference/lifecycle.ts",
    before: '    draft.fact({ kind: "command-failed", command: id, type: command.type, why: "conference-over" });\n',
    after: "",
  },
  {
    name: "the fact of a Confirmation is missing where more than one is on its way to disk",
    foundBy: "facts and state agree",
    file: outbox,
    before: "[...confirmed.values()].map(({ fact }) => fact));",
    after: "[...confirmed.values()].slice(0, 1).map(({ fact }) => fact));",
  },
  {
    name: "the fact of what was withdrawn with a lost server is missing",
    foundBy: "facts and state agree",
    file: "src/conference/transaction.ts",
    before: "  facts.push(...dropped(rows, kept));",
    after: '  if (input.type !== "undelivered") facts.push(...dropped(rows, kept));',
  },
  {
    name: "the fact of a message names another document",
    foundBy: "facts and state agree",
    file: "src/conference/transaction.ts",
    before: "const row = rows.findLast(({ messages }) => messages.includes(message));",
    after: "const row = rows.find(({ host: its }) => its === host);",
  },
  {
    name: "a conference stays listed when its record is there",
    foundBy: "the directory lists the conferences that run",
    file: directory,
    before: "this.#store.add(record, at, isItsEnd ? (own?.id ?? null) : null)",
    after: "this.#store.add(record, at, null)",
  },
  {
    name: "a replaced server acts under its former handle",
    foundBy: "a replaced server changes nothing",
    file: requests,
    before: '  const verdict = isReplaced(draft, message) ? underFormerHandle[message.type] : "applied";\n',
    after:
      "  const { ongoing } = draft;\n" +
      '  if (ongoing && isReplaced(draft, message) && message.type !== "create-conference")\n' +
      "    return applyCurrent(draft, { ...message, extConfId: ongoing.extConfId } as FromWebex);\n" +
      '  const verdict = isReplaced(draft, message) ? underFormerHandle[message.type] : "applied";\n',
  },
  {
    name: "a replaced server is told that its request succeeded",
    foundBy: "a replaced server changes nothing",
    file: requests,
    before: '  "drop-caller": "no-such-conference",\n',
    after: '  "drop-caller": "ok",\n',
  },
  {
    name: "a lack of ids refuses the document",
    foundBy: "good documents are confirmed",
    file: "durable-objects/ids/id-supply.ts",
    before: "round === mostRounds",
    after: "round <= mostRounds",
  },
  {
    name: "a replaced server is not answered",
    foundBy: "each request is answered",
    file: "src/conference/draft.ts",
    before: "      this.post({ host, message: answer, oneAttempt: true });\n",
    after: '      this.note("an answer to a replaced server is dropped");\n',
  },
  {
    name: "answers that wait for a replaced server are dropped",
    foundBy: "each request is answered",
    file: queue,
    before: "    if (!drop.keepsAnswers || answers.length === 0 || isTried) return [];\n",
    after: "    if (!drop.keepsAnswers || answers.length < 1_000 || isTried) return [];\n",
  },
  {
    name: "what a replaced server is owed is posted all at once",
    foundBy: "one post in flight",
    file: queue,
    before: "const destination = destinationOf(row);",
    after: "const destination = row.oneAttempt ? row.transId : destinationOf(row);",
  },
  {
    name: "a probe goes on although a create has told of the end",
    foundBy: "a replaced server gets answers alone",
    file: "src/conference/lifecycle.ts",
    before: "if (probe) draft.dropNotifications(host);",
    after: "if (!probe) draft.dropNotifications(host);",
  },
  {
    name: "what was given up is owed to nobody",
    foundBy: "WebEx knows what is so",
    file: resync,
    before: '  for (const message of lost) if (message.type !== "client-data") draft.owe(message);\n',
    after:
      '  for (const message of lost) if (message.type !== "client-data" && "result" in message) draft.owe(message);\n',
  },
  {
    name: "answers that were given up are owed to nobody",
    foundBy: "each request is answered",
    file: resync,
    before: '  for (const message of lost) if (message.type !== "client-data") draft.owe(message);\n',
    after:
      '  for (const message of lost) if (message.type !== "client-data" && !isAnswer(message)) draft.owe(message);\n',
  },
  {
    name: "a server that is behind is not probed",
    foundBy: "WebEx knows what is so",
    file: resync,
    before: "  const outage = currentOutage(state);\n  if (!outage) return null;\n",
    after: "  const outage = currentOutage(state);\n  if (!outage || outage.probes >= 0) return null;\n",
  },
  {
    name: "an entry is repeated under another MsgID",
    foundBy: "a call enters once",
    file: resync,
    before: "return this.#isWaitedFor(message) && this.#post(message);",
    after: "return this.#isWaitedFor(message) && this.#post({ ...message, msgId: draft.context.msgId() });",
  },
  {
    name: "the end of a conference is not owed",
    foundBy: "a conference that runs is on the bridge",
    file: resync,
    before: '        isEnd(message) && (!("extConfId" in message)',
    after: '        isEnd(message) && head.byWebex && (!("extConfId" in message)',
  },
  {
    name: "a new server does not hear who left while the one before was behind",
    foundBy: "a new server hears of those who left meanwhile",
    file: resync,
    before: "    if (isLeft(message)) left.push(message.extCallId);\n",
    after: "    if (isLeft(message)) continue;\n",
  },
  {
    name: "an answer that is owed leaves again although its document was confirmed",
    foundBy: "a request is answered once",
    file: resync,
    before: "    if (isSaid) draft.debts.delete(key);\n    else deleteDebt(",
    after: "    if (!isSaid) deleteDebt(",
  },
  {
    name: "an AnonymousID is open in the log of an agent",
    foundBy: "what is secret is shown to nobody",
    file: "src/bridge/commands.ts",
    before: "anonymousId: v.nullable(secret(word)),",
    after: "anonymousId: v.nullable(open(word)),",
  },
  {
    name: "access codes are open in what WebEx sent",
    foundBy: "what is secret is shown to nobody",
    file: "src/tsp/fields.ts",
    before: 'keyed: "secret", phone',
    after: 'keyed: "open", phone',
  },
  {
    name: "facts have what lets somebody in as a name",
    foundBy: "what is secret is shown to nobody",
    file: "src/conference/state.ts",
    before: `if (attendeeId !== null && secretsOf(head).includes(attendeeId)) return null;
  return keyedSecret ? null : attendeeId;`,
    after: "return keyedSecret && secretsOf(head).length > 99 ? null : attendeeId;",
  },
  {
    name: "a conference that begins anew forgets what led in before",
    foundBy: "what is secret is shown to nobody",
    file: "src/conference/draft.ts",
    before: "this.head = { ...head, formerSecrets: secrets };",
    after: "this.head = { ...head, formerSecrets: secrets.slice(20) };",
  },
  {
    name: "the replay shows the query of a server's address",
    foundBy: "what is secret is shown to nobody",
    file: "src/replay/replay-page.ts",
    before: '...{ kind: "open", host: "address",',
    after: '...{ kind: "open", host: "open",',
  },
  {
    name: "posts are counted by a server's address with its query",
    foundBy: "what is secret is shown to nobody",
    file: "src/records/activity.ts",
    before: 'host: "address",',
    after: 'host: "open",',
  },
  {
    name: "a receiver of webhooks is shown with its query",
    foundBy: "what is secret is shown to nobody",
    file: "durable-objects/directory/webhooks.ts",
    before: 'url: "address",',
    after: 'url: "open",',
  },
  {
    name: "the list of conferences shows the query of a server's address",
    foundBy: "what is secret is shown to nobody",
    file: "src/records/running.ts",
    before: 'webexHost: "address",',
    after: 'webexHost: "open",',
  },
  {
    name: "what waits for a server is shown with its query",
    foundBy: "what is secret is shown to nobody",
    file: "durable-objects/conference/directory-feed.ts",
    before: '...{ host: "address",',
    after: '...{ host: "open",',
  },
  {
    name: "a conference is shown with the query of its server",
    foundBy: "what is secret is shown to nobody",
    file: "durable-objects/conference/conference-view.ts",
    before: 'extConfId: "open", host: "address" }',
    after: 'extConfId: "open", host: "open" }',
  },
  {
    name: "addresses in settings are shown with their query",
    foundBy: "what is secret is shown to nobody",
    file: "src/settings/domain-settings.ts",
    before: "const address = shownAddress(",
    after: "const address = open(",
  },
  {
    name: "connect data is open in what WebEx is told",
    foundBy: "what is secret is shown to nobody",
    file: "src/tsp/messages.ts",
    before: 'hybridConnectData: optional("HybridConnectData", { kind: "text", max: 1024, shown: "secret" }),',
    after: 'hybridConnectData: optional("HybridConnectData", { kind: "text", max: 1024, shown: "open" }),',
  },
  {
    name: "a recorder's dial sequence is open in what WebEx is told",
    foundBy: "what is secret is shown to nobody",
    file: "src/tsp/messages.ts",
    before: 'optional("NBRDialSequence", { kind: "text", max: 255, shown: "secret" })',
    after: 'optional("NBRDialSequence", { kind: "text", max: 255, shown: "open" })',
  },
  {
    name: "data of clients is open in what operators ask",
    foundBy: "what is secret is shown to nobody",
    file: "src/conference/operator-actions.ts",
    before: "data: xmlText(secret)",
    after: "data: xmlText(open)",
  },
  {
    name: "data of clients is open in what the back end is sent",
    foundBy: "what is secret is shown to nobody",
    file: "src/conference/server/posts.ts",
    before: 'extCallId: "open", data: "secret" }',
    after: 'extCallId: "open", data: "open" }',
  },
  {
    name: "numbers are open in the edge's log",
    foundBy: "what is personal is masked",
    file: "src/foundation/text/log-line.ts",
    before: 'number: "personal", country',
    after: 'number: "open", country',
  },
  {
    name: "texts of people are open in facts",
    foundBy: "what is personal is masked",
    file: "src/conference/facts.ts",
    before: "const text = personal(v.string());",
    after: "const text = open(v.string());",
  },
  {
    name: "nobody has judged a field of the edge's log",
    foundBy: "a line of the log is written whole",
    file: "src/foundation/text/log-line.ts",
    before: '...{ transId: "open", extConfId',
    after: "...{ extConfId",
  },
];
