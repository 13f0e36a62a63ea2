import type { DefectsByFile } from "./defect.ts";

/** What the directory, records and facts say. */
export const recordsDefects: DefectsByFile = {
  "durable-objects/conference/publisher.ts": {
    "a conference takes rows for acknowledged that it has not sent": {
      foundBy: "each call that is over has one record",
      before: "row: Math.max(row, upTo),",
      after: "row: Math.max(row, upTo) + 1,",
    },
    "a conference counts again what the directory has counted": {
      foundBy: "the directory counts what happened",
      before: "seq > counted.upTo)));",
      after: "seq >= counted.upTo)));",
    },
    "what waited of a conference that is over stays when it is confirmed": {
      foundBy: "the directory knows what waits",
      before: "JSON.stringify([currentRow(this.#context()), this.#waiting])",
      after: "JSON.stringify([currentRow(this.#context())])",
    },
  },
  "durable-objects/directory/count-store.ts": {
    "counts that come again count again": {
      foundBy: "the directory counts what happened",
      before: "difference(counts, known ? JSON.parse(known.data) : noCounts)",
      after: "difference(counts, noCounts)",
    },
    "what became of callers is in no total where nothing was posted": {
      foundBy: "the directory counts what happened",
      before: "if (!isNothing(more)) this.#addToMinute",
      after: "if (more.hosts.length > 0) this.#addToMinute",
    },
  },
  "durable-objects/directory/alert-store.ts": {
    "one undelivered document is not counted": {
      foundBy: "the directory knows what waits",
      before: "if (givenUp > 0) this",
      after: "if (givenUp > 1) this",
    },
  },
  "src/records/webhooks.ts": {
    "receivers do not hear that a call has joined that has left since": {
      foundBy: "receivers of webhooks hear of each fact",
      before: 'event("call.joined", enteredAt,',
      after: 'event("call.joined", endedAt === null ? enteredAt : null,',
    },
  },
  "src/conference/rows.ts": {
    "a conference stays listed when it is over": {
      foundBy: "the directory lists the conferences that run",
      before: "...over.map((record) => ({ ...record, now: null })),",
      after: "...over.filter(({ calls }) => calls > 0).map((record) => ({ ...record, now: null })),",
    },
    "the row of a call lacks the name that WebEx gave it": {
      foundBy: "the directory shows what is so",
      before: '"call-entered", "call-named", "call-merged"',
      after: '"call-entered", "call-merged"',
    },
  },
  "src/conference/records.ts": {
    "a record takes a call that was dialled for one that came in": {
      foundBy: "a record is of a call of the bridge",
      before: 'direction: isOut ? "out" : "in"',
      after: 'direction: "in"',
    },
  },
  "src/conference/reports.ts": {
    "the fact of a mute is missing where it is not told": {
      foundBy: "facts and state agree",
      before: "if (pending.unreported) setMuteForReturn(draft, known, muted);",
      after: "if (pending.unreported) draft.callers.set(known.call, { ...known, muted });",
    },
  },
  "src/conference/parts/callers.ts": {
    "the fact of a move that an operator asked for is missing": {
      foundBy: "facts and state agree",
      boosts: ["create sub-conference", "add to sub-conference", "move", "hasOperators"],
      before: '  draft.fact({ kind: "call-moved", call: caller.call, room });',
      after: '  if (draft.by[0]?.type !== "action") draft.fact({ kind: "call-moved", call: caller.call, room });',
    },
  },
  "src/conference/lifecycle.ts": {
    "the fact of a command that has no result any more is missing": {
      foundBy: "facts and state agree",
      before: '    draft.fact({ kind: "command-failed", command: id, type: command.type, why: "conference-over" });\n',
      after: "",
    },
  },
  "durable-objects/conference/outbox.ts": {
    "the fact of a Confirmation is missing where more than one is on its way to disk": {
      foundBy: "facts and state agree",
      before: "[...confirmed.values()].map(({ fact }) => fact));",
      after: "[...confirmed.values()].slice(0, 1).map(({ fact }) => fact));",
    },
  },
  "src/conference/decide.ts": {
    "the fact of what was withdrawn with a lost server is missing": {
      foundBy: "facts and state agree",
      before: "  facts.push(...dropped(withdrawn, kept));",
      after: '  if (input.type !== "undelivered") facts.push(...dropped(withdrawn, kept));',
    },
    "the fact of a message names another document": {
      foundBy: "facts and state agree",
      before: "const row = rows.findLast(({ messages }) => messages.includes(message));",
      after: "const row = rows.find(({ host: its }) => its === host);",
    },
    "what waits for a server that asks for something has just begun to wait": {
      foundBy: "what waits has its beginning",
      boosts: ["WebEx server out", "WebEx server hangs"],
      before: 'if (input.type !== "reached")',
      after: 'if (input.type !== "reached" && input.type !== "webex")',
    },
  },
};
