import type { DefectsByFile } from "./defect.ts";

/** What people may read. */
export const shownDefects: DefectsByFile = {
  "src/bridge/commands.ts": {
    "an AnonymousID is open in the log of an agent": {
      foundBy: "what is secret is shown to nobody",
      before: "anonymousId: v.nullable(secret(word)),",
      after: "anonymousId: v.nullable(open(word)),",
    },
  },
  "src/bridge/schemas.ts": {
    "an access code is open in the log of an agent": {
      foundBy: "what is secret is shown to nobody",
      before: "participant: v.nullable(secret(word)) });",
      after: "participant: v.nullable(open(word)) });",
    },
  },
  "bridge-agent/service/log.ts": {
    "a number is open in the log of an agent": {
      foundBy: "what is personal is masked",
      before: 'number: "personal",',
      after: 'number: "open",',
    },
  },
  "bridge-agent/run.ts": {
    "an agent counts its commands by what callers keyed": {
      foundBy: "what is personal is masked",
      before: "this.counters.commandSeconds.observe({ result: word }",
      after: "this.counters.commandSeconds.observe({ result: JSON.stringify(execution.command) }",
    },
    "the calls of an agent have their numbers": {
      foundBy: "what is personal is masked",
      before: 'call: "open",\n  number: "personal",',
      after: 'call: "open",\n  number: "open",',
    },
  },
  "durable-objects/conference/outbox.ts": {
    "posts are measured by a server's address with its query": {
      foundBy: "what is secret is shown to nobody",
      before: "postSeconds.observe({ domain: domain.name }, tookMs);",
      after: "postSeconds.observe({ domain: domain.name, host: begun.host }, tookMs);",
    },
  },
  "src/tsp/fields.ts": {
    "access codes are open in what WebEx sent": {
      foundBy: "what is secret is shown to nobody",
      before: 'keyed: "secret", phone',
      after: 'keyed: "open", phone',
    },
  },
  "src/conference/head.ts": {
    "facts have what lets somebody in as a name": {
      foundBy: "what is secret is shown to nobody",
      before: "return keyedSecret || secrets.includes(attendeeId) ? null : attendeeId;",
      after: "return keyedSecret && secrets.length > 99 ? null : attendeeId;",
    },
  },
  "src/conference/draft.ts": {
    "a conference that begins anew forgets what led in before": {
      foundBy: "what is secret is shown to nobody",
      before: "this.head = { ...head, formerSecrets: secrets };",
      after: "this.head = { ...head, formerSecrets: secrets.slice(20) };",
    },
  },
  "src/timeline/wire.ts": {
    "texts on the wire show the query of a server's address": {
      foundBy: "what is secret is shown to nobody",
      before: 'host: "address", transId',
      after: 'host: "open", transId',
    },
  },
  "src/records/activity.ts": {
    "posts are counted by a server's address with its query": {
      foundBy: "what is secret is shown to nobody",
      before: "host: address(",
      after: "host: open(",
    },
  },
  "src/rpc/directory.ts": {
    "a receiver of webhooks is shown with its query": {
      foundBy: "what is secret is shown to nobody",
      before: "url: address(",
      after: "url: open(",
    },
  },
  "src/records/rows.ts": {
    "the rows of conferences show secrets and names": {
      foundBy: "what is secret is shown to nobody",
      before: "const { now, ...rest } = showConference(row, shown);",
      after: "const { now, ...rest } = row;",
    },
  },
  "src/rpc/directory-feed.ts": {
    "what waits for a server is shown with its query": {
      foundBy: "what is secret is shown to nobody",
      before: 'address(v.pipe(text<Post["host"]>()',
      after: 'open(v.pipe(text<Post["host"]>()',
    },
  },
  "src/rpc/conference-view.ts": {
    "a conference is shown with the query of its server": {
      foundBy: "what is secret is shown to nobody",
      before: "host: address(\n    v.pipe(text<WebexHost",
      after: "host: open(\n    v.pipe(text<WebexHost",
    },
  },
  "src/settings/values.ts": {
    "addresses in settings are shown with their query": {
      foundBy: "what is secret is shown to nobody",
      before: "const address = shownAddress(",
      after: "const address = open(",
    },
  },
  "src/tsp/messages.ts": {
    "connect data is open in what WebEx is told": {
      foundBy: "what is secret is shown to nobody",
      before: 'hybridConnectData: optional("HybridConnectData", { kind: "text", max: 1024, shown: "secret" }),',
      after: 'hybridConnectData: optional("HybridConnectData", { kind: "text", max: 1024, shown: "open" }),',
    },
    "a recorder's dial sequence is open in what WebEx is told": {
      foundBy: "what is secret is shown to nobody",
      before: 'optional("NBRDialSequence", { kind: "text", max: 255, shown: "secret" })',
      after: 'optional("NBRDialSequence", { kind: "text", max: 255, shown: "open" })',
    },
  },
  "src/conference/operator-actions.ts": {
    "data of clients is open in what operators ask": {
      foundBy: "what is secret is shown to nobody",
      boosts: ["hasSecretSettings", "client data"],
      before: "data: xmlText(secret)",
      after: "data: xmlText(open)",
    },
  },
  "src/conference/server/posts.ts": {
    "data of clients is open in what the back end is sent": {
      foundBy: "what is secret is shown to nobody",
      before: "data: secret(v.string()),",
      after: "data: word,",
    },
  },
  "src/foundation/text/log-line.ts": {
    "numbers are open in the edge's log": {
      foundBy: "what is personal is masked",
      before: 'number: "personal", country',
      after: 'number: "open", country',
    },
    "nobody has judged a field of the edge's log": {
      foundBy: "a line of the log is written whole",
      before: '...{ transId: "open", extConfId',
      after: "...{ extConfId",
    },
  },
  "src/conference/marked.ts": {
    "texts of people are open in facts": {
      foundBy: "what is personal is masked",
      before: "const text = personal(v.string());",
      after: "const text = open(v.string());",
    },
  },
};
