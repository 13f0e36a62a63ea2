import type { DefectsByFile } from "./defect.ts";

/** What WebEx is posted, in which order, and how often. */
export const webexDefects: DefectsByFile = {
  "src/routing/deliver.ts": {
    "a document is confirmed that not every object has committed": {
      foundBy: "each request is answered",
      before: "  if (failed) throw failed.reason;\n",
      after: "",
    },
  },
  "src/conference/decide.ts": {
    "what waits for a replaced server is sent to it": {
      foundBy: "a replaced server gets answers alone",
      before: "const kept = withoutDropped(rows, decision.dropQueued);",
      after: "const kept = rows;",
    },
  },
  "durable-objects/conference/outbox.ts": {
    "attempts are not counted": {
      foundBy: "three attempts at most",
      before: "const begun = { ...row, attempts: row.attempts + 1 };",
      after: "const begun = { ...row, attempts: Math.max(1, row.attempts) };",
    },
    "a restored object fails when it cannot write": {
      foundBy: "no alarm fails",
      before: "    this.#seq = this.rows.at(-1)?.seq ?? 0;\n",
      after: "    this.#seq = this.rows.at(-1)?.seq ?? 0;\n    this.#store.transaction(() => {});\n",
    },
  },
  "src/conference/server/queue.ts": {
    "a failed transaction is given up at once": {
      foundBy: "three attempts at least",
      before: "row.attempts >= attempts) return null;",
      after: "row.attempts >= Math.min(1, attempts)) return null;",
    },
    "a crash forgets the attempt that was under way": {
      foundBy: "three attempts at most",
      before: "attempts: Math.max(1, row.attempts),",
      after: "attempts: row.attempts,",
    },
    "a message joins a transaction that is under way": {
      foundBy: "a change is of a call that entered",
      before: "const unbegun = rows.slice(rows.findLastIndex(({ attempts }) => attempts > 0) + 1);",
      after: "const unbegun = rows.slice(-1);",
    },
    "a notification overtakes an answer that waits for those of other conferences": {
      foundBy: "Status 0 comes after RspCreateConference",
      before: "return follows ? inLane(own) : [];",
      after: "return inLane(own);",
    },
    "answers that wait for a replaced server are dropped": {
      foundBy: "each request is answered",
      before: "    if (!drop.keepsAnswers || answers.length === 0 || isTried) return [];\n",
      after: "    if (!drop.keepsAnswers || answers.length < 1_000 || isTried) return [];\n",
    },
    "what a replaced server is owed is posted all at once": {
      foundBy: "one post in flight",
      before: "const destination = destinationOf(row);",
      after: "const destination = row.oneAttempt ? row.transId : destinationOf(row);",
    },
  },
  "src/delivery/deliveries.ts": {
    "two posts are in flight": {
      foundBy: "one post in flight",
      before: "const free = heads(waiting).filter(({ lane }) => !busy.has(lane));",
      after: "const free = heads(waiting.filter(({ id }) => !this.isUnderWay(id))).filter(() => busy.size < 3);",
    },
  },
  "durable-objects/ids/id-allocator.ts": {
    // Two documents of two conferences get one TransID, and the later one looks like a changed repeat.
    "the id allocator begins again after a restart": {
      foundBy: "a repeat has the same bytes",
      before: 'FROM allocated ORDER BY msg_first DESC LIMIT 1");',
      after: 'FROM allocated WHERE msg_end IS NULL");',
    },
  },
  "durable-objects/mail/mailbox.ts": {
    "a mailbox answers a repeat again": {
      foundBy: "a request is answered once",
      boosts: ["unknown handle", "unknown message", "post repeated", "confirmation lost"],
      before: "if (this.#answered.get(id, since) !== undefined || this.#outbox.holds(id)) return;",
      after: "",
    },
  },
  "src/conference/server/failover.ts": {
    "a new server does not hear of those who left (F4)": {
      foundBy: "a new server hears of those who left meanwhile",
      before: "for (const extCallId of left) draft.notify(",
      after: "for (const extCallId of [...left].slice(0, 0)) draft.notify(",
    },
    "a new server does not hear who is muted (F1)": {
      foundBy: "WebEx shows who is muted",
      before: "if (caller.muted || caller.entersMuted || includesAll)",
      after: "if (caller.entersMuted || includesAll)",
    },
    "a new server does not hear of sub-conferences (F7)": {
      foundBy: "WebEx knows what is so",
      before: "  notifyRooms(draft);\n",
      after: "",
    },
    "a failover announces the conference before it answers": {
      foundBy: "Status 0 comes after RspCreateConference",
      before: "  answerCreate(draft, requestOf(message));\n  notifyRunning(draft, running);",
      after: "  notifyRunning(draft, running);\n  answerCreate(draft, requestOf(message));",
    },
    "who is in a sub-conference is told before the callers (F7)": {
      foundBy: "NotifyJoinSubConference comes after NotifyUserEnter",
      before:
        "  notifyRunning(draft, running); // Also with a sub-conference in progress (protocol section 5, row 14).\n",
      after: "  notifyRunning(draft, running);\n  notifyRooms(draft);\n",
    },
    "speakers are reported to a server that did not ask": {
      foundBy: "speakers are told to those who asked",
      before: "const silenced = speech && { speaking, notBefore, reporting: false,",
      after: "const silenced = speech && { speaking, notBefore, reporting: speech.reporting,",
    },
    "a new server hears of the callers before it hears of the conference (F2)": {
      foundBy: "NotifyUserEnter comes after Status 0",
      before:
        "  notifyRunning(draft, running); // Also with a sub-conference in progress (protocol section 5, row 14).\n  for (const caller of draft.callers.values()) {\n" +
        "    // A call that left before the old server had named it does not concern the new one.\n    if (caller.left) draft.callers.delete(caller.call);\n" +
        "    // Two entries of one call under the same handle would make two names of it.\n" +
        "    else notifyEntered(draft, { ...caller, held: [] }, { firstMsgId: isOther ? null : caller.enterMsgId });\n  }\n",
      after:
        "  for (const caller of draft.callers.values()) {\n    if (caller.left) draft.callers.delete(caller.call);\n" +
        "    else notifyEntered(draft, { ...caller, held: [] });\n  }\n  notifyRunning(draft, running);\n",
    },
    "the bridge is not told what another server's create brings": {
      foundBy: "the latest create counts",
      before: "  else renewEntryRules(draft, head);\n",
      after: "",
    },
  },
  "src/tsp/read.ts": {
    "a document with an unknown message is refused": {
      foundBy: "good documents are confirmed",
      before: "      message = readUnknownMessage(element, vocabulary);",
      after:
        '      message = readUnknownMessage(element, vocabulary);\n      if (messages.length > 0) return err({ result: "attribute-missing", detail: "unknown" });',
    },
  },
  "src/tsp/codec.ts": {
    "a Confirmation drops the zero at the end of its TransID": {
      foundBy: "a Confirmation repeats the TransID",
      before: "return wrap(transId,",
      after: 'return wrap(transId.replace(/0$/, ""),',
    },
  },
  "durable-objects/ids/id-supply.ts": {
    "a lack of ids refuses the document": {
      foundBy: "good documents are confirmed",
      before: "round === mostRounds",
      after: "round <= mostRounds",
    },
  },
  "src/conference/server/resync.ts": {
    "what was given up is owed to nobody": {
      foundBy: "WebEx shows who is muted",
      before: "  for (const message of missed) draft.owe(message);\n",
      after: '  for (const message of missed) if ("result" in message) draft.owe(message);\n',
    },
    "answers that were given up are owed to nobody": {
      foundBy: "each request is answered",
      before: "  for (const message of missed) draft.owe(message);\n",
      after: "  for (const message of missed) if (!isAnswer(message)) draft.owe(message);\n",
    },
    "a server that is behind is not probed": {
      foundBy: "each request is answered",
      before: "  const outage = currentOutage(state);\n  if (!outage) return null;\n",
      after: "  const outage = currentOutage(state);\n  if (!outage || outage.probes >= 0) return null;\n",
    },
    "an entry is repeated under another MsgID": {
      foundBy: "a call enters once",
      boosts: ["WebEx server out", "post lost"],
      before: "return this.#isWaitedFor(message) && this.#post(message);",
      after: "return this.#isWaitedFor(message) && this.#post({ ...message, msgId: draft.context.msgId() });",
    },
    "the end of a conference is not owed": {
      foundBy: "a conference that runs is on the bridge",
      boosts: ["WebEx server out", "end by telephone", "move to another server"],
      before: 'return head.phase === "ended" && isEnd(message) &&',
      after: 'return head.phase === "ended" && isEnd(message) && head.byWebex &&',
    },
    "a new server does not hear who left while the one before was behind": {
      foundBy: "a new server hears of those who left meanwhile",
      boosts: ["WebEx server out", "hang up", "move to another server"],
      before: "  return left.map(({ extCallId }) => extCallId);\n",
      after: "  return left.slice(0, 0).map(({ extCallId }) => extCallId);\n",
    },
    "an answer that is owed leaves again although its document was confirmed": {
      foundBy: "a request is answered once",
      boosts: ["WebEx server out", "mute"],
      before: "    if (isSaid) draft.debts.delete(key);\n    else deleteDebt(",
      after: "    if (!isSaid) deleteDebt(",
    },
  },
};
