import type { DefectsByFile } from "./defect.ts";

/** What a conference does next. */
export const conferenceDefects: DefectsByFile = {
  "src/conference/lifecycle.ts": {
    "a conference that ended unnoticed is created anew (F5)": {
      foundBy: "a conference that ended unnoticed is not created anew",
      boosts: [
        "bridge and journal lost",
        "bridge restarted",
        "WebEx server down",
        "move to another server",
        "end by telephone",
      ],
      before: "if (!notifiesOfEnd(draft, head, message)) return beginCreate",
      after: "if (!notifiesOfEnd(draft, head, message) || message.confKey !== null) return beginCreate",
    },
    "a conference without WebEx never ends": {
      foundBy: "an empty conference ends",
      before: "if (running.retryEndAt !== undefined || running.keptUntil !== undefined) return;",
      after: "if (running.retryEndAt !== undefined || running.keptUntil !== undefined || running.host) return;",
    },
    "an ended conference still tells of its callers": {
      foundBy: "nothing follows the end",
      before: '  notifyStatus(draft, "ended");\n  end(draft, how);\n  createWaiting',
      after: '  notifyStatus(draft, "ended");\n  notifyStatus(draft, "running");\n  end(draft, how);\n  createWaiting',
    },
    "a conference without WebEx stays apart": {
      foundBy: "a conference without WebEx is together",
      before: "  closeAllRooms(draft);\n",
      after: "",
    },
    "a close is answered, and nothing is ended": {
      foundBy: "no bridge conference outlives its conference",
      before: "  return beginEnd(draft, [request], { ...(!head.attached && { isAsked: true }) });\n",
      after: '  return draft.answer(request, "ok");\n',
    },
    "a conference that begins when another ends has no record of the first": {
      foundBy: "each conference that is over has one record",
      boosts: ["close and keep alive", "bridge slow", "bridge stuck", "hang up"],
      before: '  draft.fact({ kind: "conference-ended", ',
      after:
        '  if (draft.head.phase === "running" && !draft.head.closing?.next.length)\n    draft.fact({ kind: "conference-ended", ',
    },
    "a record forgets its meeting's name": {
      foundBy: "a record has its meeting's name",
      before: "...newLife(draft), topic,",
      after: "...newLife(draft),",
    },
    "a probe goes on although a create has told of the end": {
      foundBy: "a replaced server gets answers alone",
      boosts: ["WebEx server hangs", "WebEx server down", "end by telephone"],
      before: "if (probe) draft.dropNotifications(host);",
      after: "if (!probe) draft.dropNotifications(host);",
    },
  },
  "src/conference/reports.ts": {
    "a lock is told before it is answered": {
      foundBy: "RspUpdateConference before Status 2",
      before: '      draft.answer(request, result);\n      if (result.done) setLocked(draft, command.type === "lock");',
      after: '      if (result.done) setLocked(draft, command.type === "lock");\n      draft.answer(request, result);',
    },
    "a mute is told before it is answered": {
      foundBy: "RspUpdateUser before NotifyUserChange",
      before: "  draft.answer(pending.request, result);\n  answerGroup(draft, pending.group, result);",
      after:
        "  const before = draft.callers.get(command.call);\n  if (before && !before.left && result.done) applyMuted(draft, before, muted);\n" +
        "  draft.answer(pending.request, result);\n  answerGroup(draft, pending.group, result);",
    },
    // Both answers are in one document, which cannot have a MsgID twice.
    "a mute is answered twice": {
      foundBy: "what is posted is of the protocol",
      before: "  draft.answer(pending.request, result);\n",
      after: "  draft.answer(pending.request, result);\n".repeat(2),
    },
    "a dropped caller is told as gone before the answer": {
      foundBy: "RspDropUser before Status 2",
      before: '    case "expel": {\n      draft.answer(request, result);\n',
      after:
        '    case "expel": {\n      const gone = draft.callers.get(command.call);\n      if (gone && !gone.left && result.done) removeCaller(draft, gone, expelledEnd(gone));\n      draft.answer(request, result);\n',
    },
    "results of another bridge count": {
      foundBy: "an end is told of a conference that is over",
      before: "if (bridge !== null && (command.bridge ?? bridge) !== (otherBridge ?? bridge)) return false;",
      after: "",
    },
    "a merge is told of the wrong caller": {
      foundBy: "a record is of a call of the bridge",
      before: "withCaller(draft, event.call, (caller) => applyAttendeeId(draft, caller, event));",
      after:
        'withCaller(draft, event.call, (caller) => removeCaller(draft, { ...caller, attendeeId: event.attendeeId }, reportedEnd(draft, caller, "hung-up")));',
    },
    "WebEx is not told whom an operator mutes": {
      foundBy: "WebEx knows what is so",
      before: "  if (pending.unreported) setMuteForReturn(draft, known, muted);\n  else",
      after:
        '  if (pending.unreported || pending.by?.some(({ type }) => type === "action")) setMuteForReturn(draft, known, muted);\n  else',
    },
  },
  "src/conference/parts/rooms.ts": {
    "the return from a sub-conference is told before the caller's state": {
      foundBy: "NotifyUserChange before RspCloseSubConference",
      before: "  notifyMuteState(draft, moved);\n  if (!from) return;",
      after: "  if (!from) return;",
    },
    "a sub-conference is told after who is in it (F7)": {
      foundBy: "NotifySubConferenceChange before NotifyJoinSubConference",
      before: '  notifyRoom(draft, room, "in-progress");\n  for (const caller of callersIn(draft, room)) notify',
      after: "  for (const caller of callersIn(draft, room)) notify",
    },
    "a closed sub-conference is answered before its calls are back": {
      foundBy: "NotifyUserChange before RspCloseSubConference",
      before: '  if (stage !== "closing" || retryAt !== undefined) return;\n',
      after:
        '  if (stage !== "closing" || retryAt !== undefined) return;\n  draft.answer(draft.rooms.get(id)?.closeRequest?.request ?? null, "ok");\n',
    },
    "a move into a sub-conference is told before it is answered": {
      foundBy: "RspAddToSubConference before NotifySubConfCallChange",
      before:
        "  draft.answer(request, result);\n  if (!result.done) return;\n  const from = draft.rooms.get(caller.room);\n",
      after:
        "  const from = draft.rooms.get(caller.room);\n  const into = draft.rooms.get(to);\n" +
        "  if (result.done && into) {\n    enterRoom(draft, caller, into);\n    return draft.answer(request, result);\n  }\n  draft.answer(request, result);\n  if (!result.done) return;\n",
    },
    "a return from a sub-conference is told before it is answered": {
      foundBy: "RspRemoveFromSubConference before NotifySubConfCallChange",
      before:
        "  draft.answer(request, result);\n  if (!result.done) return;\n  const from = draft.rooms.get(caller.room);\n",
      after:
        "  const from = draft.rooms.get(caller.room);\n  if (result.done && to === MAIN_ROOM) {\n    returnToMain(draft, caller, from, request);\n" +
        "    return draft.answer(request, result);\n  }\n  draft.answer(request, result);\n  if (!result.done) return;\n",
    },
    "a sub-conference is told before it is answered": {
      foundBy: "RspCreateSubConference before NotifySubConferenceChange",
      before: "  draft.answer(request, result);\n  if (!result.done) {\n    draft.answer(room.closeRequest",
      after:
        '  if (result.done) notifyRoom(draft, room, "created");\n  draft.answer(request, result);\n  if (!result.done) {\n    draft.answer(room.closeRequest',
    },
    "the return of a caller is told before its state": {
      foundBy: "NotifyUserChange before NotifySubConfCallChange",
      before: "  notifyMuteState(draft, moved);\n  if (!from) return;",
      after:
        '  if (from && request) notifyRoomCall(draft, moved, from, "returned");\n  notifyMuteState(draft, moved);\n  if (!from || request) return;',
    },
    "WebEx does not learn into which room an operator moves a call": {
      foundBy: "WebEx knows what is so",
      boosts: ["create sub-conference", "add to sub-conference", "move", "hasOperators"],
      before: "  else if (from && from.room !== to) changeRoom(draft, moved, from, room);\n",
      after: "  else if (from && from.room !== to) void changeRoom;\n",
    },
  },
  "src/conference/parts/callers.ts": {
    "what was held back for want of a name is forgotten": {
      foundBy: "WebEx knows what is so",
      before: "for (const { by = [], ...change } of held)",
      after: "for (const { by = [], ...change } of held.slice(0, 0))",
    },
    "a caller that presses the mute key on the way in is told as unmuted": {
      foundBy: "WebEx shows who is muted",
      boosts: ["keypad mute", "dial in", "bridge link cut"],
      before: 'if (arrival.muted && !arrival.silent) notifyChange(draft, caller, { status: "muted" });',
      after: "",
    },
    "what was held back for want of a name is told from its end": {
      foundBy: "WebEx shows who is muted",
      before: "for (const { by = [], ...change } of held)",
      after: "for (const { by = [], ...change } of held.toReversed())",
    },
    "who leaves from a sub-conference is told as returned": {
      foundBy: "a move is of a call that entered",
      before: '  notifyChange(draft, { ...caller, left: true }, { status: "left" });\n',
      after:
        '  notifyChange(draft, { ...caller, left: true }, { status: "left" });\n  const { subConfId } = draft.rooms.get(caller.room) ?? {};\n' +
        '  if (subConfId && caller.extCallId) draft.notify({ type: "sub-conference-call-changed", subConfId, extCallId: caller.extCallId, action: "returned" });\n',
    },
    "a speaker who left is told as silent": {
      foundBy: "speakers have entered",
      before: "  removeSpeaker(draft, call);\n",
      after:
        "  const { head } = draft;\n" +
        '  if (head.phase === "running" && head.speech?.reporting && head.speech.reported.includes(call) && caller.extCallId)\n' +
        '    draft.notify({ type: "speaking-changed", extCallIds: [caller.extCallId], speaking: [false] });\n' +
        "  removeSpeaker(draft, call);\n",
    },
    "a keyed attendee ID counts each time that it is reported": {
      foundBy: "a keyed attendee ID is told once",
      boosts: [
        "keypad merge",
        "two agents",
        "agent dies before a write",
        "hand over amid events",
        "operatesBridges",
        "agent link half-open",
      ],
      before: "  if (identifications.includes(id)) return;\n",
      after: "",
    },
    "a record forgets calls that left before WebEx named them": {
      foundBy: "each call that is over has one record",
      before: "  callOver(draft, caller, end);",
      after: "  if (enterMsgId === null) callOver(draft, caller, end);",
    },
  },
  "src/conference/decide.ts": {
    "commands have no deadline": {
      foundBy: "an answer comes in time",
      boosts: ["bridge stuck", "agent link half-open", "bridge out of reach"],
      before: "for (const command of commands.values()) if (!command.expired) consider(command.answerBy);",
      after: "void commands;",
    },
  },
  "src/conference/parts/call-outs.ts": {
    "a call that is answered enters before WebEx hears of it": {
      foundBy: "RspCallout before NotifyUserEnter",
      before: '  draft.answer(callOut.request, "ok");\n  draft.callOuts.set(callOut.call, picked);',
      after: "  draft.callOuts.set(callOut.call, { ...picked, request: callOut.request });",
    },
    "a dialled call enters twice": {
      foundBy: "a call enters once",
      before: "if (!callOut.privately) return placeCaller(draft, callOut, MAIN_ROOM);",
      after:
        "if (!callOut.privately) {\n    placeCaller(draft, callOut, MAIN_ROOM);\n    return void notifyEntered(draft, newCaller(draft, callOut, MAIN_ROOM));\n  }",
    },
    "a number that is busy is dialled again": {
      foundBy: "a number is dialled once",
      before: "  draft.answer(callOut.request, endResults[reason]);\n",
      after:
        "  draft.answer(callOut.request, endResults[reason]);\n" +
        '  if (reason === "busy") draft.issue({ type: "dial", call: draft.newId() as CallId, number: callOut.number, waitMs: 5_000 });\n',
    },
  },
  "src/conference/reconcile.ts": {
    "a snapshot does not show who is gone": {
      foundBy: "an orphan goes on without WebEx",
      before: '    removeCaller(draft, known, failedEnd(known, "not-found"));\n',
      after: "    void [removeCaller, failedEnd, known];\n",
    },
    "a conference that the bridge has lost goes on": {
      foundBy: "a conference that runs is on the bridge",
      boosts: ["bridge restarted", "bridge and journal lost"],
      before: "    return endAsLost(draft);\n",
      after: "    return;\n",
    },
    "a snapshot tells the state of each caller anew": {
      foundBy: "what is quiet stays quiet",
      before: 'if (isMutedOnBridge(caller) !== found.muted && !draft.isBusy(call, "mute", "unmute")) {',
      after: 'if (!draft.isBusy(call, "mute", "unmute")) {',
    },
  },
  "src/conference/server/conference-status.ts": {
    "a conference is locked before it runs": {
      foundBy: "Status 0 comes before Status 2",
      before: '  notifyStatus(draft, "running");\n  if (head.locked) notifyStatus(draft, "locked");\n',
      after: '  if (head.locked) notifyStatus(draft, "locked");\n  notifyStatus(draft, "running");\n',
    },
  },
  "src/conference/requests.ts": {
    "a message that nobody knows is answered as not supported": {
      foundBy: "an unknown message is answered so",
      before: '"unknown-message"',
      after: '"not-supported"',
    },
    "a message that wants no answer gets one": {
      foundBy: "an answer is to a request",
      before: '    case "message-refused": // Nothing follows (protocol 2.2.11).\n',
      after: '    case "message-refused":\n      draft.answer({ type: "unknown", msgId: message.msgId }, "ok");\n',
    },
    "a replaced server acts under its former handle": {
      foundBy: "a replaced server changes nothing",
      before: '  const verdict = isReplaced(draft, message) ? underFormerHandle[message.type] : "applied";\n',
      after:
        "  const { ongoing } = draft;\n" +
        '  if (ongoing && isReplaced(draft, message) && message.type !== "create-conference")\n' +
        "    return applyCurrent(draft, { ...message, extConfId: ongoing.extConfId } as FromWebex);\n" +
        '  const verdict = isReplaced(draft, message) ? underFormerHandle[message.type] : "applied";\n',
    },
    "a replaced server is told that its request succeeded": {
      foundBy: "a replaced server changes nothing",
      before: '  "drop-caller": "no-such-conference",\n',
      after: '  "drop-caller": "ok",\n',
    },
  },
  "src/conference/parts/private-talk.ts": {
    "a call-out that failed enters when it is picked up after all": {
      foundBy: "no NotifyUserEnter after a failed call-out",
      boosts: ["call out", "cancel call-out", "bridge refuses"],
      before: 'if (callOut.stage === "dropping") return hangUp(draft, callOut);',
      after: "",
    },
    "the host is left in the room of a talk that is over": {
      foundBy: "nobody stays in a room without a talk",
      before: 'if (caller?.room !== talk.room || caller.left || draft.isBusy(call, "move", "expel")) return;',
      after: "if (caller?.room !== talk.room || caller.left || call === talk.host) return;",
    },
    "an invitee who is left alone stays alone": {
      foundBy: "nobody is alone in a private talk",
      before: "aloneUntil: draft.at + ALONE_MS }",
      after: "aloneUntil: draft.at + 1_000 * ALONE_MS }",
    },
    "the host of a private talk comes back unmuted": {
      foundBy: "WebEx knows what is so",
      before: "if (muted && isLifted) draft.issue(",
      after: "if (muted && isLifted && latest) draft.issue(",
    },
  },
  "src/conference/parts/speakers.ts": {
    "a speaker without a name is reported": {
      foundBy: "whom WebEx holds for a speaker talks on the bridge",
      before: "const { extCallId } = draft.callers.get(call) ?? {};",
      after:
        "const { extCallId = undefined } = draft.callers.find((one) => one.extCallId !== null && one.call !== call) ?? {};",
    },
    "who speaks is told when there is nothing to tell": {
      foundBy: "what is posted is of the protocol",
      before: "  if (changed.length === 0) return false;\n",
      after: "",
    },
  },
  "src/conference/draft.ts": {
    "an answer goes to the server that has the conference": {
      foundBy: "who asked is answered",
      before: "const { replyTo: host, extConfId } = request;",
      after: "const { extConfId } = request;\n    const host = this.ongoing?.host ?? request.replyTo;",
    },
    "a notification names the conference by its key": {
      foundBy: "a notification has a known handle",
      before: "extConfId: ongoing.extConfId, ...notification",
      after: 'extConfId: (ongoing.extConfId, this.context.confKey) as string as Ongoing["extConfId"], ...notification',
    },
    "a replaced server is not answered": {
      foundBy: "each request is answered",
      before: "      this.post({ host, message: answer, oneAttempt: true });\n",
      after: '      this.note("an answer to a replaced server is dropped");\n',
    },
  },
};
