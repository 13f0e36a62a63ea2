import type { DefectsByFile } from "./defect.ts";

/** What an agent and a bridge do. */
export const agentDefects: DefectsByFile = {
  "bridge-agent/core/command-acks.ts": {
    "the edge does not hear when the bridge is given a command that had to wait": {
      foundBy: "an answer comes in time",
      boosts: ["bridge stuck", "mute to and fro"],
      before: "if (deleteFrom(this.#waiting, conference, id)) this.#makeUrgent(conference, [id]);",
      after: "deleteFrom(this.#waiting, conference, id);",
    },
  },
  "bridge-agent/core/pending-commands.ts": {
    "an agent does not look before it acts again": {
      foundBy: "a command acts once",
      before: "if (isForBridge && isInEffect(view, conference, command)) {",
      after: "if (isForBridge && isInEffect(view, conference, command) && !view) {",
    },
    "what a later command undid is carried out once more": {
      foundBy: "a command acts once",
      before: "else if (this.#isUndone(open, now)) settle(pending, { done: true });\n      else ",
      after: "else ",
    },
    "commands of one call overtake each other": {
      foundBy: "a command acts once",
      before: "return place.waitsFor === 0;",
      after: "return place.waitsFor < 2;",
    },
    "commands of one call are carried out side by side": {
      foundBy: "no command overtakes an earlier one",
      before: "if (line.front.size > 0 && !(line.isShared && isShared)) break;",
      after: "if (line.front.size > 1 && !(line.isShared && isShared)) break;",
    },
  },
  "bridge-agent/core/reports.ts": {
    "reports without an ack are not sent again": {
      foundBy: "no command is pending",
      before: "return this.#sent > 0 && now - this.#sentAt >= pauseAfter(this.#attempts, RESEND_AFTER);",
      after: "return this.#sent > this.#waiting.length && now >= this.#sentAt;",
    },
    "an ack for a conference that is over breaks the agent": {
      foundBy: "nothing is thrown",
      before: "    if (conference?.stream.id !== stream) return true; // The ack is of a stream that was replaced.\n",
      after:
        '    if (!conference) throw new Error("an ack for no conference");\n    if (conference.stream.id !== stream) return true;\n',
    },
    "an ack does not lower the number of reports without one": {
      foundBy: "one agent is active and done",
      before: "    this.#unacknowledged -= deleted;\n",
      after: "",
    },
  },
  "bridge-agent/run.ts": {
    "an agent that stood still acts at once": {
      foundBy: "an agent that was replaced leaves the bridge alone",
      boosts: ["agent frozen", "two agents", "agent link half-open", "mute to and fro"],
      before: "if (this.#hasStoodStill()) this.#askAnew();",
      after: "",
    },
    "an agent goes on after its journal failed": {
      foundBy: "no command is pending",
      boosts: ["agent disk full"],
      before: "      void this.#close();\n      return this.#ports.journalFailed(turned.error);",
      after: "      return;",
    },
  },
  "bridge-agent/core/agent.ts": {
    "an agent reports what is out of date when it is active again": {
      foundBy: "a record is of a call of the bridge",
      before: "if (!assignment.active || succeeds) {",
      after: "if (this.#stopping) {",
    },
  },
  "bridge-agent/core/role.ts": {
    "one of two agents acts while the edge is away": {
      foundBy: "one of two agents acts with a link alone",
      before: "return this.edgeUp || this.assignment.alone;",
      after: "return true;",
    },
  },
  "bridge-agent/callers/keypads.ts": {
    "a silent monitor enters with a voice": {
      foundBy: "a silent monitor is silent",
      before: "const as = { muted: silent, joinTone: !silent, attendeeId, ...(host && ({ host } as const)) };",
      after: "const as = { muted: false, joinTone: !silent, attendeeId, ...(host && ({ host } as const)) };",
    },
    "a caller who keys nothing stays at the prompt": {
      foundBy: "nobody is left on the line",
      before: "        return this.#hangUpOnCaller(leg, hangUpReason(action.why, leg.hasKeyed), before, refuses);\n",
      after: "        return;\n",
    },
    "a mute key overlooks what is under way": {
      foundBy: "a mute key switches",
      before: "this.#parts.pending.willMute(leg.conference, call, now) ?? leg.muted;",
      after: "leg.muted;",
    },
  },
  "bridge-agent/callers/prompt-calls.ts": {
    "a caller who was hung up on leaves no trace": {
      foundBy: "who was hung up on at the prompt is told of",
      before: "    this.#change(this.#storyOf(leg), { end });\n",
      after: "",
    },
    "a story that was not acknowledged is not sent again": {
      foundBy: "who was hung up on at the prompt is told of",
      before: "number > this.#acknowledged",
      after: "number > this.#last - 1",
    },
  },
  "bridge-agent/link/reconnecting-socket.ts": {
    "a dead connection is not noticed": {
      foundBy: "an agent that was replaced leaves the bridge alone",
      before: "return this.#options.timers.after(ms, () =>",
      after: "return this.#options.timers.after(ms, () => this.#failures < 0 &&",
    },
    "a lost connection is not made anew": {
      foundBy: "no command is pending",
      before: "this.#cancelNext = timers.after(pause, () => this.connect());",
      after: "if (this.#failures < 3) this.#cancelNext = timers.after(pause, () => this.connect());",
    },
  },
  "bridge-agent/link/edge-link.ts": {
    "an agent does not hear that its link is lost": {
      foundBy: "one of two agents acts with a link alone",
      before: "if (this.#welcomed) this.#options.lost();",
      after: "",
    },
    "an agent answers no challenge": {
      foundBy: "no command is pending",
      before: 'this.#challenge = reason === "replayed" ? why : "";',
      after: "",
    },
  },
  "bridge-agent/core/conference-events.ts": {
    "an agent never answers a sweep": {
      foundBy: "a conference that runs is on the bridge",
      boosts: ["bridge restarted", "bridge event lost", "bridge and journal lost"],
      before: "unless === null || unless !== digestIn(view, key)",
      after: "unless === null",
    },
    "a caller's mute is not reported": {
      foundBy: "WebEx's roster follows the bridge",
      before: 'if (origin === "keypad") this.#reports.addEvent(conference, { type: "caller-muted", call, muted });',
      after:
        'if (origin === "keypad" && !leg) this.#reports.addEvent(conference, { type: "caller-muted", call, muted });',
    },
    "an agent forgets whom a key has muted": {
      foundBy: "a mute key switches",
      before: "if (leg) leg.muted = muted;",
      after: 'if (leg && origin === "edge") leg.muted = muted;',
    },
    "an agent does not see whom the bridge has muted": {
      foundBy: "a mute key switches",
      boosts: ["bridge event lost", "keypad mute"],
      before: "    this.#legs.showEntered(state.calls);\n",
      after: "",
    },
    "a silent monitor who was dialled has a mute key": {
      foundBy: "a silent monitor is silent",
      before: "effect.as?.silent ?? false",
      after: "false",
    },
    "an agent that takes over does not know who is a silent monitor": {
      foundBy: "a silent monitor is silent",
      before: "const anonymousId = shown.anonymousId ?? known?.anonymousId ?? null;",
      after: "const anonymousId = (known && shown.anonymousId) ?? known?.anonymousId ?? null;",
    },
    "a record lacks the number that its caller dialled": {
      foundBy: "a record is of a call of the bridge",
      before: '(dialled !== "" && { dialled })',
      after: '(dialled === "" && { dialled })',
    },
  },
  "src/bridge/command-rules.ts": {
    "a phone that rings is rung again": {
      foundBy: "a command acts once",
      before: "isInEffect: ({ call }) => call !== undefined, // Also when it has ended: nobody is rung twice.",
      after: 'isInEffect: ({ call }) => call?.stage === "answered",',
    },
  },
  "bridge-agent/core/journal.ts": {
    "an agent that was restarted gives a report number twice": {
      foundBy: "no command is pending",
      before: "      saveNext(upTo + 1, conference);\n",
      after: "",
    },
  },
  "bridge-agent/drivers/ownership.ts": {
    "an agent takes every conference for its owner's": {
      foundBy: "what is another owner's is left alone",
      before: "owner === this.#identity.owner);",
      after: "owner !== null);",
    },
    "an agent takes every caller at the prompt for its owner's": {
      foundBy: "what is another owner's is left alone",
      before: "return this.#identity.dialIn?.includes(dialled) ?? true;",
      after: "return this.#identity.dialIn?.includes(dialled) !== null;",
    },
    "an agent tells the locks of all conferences": {
      foundBy: "what is another owner's is not told",
      before: '      case "lock-changed":\n        return this.#conferences.has(event.conference);\n',
      after:
        '        return this.#conferences.has(event.conference);\n      case "lock-changed":\n        return true;\n',
    },
  },
  "src/bridge/keypad.ts": {
    "the keys of a caller are replayed after a gap": {
      foundBy: "a caller enters the conference that it keyed last",
      before: "for (const key of again)",
      after: "for (const key of keys)",
    },
  },
  "bridge-agent/callers/legs.ts": {
    "a silent monitor who was dialled has a mute key after a gap": {
      foundBy: "a silent monitor is silent",
      before: "inside(callerOf(call).silent)",
      after: 'inside(call.direction === "in" && callerOf(call).silent)',
    },
  },
};
