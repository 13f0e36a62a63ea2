/** What is mutated together, and by which tests. */
export interface Folder {
  /** Files, by globs. */
  readonly files: readonly string[];
  /** The near tests, by globs: those of the subject that are fast. */
  readonly tests: readonly string[];
  /** Its score has a least, and what survives has a verdict. */
  readonly isHeld?: true;
}

const objects = "test/durable-objects";

/** By the names under which `npm run mutate` knows them. */
export const folders: Readonly<Record<string, Folder>> = {
  "src/delivery": { files: ["src/delivery/*.ts"], tests: ["test/delivery/*.test.ts"], isHeld: true },
  "src/link": { files: ["src/link/*.ts"], tests: ["test/link/*.test.ts"], isHeld: true },
  "src/bridge/keypad": {
    files: ["src/bridge/keypad*.ts"],
    tests: ["test/bridge-keypad/*.test.ts"],
    isHeld: true,
  },
  "bridge-agent/callers": {
    files: ["bridge-agent/callers/*.ts"],
    tests: [
      "test/agent/{agent,agent-calls,announcements,crowd,hang-ups,held-events,keypads,legs,orphans,policy,prompt-*}.test.ts",
    ],
  },
  "src/operators": { files: ["src/operators/*.ts"], tests: ["test/operators/*.test.ts"], isHeld: true },
  "src/conference": { files: ["src/conference/*.ts"], tests: conferenceTests(), isHeld: true },
  "src/conference/parts": { files: ["src/conference/parts/*.ts"], tests: conferenceTests(), isHeld: true },
  "src/conference/server": { files: ["src/conference/server/*.ts"], tests: conferenceTests(), isHeld: true },
  "durable-objects/conference": {
    files: ["durable-objects/conference/*.ts"],
    tests: [
      `${objects}/{a,c,d,e,f,g,o,s,t,u,watchers}*.test.ts`,
      "test/http/{find,given-up,history-turns,owed-after-end}.test.ts",
      "test/explain/{why,wire}.test.ts",
      "test/records/records.test.ts",
    ],
  },
  "durable-objects/counts": { files: ["durable-objects/counts/*.ts"], tests: [`${objects}/{activity,counts}.test.ts`] },
  "durable-objects/directory": {
    files: ["durable-objects/directory/*.ts"],
    tests: [
      `${objects}/directory/*.test.ts`,
      `${objects}/{activity,directory-feed,given-up,skipped-lately,webhooks}.test.ts`,
      "test/http/{directory,given-up,trouble}.test.ts",
    ],
  },
  "durable-objects/home": {
    // What asks a PostgreSQL is tested on a real one.
    files: ["durable-objects/home/**/!(postgres-database).ts"],
    tests: [`${objects}/home/**/*.test.ts`],
  },
  "durable-objects/ids": {
    files: ["durable-objects/ids/*.ts"],
    tests: [`${objects}/{handle-*,id-*,sweep,takeover-ids}.test.ts`, "test/http/storage.test.ts"],
  },
  "durable-objects/mail": {
    files: ["durable-objects/mail/*.ts"],
    tests: [`${objects}/{activity,conference-delivery,gathering,mail-counts,mailbox,outbox,shared-answers}.test.ts`],
  },
  "durable-objects/platform": {
    files: ["durable-objects/platform/*.ts"],
    tests: [
      `${objects}/{activity,alarm,clock,counts,directory-feed,log,measures,platform,post,retention,skipped-lately,sweep,watchers}.test.ts`,
      `${objects}/home/{doubt,skips}.test.ts`,
    ],
  },
  "durable-objects/relay": {
    files: ["durable-objects/relay/*.ts"],
    tests: [
      `${objects}/{bridge-reports,relay,relay-*}.test.ts`,
      `${objects}/{directory/prompt-calls,home/skips}.test.ts`,
    ],
  },
  "durable-objects/sessions": {
    files: ["durable-objects/sessions/*.ts"],
    tests: [`${objects}/sessions.test.ts`, "test/http/operators.test.ts"],
  },
  "bridge-agent/core": {
    files: ["bridge-agent/core/*.ts"],
    tests: [
      "test/agent/{agent,agent-*,announcements,backlog,command-acks,crowd,digests,hang-ups,held-events}.test.ts",
      "test/agent/{id-limit,journal,keypads,live-conferences,orphans,pending-commands,policy,policy-*}.test.ts",
      "test/agent/{prompt-*,running-agent,speakers,topic-queue}.test.ts",
    ],
  },
  "bridge-agent/drivers": {
    files: ["bridge-agent/drivers/**/*.ts"],
    tests: ["test/agent/{asterisk-*,drivers,ownership,settings}.test.ts", "test/bridge/generic-driver.test.ts"],
  },
  "bridge-agent/link": { files: ["bridge-agent/link/*.ts"], tests: ["test/agent/edge-*.test.ts"] },
  "bridge-agent/service": {
    // The tests of `init` set the umask, which no thread can.
    files: ["bridge-agent/service/!(init).ts"],
    tests: ["test/agent/{doctor,drain,edge-route,health,local-commands,log,service,settings,state-folder}.test.ts"],
  },
  "src/http": {
    files: ["src/http/*.ts", "src/http/{agents,monitoring,pair,webex}/*.ts*"],
    tests: ["test/http/*.test.ts"],
  },
  "src/http/api": { files: ["src/http/api/**/*.ts"], tests: ["test/http/*.test.ts"] },
  "src/http/console": { files: ["src/http/console/*.ts*"], tests: ["test/http/*.test.ts", "test/console/*.test.ts"] },
};

function conferenceTests(): readonly string[] {
  const ofObject = "{conference-bridge,conference-delivery,entered,failover,outbox,shared-answers,story,strict-webex}";
  return ["test/conference/**/*.test.ts", "test/transcripts/*.test.ts", `${objects}/${ofObject}.test.ts`];
}
