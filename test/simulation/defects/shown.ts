import type { DefectsByFile } from "./defect.ts";

/** What people may read. */
export const shownDefects: DefectsByFile = {
  "bridge-agent/service/log.ts": {
    "a number is open in the log of an agent": {
      foundBy: "what is personal is masked",
      before: "const facts = { commandId: id,",
      after: "const facts = { text: JSON.stringify(number), commandId: id,",
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
      before: "return shownFacts(view, person);",
      after: "return { ...shownFacts(view, person), number: view.number };",
    },
  },
  "durable-objects/conference/outbox.ts": {
    "posts are measured by a server's address with its query": {
      foundBy: "what is secret is shown to nobody",
      before: "postSeconds.observe({ domain: domain.name }, tookMs);",
      after: "postSeconds.observe({ domain: domain.name, host: begun.host }, tookMs);",
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
      before: "...shown({ host, transId }, person),",
      after: "...{ host, transId },",
    },
  },
  "src/records/counts.ts": {
    "posts are counted by a server's address with its query": {
      foundBy: "what is secret is shown to nobody",
      before: "[shown({ ...noPosts, ...posts }, persons.none)]",
      after: "[{ ...noPosts, ...posts }]",
    },
  },
  "durable-objects/directory/webhooks.ts": {
    "a receiver of webhooks is shown with its query": {
      foundBy: "what is secret is shown to nobody",
      before: "        persons.none,\n      );",
      after: '        persons.none,\n        { url: "open" },\n      );',
    },
  },
  "src/records/rows.ts": {
    "the rows of conferences show secrets and names": {
      foundBy: "what is secret is shown to nobody",
      before: "const { now, ...rest } = shown(row, person);",
      after: "const { now, ...rest } = row;",
    },
  },
  "durable-objects/conference/publisher.ts": {
    "what waits for a server is shown with its query": {
      foundBy: "what is secret is shown to nobody",
      before: "shown(one, persons.none)",
      after: "one",
    },
  },
  "durable-objects/conference/conference-view.ts": {
    "a conference is shown with the query of its server": {
      foundBy: "what is secret is shown to nobody",
      before: "return shown(view, person);",
      after: "return { ...shown(view, person), host: view.host };",
    },
  },
  "src/settings/domain-settings.ts": {
    "addresses in settings are shown with their query": {
      foundBy: "what is secret is shown to nobody",
      before: 'host: "open",',
      after: 'host: "open",\n  url: "open",\n  clientUrl: "open",\n  passthroughUrl: "open",',
    },
  },
  "src/foundation/shown.ts": {
    "access codes are open in what WebEx sent": {
      foundBy: "what is secret is shown to nobody",
      before: '...marked("address", "appDetection',
      after: '...marked("open", "subscriberCode participantCode"),\n  ...marked("address", "appDetection',
    },
    "connect data is open in what WebEx is told": {
      foundBy: "what is secret is shown to nobody",
      before: '...marked("address", "appDetection',
      after: '...marked("open", "hybridConnectData"),\n  ...marked("address", "appDetection',
    },
    "a recorder's dial sequence is open in what WebEx is told": {
      foundBy: "what is secret is shown to nobody",
      before: '...marked("address", "appDetection',
      after: '...marked("open", "recordingSequence"),\n  ...marked("address", "appDetection',
    },
    "data of clients is open in what operators ask": {
      foundBy: "what is secret is shown to nobody",
      boosts: ["hasSecretSettings", "client data"],
      before: '{ attendeeId: "secret" }',
      after: '{ attendeeId: "secret", data: "open" }',
    },
    "data of clients is open in what the back end is sent": {
      foundBy: "what is secret is shown to nobody",
      before: '...marked("address", "appDetection',
      after: '...marked("open", "data"),\n  ...marked("address", "appDetection',
    },
  },
  "src/foundation/text/log-line.ts": {
    "numbers are open in the edge's log": {
      foundBy: "what is personal is masked",
      before: 'conference: "personal", why',
      after: 'conference: "personal", number: "open", why',
    },
    "nobody has judged a field of the edge's log": {
      foundBy: "a line of the log is written whole",
      before: 'conference: "personal", why',
      after: 'conference: "personal", transId: () => undefined, why',
    },
  },
  "durable-objects/conference/conference-reader.ts": {
    "texts of people are open in facts": {
      foundBy: "what is personal is masked",
      before: "shown(row, person)",
      after: 'shown(row, person, { number: "open", attendeeId: "open", topic: "open" })',
    },
  },
};
