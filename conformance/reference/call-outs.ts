import type { Element } from "../xml.ts";
import type { BridgeCall } from "./bridge.ts";
import type { ReferenceConference } from "./conference.ts";
import { privateTalkFailed, privateTalkOpened } from "./private-talk.ts";

/** With what people write beside digits. */
export function isDialable(number: string): boolean {
  return /^[\d+\-\s().]*$/.test(number);
}

type Attributes = Readonly<Record<string, string | undefined>>;

/** WebEx wants somebody called. */
export async function callOut(conference: ReferenceConference, request: Element): Promise<void> {
  const { attributes, children } = request;
  const written = children.find(({ name }) => name === "PhoneNum")?.children ?? [];
  const isWrong = written.some(({ text }) => !isDialable(text)) && !conference.has("letters-left-out-of-a-number");
  const parts = new Map(written.map(({ name, text }) => [name, text.replace(/\D/g, "")]));
  const waitMs = conference.has("max-waiting-time-ignored") ? 60_000 : Number(attributes.MaxWaitingTime ?? 60) * 1000;
  const country = conference.has("dials-without-country") ? "" : (parts.get("CountryCode") ?? "");
  const number = country + (parts.get("AreaCode") ?? "") + (parts.get("LocalNumber") ?? "");
  if (isWrong || (number.startsWith("1900") && !conference.has("refused-number-called"))) {
    const refusal = { MsgID: attributes.MsgID, Result: isWrong ? "8" : "18" };
    return conference.answer(attributes.WbxHostName ?? conference.host, {
      name: "A2W_RspCallout",
      attributes: refusal,
    });
  }
  const rings = [...conference.callouts.values()].some(({ isOver }) => !isOver);
  if (rings && conference.has("one-call-out-at-a-time")) return;
  const extension = parts.get("Extension") ?? "";
  const dialled = conference.has("extension-as-number") && extension !== "" ? String(Number(extension)) : extension;
  const call = conference.adapter.bridge.dial(conference.key, number, dialled, waitMs);
  conference.callouts.set(call.id, { request, isOver: false });
  if (conference.has("answered-while-ringing")) await answerCallout(conference, call, "0");
  // Only where a Confirmation waits for it.
  while (conference.has("confirms-after-the-work") && call.state === "ringing")
    await conference.adapter.ports.sleep(50);
}

/** A call-out that is not wanted any more. */
export async function cancelCallout(
  conference: ReferenceConference,
  { ExtCallID }: Attributes,
  respond: () => Promise<void>,
): Promise<void> {
  const [id] = [...conference.callouts].find(([, { request }]) => request.attributes.ExtCallID === ExtCallID) ?? [];
  const call = conference.adapter.bridge.calls.get(id ?? "");
  if (call) call.state = "ended";
  await respond();
  if (call) await answerCallout(conference, call, "9");
}

async function answerCallout(conference: ReferenceConference, call: BridgeCall, result: string): Promise<void> {
  const callout = conference.callouts.get(call.id);
  if (!callout || callout.isOver) return;
  callout.isOver = true;
  if (conference.has("call-out-not-answered") && result === "0") return;
  const last = [...conference.callouts.values()].findLast((one) => one === callout || !one.isOver);
  const meant = (conference.has("call-outs-answered-by-the-last") && last) || callout;
  const { MsgID, WbxHostName } = meant.request.attributes;
  const host = conference.has("answers-to-the-conference") ? conference.host : (WbxHostName ?? conference.host);
  await conference.answer(host, { name: "A2W_RspCallout", attributes: { MsgID, Result: result } });
}

/** Somebody who was called has picked up. */
export async function admitCallee(conference: ReferenceConference, call: BridgeCall): Promise<void> {
  const request = conference.callouts.get(call.id)?.request;
  if (!request) return;
  const { ExtCallID = "", ParticipantType, JoinMode, Privilege } = request.attributes;
  const isMonitor = ParticipantType === "6";
  const isListener = Privilege === "1" && !conference.has("privilege-of-call-out-ignored");
  const isMuted = conference.has("mute-by-privilege") ? Privilege === "1" : isMonitor || isListener;
  const muted = isMuted && !conference.has("monitor-called-heard");
  await conference.adapter.bridge.admit(call, {
    muted,
    joinTone: !isMonitor || conference.has("monitor-called-with-tone"),
  });
  if (conference.has("called-alone")) call.room = call.id;
  const leg = conference.add(call, ExtCallID, isMonitor);
  if (conference.has("enters-before-answer")) await conference.enter(leg);
  await answerCallout(conference, call, "0");
  if (conference.has("enters-before-answer")) return;
  if (conference.has("called-told-late")) await conference.adapter.ports.sleep(12_000);
  if (JoinMode === "0" || conference.has("join-mode-1-private")) return privateTalkOpened(conference, leg);
  await conference.enter(leg, conference.has("called-enters-as-null") ? { ExtCallID: "null" } : {});
}

/** Nobody has picked up. */
export async function calloutFailed(conference: ReferenceConference, call: BridgeCall, outcome: string): Promise<void> {
  const codes: Record<string, string> = { busy: "6", reject: "17", invalid: "8", "no-answer": "7" };
  if (outcome !== "busy" && conference.has("failed-not-answered")) return;
  const isOk =
    (outcome === "busy" && conference.has("busy-is-ok")) ||
    (outcome === "reject" && conference.has("reject-is-ok")) ||
    (outcome === "no-answer" && conference.has("no-answer-is-ok")) ||
    (outcome === "invalid" && conference.has("invalid-is-ok"));
  if (conference.callouts.get(call.id)?.request.attributes.JoinMode === "0") await privateTalkFailed(conference, call);
  await answerCallout(conference, call, isOk ? "0" : (codes[outcome] ?? "8"));
  if (outcome !== "reject" || !conference.has("failed-enters")) return;
  const ExtCallID = conference.callouts.get(call.id)?.request.attributes.ExtCallID;
  await conference.tell(conference.notification("A2W_NotifyUserEnter", { ExtCallID, ActionResult: "0" }));
}
