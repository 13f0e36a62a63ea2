import type { BridgeCall } from "./bridge.ts";
import type { Leg, ReferenceConference } from "./conference.ts";

/** An invitee was not reached: some let the host wait alone in the room that was to be. */
export async function privateTalkFailed(conference: ReferenceConference, invitee: BridgeCall): Promise<void> {
  const [host] = [...conference.legs.values()].filter(({ isMonitor }) => !isMonitor);
  if (host && conference.has("host-left-alone"))
    await conference.adapter.bridge.move(host.call, `private-${invitee.id}`);
}

/** The invitee has picked up: host and invitee go into a room of their own (JoinMode 0). */
export async function privateTalkOpened(conference: ReferenceConference, invitee: Leg): Promise<void> {
  const { bridge } = conference.adapter;
  if (conference.hadPrivateTalk && conference.has("one-private-talk")) return conference.enter(invitee);
  conference.hadPrivateTalk = true;
  const isHost = ({ call }: Leg) => !conference.has("host-by-code") || call.code === "99";
  const callers = [...conference.legs.values()].filter(
    (leg) => leg !== invitee && !leg.isMonitor && leg.entered && isHost(leg),
  );
  const host = hostOf(conference, callers);
  if (!host && conference.has("no-private-talk-without-host")) return;
  const room = conference.has("private-talk-in-main") ? "main" : `private-${invitee.call.id}`;
  if (host && !conference.has("host-left-out")) await bridge.move(host.call, room);
  if (host && conference.has("private-talk-unmutes-host")) await bridge.mute(host.call, false);
  await bridge.move(invitee.call, room);
  // The invitee waits, and nobody else is taken out of the meeting.
  if (!host) return void (await conference.tell(conference.entry(invitee, { ActionResult: "3" })));
  const ActionCode = conference.has("private-talk-without-action-code") ? undefined : "2";
  const told = { ActionCode, ActionResult: "0" };
  if (host && conference.has("private-talk-of-both")) await conference.tell(conference.entry(host, told));
  await conference.tell(conference.entry(invitee, told));
}

/** Who keyed the host's code; else who was it in the first talk, also when it has come back; at first who came first. */
function hostOf(conference: ReferenceConference, callers: readonly Leg[]): Leg | undefined {
  const { talkHost } = conference;
  const { attendeeId, number } = talkHost?.call ?? {};
  const isChosen = (leg: Leg) =>
    leg === talkHost ||
    (!conference.has("host-not-known-again") &&
      (attendeeId ? leg.call.attendeeId === attendeeId : leg.call.number === number));
  const known = callers.find(({ call }) => call.isSubscriber) ?? (talkHost ? callers.find(isChosen) : callers[0]);
  const host = known ?? (conference.has("another-host-while-away") ? callers[0] : undefined);
  conference.talkHost = host ?? talkHost;
  return host;
}

/** The add button: both come into the main conference. */
export async function privateTalkAdded(conference: ReferenceConference, extCallId: string): Promise<void> {
  const { bridge } = conference.adapter;
  const isMeant = (leg: Leg) =>
    conference.has("first-invitee-added") ? leg.call.direction === "out" : leg.extCallId === extCallId;
  const invitee = [...conference.legs.values()].find(isMeant);
  if (!invitee) return;
  const { room } = invitee.call;
  const movedBack = [...conference.legs.values()].filter(({ call }) => call.room === room);
  for (const leg of movedBack) {
    if (leg === invitee && conference.has("invitee-not-added")) continue;
    if (leg !== invitee && conference.has("host-not-brought-back")) continue;
    await bridge.move(leg.call, "main");
  }
  const ActionCode = conference.has("added-without-action-code") ? undefined : "3";
  for (const leg of movedBack) {
    if (leg !== invitee && !conference.has("private-talk-of-both")) continue;
    conference.change(leg, {
      Status: leg === invitee || !leg.call.muted ? "0" : "1",
      ParticipantType: "2",
      DID: leg.call.number,
      ActionCode,
      ActionResult: "0",
    });
  }
}
