import type { DefectsByFile } from "./defect.ts";

/** What objects commit, restore and repeat. */
export const durableObjectDefects: DefectsByFile = {
  "durable-objects/conference/conference.ts": {
    "a repeated document acts again": {
      foundBy: "a request is answered once",
      before: "if (this.#store.hasDocument(transId, this.#ports.now())) {",
      after: "if (transId === null) {",
    },
    "a document is confirmed before it is on disk": {
      foundBy: "each request is answered",
      before: "    await committed;\n    return true;",
      after: "    committed.catch(() => {});\n    return true;",
    },
    "reports are acknowledged before they are on disk": {
      foundBy: "no command is pending",
      before: 'await this.#commits.submit({ type: "bridge", reports });',
      after:
        'this.#commits.submit({ type: "bridge", reports }).catch(() => {});\n    return reports.reports.at(-1)?.number ?? 0;',
    },
    "an alarm does not set the next one": {
      foundBy: "a pending command is sent again",
      before: 'this.#arm(why === "alarm" ? deleteAt : null);',
      after: "",
    },
    "the next agent waits for what the one before acknowledged": {
      foundBy: "a pending command is sent again",
      before: "else schedule.agentChanged();",
      after: "",
    },
    "a sweep lets nobody compare": {
      foundBy: "a conference that runs is on the bridge",
      boosts: ["bridge restarted", "bridge and journal lost", "bridge event lost"],
      before: "if (bridge === null || digest === null) return;",
      after: "if (bridge === null || digest === null || digest) return;",
    },
  },
  "durable-objects/conference/conference-actions.ts": {
    "an action of an operator is taken before it is on disk": {
      foundBy: "an operator's action comes to its end",
      boosts: ["hasOperators", "write fails", "process killed amid a flush", "object dies before a write"],
      before: "    await submitted.finally(() => this.#underWay.delete(id));\n",
      after: '    submitted.catch(() => {}).finally(() => this.#underWay.delete(id));\n    return "done";\n',
    },
  },
  "durable-objects/conference/conference-store.ts": {
    "a restart forgets which documents were committed": {
      foundBy: "a request is answered once",
      before: "new Seen(Number.POSITIVE_INFINITY, this.journal.namesSince(since));",
      after: "new Seen(Number.POSITIVE_INFINITY, this.journal.namesSince(since).slice(0, 0));",
    },
    "what a failed transaction changed stays in memory": {
      foundBy: "facts and state agree",
      before: "        this.#load();\n        this.#progress = progress;\n",
      after: "        this.#progress = progress;\n",
    },
  },
  "durable-objects/conference/progress.ts": {
    // The agent resends reports that are never acknowledged. Each copy adds notifications: the world never ends.
    "the watermark of the reports is forgotten": {
      foundBy: "a world comes to its end",
      before: "return [...others, ...own.slice(1 - rememberedStreams), [bridge, stream, upTo]];",
      after: "return upTo > others.length ? [...own, ...others] : [...own.slice(rememberedStreams), ...others];",
    },
  },
  "durable-objects/platform/alarm.ts": {
    "an alarm that cannot be set breaks what comes after it": {
      foundBy: "no rejection goes unhandled",
      before: "      this.#setLater(at, error);\n",
      after: "      throw error;\n",
    },
  },
  "durable-objects/conference/command-sender.ts": {
    "a command is not repeated": {
      foundBy: "a pending command is sent again",
      before: "if (!sent || sent.times === 0) return 0;",
      after: "if (!sent || sent.times === 0 || sent.times > 0) return sent?.times ? Number.MAX_SAFE_INTEGER : 0;",
    },
    "a command that is sent again does not say so": {
      foundBy: "a command acts once",
      before: "      ...(isAgain && { again: true }),\n",
      after: "",
    },
    "commands that one agent acknowledged are never sent to the next": {
      foundBy: "a pending command is sent again",
      before: "const repeatAckedMs = 10_000;",
      after: "const repeatAckedMs = 10_000_000;",
    },
    "a bridge may be at work on a command for as long as it likes": {
      foundBy: "an answer comes in time",
      before: "flatMap(([id, at]) => (at <= now ? [id] : []))",
      after: "flatMap(([id, at]) => (at + 10_000 <= now ? [id] : []))",
    },
    "nobody hears that a relay could not be reached": {
      foundBy: "no rejection goes unhandled",
      before: "      this.#wakeForNext();\n    }\n  }\n",
      after: "      this.#wakeForNext();\n      throw error;\n    }\n  }\n",
    },
  },
  "src/foundation/time/steady-clock.ts": {
    "a clock that is set back puts off what is due": {
      foundBy: "a conference's time never goes back",
      before: "Math.max(0, behindMs) : Math.max(this.#aheadMs, behindMs);",
      after: "Math.max(0, behindMs) : this.#aheadMs;",
    },
  },
  "durable-objects/conference/conference-commit.ts": {
    "events of another bridge count": {
      foundBy: "a record is of a call of the bridge",
      before: "const other = isOnOtherBridge(store.progress, bridge) && { elsewhere: bridge };",
      after: "const other = isOnOtherBridge(store.progress, bridge) && reports.length > 9 && { elsewhere: bridge };",
    },
  },
};
