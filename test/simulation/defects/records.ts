import type { DefectsByFile } from "./defect.ts";

/** What the directory, records and facts say. */
export const recordsDefects: DefectsByFile = {
  "durable-objects/conference/directory-feed.ts": {
    "a conference takes facts for acknowledged before the directory has answered": {
      foundBy: "each call that is over has one record",
      before: "        const asked = this.#ports.directory(page.domain).follow(page);\n",
      after:
        "        this.#store.setDirectoryProgress({ told: page.upTo, place: page.place });\n        const asked = this.#ports.directory(page.domain).follow(page);\n",
    },
    "a conference loses how far the directory has its facts": {
      foundBy: "each call that is over has one record",
      before:
        "    this.#keep({ told: row, place, isWatched, pace, failures: undefined }, isLast || isNewlyWatched || isLong);\n",
      after: "    this.#keep({ told: upTo + 1, place, isWatched, pace }, isLast || isNewlyWatched || isLong);\n",
    },
  },
  "durable-objects/directory/directory.ts": {
    "a directory takes each fact for new that comes again": {
      foundBy: "each call that is over has one record",
      before: "page.facts.filter(({ row }) => row > cursor.row)",
      after: "page.facts.filter(({ row }) => row > cursor.row - 5)",
    },
    "a directory that was restarted takes facts for the whole conference": {
      foundBy: "the directory shows what is so",
      before: "    return view === undefined ? null : after;\n",
      after: "    return view === undefined && place === null ? null : after;\n",
    },
    "a conference stays listed when its record is there": {
      foundBy: "the directory lists the conferences that run",
      before: "this.#store.add(record, at, isItsEnd ? (own?.id ?? null) : null)",
      after: "this.#store.add(record, at, null)",
    },
  },
  "durable-objects/directory/count-store.ts": {
    "what became of callers is in no total where nothing was posted": {
      foundBy: "the directory counts what happened",
      before: "if (fresh.isEmpty && Object.keys(more).length === 0) return;",
      after: "if (fresh.isEmpty) return;",
    },
    "a portion that comes again counts again": {
      foundBy: "the directory counts what happened",
      before: "if (upTo <= counted) return;\n    const { minutes, outcomes: more } = behind(counted);",
      after: "const { minutes, outcomes: more } = behind(upTo > counted ? counted : 0);",
    },
  },
  "durable-objects/directory/ended-waiting.ts": {
    "what waited of a conference that is over stays when it is confirmed": {
      foundBy: "the directory knows what waits",
      before: "if (waiting.length === 0) return this.#delete(key);",
      after: "if (waiting.length === 0) return;",
    },
  },
  "durable-objects/directory/given-up-store.ts": {
    "what was given up stays lost when its server has it after all": {
      foundBy: "the directory knows what waits",
      before: "one.conference === conference && one.row < row && isAbout(fact, one.host);",
      after: "one.conference === conference && one.row < row - 500 && isAbout(fact, one.host);",
    },
  },
  "durable-objects/directory/record-store.ts": {
    "a directory that was restarted does not look whether it has a record": {
      foundBy: "each call that is over has one record",
      before: "(this.#read.get(identityOf(record)) ?? 0) > readBehind;",
      after: "(this.#read.get(identityOf(record)) ?? 0) > readBehind + 1e9;",
    },
  },
  "src/records/webhooks.ts": {
    "webhooks are not told of what comes soon after what they were told of": {
      foundBy: "receivers of webhooks hear of each fact",
      before: "placed.row <= notifiedUpTo) continue;",
      after: "placed.row <= notifiedUpTo + 3) continue;",
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
