import type { Leg, ReferenceConference } from "./conference.ts";

/** Somebody began or stopped to talk, and WebEx wants to know. */
export function speakerChanged(conference: ReferenceConference, leg: Leg): void {
  conference.whenNamed(leg, (extCallId) => {
    if (conference.has("first-words-only") && leg.hasSpoken) return;
    leg.hasSpoken = !leg.call.talking;
    const others = [...conference.legs.values()].filter(
      (one) => one !== leg && one.call.talking && one.extCallId !== null,
    );
    const flag = leg.call.talking && !(conference.has("second-speaker-as-silent") && others.length > 0) ? "Y" : "N";
    const ids = [...others.map((one) => one.extCallId), extCallId];
    const flags = [...others.map(() => "Y"), flag];
    if (conference.has("speakers-as-roster")) {
      const silent = [...conference.legs.values()].filter((one) => one !== leg && !one.call.talking && one.extCallId);
      ids.push(...silent.map((one) => one.extCallId));
      flags.push(...silent.map(() => "N"));
    }
    if (flag === "N" && others.length > 0 && conference.has("stopped-speaker-mistaken")) flags.reverse();
    const by = conference.has("speakers-joined-by-comma") ? "," : "%";
    const count = conference.has("too-few-flags") ? 1 : flags.length;
    for (const _ of conference.has("speakers-told-twice") ? ["told", "again"] : ["told"])
      void conference.tell(
        conference.notification("A2W_NotifySpeakingStatus", {
          ExtCallIDs: ids.join(by),
          SpeakingFlags: flags.slice(0, count).join(by),
        }),
      );
  });
}
