import type { DefectsByFile } from "./defect.ts";

/** Which agent acts, and what passes between it and the edge. */
export const relayDefects: DefectsByFile = {
  "durable-objects/relay/relay.ts": {
    "a hand over that is asked for twice is done twice": {
      foundBy: "an agent hands over when it is asked to",
      boosts: ["operatesBridges", "two agents", "hand over"],
      before: 'if (active.agent === from) this.#step({ type: "hand-over" });',
      after: 'this.#step({ type: "hand-over" });',
    },
    "a silent agent stays the active one": {
      foundBy: "a silent agent is replaced",
      before: "if (silent.length > 0) ",
      after: "if (silent.length > ids.length) ",
    },
    "the relay sets no alarm": {
      foundBy: "a silent agent is replaced",
      boosts: ["agent frozen", "agent link half-open", "two agents"],
      before: 'if (!links.some(({ role }) => role === "standby")) return;',
      after: "if (links.length > 0) return;",
    },
    "a silent agent is given up a millisecond after the alarm for it": {
      foundBy: "a world comes to its end",
      boosts: ["agent frozen", "agent link half-open", "two agents"],
      before: "at - this.#lastSeen(id) >= SILENCE_MS",
      after: "at - this.#lastSeen(id) > SILENCE_MS",
    },
    "an alarm whose write fails is left to the platform": {
      foundBy: "no alarm fails",
      boosts: ["write fails", "alarm not set", "agent frozen", "agent link half-open"],
      before: "    return this.#alarm.fired(() => {\n      this.#replaceUseless();\n      this.#lookForAlerts();\n",
      after:
        "    return this.#alarm.fired(() => {}).then(() => {\n      this.#replaceUseless();\n      this.#lookForAlerts();\n",
    },
  },
  "durable-objects/relay/agent-limits.ts": {
    "an old hello is good for a socket": {
      foundBy: "nobody poses as an agent",
      before: 'if (challenge !== wanted.text) return refusal("replayed", wanted.text);',
      after: 'if (challenge === "") return refusal("replayed", wanted.text);',
    },
  },
  "durable-objects/relay/bridge-reports.ts": {
    "a conference that hangs holds up its reports for ever": {
      foundBy: "no command is pending",
      boosts: ["conference hangs"],
      before: "within(this.#ports, answerWithinMs,",
      after: "within(this.#ports, answerWithinMs * 1_000_000,",
    },
    "the relay of one domain tells the conferences of another": {
      foundBy: "no command overtakes an earlier one",
      before: "const conference = this.#ports.conference(domain, confKey);",
      after:
        'const conference = this.#ports.conference(domain === "other" ? ("local" as DomainName) : domain, confKey);',
    },
    "what the edge does not know is left alone": {
      foundBy: "an orphan goes on without WebEx",
      before: "const isFound = this.#allowance.spend(1, now);",
      after: "const isFound = now < 0;",
    },
  },
  "src/conference/parts/orphan.ts": {
    "nobody locks what the edge does not know": {
      foundBy: "an orphan goes on without WebEx",
      before: '  if (locks) draft.issue({ type: "lock" });\n',
      after: "",
    },
  },
  "src/link/relay.ts": {
    "nobody acts when the active agent has closed its link": {
      foundBy: "one of the connected agents acts",
      before: "  return then(acted, (after) =>",
      after: '  return input.type === "closed" ? acted : then(acted, (after) =>',
    },
    "an agent that hands over is not told so": {
      foundBy: "one agent acts at a time",
      before: "? close(state, active.id, why) : unchanged(state);",
      after:
        '? unchanged(changed(state, { ...active, role: why === "handedOver" ? "standby" : active.role })) : unchanged(state);',
    },
    "an epoch is used twice": {
      foundBy: "an epoch begins once",
      before: "Math.max(state.epoch + 1, Math.floor(at / 1_000));",
      after: "Math.max(1, state.epoch);",
    },
    "an agent without its bridge stays the active one": {
      foundBy: "an agent without its bridge is replaced",
      before: "return active && nextStandby(state)?.health?.bridgeUp ?",
      after: "return active?.health?.bridgeUp ?",
    },
  },
  "src/link/hello.ts": {
    "a key of another bridge is good here": {
      foundBy: "nobody poses as an agent",
      before: "known.some((one) => one.domain === domain && one.bridge === bridge && one.agent === hello.agent);\n",
      after: "known.some((one) => one.domain === domain);\n",
    },
  },
  "src/link/messages.ts": {
    "an agent may say too little": {
      foundBy: "an honest agent may say what it says",
      before: "messages: { burst: 10_000, perSecond: 5_000 },",
      after: "messages: { burst: 20, perSecond: 2 },",
    },
  },
};
