import { BridgeControl } from "../scripts/bridge-control.ts";
import type { LocalRun } from "../scripts/local-run.ts";
import type { WebexServer } from "../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId } from "../src/foundation/ids.ts";
import { completeText, type WebexCodec } from "../src/tsp/codec.ts";

export interface Conference {
  readonly extConfId: ExtConfId;
  readonly callers: readonly ExtCallId[];
}

/** Creates conferences whose callers dialled in and were named by WebEx. */
export async function fillConferences(
  run: LocalRun,
  webex: WebexServer,
  count: number,
  callersEach: number,
): Promise<readonly Conference[]> {
  const bridge = new BridgeControl(run.bridgeUrl);
  const conferences: Conference[] = [];
  for (let index = 0; index < count; index++) {
    const confKey = String(200_000_000 + index) as ConfKey;
    const extConfId = `B${confKey}` as ExtConfId;
    const msgId = webex.client.msgId();
    await webex.client.post({ type: "create-conference", msgId, confKey, extConfId, replyTo: webex.host });
    await webex.waitFor(`the answer to MsgID ${msgId}`, (message) => message.msgId === msgId && "result" in message);
    const attendees = Array.from({ length: callersEach }, (_, caller) => String(100 + caller));
    await Promise.all(attendees.map((attendee) => bridge.callIn(`1408${attendee}`, `${confKey}#${attendee}#`)));
    const callers: ExtCallId[] = [];
    for (const attendee of attendees) callers.push(await webex.extCallIdOf(extConfId, attendee));
    conferences.push({ extConfId, callers });
  }
  return conferences;
}

/** A request to mute or unmute, as a document; each turn changes something. */
export function muteDocument(codec: WebexCodec, webex: WebexServer, conference: Conference, turn: number): string {
  const extCallId = conference.callers[turn % conference.callers.length] as ExtCallId;
  const privilege = Math.floor(turn / conference.callers.length) % 2 === 0 ? "listen" : "speak";
  const encoded = codec.encode(webex.client.transId(), [
    {
      type: "update-caller",
      msgId: webex.client.msgId(),
      extConfId: conference.extConfId,
      replyTo: webex.host,
      extCallId,
      privilege,
    },
  ]);
  return completeText(encoded);
}
